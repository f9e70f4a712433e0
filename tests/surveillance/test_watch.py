"""Watching: notices are found at each source, one is one row, and nothing is called clean.

What sources answer here is made up, in the format that they document. The DOIs of the reports that
the data call retracted are their own; the notices are synthetic.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from server import Reply, Server, failing, text, xml

from livingreview.__main__ import main
from livingreview.data import tables
from livingreview.data.dataset import load
from livingreview.surveillance import lookup, net, notices, watch
from livingreview.surveillance.notices import Notice

DATA = Path(__file__).parents[2] / "data"
KNEE, HIP, CORD = "knee-osteoarthritis", "femoral-head-osteonecrosis", "spinal-cord-injury"
BANSAL, LI = "10.1186/s12967-017-1242-4", "10.1039/c7bm00975e"
RATS = ("RETRACTED: Hypoxic preconditioned bone mesenchymal stem cells ameliorate spinal cord "
        "injury in rats via improved survival and migration")
# Report → its notice as each source has it: DOI, PMID and day.
MADE_UP = {BANSAL: ("10.5555/made-up-notice-1", "90000001", "2031-02-03"),
           LI: ("10.5555/made-up-notice-2", "90000002", "2031-03-04")}
PMIDS = {BANSAL: "80000001", LI: "80000002"}
KNOWN = {(KNEE, "bansal-2017"), (HIP, "li-2018-retracted")}
UNNUMBERED = (CORD, "retracted-hypoxic-bmsc")
COLUMNS = ("Record ID,Title,Subject,Institution,Journal,Publisher,Country,Author,URLS,ArticleType,"
           "RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,"
           "OriginalPaperPubMedID,RetractionNature,Reason,Paywalled,Notes,").split(",")


# --- what the made-up sources say -----------------------------------------------------------------


def rw_row(**cells) -> dict:
    return {"Record ID": "1", "RetractionDate": "2/3/2031 0:00", "RetractionPubMedID": "0",
            "RetractionDOI": "unavailable", "OriginalPaperPubMedID": "0",
            "OriginalPaperDOI": "unavailable", "RetractionNature": "Retraction", **cells}


def rw_file(*rows: dict) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


RW = rw_file(
    rw_row(OriginalPaperDOI=BANSAL.upper(), RetractionDOI=MADE_UP[BANSAL][0], Title="Another"),
    rw_row(OriginalPaperDOI=LI, RetractionDOI=MADE_UP[LI][0], RetractionDate="3/4/2031 0:00"),
    rw_row(Title=RATS, RetractionDOI="10.5555/made-up-notice-3", RetractionDate="5/6/2031 0:00"))


def parts(day: str) -> list[list[int]]:
    return [[int(part) for part in day.split("-")]]


def by_crossref(way: str = "both", kind: str = "retraction"):
    """Crossref: the record of the report, the list of notices, or both name a notice."""
    def reply(request) -> Reply:
        if request.path.startswith("/works/"):
            doi = unquote(request.path.removeprefix("/works/"))
            message = {"DOI": doi.upper()}
            if doi in MADE_UP and way != "list":
                number, _, day = MADE_UP[doi]
                message["updated-by"] = [{"DOI": number, "type": kind, "source": "publisher",
                                          "updated": {"date-parts": parts(day)}}]
            return text(json.dumps({"status": "ok", "message": message}))
        doi, items = request.params["filter"].removeprefix("updates:"), []
        if doi in MADE_UP and way != "record":
            number, _, day = MADE_UP[doi]
            items = [{"DOI": number, "update-to": [{"DOI": doi, "type": kind, "updated": {
                "date-parts": parts(day)}}, {"DOI": "10.5555/other", "type": "correction"}]}]
        return text(json.dumps({"status": "ok", "message": {
            "total-results": len(items), "items": items}}))
    return reply


def article(pmid: str, doi: str = "", links: str = "", kind: str = "", day: str = "") -> str:
    number = f'<ArticleId IdType="doi">{doi}</ArticleId>' if doi else ""
    types = f'<PublicationType UI="{kind}">Retracted Publication</PublicationType>' if kind else ""
    dated = "<ArticleDate><Year>{}</Year><Month>{}</Month><Day>{}</Day></ArticleDate>".format(
        *day.split("-")) if day else ""
    return (f'<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article>'
            f"<PublicationTypeList>{types}</PublicationTypeList>{dated}</Article>"
            f"<CommentsCorrectionsList>{links}</CommentsCorrectionsList></MedlineCitation>"
            f"<PubmedData><ArticleIdList>{number}</ArticleIdList></PubmedData></PubmedArticle>")


def link(kind: str, pmid: str = "", source: str = "Made Up J. 2031") -> str:
    number = f"<PMID>{pmid}</PMID>" if pmid else ""
    return (f'<CommentsCorrections RefType="{kind}"><RefSource>{source}</RefSource>{number}'
            "</CommentsCorrections>")


def by_pubmed(way: str = "both"):
    """PubMed: the type of the report, the link to its notice, or both say it."""
    def search(request) -> Reply:
        found = [pmid for doi, pmid in PMIDS.items() if f'"{doi}"[aid]' in request.params["term"]]
        return xml(f"<eSearchResult><Count>{len(found)}</Count><IdList>"
                   + "".join(f"<Id>{pmid}</Id>" for pmid in found)
                   + "</IdList><ErrorList><PhraseNotFound>x</PhraseNotFound></ErrorList>"
                   "</eSearchResult>")

    def fetched(request) -> Reply:
        wanted, out = request.params["id"].split(","), ""
        for doi, pmid in PMIDS.items():
            number, notice, day = MADE_UP[doi]
            if pmid in wanted:
                out += article(pmid, doi, "" if way == "type" else link("RetractionIn", notice),
                               "" if way == "link" else "D016441")
            if notice in wanted:
                out += article(notice, number, link("RetractionOf", pmid), day=day)
        out += "".join(article(pmid) for pmid in wanted if not pmid.startswith(("8000", "9000")))
        return xml('<?xml version="1.0"?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//x" "x.dtd">'
                   f"<PubmedArticleSet>{out}</PubmedArticleSet>")
    return search, fetched


def by_openalex(request) -> Reply:
    number = unquote(request.path.removeprefix("/works/"))
    return text(json.dumps({"id": "W1", "is_retracted": number.removeprefix("doi:") in MADE_UP}))


# --- the world of a test --------------------------------------------------------------------------


OTHERS = {KNEE: ("lamo-espinosa-2016", "lamo-espinosa-2018", "nct04821102"),
          HIP: ("gangji-2004", "gangji-2011"), CORD: ("karamouzian-2012",)}
KEPT = ("study_id", "title", "first_author", "year", "journal", "doi", "pmid", "design", "status",
        "source_id")


def read_table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, names, rows: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def few_studies(folder: Path) -> None:
    """The retracted reports of the data and some others, as they are there, without numbers."""
    for table in tables.TABLES:
        for indication in (KNEE, HIP, CORD):
            path = folder / table.path(indication)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not table.optional:
                write_table(path, table.names, [])
    for indication, others in OTHERS.items():
        rows = [{k: r[k] for k in KEPT} for r in read_table(DATA / indication / "studies.csv")
                if r["study_id"] in others or r["status"] == "retracted"]
        write_table(folder / indication / "studies.csv", tables.BY_NAME["studies"].names, rows)
        shutil.copy(DATA / indication / "sources.csv", folder / indication)
    write_table(folder / "vocabularies.csv", tables.VOCABULARIES.names, [
        r for r in read_table(DATA / "vocabularies.csv")
        if r["list"] != "indication" or r["value"] in OTHERS])
    shutil.copy(DATA / "own_names.csv", folder)


class Watched:
    """Some studies, a store, and a made-up server in place of each source."""

    def __init__(self, folder: Path, monkeypatch):
        self.data, self.raw, self.patch = folder / "data", folder / "raw", monkeypatch
        few_studies(self.data)
        self.servers: dict[str, Server] = {}
        self.day = "2031-06-01"
        monkeypatch.setattr(net, "NOW", lambda: datetime.fromisoformat(f"{self.day}T12:00+00:00"))
        monkeypatch.setattr(net, "SKEW", 10**10)
        monkeypatch.setenv("LIVINGREVIEW_EMAIL", "canary@example.org")
        monkeypatch.setenv("OPENALEX_API_KEY", "canary-key-9431")

    def serve(self, source: str) -> Server:
        if source not in self.servers:
            self.servers[source] = made = Server()
            made.__enter__()
            self.patch.setenv("LIVINGREVIEW_URL_" + source.upper().replace("-", "_"), made.url)
        return self.servers[source]

    def all_sources(self) -> Watched:
        self.serve("retraction-watch").on("/retraction_watch.csv", text(RW))
        self.serve("crossref").route("/*", by_crossref())
        search, fetched = by_pubmed()
        self.serve("pubmed").route("/esearch.fcgi", search)
        self.serve("pubmed").route("/efetch.fcgi", fetched)
        self.serve("openalex").route("/*", by_openalex)
        return self

    def run(self, *arguments: str, code: int = 0) -> str:
        raw = () if "--offline" in arguments else ("--raw", str(self.raw))
        done = CliRunner().invoke(main, ["watch", "--data", str(self.data), *raw, *arguments])
        assert done.exit_code == code, done.output
        return done.output

    def rows(self, table: str) -> list[dict]:
        return read_table(self.data / f"{table}.csv")

    def bytes(self) -> tuple[bytes, ...]:
        return tuple((self.data / name).read_bytes() if (self.data / name).exists() else b""
                     for name in ("notices.csv", "watches.csv"))

    def results(self, source: str) -> dict[tuple[str, str], str]:
        return {(r["indication"], r["study_id"]): r["result"] for r in self.rows("watches")
                if r["source"] == source}


@pytest.fixture
def watched(tmp_path, monkeypatch):
    made = Watched(tmp_path, monkeypatch)
    yield made
    for server in made.servers.values():
        server.__exit__()


def _study(**cells) -> lookup.Study:
    return lookup.Study(**{"indication": KNEE, "study_id": "doe-2020", "title": "", "doi": "",
                          "pmid": "", **cells})


# --- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize("source", lookup.SOURCES)
def test_each_source_alone_finds_the_known_retractions(watched, source):
    watched.all_sources().run("--source", source)
    found = {(r["indication"], r["study_id"]) for r in watched.rows("notices")}
    wanted = KNOWN | {UNNUMBERED} if source == "retraction-watch" else KNOWN
    assert found == wanted  # a report without numbers can be found by its title alone
    results = watched.results(source)
    assert {place for place, result in results.items() if result == "notice"} == wanted
    assert len(results) == len(lookup.studies_of(load(watched.data))) == 9
    if source != "retraction-watch":
        assert results[UNNUMBERED] == "not-checkable"


@pytest.mark.parametrize("way", ["record", "list"])
def test_crossref_is_asked_both_ways(watched, way):
    watched.serve("crossref").route("/*", by_crossref(way))
    watched.run("--source", "crossref")
    assert {r["notice_doi"] for r in watched.rows("notices")} == {
        number for number, _, _ in MADE_UP.values()}


@pytest.mark.parametrize("way", ["type", "link"])
def test_pubmed_says_it_by_the_type_or_by_the_link(watched, way):
    search, fetched = by_pubmed(way)
    watched.serve("pubmed").route("/esearch.fcgi", search)
    watched.serve("pubmed").route("/efetch.fcgi", fetched)
    watched.run("--source", "pubmed")
    rows = watched.rows("notices")
    assert {(r["indication"], r["study_id"]) for r in rows} == KNOWN
    assert {r["notice_doi"] for r in rows} == ({""} if way == "type" else {
        number for number, _, _ in MADE_UP.values()})


def test_one_notice_of_four_sources_is_one_row(watched):
    output = watched.all_sources().run()
    rows = watched.rows("notices")
    assert len(rows) == 3 and output.count("new: ") == 3
    assert re.search(r"^results: \d+ of \d+ analyses change$", output, re.M)
    bansal = next(r for r in rows if r["study_id"] == "bansal-2017")
    assert bansal == {
        "indication": KNEE, "study_id": "bansal-2017", "kind": "retraction",
        "notice_doi": MADE_UP[BANSAL][0], "notice_pmid": MADE_UP[BANSAL][1],
        "notice_date": "2031-02-03", "sources": "retraction-watch;crossref;pubmed;openalex",
        "first_seen": "2031-06-01", "state": "open", "handled_how": ""}
    assert next(r for r in rows if r["study_id"] == UNNUMBERED[1])["sources"] == "retraction-watch"


# --- what stays -----------------------------------------------------------------------------------


def test_the_same_answers_change_no_byte(watched):
    watched.all_sources().run()
    before = watched.bytes()
    assert "are as they were" in watched.run()
    assert watched.bytes() == before
    asked = {name: len(server.requests) for name, server in watched.servers.items()}
    watched.day = "2031-07-15"  # replayed on another day: the day is that of the answers
    assert "are as they were" in watched.run("--offline", str(watched.raw))
    assert watched.bytes() == before
    assert asked == {name: len(server.requests) for name, server in watched.servers.items()}


def test_a_replay_into_fresh_data_gives_the_same_tables(watched):
    watched.all_sources().run()
    before = watched.bytes()
    for name in ("notices.csv", "watches.csv"):
        (watched.data / name).unlink()
    watched.day = "2032-01-01"
    watched.run("--offline", str(watched.raw))
    assert watched.bytes() == before


def test_a_run_that_was_cut_off_goes_on_where_it_ended(watched):
    watched.all_sources()
    reply, left = by_crossref(), [5]

    def until(request) -> Reply:
        left[0] -= 1
        return reply(request) if left[0] >= 0 else failing(403)

    watched.serve("crossref").route("/*", until)
    watched.run("--source", "crossref", code=1)
    first = len(watched.servers["crossref"].requests)
    watched.serve("crossref").route("/*", reply)
    watched.run("--source", "crossref")
    asked = [(r.path, r.params.get("filter")) for r in watched.servers["crossref"].requests]
    good = [a for at, a in enumerate(asked) if at != first - 1]  # all but the one refused
    assert len(good) == len(set(good))
    assert len(list((watched.raw / "notices" / "crossref").iterdir())) == 1


def test_a_reinstatement_leaves_the_retraction(watched):
    watched.all_sources().run("--source", "crossref")
    before = [r for r in watched.rows("notices") if r["study_id"] == "bansal-2017"]
    watched.day = "2031-07-01"
    watched.serve("crossref").route("/*", by_crossref(kind="reinstatement"))
    watched.run("--source", "crossref")
    rows = [r for r in watched.rows("notices") if r["study_id"] == "bansal-2017"]
    assert [r["kind"] for r in rows] == ["reinstatement", "retraction"]
    assert before[0] in rows


def test_what_a_person_wrote_stays_and_a_further_source_is_added(watched):
    watched.all_sources().run("--source", "crossref")
    rows = watched.rows("notices")
    edited = [r | {"state": "handled", "handled_how": "Looked at."} for r in rows]
    write_table(watched.data / "notices.csv", tuple(rows[0]), edited)
    watched.run("--source", "openalex")
    assert watched.rows("notices") == [r | {"sources": "crossref;openalex"} for r in edited]


def test_a_source_that_is_gone_or_forgets_makes_nothing_clean(watched):
    watched.all_sources().run()
    notices_before, watches = watched.rows("notices"), watched.rows("watches")
    watched.day = "2031-07-01"
    other = text(rw_file(rw_row(Title="Another")))
    watched.serve("retraction-watch").on("/retraction_watch.csv", other)
    watched.run("--source", "retraction-watch")
    assert watched.rows("notices") == notices_before
    others = [r for r in watches if r["source"] != "retraction-watch"]
    assert [r for r in watched.rows("watches") if r["source"] != "retraction-watch"] == others
    assert watched.results("retraction-watch")[UNNUMBERED] == "not-checkable"


@pytest.mark.parametrize("fault", ["down", "html", "shape"])
def test_a_source_that_fails_is_named_and_leaves_what_was_known(watched, fault):
    watched.all_sources().run()
    before, known = watched.rows("notices"), watched.rows("watches")
    watched.day = "2031-07-01"
    broken = {"down": failing(503), "html": Reply(b"<!DOCTYPE html><html></html>"),
              "shape": text('{"status": "ok", "message": {"title": "x"}}')}[fault]
    watched.serve("crossref").route("/*", lambda _: broken)
    output = watched.run(code=1)
    said = {"down": "it answers 503", "html": "a page of HTML", "shape": "has no DOI"}[fault]
    assert said in output and "crossref (2031-07-01): 0 with a notice" in output
    assert watched.rows("notices") == before
    for old, new in zip(known, watched.rows("watches"), strict=True):
        if old["source"] != "crossref":
            assert new["checked_on"] in (old["checked_on"], "2031-07-01")
        elif old["result"] in ("notice", "none"):
            assert new == old | {"reason": new["reason"]}
            assert new["reason"].startswith("failed on 2031-07-01: ") and said in new["reason"]
    three_in_a_row = net.TRIES * 3 if fault == "down" else 3
    assert len(watched.servers["crossref"].requests) == 10 + three_in_a_row


def test_a_source_that_never_answered_is_failed_not_clean(watched):
    watched.serve("crossref").route("/*", lambda _: failing(500))
    watched.run("--source", "crossref", code=1)
    assert watched.rows("notices") == []
    rows = watched.rows("watches")
    assert {r["result"] for r in rows} == {"failed", "not-checkable"}
    assert all(r["reason"] for r in rows)


def test_without_a_key_openalex_is_not_asked_and_changes_nothing(watched, monkeypatch):
    watched.all_sources()
    monkeypatch.delenv("OPENALEX_API_KEY")
    output = watched.run()
    assert "not asked: openalex: " in output and "OPENALEX_API_KEY" in output
    assert not watched.results("openalex") and not watched.servers["openalex"].requests
    assert "Nothing was written" in watched.run("--source", "openalex", code=1)


def test_no_key_is_in_any_file(watched):
    output = watched.all_sources().run()
    assert watched.servers["openalex"].requests[0].params["api_key"] == "canary-key-9431"
    assert "canary" not in output
    for path in (p for root in (watched.raw, watched.data) for p in root.rglob("*")
                 if p.is_file()):
        body = path.read_bytes()
        assert b"canary" not in (gzip.decompress(body) if path.suffix == ".gz" else body), path


# --- what cannot be looked up ---------------------------------------------------------------------


def test_a_study_without_numbers_is_not_checkable_anywhere(watched):
    watched.all_sources().run()
    bare = {(s.indication, s.study_id) for s in lookup.studies_of(load(watched.data))
            if not (s.doi or s.pmid)} - {UNNUMBERED}
    assert len(bare) == 3
    for source in lookup.SOURCES:
        results = watched.results(source)
        assert {results[place] for place in bare} == {"not-checkable"}


class _Ask:
    """Answers of Crossref, without a server."""

    def __init__(self, *, updated_by=(), status: int = 200):
        self.asked, self.updated_by, self.status = [], list(updated_by), status

    def get(self, path, params=None):
        self.asked.append((path, dict(params or {})))
        if self.status == 404:
            raise net.SourceError("crossref", "there is no such page", 404)
        message = ({"total-results": 0, "items": []} if params else {
            "DOI": unquote(path.removeprefix("works/")), "updated-by": self.updated_by})
        return net.Answer(200, json.dumps({"message": message}).encode())


def _one(ask: _Ask, **cells) -> lookup.Finding:
    return next(lookup.look("crossref", [_study(**cells)], lookup.by_crossref(ask)))


def test_a_comma_in_a_doi_is_asked_in_the_one_way_that_is_left():
    doi, ask = "10.5555/a,b", _Ask()
    found = _one(ask, doi=doi)
    assert (found.result, found.reason) == ("not-checkable", lookup.COMMA)
    assert ask.asked == [("works/10.5555%2Fa%2Cb", {})]
    named = _Ask(updated_by=[{"DOI": "10.5555/n", "type": "retraction"}])
    assert _one(named, doi=doi) == lookup.Finding(
        _study(doi=doi), "notice", "", (Notice("retraction", "10.5555/n"),))


def test_a_doi_that_is_not_registered_there_is_not_checkable():
    found = _one(_Ask(status=404), doi="10.5555/x")
    assert (found.result, found.reason) == ("not-checkable", lookup.UNKNOWN)


def test_a_notice_of_an_unknown_kind_fails_and_keeps_those_that_are_known():
    found = _one(_Ask(updated_by=[{"DOI": "10.5555/n", "type": "vanishing"},
                                  {"DOI": "10.5555/m", "type": "expression_of_concern"}]),
                 doi="10.5555/x")
    assert found.result == "failed" and "vanishing" in found.reason
    assert found.notices == (Notice("expression-of-concern", "10.5555/m"),)


@pytest.mark.parametrize(("kind", "word"), sorted(notices.CROSSREF_TYPES.items()))
def test_every_type_of_crossref_is_a_kind_of_the_data(kind, word):
    assert word in load(DATA).words("notice_kind")
    found = _one(_Ask(updated_by=[{"DOI": "10.5555/n", "type": kind, "updated": {
        "date-parts": [[2031, 2]]}}]), doi="10.5555/x")
    assert found.notices == (Notice(word, "10.5555/n"),)  # a month is no day


def test_a_list_that_is_not_whole_is_refused():
    answer = net.Answer(200, b'{"message": {"total-results": 2, "items": []}}')
    with pytest.raises(net.SourceError, match="0 of 2 notices"):
        list(notices.of_updates(answer, "10.5555/x"))


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "word"), sorted(notices.PUBMED_LINKS.items()))
def test_every_link_of_pubmed_is_read(kind, word):
    body = article("1", "10.5555/x", link(
        kind, "2", "Made Up J. 2031 Feb 3;1(2):3. doi: 10.5555/n."))
    found, = notices.articles(net.Answer(
        200, f"<PubmedArticleSet>{body}</PubmedArticleSet>".encode()))
    assert found.notices == (Notice(word, "10.5555/n", "2", "2031-02-03"),)


@pytest.mark.parametrize("kind", ["CommentIn", "RetractionOf", "Cites", "ErratumFor"])
def test_other_links_of_pubmed_are_no_notices_about_it(kind):
    body = f"<PubmedArticleSet>{article('1', '', link(kind, '2'))}</PubmedArticleSet>"
    assert next(notices.articles(net.Answer(200, body.encode()))).notices == ()


@pytest.mark.parametrize("listed", [{"a": 1}, ["x"], "x", [{"type": "retraction", "DOI": 5}]])
def test_a_list_of_crossref_of_another_shape_is_named_by_its_field(listed):
    def of(message):
        return net.Answer(200, json.dumps({"message": message}).encode())

    with pytest.raises(net.SourceError, match="updated-by of its answer"):
        list(notices.of_work(of({"DOI": "10.5555/a", "updated-by": listed}), "10.5555/a"))
    with pytest.raises(net.SourceError, match="update-to of its answer"):
        list(notices.of_updates(of({"total-results": 1, "items": [
            {"DOI": "10.5555/n", "update-to": listed}]}), "10.5555/a"))


@pytest.mark.parametrize(("kind", "word"), [
    ("RetractedandRepublishedIn", "retraction"), ("PartialRetractionIn", "retraction"),
    ("CorrectedandRepublishedIn", "correction")])
def test_rarer_links_of_pubmed_are_notices_too(kind, word):
    body = f"<PubmedArticleSet>{article('1', '', link(kind, '2'))}</PubmedArticleSet>"
    (notice,) = next(notices.articles(net.Answer(200, body.encode()))).notices
    assert (notice.kind, notice.pmid) == (word, "2")


def test_retraction_watch_as_it_is():
    file = notices.RetractionWatch(rw_file(
        rw_row(OriginalPaperDOI="10.5555/A", RetractionNature="Correction",
               RetractionDate="8/7/2026 0:00", RetractionDOI="10.5555/c"),
        rw_row(OriginalPaperDOI="10.5555/a", RetractionNature="Reinstatement",
               RetractionPubMedID="7"),
        rw_row(OriginalPaperPubMedID="12", RetractionNature="Expression of concern"),
        rw_row(OriginalPaperDOI="10.5555/own", RetractionDOI="10.5555/own"),
        rw_row(OriginalPaperDOI="10.5555/new", RetractionNature="Something")).encode("utf-8-sig"),
        {("doi", "10.5555/a"), ("pmid", "12"), ("doi", "10.5555/own"), ("doi", "10.5555/new"),
         *((kind, nothing) for kind in ("doi", "pmid") for nothing in ("", "0", "unavailable"))})
    assert list(file.about("doi", "10.5555/a")) == [
        Notice("correction", "10.5555/c", "", "2026-08-07"),
        Notice("reinstatement", "", "7", "2031-02-03")]
    assert list(file.about("pmid", "12")) == [Notice("expression-of-concern", "", "",
                                                     "2031-02-03")]
    assert list(file.about("doi", "10.5555/own")) == [Notice("retraction", "", "", "2031-02-03")]
    with pytest.raises(notices.UnknownKind, match="Something"):
        list(file.about("doi", "10.5555/new"))
    for nothing in ("", "0", "unavailable"):
        assert list(file.about("pmid", nothing)) == list(file.about("doi", nothing)) == []


@pytest.mark.parametrize(("body", "said"), [
    (RW.replace("RetractionNature", "Nature"), "no column RetractionNature"),
    (RW[:-120], "columns: it is cut off"), ("", "no column Title"),
    (RW + '1,"' + "x" * 200_000, "line 5 of its file is no row of a table"),
    ("<!DOCTYPE html><html></html>", "no column Title"), (rw_file(), "no row")])
def test_a_broken_retraction_watch_file_is_refused_by_place(watched, body, said):
    csv.field_size_limit(131_072)  # as a command finds it that has read nothing before
    path = watched.data.parent / "rw.csv"
    path.write_text(body, encoding="utf-8")
    before = watched.bytes()
    output = watched.run("--source", "retraction-watch", "--retraction-watch", str(path), code=1)
    assert said in output and "Nothing was written" in output and "Traceback" not in output
    assert watched.bytes() == before


def test_a_row_without_the_number_of_a_report_is_known_by_its_title():
    title = "Made-up cells in the knees of forty made-up people"
    studies = [lookup.Study("knee-osteoarthritis", name, title, doi, pmid) for name, doi, pmid in (
        ("doi", "10.5555/a", ""), ("pmid", "", "12"), ("both", "10.5555/a", "12"))]
    for cells, found in (({}, ["notice"] * 3),
                         ({"OriginalPaperDOI": "10.5555/b"}, ["none", "notice", "none"]),
                         ({"OriginalPaperPubMedID": "13"}, ["notice", "none", "none"])):
        file = rw_file(rw_row(Title=f"RETRACTED: {title}", **cells)) + "\r\n"  # and an empty line
        one = lookup.by_retraction_watch(file.encode(), studies)
        assert [f.result for f in lookup.look("retraction-watch", studies, one)] == found


def test_a_file_that_was_fetched_by_hand_has_the_day_of_the_file(watched):
    path = watched.data.parent / "rw.csv"
    path.write_text(RW, encoding="utf-8")
    os.utime(path, (datetime(2031, 5, 4, 12, tzinfo=UTC).timestamp(),) * 2)
    watched.run("--source", "retraction-watch", "--retraction-watch", str(path))
    assert {r["checked_on"] for r in watched.rows("watches")} == {"2031-05-04"}
    assert {r["first_seen"] for r in watched.rows("notices")} == {"2031-05-04"}
    assert not list(watched.raw.iterdir())


# --- when two sources speak of one notice ---------------------------------------------------------

RETRACTED = "retraction"


@pytest.mark.parametrize(("one", "other", "equal"), [
    (Notice(RETRACTED, "10.1/a"), Notice(RETRACTED, "10.1/b"), False),
    (Notice(RETRACTED, "10.1/a"), Notice(RETRACTED, "10.1/a", "5"), True),
    (Notice(RETRACTED, "10.1/a"), Notice(RETRACTED, "", "5"), True),
    (Notice(RETRACTED, "10.1/a"), Notice(RETRACTED), True),
    (Notice(RETRACTED, "10.1/a"), Notice("withdrawal", "10.1/a"), True),
    (Notice(RETRACTED, "10.1/a"), Notice("correction", "10.1/a"), False),
    (Notice("correction", "10.1/a"), Notice("correction", "", "5"), False),
    (Notice("correction", "10.1/a", "", "2031-01-01"),
     Notice("correction", "", "5", "2031-01-20"), True),
    (Notice("correction", "10.1/a", "", "2031-01-01"),
     Notice("correction", "", "5", "2031-06-20"), False),
    (Notice("correction", "", "4"), Notice("correction", "", "5"), False)])
def test_what_is_the_same_notice(one, other, equal):
    assert notices.same(one, other) is notices.same(other, one) is equal


def test_two_rows_that_turn_out_to_be_one_become_one(watched):
    data = load(watched.data)
    study = _study(study_id="bansal-2017")
    looks = [lookup.Look("crossref", "2031-06-01", (lookup.Finding(
        study, "notice", "", (Notice("correction", "10.5555/c"),)),)),
        lookup.Look("openalex", "2031-06-01", (lookup.Finding(
            study, "notice", "", (Notice("correction", "", "77"),)),))]
    assert len(watch.tables(data, looks)["notices"]) == 2
    known = lookup.Look("pubmed", "2031-06-02", (lookup.Finding(
        study, "notice", "", (Notice("correction", "10.5555/c", "77", "2031-01-02"),)),))
    row, = watch.tables(data, [*looks, known])["notices"]
    assert (row["notice_doi"], row["notice_pmid"], row["first_seen"], row["sources"]) == (
        "10.5555/c", "77", "2031-06-01", ("crossref", "pubmed", "openalex"))
