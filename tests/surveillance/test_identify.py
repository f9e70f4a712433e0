"""Identifiers that studies lack: proposed with reasons, accepted by a person; made-up papers."""

from __future__ import annotations

import json

import pytest
from made_up import KNEE, World
from registries import call, rows
from server import Reply, Request, failing, xml

from livingreview.data.dataset import load
from livingreview.surveillance.identify import papers, proposed, scored
from livingreview.surveillance.record import Record

TITLE = "Cultured cells of the marrow for worn knees, a made-up randomised trial"
STUDY = {"title": TITLE, "first_author": "Doe", "year": 2026, "doi": None, "pmid": None,
         "registration": (), "study_id": "doe-2026"}
PAPER = Record("crossref", "10.9999/one", title=TITLE, first_author="Doe", year=2026,
               doi="10.9999/one")


def _paper(**more) -> Record:
    return Record(**{**{f: getattr(PAPER, f) for f in (
        "source", "number", "title", "first_author", "year", "doi")}, **more})


# --- the score ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("study", "paper", "score", "why"), [
    ({}, {}, 100, "same first author; same year"),
    ({}, {"year": 2025}, 95, "a year apart"),
    ({}, {"first_author": "Roe"}, 85, "another first author (Roe)"),
    ({"first_author": None}, {}, 92.5, "author not stated"),
    ({}, {"year": 2020}, 85, "6 years apart"),
    ({}, {"title": f"{TITLE}: study protocol"}, None, ""),
    ({"registration": ("NCT90000001",)}, {"registrations": ("NCT90000001",)}, 100, "both name"),
    ({"doi": "10.9999/ONE"}, {"title": "Anything"}, 100, "the same doi"),
    ({"doi": "10.9999/other"}, {}, None, "")])
def test_a_score_is_the_sum_of_what_it_says(study, paper, score, why):
    found = scored({**STUDY, **study}, papers([_paper(**paper)])[0])
    if score is None:
        assert found is None or found.score < 80
    else:
        assert found.score == score and why in found.why


def test_an_unlike_title_is_nothing_and_a_shared_registration_lets_it_differ():
    other = "Marrow cells in worn knees: made-up results of a randomised trial of cultured cells"
    assert scored(STUDY, papers([_paper(title=other)])[0]) is None
    found = scored({**STUDY, "registration": ("NCT90000001",)}, papers([
        _paper(title=other, registrations=("NCT90000001",))])[0])
    assert found is not None and "both name NCT90000001" in found.why


def test_another_part_of_a_study_is_not_proposed():
    follow_up = f"{TITLE}: long-term follow-up"
    assert proposed(KNEE, STUDY, [_paper(title=follow_up, year=2028)]) is None
    second = proposed(KNEE, {**STUDY, "title": f"{TITLE} part 1"},
                      [_paper(title=f"{TITLE} part 2", first_author="Roe")])
    assert second is None


def test_records_of_one_paper_are_one_with_all_its_identifiers():
    found = proposed(KNEE, STUDY, [
        PAPER, _paper(source="pubmed", number="77", pmid="77", registrations=("NCT90000001",))])
    assert found.cells == {"doi": "10.9999/one", "pmid": "77", "registration": "NCT90000001"}
    assert found.paper.sources == ("crossref", "pubmed") and not found.rivals


def test_two_papers_that_are_as_likely_are_ambiguous():
    found = proposed(KNEE, STUDY, [PAPER, _paper(number="two", doi="10.9999/two", year=2027)])
    assert found.cells["doi"] == "10.9999/one"
    assert [rival.record.doi for rival in found.rivals] == ["10.9999/two"]
    assert not proposed(KNEE, STUDY, [PAPER, _paper(number="two", doi="10.9999/two",
                                                    year=2020)]).rivals


def test_what_a_study_has_is_not_proposed_again():
    found = proposed(KNEE, {**STUDY, "doi": "10.9999/one"}, [_paper(pmid="77")])
    assert found.cells == {"pmid": "77"}
    assert proposed(KNEE, {**STUDY, "doi": "10.9999/one"}, [PAPER]) is None


# --- the command ----------------------------------------------------------------------------------

ARTICLE = f"""<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>77</PMID><Article>
<Journal><JournalIssue><PubDate><Year>2026</Year></PubDate></JournalIssue></Journal>
<ArticleTitle>{TITLE}</ArticleTitle><AuthorList><Author><LastName>Doe</LastName></Author>
</AuthorList><DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>
<AccessionNumberList><AccessionNumber>NCT90000001</AccessionNumber></AccessionNumberList>
</DataBank></DataBankList></Article></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="doi">10.9999/one</ArticleId></ArticleIdList></PubmedData></PubmedArticle>
</PubmedArticleSet>"""


def _json(content) -> Reply:
    return Reply(json.dumps(content).encode())


def _works(request: Request) -> Reply:
    named = request.params["query.bibliographic"]
    items = [{"DOI": "10.9999/ONE", "title": [TITLE], "author": [{"family": "Doe"}],
              "issued": {"date-parts": [[2026, 3]]}}]
    if "Twin" in named:
        items = [{"DOI": f"10.9999/twin{n}", "title": ["A made-up report of which there are twins"],
                  "author": [{"family": "Twin"}], "issued": {"date-parts": [[2024]]}}
                 for n in (1, 2)]
    return _json({"message": {"items": items}})


