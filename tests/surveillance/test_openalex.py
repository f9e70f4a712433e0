"""OpenAlex and the look-ups of notices; all works that are served are made up."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
import server as fake

from livingreview.surveillance import net
from livingreview.surveillance.net import SourceError
from livingreview.surveillance.rawstore import Raw, Stored
from livingreview.surveillance.sources import crossref, openalex, retractionwatch

CANARY = "canary-key-0123456789"
SEEDS = "doi:10.1000/a pmid:11"


def work(number: int, cites=(), **more) -> dict:
    """A made-up work."""
    return {"id": f"https://openalex.org/W{number}", "doi": f"https://doi.org/10.1000/W{number}",
            "ids": {"pmid": f"https://pubmed.ncbi.nlm.nih.gov/{number}"},
            "display_name": f"Work {number}", "publication_year": 2020, "type": "article",
            "referenced_works": [f"https://openalex.org/W{n}" for n in cites],
            "is_retracted": False, **more}


def listed(*works, count=None, cursor=None) -> fake.Reply:
    return fake.text(json.dumps({"meta": {
        "count": len(works) if count is None else count, "next_cursor": cursor},
        "results": list(works)}))


class OpenAlex:
    """Answers as OpenAlex does, of a few works.

    Attributes
    ----------
    works : dict of int to dict
    by_doi, by_pmid : dict of str to int
    merged : dict of int to int
        A work that was merged into another.
    size : int
        Works on a page.
    """

    def __init__(self, server):
        self.works, self.by_doi, self.by_pmid, self.merged = {}, {}, {}, {}
        self.size = 100
        server.route("/works", self.list)
        server.route("/works/*", self.one)

    def add(self, number: int, cites=(), **more) -> None:
        self.works[number] = work(number, cites, **more)

    def list(self, request) -> fake.Reply:
        filters = dict(part.split(":", 1) for part in request.params["filter"].split(","))
        found = self.works
        for kind, chosen in (("doi", self.by_doi), ("pmid", self.by_pmid)):
            if kind in filters:
                found = [chosen[v] for v in filters[kind].split("|") if v in chosen]
        if "openalex" in filters:
            found = [n for v in filters["openalex"].split("|") if (n := int(v[1:])) in self.works]
        if "cites" in filters:
            of = {f"https://openalex.org/{v}" for v in filters["cites"].split("|")}
            found = [n for n, w in self.works.items() if of & {*w["referenced_works"]}]
        if words := filters.get("title_and_abstract.search"):
            found = [n for n in found if words in self.works[n]["display_name"]]
        start = 0 if request.params["cursor"] == "*" else int(request.params["cursor"])
        after = start + self.size
        return listed(*(self.works[n] for n in [*found][start:after]), count=len(found),
                      cursor=str(after) if after < len(found) else None)

    def one(self, request) -> fake.Reply:
        number = int(request.path.rpartition("W")[2])
        if number in self.merged:
            return fake.moved(f"/works/W{self.merged[number]}?{'select=' + openalex.FIELDS}")
        if number not in self.works:
            return fake.Reply(b"{}", 404)
        return fake.text(json.dumps(self.works[number]))


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_URL_OPENALEX", server.url)
    monkeypatch.setenv("OPENALEX_API_KEY", CANARY)
    return net.client("openalex")


@pytest.fixture
def index(server):
    """Two known reports, W1 by DOI and W2 by PMID, what they cite and what cites them."""
    made = OpenAlex(server)
    made.add(1, [5, 6])
    made.add(2, [1, 6])
    made.add(5, display_name="Cells in knees")
    made.add(6)
    made.add(7, [1, 2])
    made.add(8, [2, 5], display_name="Cells again")
    made.add(9, [5])
    made.by_doi, made.by_pmid = {"10.1000/a": 1}, {"11": 2}
    return made


def searched(client, strategy=SEEDS, first=None):
    answers = list(openalex.fetch(client, strategy, first, "2026-10-31"))
    return answers, openalex.read(answers)


def numbers(found) -> list[str]:
    return sorted(record.number for record in found.records)


def test_a_key_is_needed(monkeypatch):
    with pytest.raises(SourceError, match="not asked without OPENALEX_API_KEY"):
        net.client("openalex")


def test_what_is_cited_and_what_cites_is_found(index, client):
    answers, found = searched(client)
    assert numbers(found) == ["W5", "W6", "W7", "W8"]  # without the known ones themselves
    assert found.hits == 4
    how = {record.number: record.signals for record in found.records}
    assert how["W6"] == ("cited by a known report",) and how["W7"] == ("cites a known report",)
    assert CANARY not in "".join(answer.url for answer in answers)


def test_the_key_is_sent_and_no_more_than_is_needed(index, client, server):
    searched(client)
    assert all(request.params["api_key"] == CANARY for request in server.requests)
    assert all(request.params["select"] for request in server.requests)


def test_words_narrow_both_ways(index, client):
    assert numbers(searched(client, f"Cells {SEEDS}")[1]) == ["W5", "W8"]


def test_a_window_is_of_what_cites(index, client, server):
    searched(client, first="2026-10-01")
    cites, = (r.params["filter"] for r in server.asked("/works") if "cites:" in r.params["filter"])
    assert cites == "cites:W1|W2,from_created_date:2026-10-01,to_created_date:2026-10-31"


def test_pages_are_turned(index, client):
    index.size = 1
    assert numbers(searched(client)[1]) == ["W5", "W6", "W7", "W8"]


@pytest.mark.parametrize("words", ["", "Cells "])
def test_a_merged_work_is_followed_and_one_that_is_gone_is_passed_over(index, client, words):
    index.add(1, [5, 20, 21])
    index.add(30, display_name="Cells that were merged")
    index.merged = {20: 30}
    assert "W30" in numbers(searched(client, words + SEEDS)[1])
    assert not {"W20", "W21"} & {*numbers(searched(client, words + SEEDS)[1])}


def test_what_was_stored_is_read_again_also_what_was_gone(index, client, server, tmp_path):
    index.add(1, [5, 20, 21, 22])
    index.add(30)
    index.merged = {22: 30}
    raw = Raw(tmp_path, "openalex", "one")
    live = searched(Stored(raw, client))[1]
    asked, digest = len(server.requests), raw.manifest_sha256
    assert searched(Stored(Raw(tmp_path, "openalex", "one")))[1] == live
    assert {"W5", "W30"} < {*numbers(live)} and len(server.requests) == asked
    assert Raw(tmp_path, "openalex", "one").manifest_sha256 == digest
    assert [answer.status for answer in raw.pages()].count(404) == 2
    assert CANARY.encode() not in b"".join(p.read_bytes() for p in tmp_path.rglob("*.csv"))


def test_a_source_that_fails_is_not_stored(index, client, server, tmp_path):
    server.on("/works", fake.failing(403))
    raw = Raw(tmp_path, "openalex", "one")
    with pytest.raises(SourceError, match="403"):
        searched(Stored(raw, client))
    assert not len(raw)


def test_many_known_reports_are_asked_for_in_parts(client, server):
    made = OpenAlex(server)
    for number in range(1, 121):
        made.add(number)
    made.by_pmid = {str(n): n for n in range(1, 121)}
    searched(client, openalex.with_seeds("", [{"doi": None, "pmid": str(n)}
                                              for n in range(1, 121)]))
    of = [r.params["filter"].partition(":")[0] for r in server.asked("/works")]
    assert (of.count("pmid"), of.count("cites")) == (3, 3)


def test_a_doi_that_parts_filters_is_left_to_its_pmid(index, client, server):
    index.by_pmid["12"] = 1
    found = searched(client, "doi:10.1000/(a,b)2 pmid:12")[1]
    assert numbers(found) == ["W2", "W5", "W6", "W7"]
    assert not any("(a" in r.params["filter"] for r in server.asked("/works"))


def test_seeds_are_sorted_and_each_once():
    rows = [{"doi": "10.1000/B", "pmid": None}, {"doi": None, "pmid": "7"},
            {"doi": "https://doi.org/10.1000/b", "pmid": "7"}, {"doi": None, "pmid": None}]
    assert openalex.with_seeds('"stem cell"\n OR marrow', rows) == (
        '"stem cell" OR marrow doi:10.1000/b pmid:7') == openalex.with_seeds(
        '"stem cell" OR marrow', rows[::-1])


def test_a_work_is_a_record(index, client):
    index.add(7, [1], display_name="Cells &amp; <i>knees</i> (NCT01234567)", type="preprint",
              authorships=[{"author": {"display_name": "Ann B. G\u00f3mez-Barrena"}}],
              primary_location={"source": {"display_name": "J Made Up", "type": "repository"}},
              biblio={"volume": "3", "first_page": "7", "last_page": "9"}, is_retracted=True,
              abstract_inverted_index={"were": [1], "Cells": [0, 3], "not": [2]})
    record = {r.number: r for r in searched(client)[1].records}["W7"]
    assert (record.kind, record.title) == ("preprint", "Cells & knees (NCT01234567)")
    assert (record.first_author, record.journal) == ("G\u00f3mez-Barrena", "J Made Up")
    assert (record.volume, record.pages, record.year) == ("3", "7-9", 2020)
    assert (record.doi, record.pmid) == ("10.1000/w7", "7")
    assert record.abstract == "Cells were not Cells" and record.registrations == ("NCT01234567",)
    assert record.cites == ("W1",) and "retracted" in record.signals


def test_what_a_work_lacks_is_empty(index, client):
    index.works[7] |= {"display_name": None, "doi": None, "ids": {}, "publication_year": None,
                       "authorships": [], "primary_location": None, "biblio": None, "type": None}
    record = {r.number: r for r in searched(client)[1].records}["W7"]
    assert (record.title, record.doi, record.pmid, record.year, record.first_author) == (
        "", "", "", None, "")
    assert record.kind == "other"


@pytest.mark.parametrize("broken", [["Cells"], {"Cells": 0}, {"Cells": ["0"]}])
def test_an_abstract_of_another_shape_stops(broken):
    with pytest.raises(SourceError, match="abstract_inverted_index"):
        openalex.abstract_of(broken)


@pytest.mark.parametrize(("replies", "said"), [
    ([listed(work(1), count=2, cursor="x"), listed(work(2), count=2, cursor="x")],
     "meta.next_cursor of its answer is one that it gave before"),
    ([listed(work(1), count=2, cursor="x"), listed(work(2), count=3)],
     "meta.count changes from 2 to 3"),
    ([listed(work(1), count=2, cursor="x"), listed(count=2, cursor="y")],
     "it counts 2 works and gives 1"),
    ([fake.text('{"results": []}')], "its answer has no meta.count"),
    ([fake.text('{"meta": {"count": 0}}')], "its answer has no results"),
    ([listed({"title": "x"})], "its answer has no id"),
    ([listed("W1")], "results of its answer is no list of objects"),
    ([listed({"id": "https://openalex.org/W1"})], "its answer has no referenced_works"),
    ([fake.captive()], "a page of HTML"),
    ([fake.failing(403)], "a quota that is used up"),
])
def test_what_is_not_whole_stops(server, client, replies, said):
    server.on("/works", *replies)
    with pytest.raises(SourceError, match=said):
        searched(client, "doi:10.1000/a")


def test_a_quota_that_is_used_up_is_asked_once(server, client):
    server.on("/works", fake.failing(403))
    with pytest.raises(SourceError):
        searched(client)
    assert len(server.requests) == 1


# --- look-ups of notices --------------------------------------------------------------------------


@pytest.fixture
def asks(server, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_URL_CROSSREF", server.url)
    monkeypatch.setenv("LIVINGREVIEW_URL_RETRACTION_WATCH", server.url)
    return net.client


def test_a_paper_is_asked_for_by_its_doi_whatever_is_in_it(server, asks):
    server.route("/works/*", lambda request: fake.text(json.dumps({"at": request.path})))
    for doi in ("10.1000/a(1,2)b", "10.1002/(SICI)1 <x>2#3?4;5", "10.1000/a/b"):
        path = json.loads(crossref.work(asks("crossref"), doi).body)["at"]
        assert path.count("/") == 2 and unquote(path) == f"/works/{doi}"


def test_what_updates_a_paper_is_asked_for_by_a_filter(server, asks):
    server.on("/works", fake.text("{}"))
    crossref.updates(asks("crossref"), "10.1000/a")
    assert server.requests[0].params == {"filter": "updates:10.1000/a", "rows": "1000"}
    with pytest.raises(SourceError, match="no DOI with a comma"):
        crossref.updates(asks("crossref"), "10.1000/a,b")
    assert len(server.requests) == 1


def test_crossref_is_told_who_asks_and_nobody_else(server, asks, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "made-up@example.org")
    server.on("/works", fake.text("{}"))
    answer = crossref.updates(asks("crossref"), "10.1000/a")
    assert server.requests[0].params["mailto"] == "made-up@example.org"
    assert "example.org" not in answer.url


def test_a_doi_that_is_not_there_is_told_from_a_failure(server, asks):
    server.on("/works/10.1000%2Fx", fake.failing(404))
    with pytest.raises(SourceError) as raised:
        crossref.work(asks("crossref"), "10.1000/x")
    assert raised.value.status == 404


def test_the_file_of_retraction_watch_is_one_request(server, asks):
    server.on("/retraction_watch.csv", fake.text("Record ID,Title,\n1,x,\n"))
    assert retractionwatch.notices(asks("retraction-watch")).body.startswith(b"Record ID")
