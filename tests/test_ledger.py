"""The ledger of claims: verdicts, what they rest on, and the page that shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, is_dataclass

import pytest
from conftest import DATA, read_table, write_table
from made_up import KNEE, World
from rendered import plain, soup
from stated import estimate

from livingreview.data import tables
from livingreview.data.dataset import DataError, load
from livingreview.render.chapter import Chapter
from livingreview.render.engine import environment
from livingreview.render.ledger import Ledger
from livingreview.review.claims import NOT_CHECKABLE, NOT_YET_JUDGED, ledger

VERDICTS = "seed-reviews/verdicts.csv"
REVIEW = "a-review"


@pytest.fixture(scope="module")
def shown():
    """The project's ledger, its claims as rows of the page, and their counts."""
    made = Ledger().judged
    claims = made.all_claims()
    rows = soup(claims).select("tbody tr")
    return made, list(zip(claims.claims, rows, strict=True)), made.claim_counts()


def _said(verdict) -> str:
    """A verdict as pages say it."""
    said = asdict(verdict) if is_dataclass(verdict) else verdict
    return str(environment().get_template("seed_words.html").make_module(
        {"language": "en", "page": ""}).verdict(said))


def test_every_claim_is_on_the_page_once_with_a_verdict(shown):
    made, rows, _ = shown
    claims = made.data.records("claims")
    anchors = [tag["id"].removeprefix("claim-") for _, row in rows
               for tag in row.select("[id^=claim-]")]
    assert anchors == [c["claim_id"] for c in claims] and len(set(anchors)) == len(claims)
    labels = set(map(_said, made.verdicts()))
    assert {row.select_one(".lr-verdict").get_text() for _, row in rows} <= labels
    for (shown_claim, row), claim in zip(rows, claims, strict=True):
        assert row.select_one(".lr-verdict").get_text() == _said(shown_claim.verdict)
        assert claim["claim_en"] in row.get_text()
        assert row.select_one("[lang=zh]").get_text() == claim["claim_zh"]
    calls = (DATA.parent / "notebooks" / "claims-ledger.md").read_text(encoding="utf-8")
    assert "ledger.claims()" in calls and "ledger.counts()" in calls


def test_the_counts_are_those_of_the_claims(shown):
    made, _, counts = shown
    found = {row.th.get_text(): int(row.td.get_text())
             for row in soup(counts).select("tbody tr")}
    first, *_, last = found
    entries = ledger(made.data)
    assert (first == "Not yet judged") == any(e.verdict == "not-yet-judged" for e in entries)
    assert found.pop(last) == len(entries) == sum(found.values())
    by_verdict = Counter(_said(made.verdict(e.verdict)) for e in entries)
    assert found == {label: by_verdict[label] for label in found}


def test_bases_are_linked_and_shown_with_the_current_estimate(shown):
    made, rows, _ = shown
    kinds = set()
    for (claim, row), entry in zip(rows, ledger(made.data), strict=True):
        cell = row.select("td")[1]
        links = [a["href"] for a in cell.select("li a")]
        for basis, (name, known) in zip(claim.bases, entry.bases, strict=True):
            kinds.add(entry.judged["basis_type"])
            assert basis.name == name
            if basis.analysis:
                result = made.review.analysis(name)
                marked = cell.select_one(f"[data-result={name}]")
                assert result["pooled"] is None or estimate(result) in plain(marked)
                target = basis.analysis.href
            elif basis.study:
                of, _, study = name.partition(":")
                assert made.findings(of).names[study] in plain(cell)
                target = basis.study.link.href
            else:
                assert f"reference {known['ref_number']}: " in plain(cell)
                target = basis.reference.list_href
            assert any(href.endswith(target.split("/")[-1]) for href in links), (claim.id, target)
        if claim.judged and not claim.bases:
            assert "rests on no row of the data" in plain(cell)
    assert kinds == {"analysis", "study", "reference"}


def test_a_chapter_shows_and_links_what_each_verdict_rests_on():
    chapter = Chapter("disc-degeneration")
    claims = chapter.claims().view
    rows = dict(zip((c.id for c in claims.claims), soup(claims).select("tbody tr"), strict=True))
    assert rows["disc-033"].select_one("li a[href$='trials/centeno-2017.html']")
    for claim in claims.claims:
        assert len(rows[claim.id].select("td:nth-of-type(2) li")) == len(claim.bases)
        assert all(li.a for li in rows[claim.id].select("td:nth-of-type(2) li"))


def test_without_verdicts_every_claim_that_can_be_checked_waits(data_copy):
    write_table(data_copy / VERDICTS, tables.VERDICTS.names, [])
    found = Counter(e.verdict for e in ledger(load(data_copy)))
    checkable = Counter(r["checkable"] for r in read_table(data_copy / "seed-reviews/claims.csv"))
    assert found == {NOT_YET_JUDGED: checkable["yes"], NOT_CHECKABLE: checkable["no"]}
    page = plain(soup(Ledger(data_copy).counts().view))
    assert f"{checkable['yes']} of {checkable.total()} claims are not yet judged" in page