def _found(request: Request) -> Reply:
    return _json({"hitCount": 0, "request": {"queryString": request.params["query"]},
                  "resultList": {"result": []}})


@pytest.fixture
def sources(server, monkeypatch):
    """The three sources, which know one paper and two that are alike."""
    for name in ("CROSSREF", "PUBMED", "EUROPE_PMC"):
        monkeypatch.setenv(f"LIVINGREVIEW_URL_{name}", server.url)
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "canary@example.org")
    server.route("/works", _works)
    server.route("/esearch.fcgi", lambda request: _json({"esearchresult": {
        "idlist": ["77"] if "cultured[ti]" in request.params["term"] else []}}))
    server.on("/efetch.fcgi", xml(ARTICLE))
    server.route("/search", _found)
    return server


@pytest.fixture
def folder(tmp_path):
    world = World(tmp_path / "data").study("doe-2026", title=TITLE, first_author="Doe", year=2026)
    world.study("twin-2024", title="A made-up report of which there are twins",
                first_author="Twin", year=2024)
    return world.study("whole-2020", title="Whole", doi="10.9999/w", pmid="5",
                       registration="NCT90000002").write()


def test_proposals_are_shown_written_and_imported(sources, folder, tmp_path):
    done = call("identify", "--data", folder, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "doe-2026: doi 10.9999/one, pmid 77, registration NCT90000001" in done.output
    assert "score 100 (title 100 of 100; same first author; same year; crossref, pubmed)" in (
        done.output)
    assert "ambiguous: score 100" in done.output
    assert "2 studies lack an identifier; 2 have a proposal, 1 of them not clear" in done.output
    found = rows(tmp_path / "out" / KNEE / "corrections.csv")
    assert [(r["key"], r["column"], r["old"], r["new"]) for r in found] == [
        ("doe-2026", "doi", "", "10.9999/one"), ("doe-2026", "pmid", "", "77"),
        ("doe-2026", "registration", "", "NCT90000001")]
    assert load(folder).records("studies", KNEE)[0]["doi"] is None  # nothing is taken by itself
    took = call("import", tmp_path / "out" / KNEE, "--data", folder, "--yes", "--no-results")
    assert took.exit_code == 0, took.output
    assert load(folder).records("studies", KNEE)[0]["pmid"] == "77"
    said = [r for r in rows(folder / "changelog.csv") if r["column"] == "doi"]
    assert "identified by score 100: title 100 of 100" in said[0]["reason"]


def test_a_person_is_asked_and_may_choose_an_ambiguous_one(sources, folder, tmp_path):
    done = call("identify", "--data", folder, "--out", tmp_path / "out", "--ask", text="n\ny\n")
    assert done.exit_code == 0, done.output
    found = rows(tmp_path / "out" / KNEE / "corrections.csv")
    assert [(r["key"], r["new"]) for r in found] == [("twin-2024", "10.9999/twin1")]
    assert "accepted by a person" in found[0]["reason"]
    broken = call("identify", "--data", folder, "--out", tmp_path / "other", "--ask", text="")
    assert "broken off" in broken.output and not (tmp_path / "other").exists()


def test_what_was_asked_today_is_not_asked_again_and_is_replayed(sources, folder, tmp_path):
    first = call("identify", "--data", folder)
    asked = len(sources.requests)
    assert asked == 7  # two studies, three sources, and the one record of PubMed
    assert call("identify", "--data", folder).output == first.output
    assert len(sources.requests) == asked
    raw = tmp_path / "surveillance" / "raw"
    assert call("identify", "--data", folder, "--offline", raw).output == first.output
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"canary" in p.read_bytes()]


def test_a_source_that_fails_is_named_and_the_others_stand(sources, folder, tmp_path):
    sources.on("/esearch.fcgi", failing())
    done = call("identify", "--data", folder, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "pubmed failed: it answers 500 (tried 6 times)" in done.output
    assert len(sources.asked("/esearch.fcgi")) == 6  # of the first study alone
    assert [r["column"] for r in rows(tmp_path / "out" / KNEE / "corrections.csv")] == ["doi"]


def test_a_shape_that_is_not_known_is_named_by_its_field_and_not_stored(sources, folder, tmp_path):
    sources.on("/works", _json({"message": {"works": []}}))
    done = call("identify", "--data", folder)
    assert done.exit_code == 1 and "crossref failed: its answer has no message.items" in done.output
    assert not list((tmp_path / "surveillance" / "raw" / "crossref").glob("*"))


def test_an_identifier_of_another_study_is_said(sources, tmp_path):
    folder = World(tmp_path / "data").study(
        "doe-2026", title=TITLE, first_author="Doe", year=2026).study(
        "same-2026", title="Other", doi="10.9999/one", pmid="77",
        registration="NCT90000001").write()
    done = call("identify", "--data", folder, "--out", tmp_path / "out")
    assert "doi 10.9999/one is that of same-2026 already" in done.output
    assert not (tmp_path / "out").exists()


def test_calls_that_are_wrong(folder, tmp_path):
    for arguments, why in ((("--indication", "elbow"), "is no indication"),
                           (("--ask",), "--ask needs --out")):
        done = call("identify", "--data", folder, *arguments)
        assert done.exit_code == 2 and why in done.output
