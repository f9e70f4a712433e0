"""A notice about a report: the check asks, a retraction takes the trial out, pages and feed say so.

Every study and notice here is made up.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lxml import etree
from made_up import KNEE, World

from livingreview.data.dataset import examine
from livingreview.data.notices import flaw, taken_back
from livingreview.render.engine import render
from livingreview.review import counted, directions, review
from livingreview.review import harms as reviewed_harms
from livingreview.site import feed
from livingreview.view import evidence_map, quality
from livingreview.view.forest import Forests
from livingreview.view.trial.page import trial_pages

SCHEMAS = Path(__file__).parent / "schemas"
SITE = "https://example.org/r"
GRAMMAR = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def _notice(world: World, study_id: str = "doe-2020", **more) -> World:
    return world.add("notices", **{
        "indication": KNEE, "study_id": study_id, "kind": "retraction",
        "notice_doi": "10.5555/made-up", "notice_date": "2031-02-03",
        "sources": "crossref;pubmed", "first_seen": "2031-03-01", "state": "open", **more})


def _looked(world: World, source: str, result: str, study_id: str = "doe-2020", reason: str = ""
            ) -> World:
    return world.add("watches", indication=KNEE, study_id=study_id, source=source,
                     checked_on="2031-03-01", result=result, reason=reason)


def _two(world: World) -> World:
    """Two trials of one analysis."""
    world.trial("doe-2020", first_author="Doe", year=2020).pair("doe-2020")
    return world.trial("roe-2021", first_author="Roe", year=2021).pair("roe-2021", 25).analysis()


def _page(world: World, study_id: str = "doe-2020", language: str = "en") -> BeautifulSoup:
    found = {s: view for s, _, view in trial_pages(review(world.data()))}
    return BeautifulSoup(render(found[study_id], f"trials/{study_id}.html", language=language),
                         "lxml")


def _text(element) -> str:
    return re.sub(r"\s+", " ", element.get_text(" ")).strip()


# --- what the check asks --------------------------------------------------------------------------


def _rules(world: World, *rules: str) -> list[tuple[str, str, str, str]]:
    found = examine(world.write(), every_warning=True).problems
    return [(p.rule, p.level, p.file, p.value) for p in found if p.rule in rules or (
        p.file in ("notices.csv", "watches.csv") and p.level == "error")]


@pytest.mark.parametrize("state", ["open", "handled"])
@pytest.mark.parametrize(("kind", "status", "warns"), [
    ("retraction", "published", True), ("retraction", "expression-of-concern", True),
    ("retraction", "retracted", False), ("withdrawal", "published", True),
    ("withdrawal", "retracted", False), ("expression-of-concern", "published", True),
    ("expression-of-concern", "expression-of-concern", False),
    ("expression-of-concern", "retracted", False), ("correction", "published", False),
    ("reinstatement", "published", False)])
def test_a_notice_that_the_status_does_not_say_is_a_warning(world, state, kind, status, warns):
    world.trial("doe-2020", status=status)
    _notice(world, kind=kind, state=state, handled_how="" if state == "open" else "Seen.")
    assert _rules(world, "notice-unlike-status") == (
        [("notice-unlike-status", "warning", "notices.csv", kind)] if warns else [])


@pytest.mark.parametrize(("results", "warns"), [
    ((), False), (("not-checkable", "failed"), False), (("none", "failed"), True)])
@pytest.mark.parametrize("status", ["retracted", "expression-of-concern"])
def test_a_status_that_no_source_confirms_is_a_warning_once_one_has_answered(
        world, results, warns, status):
    world.trial("doe-2020", status=status)
    for source, result in zip(("crossref", "pubmed"), results, strict=False):
        _looked(world, source, result)
    assert _rules(world, "status-without-notice") == (
        [("status-without-notice", "warning", f"{KNEE}/studies.csv", status)] if warns else [])
    kind = {"retracted": "withdrawal"}.get(status, status)
    assert not _rules(_notice(world, kind=kind), "status-without-notice")


@pytest.mark.parametrize(("kind", "level"), [
    ("retraction", "error"), ("withdrawal", "error"), ("correction", "warning")])
def test_a_notice_of_nobody_and_one_that_was_dealt_with_in_silence_are_found(world, kind, level):
    world.trial("doe-2020", status="retracted")
    _notice(world, study_id="nobody")
    _looked(_notice(world, kind=kind, state="handled"), "crossref", "none",
            study_id="nobody-else")
    assert _rules(world, "handled-how") == [
        ("foreign-key", "error", "notices.csv", "nobody"), ("handled-how", level,
                                                            "notices.csv", ""),
        ("foreign-key", "error", "watches.csv", "nobody-else")]


# --- what follows for the pool --------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "state", "left"), [
    ("retraction", "open", True), ("withdrawal", "open", True), ("retraction", "handled", False),
    ("expression-of-concern", "open", False), ("correction", "open", False),
    ("reinstatement", "open", False)])
def test_an_open_retraction_alone_takes_a_trial_out(world, kind, state, left):
    _notice(_two(world), kind=kind, state=state,
            handled_how="It is of another report." if state == "handled" else "")
    effects, out = world.select()
    assert set(effects) == ({"roe-2021"} if left else {"doe-2020", "roe-2021"})
    if left:
        assert out["doe-2020"].reason == "a retraction notice that is still to be dealt with"
        assert not out["doe-2020"].counted
    assert set(world.select(retracted=True)[0]) == {"doe-2020", "roe-2021"}


def test_a_reinstatement_beside_an_open_retraction_does_not_undo_it(world):
    _notice(_notice(_two(world)), kind="reinstatement", notice_doi="10.5555/again",
            notice_date="2031-05-01")
    assert set(world.select()[0]) == {"roe-2021"}


def test_a_later_report_is_taken_out_and_its_main_report_stays(world):
    _two(world).trial("doe-2022", companion_of="doe-2020").pair("doe-2022", 20,
                                                               timepoint_months=5)
    world.rows["outcomes"] = [r for r in world.rows["outcomes"] if r["study_id"] != "doe-2020"]
    assert "doe-2020" in world.select()[0]
    _notice(world, study_id="doe-2022")
    assert "doe-2020" not in world.select()[0]
    assert world.select(retracted=True)[0]["doe-2020"].study_id == "doe-2022"


def test_the_status_goes_before_the_notice():
    study = {"status": "retracted"}
    assert taken_back(study, [{"state": "open", "kind": "retraction"}]) == "retracted"
    assert taken_back({"status": None}, ()) == flaw({"status": None}, ()) == ""
    assert flaw({"status": "published"}, [{"state": "open", "kind": "withdrawal"}]) == "retracted"
    assert flaw({"status": "published"}, [{"state": "handled", "kind": "retraction"}]) == ""


def test_nothing_counts_a_trial_with_an_open_retraction(world):
    _notice(_two(world).counts("doe-2020", 2, 1).counts("roe-2021", 1, 1))
    ev, why = world.evidence(), "a retraction notice that is still to be dealt with"
    assert counted.not_counted(ev, "doe-2020") == why
    assert "doe-2020" not in counted.human_trials(ev)
    assert {r.trial: r.not_counted for r in directions.directions(ev)}["doe-2020"] == why
    rows = [r for r in reviewed_harms.arm_events(ev) if r.event == "any-ae"]
    assert {r.not_counted for r in rows if r.trial == "doe-2020"} == {why}
    html = str(render(evidence_map.evidence_map(review(world.data()))))
    assert "1 trial with a retraction notice that is still to be dealt with is not counted" in html


def test_a_sensitivity_analysis_takes_it_in_and_the_result_says_why_it_is_out(world):
    _notice(_two(world).trial("poe-2022").pair("poe-2022", 27))
    result, = review(world.data()).analyses(KNEE)
    assert [s["trial_id"] for s in result["studies"]] == ["poe-2022", "roe-2021"]
    assert {t["trial_id"]: t["reason"] for t in result["not_in_pool"]["trials"]} == {
        "doe-2020": "a retraction notice that is still to be dealt with: only in robustness"}
    rows = {r["id"]: r for r in result["robustness"]}
    assert rows["with-retracted"]["k"] == 3


# --- what pages say -------------------------------------------------------------------------------


def test_a_page_says_quietly_that_nobody_has_looked_yet(world):
    page = _page(_two(world))
    said = "have not been looked up yet"
    assert [p["class"] for p in page("p") if said in _text(p)] == [["lr-foot"]]
    assert page.find(id="notices") is None and not page(class_="lr-care")
    assert page.find(class_="lr-jump").find("a", href="#notices") is None


def test_a_page_shows_an_open_notice_first_with_day_source_and_address(world):
    page = _page(_notice(_two(world)))
    care = page.find(class_="lr-care")
    assert _text(care) == (
        "A notice about this report : Retraction of 2031-02-03 ( DOI 10.5555/made-up ), named by "
        "Crossref, PubMed, first seen on 2031-03-01. Nobody has dealt with it here yet. Its "
        "numbers are shown, and are in no main analysis.")
    assert care.a["href"] == "https://doi.org/10.5555/made-up"
    second = _page(_notice(world, kind="correction", notice_doi="10.5555/other"))
    assert [len(s("p")) for s in second(class_="lr-care")] == [2]
    assert "until then its numbers are in no main analysis" in _text(page.find(id="counts")
                                                                     .find_next("p"))
    absent = _text(page.find(class_="lr-absent"))
    assert "retraction notice that is still to be dealt with" in absent


def test_a_notice_that_was_dealt_with_is_listed_and_no_longer_first(world):
    page = _page(_notice(_two(world), state="handled", handled_how="It is about another one."))
    assert not page(class_="lr-care")
    listed = _text(page.find(id="notices").find_next("ul"))
    assert "Dealt with: It is about another one." in listed


def test_a_page_says_where_when_and_where_not_it_was_looked_up(world):
    _two(world)
    for source, result, reason in (
            ("retraction-watch", "none", ""), ("crossref", "none", "failed on 2031-04-01: busy"),
            ("pubmed", "not-checkable", "no DOI or PMID"), ("openalex", "failed", "it is silent")):
        _looked(world, source, result, reason=reason)
    listed = _page(world).find(id="notices").find_next("ul")
    assert [_text(li) for li in listed("li")] == [
        "Retraction Watch: looked up on 2031-03-01, no notice.",
        "Crossref: looked up on 2031-03-01, no notice; a later look-up failed.",
        "PubMed: cannot be looked up there (neither DOI nor PMID is known).",
        "OpenAlex: the look-up of 2031-03-01 failed, so that nothing is known from there."]
    assert "may have one" in _text(_page(world).find(id="notices").find_next("p"))
    assert _page(world).find(class_="lr-jump").find("a", href="#notices")


def test_a_source_that_no_longer_names_a_notice_is_not_said_to_have_none(world):
    _notice(_two(world), sources="crossref")
    for source in ("crossref", "pubmed"):
        _looked(world, source, "none", reason="")
    listed = _page(world).find(id="notices").find_next("ul").find_next("ul")
    assert [_text(li) for li in listed("li")] == [
        "Crossref: looked up on 2031-03-01, where it no longer names the notice above.",
        "PubMed: looked up on 2031-03-01, no notice."]


def test_every_reason_of_a_look_up_has_its_words_in_both_languages(world):
    from livingreview.surveillance import lookup

    reasons = (lookup.NO_DOI, lookup.NO_NUMBER, lookup.UNKNOWN, lookup.NO_TITLE, lookup.COMMA)
    for number, reason in enumerate(reasons):
        world.trial(f"t-{number}")
        _looked(world, "crossref", "not-checkable", f"t-{number}", reason)
    for number, reason in enumerate(reasons):
        said = _text(_page(world, f"t-{number}", "zh_CN").find(id="notices").find_next("ul"))
        assert reason not in said and "无法在该处查询" in said


def test_the_rows_of_its_analyses_bear_a_sign(world):
    _notice(_two(world), kind="correction")
    data = world.data()
    forest = Forests(data, KNEE).of(review(data).analyses(KNEE)[0])
    signs = {row.id: row.signs for group in forest.groups for row in group.rows}
    assert "notice" in signs["doe-2020"] and "notice" not in signs["roe-2021"]
    html = str(render(forest, "figures/made-up.html"))
    assert "‖ a notice about the report, such as a correction, is still to be dealt with." in html
    effect = _page(world).find(class_="lr-effect")
    assert "A notice about the report is still to be dealt with." in _text(effect)


def test_the_data_quality_page_lists_a_report_by_its_notice(world):
    _notice(_notice(_two(world)), study_id="roe-2021", state="handled", handled_how="Seen.")
    view = quality.retractions(review(world.data()))
    assert [(r.study[0], r.status.en, [n.en for n in r.notices], r.used) for r in view.reports] == [
        ("Doe 2020", "Published", ["retraction"], False)]
    assert "to be dealt with: retraction" in str(render(view))


# --- the feed -------------------------------------------------------------------------------------


def test_the_feed_has_an_entry_for_each_notice(world, monkeypatch, tmp_path):
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(tmp_path / "releases"))
    _notice(_two(world))
    _notice(world, study_id="roe-2021", kind="correction", notice_doi="", notice_pmid="90000001",
            first_seen="2031-04-01", notice_date="", sources="pubmed")
    text = feed.feed(world.data(), SITE)
    root = etree.fromstring(text.encode())
    grammar = etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))
    assert grammar.validate(root), grammar.error_log
    entries = [{e.tag.removeprefix(GRAMMAR): e for e in entry}
               for entry in root.iter(f"{GRAMMAR}entry")]
    assert [e["title"].text for e in entries] == ["Roe 2021: correction", "Doe 2020: retraction"]
    assert [e["link"].get("href") for e in entries] == [
        f"{SITE}/trials/roe-2021.html#notices", f"{SITE}/trials/doe-2020.html#notices"]
    assert entries[1]["content"].text == (
        "Retraction of 2031-02-03 (DOI 10.5555/made-up), named by Crossref, PubMed, first seen on "
        "2031-03-01. Nobody has dealt with it here yet. Its numbers are shown, and are in no main "
        "analysis.")
    assert "Correction, its day not stated (PMID 90000001)" in entries[0]["content"].text
    assert root.find(f"{GRAMMAR}updated").text == "2031-04-01T00:00:00Z"
    assert len({e["id"].text for e in entries}) == 2