def _judged(tmp_path, **change) -> World:
    """A claim that cites a reference, with the study behind it, and a verdict."""
    world = _reviewed(tmp_path, "clinical-trial", design="rct")
    return world.add("verdicts", **{
        "claim_id": "one", "verdict": "supported", "basis_type": "study",
        "basis": f"{KNEE}:doe-2020", "reason": "It did.", "date": "2026-11-22", **change})


def _error(world: World) -> str:
    with pytest.raises(DataError) as error:
        world.data()
    (problem,) = error.value.problems
    return str(problem)


def test_a_verdict_on_a_claim_that_is_not_checkable_is_an_error(tmp_path):
    world = _judged(tmp_path, verdict="not-checkable-public", basis_type="", basis="")
    assert ledger(world.data())[0].verdict == "not-checkable-public"
    world.rows["claims"][0]["checkable"] = "no"
    assert _error(world).startswith(f"{VERDICTS}:2:claim_id: one: ")


@pytest.mark.parametrize("basis", [("study", f"{KNEE}:doe-2020"), ("reference", f"{REVIEW}:1"),
                                   ("analysis", "made-up")])
def test_a_basis_is_the_row_that_it_names(tmp_path, basis):
    world = _judged(tmp_path, basis_type=basis[0], basis=basis[1]).analysis()
    ((name, row),) = ledger(world.data())[0].bases
    assert name == basis[1] and basis[1].endswith(
        row.get("study_id") or row.get("ref_number") or row["analysis_id"])


@pytest.mark.parametrize(("change", "wrong"), [
    ({"basis_type": "", "basis": ""}, "rests on nothing"),
    ({"basis_type": "analysis", "basis": "no-such-analysis"}, "no such analysis"),
    ({"basis_type": "study", "basis": "doe-2020"}, "no such study"),
    ({"basis_type": "study", "basis": f"{KNEE}:no-one-1999"}, "no such study"),
    ({"basis_type": "reference", "basis": f"{REVIEW}:999"}, "no such reference"),
    ({"basis_type": "reference", "basis": f"{REVIEW}:1;{REVIEW}:2"}, "no such reference"),
    ({"basis_type": "reference", "basis": ""}, "rests on nothing"),
    ({"verdict": "not-checkable-public", "basis": ""}, "go together"),
    ({"reason": ""}, "the cell is empty"),
    ({"verdict": "true"}, "not in the list verdict"),
    ({"claim_id": "two"}, "claims.csv"),
])
def test_a_verdict_needs_a_basis_that_can_be_opened(tmp_path, change, wrong):
    error = _error(_judged(tmp_path, **change))
    assert error.startswith(f"{VERDICTS}:2:") and wrong in error


# --- what claims cite --------------------------------------------------------------------------


def _reviewed(tmp_path, kind: str, indication: str = KNEE, **study) -> World:
    """A claim about the knee that cites one reference, a study of the data where one is given."""
    world = World(tmp_path).add("reviews", review_id=REVIEW)
    world.add("references", review_id=REVIEW, ref_number="1", kind=kind, indication=indication)
    if study:
        world.study("doe-2020", cited_by=f"{REVIEW}:1", **study)
    return world.add("claims", claim_id="one", review_id=REVIEW, indication=KNEE, kind="efficacy",
                     claim_en="It helps.", claim_zh="有效。", cited_refs="1", checkable="yes")


@pytest.mark.parametrize(("kind", "about", "study", "rests"), [
    ("animal-experiment", KNEE, {}, "animals-only"),
    ("in-vitro", KNEE, {}, "in-vitro-only"),
    ("review", KNEE, {}, "reviews-only"),
    ("clinical-trial", KNEE, {}, ""),
    ("clinical-trial", KNEE, {"design": "rct"}, ""),
    ("clinical-trial", KNEE, {"design": "case-series"}, "uncontrolled-only"),
    ("clinical-trial", KNEE, {"status": "retracted"}, "retracted"),
    ("retraction-notice", KNEE, {}, "retracted"),
    ("clinical-trial", "osteoporosis", {}, "other-condition"),
    ("clinical-trial", "general", {}, ""),
])
def test_what_a_claim_cites_is_computed(tmp_path, kind, about, study, rests):
    (entry,) = ledger(_reviewed(tmp_path, kind, about, **study).data())
    assert entry.rests_on == ((rests,) if rests else ())


def test_kinds_of_what_a_claim_cites_are_taken_together(tmp_path):
    world = _reviewed(tmp_path, "animal-experiment")
    world.add("references", review_id=REVIEW, ref_number="2", kind="clinical-trial",
              indication=KNEE)
    world.rows["claims"][0]["cited_refs"] = "1;2"
    assert ledger(world.data())[0].rests_on == ()
    world.rows["claims"][0]["cited_refs"] = ""
    assert ledger(world.data())[0].rests_on == ("no-reference",)
