"""PubMed: windows of creation, records as they are, and every way in which it goes wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
import server as fake
from pretend import SCRIPTS, Paper, PubMed, article, article_set, papers

from livingreview.surveillance.net import Answer, Client, SourceError
from livingreview.surveillance.sources import pubmed

STRATEGY = "cells[tiab] AND knee[tiab]"
FROM, TO = "2026-10-01", "2026-11-30"


@pytest.fixture
def client(server):
    return Client("pubmed", f"{server.url}/pubmed", pause=0)


def found(client, window_from=FROM, window_to=TO):
    return pubmed.read(pubmed.fetch(client, STRATEGY, window_from, window_to))


def only(paper: Paper):
    answer = Answer(200, article_set([paper]).encode())
    return pubmed.read([answer]).records[0]


def failure(client) -> str:
    with pytest.raises(SourceError) as raised:
        found(client)
    assert raised.value.source == "pubmed"
    return raised.value.reason


def test_a_search_finds_what_was_created_in_its_window(server, client):
    old = replace(papers(1, 1)[0], created="2026-09-30")
    PubMed([old, *papers(3)]).serve(server)
    assert [r.number for r in found(client).records] == ["40000000", "40000001", "40000002"]
    asked = server.asked("/pubmed/esearch.fcgi")[0].params
    assert asked["term"] == f"({STRATEGY}) AND 2026/10/01:2026/11/30[crdt]"
    assert asked["tool"] == "livingreview" and asked["db"] == "pubmed"


def test_the_first_search_is_from_the_beginning(server, client):
    PubMed([replace(papers(1)[0], created="1968-01-01")]).serve(server)
    assert found(client, window_from=None).hits == 1


def test_hits_and_translation_are_kept(server, client):
    PubMed(papers(2)).serve(server)
    one = found(client)
    assert one.hits == 2 and one.translation.endswith("as translated")


def test_nothing_found_asks_for_no_record(server, client):
    pretended = PubMed([]).serve(server)
    assert found(client).hits == 0 and not pretended.fetched


def test_records_come_two_hundred_at_a_time(server, client):
    pretended = PubMed(papers(401)).serve(server)
    assert len(found(client).records) == 401
    assert [len(numbers) for numbers in pretended.fetched] == [200, 200, 1]


def test_windows_are_split_until_each_can_be_had(server, client, monkeypatch):
    monkeypatch.setattr(pubmed, "MOST", 10)
    made = [replace(p, created=f"2026-{10 + i % 2}-{1 + i % 28:02}")
            for i, p in enumerate(papers(45))]
    PubMed(made, most=10).serve(server)
    one = found(client)
    assert one.hits == 45 and {r.number for r in one.records} == {p.number for p in made}
    assert len(server.asked("/pubmed/esearch.fcgi")) > 5


def test_9999_are_split_and_9998_are_not(server, client):
    made = [Paper(str(i), created=f"2026-{10 + i % 2}-{1 + i % 30:02}") for i in range(1, 10_000)]
    PubMed(made).serve(server)
    one = found(client)
    assert one.hits == len(one.records) == 9999
    assert len(server.asked("/pubmed/esearch.fcgi")) == 3
    server.requests.clear()
    PubMed(made[:-1]).serve(server)
    next(pubmed.fetch(client, STRATEGY, FROM, TO))
    assert len(server.asked("/pubmed/esearch.fcgi")) == 1


def test_a_day_with_too_many_is_named(server, client, monkeypatch):
    monkeypatch.setattr(pubmed, "MOST", 3)
    PubMed(papers(5), most=3).serve(server)
    assert "5 records were created on 2026-11-01" in failure(client)


@pytest.mark.parametrize("errors", [
    "<ErrorList><PhraseNotFound>gonarthrosys*</PhraseNotFound></ErrorList>",
    "<ErrorList><FieldNotFound>gonarthrosys*</FieldNotFound></ErrorList>",
    "<WarningList><QuotedPhraseNotFound>gonarthrosys*</QuotedPhraseNotFound></WarningList>",
    "<WarningList><PhraseIgnored>gonarthrosys*</PhraseIgnored></WarningList>"])
def test_a_phrase_that_is_not_found_stops_the_search(server, client, errors):
    PubMed(papers(1), errors=errors).serve(server)
    assert "gonarthrosys*" in failure(client)


def test_a_search_that_failed_behind_the_scenes_is_named(server, client):
    server.on("/pubmed/esearch.fcgi", fake.xml(
        "<eSearchResult><ERROR>Search Backend failed: out of acceptable range [9999,9998]</ERROR>"
        "</eSearchResult>"))
    assert "Search Backend failed" in failure(client)


@pytest.mark.parametrize("field", ["Count", "IdList", "QueryTranslation"])
def test_a_field_of_a_search_that_is_gone_is_named(server, client, field):
    whole = ("<eSearchResult><Count>1</Count><IdList><Id>7</Id></IdList>"
             "<QueryTranslation>x</QueryTranslation></eSearchResult>")
    server.on("/pubmed/esearch.fcgi", fake.xml(
        whole.replace(f"<{field}>", "<Other>").replace(f"</{field}>", "</Other>")))
    assert f"eSearchResult/{field}" in failure(client)


def test_a_list_shorter_than_its_count_is_refused(server, client):
    server.on("/pubmed/esearch.fcgi", fake.xml(
        "<eSearchResult><Count>2</Count><IdList><Id>7</Id></IdList>"
        "<QueryTranslation>x</QueryTranslation></eSearchResult>"))
    assert "counts 2 records and lists 1" in failure(client)


def test_records_that_do_not_come_are_named(server, client):
    pretended = PubMed(papers(3)).serve(server)
    server.route("/pubmed/efetch.fcgi", lambda r: fake.xml(article_set(pretended.papers[:2])))
    assert failure(client).endswith("asked for: 40000002")


def test_records_that_were_not_asked_for_are_named(server, client):
    PubMed(papers(1)).serve(server)
    server.route("/pubmed/efetch.fcgi", lambda r: fake.xml(article_set(papers(2))))
    assert "not asked for: 40000001" in failure(client)


def test_a_record_that_comes_twice_is_one(server, client):
    PubMed(papers(1)).serve(server)
    server.route("/pubmed/efetch.fcgi", lambda r: fake.xml(article_set(papers(1) * 2)))
    assert len(found(client).records) == 1


@pytest.mark.parametrize(("reply", "said"), [
    (fake.captive(), "a page of HTML"), (fake.xml(""), "answers nothing"),
    (fake.xml("<eSearchResult><Count>1"), "in place of XML"),
    (fake.xml("<Other/>"), "its root is Other"),
    (fake.xml(f"{fake.BOMB}<eSearchResult>&d;</eSearchResult>"), "declares entities"),
    (fake.xml(f"{fake.EXTERNAL}<eSearchResult>&a;</eSearchResult>"), "declares entities")])
def test_what_is_no_answer_is_named(server, client, reply, said):
    server.on("/pubmed/esearch.fcgi", reply)
    assert said in failure(client)


def test_an_error_in_place_of_records_is_named(server, client):
    PubMed(papers(1)).serve(server)
    server.on("/pubmed/efetch.fcgi", fake.xml(
        "<eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>"))
    assert "ID list is empty!" in failure(client)


def test_a_record_has_what_the_source_says():
    record = only(Paper(
        "123", doi="10.5555/ABC", registrations=("NCT01234567",), types=("Journal Article",
                                                                         "Clinical Trial")))
    assert record.source_id == "pubmed:123" and record.pmid == "123"
    assert (record.doi, record.year, record.first_author) == ("10.5555/abc", 2026, "Doe")
    assert (record.journal, record.volume, record.pages) == ("Journal of Made-up Results", "7",
                                                             "11-19")
    assert record.registrations == ("NCT01234567",)
    assert record.abstract == "RESULTS: A made-up abstract." and record.cites == ("123",)
    assert record.signals == ("Journal Article", "Clinical Trial") and record.kind == "article"


def test_the_doi_of_what_is_cited_is_not_its_own():
    assert only(Paper("1", doi="")).doi == ""


def test_a_record_that_lacks_nearly_everything_is_one():
    record = only(Paper("1", title="", year="", author="", abstract="", types=(), volume="",
                        pages=""))
    assert (record.title, record.year, record.abstract, record.first_author) == ("", None, "", "")


@pytest.mark.parametrize("said", ["<MedlineDate>2026 Nov-Dec</MedlineDate>",
                                  "<MedlineDate>Winter 2026</MedlineDate>"])
def test_a_year_may_be_in_a_text(said):
    assert only(Paper("1", year=said)).year == 2026


def test_titles_keep_what_is_in_their_markup():
    assert only(Paper("1", title="CD34<sup>+</sup> cells <i>in vivo</i>: a trial")).title == (
        "CD34+ cells in vivo: a trial")


@pytest.mark.parametrize("title", SCRIPTS)
def test_titles_of_all_scripts_are_kept(title):
    assert only(Paper("1", title=title, author="Ørsted")).title == title


def test_a_title_that_is_not_there_in_english_is_that_of_the_paper():
    paper = Paper("1", title="[Not Available].",
                  more="<VernacularTitle>Zellen im Knie</VernacularTitle>")
    assert only(paper).title == "Zellen im Knie"


@pytest.mark.parametrize(("types", "kind"), [
    (("Preprint",), "preprint"), (("Published Erratum",), "notice"),
    (("Retraction of Publication",), "notice"), (("A New Type",), "article")])
def test_kinds_follow_from_types_and_a_new_type_passes(types, kind):
    assert only(Paper("1", types=types)).kind == kind


def test_an_element_that_is_not_known_passes():
    assert only(Paper("1", more="<Mood>good</Mood>")).number == "1"


@pytest.mark.parametrize("field", ["PMID", "Article", "ArticleTitle", "MedlineCitation"])
def test_an_element_of_a_record_that_is_gone_is_named(field):
    text = article_set([Paper("1")])
    for opening in (f"<{field}>", f"<{field} "):
        text = text.replace(opening, opening.replace(field, "Other"))
    answer = Answer(200, text.replace(f"</{field}>", "</Other>").encode())
    with pytest.raises(SourceError, match=f"has no .*{field}"):
        pubmed.read([answer])


def test_a_kind_of_record_that_is_not_known_is_named():
    text = f"<PubmedArticleSet>{article(Paper('1'))}<PubmedFilm/></PubmedArticleSet>"
    with pytest.raises(SourceError, match="PubmedArticleSet/PubmedFilm"):
        pubmed.read([Answer(200, text.encode())])


def test_books_are_read_and_what_was_deleted_is_passed_over():
    text = ("<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>9</PMID><Book>"
            "<BookTitle>Made-up cells</BookTitle><PubDate><Year>2020</Year></PubDate><AuthorList>"
            "<Author><LastName>Roe</LastName></Author></AuthorList></Book></BookDocument>"
            "</PubmedBookArticle><DeleteCitation><PMID>8</PMID></DeleteCitation>"
            "</PubmedArticleSet>")
    (record,) = pubmed.read([Answer(200, text.encode())]).records
    assert (record.number, record.title, record.year, record.first_author, record.kind) == (
        "9", "Made-up cells", 2020, "Roe", "other")
