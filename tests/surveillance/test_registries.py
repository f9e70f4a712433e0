"""ClinicalTrials.gov and ISRCTN, as they answer and as they fail; all that is served is made up."""

from __future__ import annotations

import json
import re

import pytest
import server as fake

from livingreview.surveillance import net
from livingreview.surveillance.net import SourceError
from livingreview.surveillance.sources import clinicaltrials, isrctn, named

DAY = "2026-10-31"
VERSION = fake.text('{"apiVersion": "2.0.5", "dataTimestamp": "2026-10-31T09:00:05"}')


@pytest.fixture
def client(server, monkeypatch):
    def made(source):
        monkeypatch.setenv(f"LIVINGREVIEW_URL_{source.upper()}", server.url)
        return net.client(source)

    return made


def searched(client, strategy="cells AND knee", first="2026-10-01", last=DAY):
    module = named(client.source)
    answers = list(module.fetch(client, strategy, first, last))
    return answers, module.read(answers)


def refused(client, **more) -> str:
    with pytest.raises(SourceError) as raised:
        searched(client, **more)
    return raised.value.reason


# --- ClinicalTrials.gov ---------------------------------------------------------------------------


def study(number: int, **more) -> dict:
    """A made-up study."""
    modules = {
        "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": f"Trial {number}"},
        "statusModule": {"overallStatus": "RECRUITING",
                         "studyFirstPostDateStruct": {"date": "2021-05-06"}},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE2"],
                         "designInfo": {"allocation": "RANDOMIZED"}}}
    return {"protocolSection": modules | more, "hasResults": number % 2 == 0}


def page(*studies, total=None, token=None) -> fake.Reply:
    content = {"studies": list(studies)}
    if total is not None:
        content["totalCount"] = total
    if token:
        content["nextPageToken"] = token
    return fake.text(json.dumps(content))


@pytest.fixture
def registry(server, client):
    server.on("/version", VERSION)
    return client("clinicaltrials")


