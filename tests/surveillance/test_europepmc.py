"""Europe PMC: pages by cursor, errors in a good answer, records of several origins."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import server as fake
from pretend import SCRIPTS, EuropePmc, Paper, papers, result

from livingreview.surveillance.net import Answer, Client, SourceError
from livingreview.surveillance.sources import europepmc

STRATEGY = 'TITLE_ABS:("stem cell" AND knee)'
PATH = "/europepmc/searchPOST"


@pytest.fixture
def client(server):
    return Client("europe-pmc", f"{server.url}/europepmc", pause=0)


def found(client, window_from="2026-10-01"):
    return europepmc.read(europepmc.fetch(client, STRATEGY, window_from, "2026-11-30"))


def failure(client) -> str:
    with pytest.raises(SourceError) as raised:
        found(client)
    assert raised.value.source == "europe-pmc"
    return raised.value.reason


def page(*results, hits=1, cursor="*", **more) -> fake.Reply:
    """An answer that says what it is asked."""
    return fake.text(json.dumps({
        "hitCount": hits, "nextCursorMark": cursor,
        "request": {"queryString": f"({STRATEGY}) AND (CREATION_DATE:[2026-10-01 TO 2026-11-30])"},
        "resultList": {"result": list(results)}} | more))


def only(**changed):
    said = result(Paper("123", doi="10.5555/Abc")) | changed
    body = page({name: value for name, value in said.items() if value is not None}).body
    return europepmc.read([Answer(200, body)]).records[0]


def test_pages_are_read_to_the_end(server, client):
    pretended = EuropePmc(papers(7), page=3).serve(server)
    one = found(client)
    assert one.hits == 7 and [r.number for r in one.records] == [
        f"MED/{p.number}" for p in pretended.papers]
    assert [r.params["cursorMark"] for r in server.asked(PATH)] == ["*", "at3", "at6", "at7"]
    assert one.translation == f"({STRATEGY}) AND (CREATION_DATE:[2026-10-01 TO 2026-11-30])"


def test_only_what_was_created_in_the_window_is_asked_for(server, client):
    EuropePmc([replace(papers(1)[0], created="2026-09-30"), *papers(2, 5)]).serve(server)
    assert found(client).hits == 2
    assert found(client, None).hits == 3


def test_the_cursor_that_was_sent_is_the_end(server, client):
    server.on(PATH, page(result(papers(1)[0]), cursor="next"), page(cursor="next"))
    assert len(found(client).records) == 1
    server.requests.clear()
    server.on(PATH, page(result(papers(1)[0]), cursor="*"))
    found(client)
    assert len(server.requests) == 1


def test_no_cursor_is_the_end(server, client):
    server.on(PATH, page(result(papers(1)[0]), cursor=None))
    assert len(found(client).records) == 1


def test_a_cursor_that_comes_again_is_named(server, client):
    one = result(papers(1)[0])
    server.on(PATH, page(one, cursor="a"), page(one, cursor="b"), page(one, cursor="a"))
    assert "nextCursorMark comes again" in failure(client)


def test_a_total_that_changes_between_pages_is_named(server, client):
    one = result(papers(1)[0])
    server.on(PATH, page(one, hits=2, cursor="a"), page(one, hits=3, cursor="b"))
    assert "hitCount was 2 and is 3" in failure(client)


def test_an_empty_page_before_the_end_leaves_fewer_than_are_counted(server, client):
    server.on(PATH, page(result(papers(1)[0]), hits=5, cursor="a"), page(hits=5, cursor="b"))
    one = found(client)
    assert (one.hits, len(one.records)) == (5, 1)


def test_a_record_that_comes_twice_is_one(server, client):
    one = result(papers(1)[0])
    server.on(PATH, page(one, one, hits=2, cursor="*"))
    assert len(found(client).records) == 1


def test_an_error_in_a_good_answer_is_one(server, client):
    server.on(PATH, fake.text('{"errCode":404,"errMsg":"No entity found"}'))
    assert "No entity found (404)" in failure(client)


@pytest.mark.parametrize("field", ["hitCount", "resultList", "request"])
def test_a_field_that_is_gone_is_named(server, client, field):
    said = json.loads(page(result(papers(1)[0])).body)
    del said[field]
    server.on(PATH, fake.text(json.dumps(said)))
    assert f"no {field}" in failure(client)


@pytest.mark.parametrize(("field", "value"), [
    ("hitCount", "1"), ("hitCount", True), ("resultList", []), ("resultList", {"result": {}})])
def test_a_field_that_is_something_else_is_named(server, client, field, value):
    server.on(PATH, page(**{field: value}))
    assert field in failure(client)


@pytest.mark.parametrize("field", ["id", "source"])
def test_a_record_without_its_number_is_refused(field):
    with pytest.raises(SourceError, match=f"no {field}"):
        only(**{field: None})


def test_a_strategy_that_was_cut_is_noticed(server, client):
    server.on(PATH, page(request={"queryString": f"({STRATEGY}"}))
    assert "cut the strategy after" in failure(client)


def test_a_strategy_that_was_rewritten_is_kept_as_it_was_run(server, client):
    server.on(PATH, page(result(papers(1)[0]), request={"queryString": "rewritten"}))
    assert found(client).translation == "rewritten"


@pytest.mark.parametrize(("reply", "said"), [
    (fake.captive(), "a page of HTML"), (fake.text("[]"), "no object"), (fake.text(""), "nothing"),
    (fake.text('{"hitCount": '), "in place of JSON"), (fake.text("[" * 200_000), "JSON")])
def test_what_is_no_answer_is_named(server, client, reply, said):
    server.on(PATH, reply)
    assert said in failure(client)


def test_a_record_has_what_the_source_says():
    record = only(title="Cells <i>in vivo</i> &lt;sup&gt;+&lt;/sup&gt; &amp; more",
                  abstractText="<h4>Results</h4>Registered as NCT01234567.")
    assert record.source_id == "europe-pmc:MED/123"
    assert (record.doi, record.pmid, record.year) == ("10.5555/abc", "123", 2026)
    assert record.title == "Cells in vivo + & more"
    assert record.registrations == ("NCT01234567",) and record.first_author == "Doe"
    assert (record.journal, record.volume, record.pages) == ("Journal of Made-up Results", "7",
                                                             "11-19")


@pytest.mark.parametrize(("origin", "types", "kind"), [
    ("PPR", ["Preprint"], "preprint"), ("PPR", [], "preprint"), ("MED", ["Retraction of "
     "Publication"], "notice"), ("ETH", [], "thesis"), ("MED", ["A New Type"], "article"),
    ("NEW", [], "article")])
def test_kinds_follow_from_types_and_origin(origin, types, kind):
    assert only(source=origin, pubTypeList={"pubType": types}).kind == kind


def test_a_preprint_without_a_journal_is_one():
    record = only(source="PPR", id="PPR7", pmid=None, journalInfo=None,
                  bookOrReportDetails={"publisher": "A server of preprints"})
    assert (record.number, record.pmid, record.journal) == ("PPR/PPR7", "", "A server of preprints")


def test_a_record_that_lacks_nearly_everything_is_one():
    record = only(title=None, pubYear=None, abstractText=None, authorList=None, authorString=None,
                  journalInfo=None, doi=None, pubTypeList=None, pageInfo=None)
    assert (record.title, record.year, record.abstract, record.first_author) == ("", None, "", "")


@pytest.mark.parametrize(("said", "author"), [
    ({"authorList": None}, "Doe"), ({"authorList": None, "authorString": "van der Berg AB, Roe C."},
                                    "van der Berg"),
    ({"authorList": {"author": [{"collectiveName": "A Group"}]}}, "A Group")])
def test_the_first_author_is_a_family_name(said, author):
    assert only(**said).first_author == author


@pytest.mark.parametrize("title", SCRIPTS)
def test_titles_of_all_scripts_are_kept(title):
    assert only(title=title, aNewField={"x": 1}).title == title