def test_pages_follow_each_other(server, registry):
    server.on("/studies", page(study(1), study(2), total=3, token="abc"), page(study(3)))
    answers, found = searched(registry)
    assert (found.hits, len(answers)) == (3, 3)
    assert [r.number for r in found.records] == ["NCT00000001", "NCT00000002", "NCT00000003"]
    first, second = (r.params for r in server.asked("/studies"))
    assert first["query.term"] == "cells AND knee" and "pageToken" not in first
    assert second["pageToken"] == "abc"
    assert first["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-10-01,2026-10-31]"


def test_a_first_search_begins_with_the_registry(server, registry):
    server.on("/studies", page(total=0))
    answers, found = searched(registry, first=None)
    assert "RANGE[MIN,2026-10-31]" in server.asked("/studies")[0].params["filter.advanced"]
    assert (found.hits, found.records) == (0, ())
    assert b"dataTimestamp" in answers[0].body  # of what day the data are is kept


def test_a_registration_is_a_record(server, registry):
    names = {"nctId": "NCT00000004", "briefTitle": "Short",
             "officialTitle": "Cells in <i>knees</i>",
             "secondaryIdInfos": [{"id": "2015-001234-56"}, {"id": "AB-1"},
                                  {"id": "ISRCTN12345678"}]}
    server.on("/studies", page(study(
        4, identificationModule=names, descriptionModule={"briefSummary": "What is\ndone."}),
        total=1))
    record, = searched(registry)[1].records
    assert (record.kind, record.title, record.year) == ("registration", "Cells in knees", 2021)
    assert record.registrations == ("NCT00000004", "EudraCT 2015-001234-56", "ISRCTN12345678")
    assert record.abstract == "What is done."
    assert record.signals == ("INTERVENTIONAL", "PHASE2", "RANDOMIZED", "RECRUITING",
                              "results posted")
    assert record.source_id == "clinicaltrials:NCT00000004"


def test_what_a_record_lacks_is_empty_and_what_is_new_passes(server, registry):
    bare = {"protocolSection": {"identificationModule": {"nctId": "NCT00000009", "novel": [1]},
                                "novelModule": {}}, "derivedSection": {}}
    server.on("/studies", page(bare, total=1))
    record, = searched(registry)[1].records
    assert (record.title, record.year, record.abstract, record.signals) == ("", None, "", ())


@pytest.mark.parametrize(("replies", "said"), [
    ([page(study(1), total=2, token="a"), page(study(2), token="a")],
     "nextPageToken of its answer is one that it gave before"),
    ([page(study(1), total=2, token="a"), page(token="b")], "a page is empty before the last one"),
    ([page(study(1), total=3, token="a"), page(study(2))],
     "it counts 3 studies and gives 2 different ones"),
    ([page(study(1), study(1), total=2)], "it counts 2 studies and gives 1 different ones"),
    ([page(study(1), total=2, token="a"), page(study(2), total=3)],
     "totalCount changes from 2 to 3 between pages"),
    ([page(study(1))], "its answer has no totalCount"),
    ([fake.text('{"totalCount": 1}')], "its answer has no studies"),
    ([page({"protocolSection": {}}, total=1)],
     "its answer has no protocolSection.identificationModule.nctId"),
    ([page("NCT00000001", total=1)], "studies of its answer is no list of objects"),
    ([fake.captive()], "a page of HTML in place of JSON"),
    ([fake.failing(400)], "it answers 400"),
    ([fake.failing(403)], "it answers 403"),
])
def test_what_is_not_whole_stops(server, registry, replies, said):
    server.on("/studies", *replies)
    assert said in refused(registry)


def test_without_the_day_of_the_data_nothing_is_asked(server, client):
    server.on("/version", fake.text("{}"))
    assert "dataTimestamp" in refused(client("clinicaltrials"))
    assert not server.asked("/studies")


def test_known_registrations_are_looked_for_at_once(server, registry):
    server.on("/studies", page(study(2), total=1))
    assert clinicaltrials.known(registry, "cells", ["NCT00000001", "NCT00000002"]) == {
        "NCT00000002"}
    asked, = server.asked("/studies")
    assert asked.params["filter.ids"] == "NCT00000001,NCT00000002"
    server.on("/studies", page(study(3), total=1))
    with pytest.raises(SourceError, match="NCT00000003, which was not asked for"):
        clinicaltrials.known(registry, "cells", ["NCT00000001"])


# --- ISRCTN ---------------------------------------------------------------------------------------

_WINDOW = re.compile(r"lastEdited GE (\S+)T00:00:00 AND lastEdited LT (\S+)T00:00:00")


def trial(number: int, more: str = "", title: str = "") -> str:
    """A made-up trial."""
    return (f'<fullTrial><trial lastUpdated="2026-01-01T00:00:00Z" version="2">'
            f'<isrctn dateAssigned="2019-03-04T00:00:00Z">{number:08d}</isrctn>'
            f"<trialDescription><title>{title or f'Trial {number}'}</title></trialDescription>"
            f"{more}</trial></fullTrial>")


def trials(*found: str, total=None) -> fake.Reply:
    return fake.xml(f'<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount='
                    f'"{len(found) if total is None else total}">{"".join(found)}</allTrials>')


QUERY = "/query/format/default"


def edited(server, days: dict[int, str], limit: int = isrctn.ROWS) -> None:
    """Serve trials by the day on which they were edited, so many of them and no more."""
    def reply(request):
        first, after = _WINDOW.search(request.params["q"]).groups()
        found = [trial(number) for number, day in days.items() if first <= day < after]
        return trials(*found[:limit], total=len(found))

    server.route(QUERY, reply)


def test_a_window_that_fits_is_one_request(server, client):
    edited(server, {1: "2026-10-01", 2: DAY, 3: "2026-11-01", 4: "2026-09-30"})
    answers, found = searched(client("isrctn"))
    assert [r.number for r in found.records] == ["ISRCTN00000001", "ISRCTN00000002"]
    assert (found.hits, len(answers)) == (2, 1)
    assert server.requests[0].params["q"].startswith("(cells AND knee) AND lastEdited GE")


def test_a_window_that_is_too_large_is_halved(server, client, monkeypatch):
    monkeypatch.setattr(isrctn, "ROWS", 2)
    days = {n: f"2026-10-{3 * n:02d}" for n in range(1, 10)}
    edited(server, days, 2)
    answers, found = searched(client("isrctn"))
    assert {r.number for r in found.records} == {f"ISRCTN{n:08d}" for n in days}
    assert found.hits == 9 and len(answers) > 4


def test_a_first_search_begins_with_the_registry_there_too(server, client):
    edited(server, {1: "2004-02-03"})
    assert searched(client("isrctn"), first=None)[1].hits == 1
    assert "lastEdited GE 2000-01-01" in server.requests[0].params["q"]


def test_a_day_that_is_too_large_stops(server, client, monkeypatch):
    monkeypatch.setattr(isrctn, "ROWS", 2)
    edited(server, dict.fromkeys(range(5), "2026-10-07"), 2)
    assert "5 records edited on 2026-10-07 and gives 2" in refused(client("isrctn"))


def test_parts_that_do_not_make_the_whole_stop(server, client, monkeypatch):
    monkeypatch.setattr(isrctn, "ROWS", 1)
    server.on(QUERY, trials(trial(1), total=2), trials(trial(1), total=1),
              trials(total=0))
    assert "-1 off that of the whole" in refused(client("isrctn"))


def test_a_trial_is_a_record(server, client):
    refs = ("<externalRefs><doi>10.1186/ISRCTN00000005</doi><eudraCTNumber>2012-003456-78"
            "</eudraCTNumber><clinicalTrialsGovNumber>NCT00000077</clinicalTrialsGovNumber>"
            "<secondaryNumbers><secondaryNumber>Nil known</secondaryNumber></secondaryNumbers>"
            "</externalRefs><trialDesign><primaryStudyDesign>Interventional</primaryStudyDesign>"
            "</trialDesign><interventions><intervention><phase>Phase II</phase></intervention>"
            "</interventions>")
    server.on(QUERY, trials(trial(5, refs, "\u0628\u062d\u062b &amp; cells")))
    record, = searched(client("isrctn"))[1].records
    assert (record.kind, record.year, record.title) == (
        "registration", 2019, "\u0628\u062d\u062b & cells")
    assert record.registrations == ("ISRCTN00000005", "NCT00000077", "EudraCT 2012-003456-78")
    assert record.doi == "10.1186/isrctn00000005"
    assert record.signals == ("Interventional", "Phase II")


@pytest.mark.parametrize(("reply", "said"), [
    (fake.captive(), "in place of"),
    (fake.xml("<allTrials><fullTrial/>"), "in place of XML"),
    (fake.xml('<allTrials xmlns="http://www.67bricks.com/isrctn"/>'), "totalCount"),
    (trials("<fullTrial/>"), "a fullTrial of its answer has no trial"),
    (trials(total=4), "its answer has no fullTrial, though totalCount is not 0"),
    (trials("<fullTrial><trial><isrctn>12</isrctn></trial></fullTrial>"),
     "no isrctn of eight digits"),
    (trials(trial(1), trial(1)), "it counts 2 records and gives 1 different"),
    (fake.xml(fake.BOMB + '<allTrials totalCount="0">&d;</allTrials>'), "entities"),
    (fake.xml(fake.EXTERNAL + '<allTrials totalCount="0">&a;</allTrials>'), "entities"),
    (fake.xml("<other/>"), "its root is other"),
])
def test_another_shape_stops(server, client, reply, said):
    server.on(QUERY, reply)
    assert said in refused(client("isrctn"))


def test_known_trials_are_looked_for_at_once_there_too(server, client):
    server.on(QUERY, trials(trial(1), trial(8)))  # another one names it in its text
    assert isrctn.known(client("isrctn"), "cells", ["ISRCTN00000001", "ISRCTN00000002"]) == {
        "ISRCTN00000001"}
    assert server.requests[0].params["q"] == "(cells) AND (ISRCTN00000001 OR ISRCTN00000002)"


@pytest.mark.parametrize("source", ["clinicaltrials", "isrctn"])
def test_what_was_stored_is_read_again(server, client, source):
    server.on("/version", VERSION)
    server.on("/studies", page(study(1), total=1))
    server.on(QUERY, trials(trial(1)))
    answers, found = searched(client(source))
    assert named(source).read(iter(answers)) == found
