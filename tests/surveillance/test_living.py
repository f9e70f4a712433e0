"""Whether the review is alive: states of sources, the queue, what is watched. All made up."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from made_up import KNEE, World

from livingreview.cli import main
from livingreview.review import living

DAY = date(2026, 3, 1)


def _search(world, days_ago, state="complete", source="pubmed", **more):
    return world.add("searches", search_id=f"s{len(world.rows['searches'])}", source=source,
                     date_run=(DAY - timedelta(days_ago)).isoformat(), platform="made up",
                     indication=KNEE, state=state, **more)


def _state(tmp_path, *runs):
    world = World(tmp_path).add("living", source="pubmed", indication=KNEE, schedule_days=30,
                                run_by="command")
    for run in runs:
        _search(world, *run[:2], **(run[2] if len(run) > 2 else {}))
    (state,) = living.states(world.data(), DAY)
    return state


@pytest.mark.parametrize("runs, expected", [
    ([], "never"),
    ([(30,)], "current"),  # the day that is due is still kept
    ([(31,)], "due"),
    ([(45,)], "due"),
    ([(46,)], "overdue"),
    ([(46, "by-hand")], "overdue"),
    ([(3, "failed")], "failed"),
    ([(20,), (3, "failed")], "failed"),
    ([(50,), (3, "failed")], "overdue"),
    ([(3, "failed"), (3, "complete")], "current"),  # of one day the later row is the later run
    ([(3, "complete"), (3, "failed")], "failed"),
])
def test_a_source_has_one_of_five_states(tmp_path, runs, expected):
    runs = [run if len(run) > 1 else (*run, "complete") for run in runs]
    assert _state(tmp_path, *runs).state == expected


def test_a_state_names_the_last_good_search_and_the_failure_after_it(tmp_path):
    state = _state(tmp_path, (50, "complete"), (3, "failed", {"reason": "a phrase not found"}))
    assert state.last_good == DAY - timedelta(50)
    assert state.next_due == DAY - timedelta(20)
    assert state.last_failed == DAY - timedelta(3)
    assert state.reason == "a phrase not found"
    assert not state.kept


def test_another_source_or_indication_does_not_count(tmp_path):
    state = _state(tmp_path, (1, "complete", {"source": "embase"}))
    assert (state.state, state.last_good, state.kept) == ("never", None, False)


@pytest.mark.parametrize("decisions, together", [
    ([], ""), (["include"], ""), (["include", "include"], "include"),
    (["include", "exclude"], "unsure"), (["include", "exclude", "exclude"], "exclude"),
    (["unsure", "unsure"], "unsure"), (["include", "unsure"], "unsure"),
    (["include", "include", "exclude", "exclude"], "unsure"),
])
def test_two_people_must_agree(decisions, together):
    assert living.agreed(decisions) == together


def _record(world, record_id, **more):
    return world.add("records", **{"record_id": record_id, "source_ids": f"pubmed:{record_id}",
                                   "indications": KNEE, "kind": "article", "first_seen": "s0",
                                   "cluster": record_id,
                                   **more})


def _decide(world, record_id, decision, *people, stage="title-abstract", **more):
    for person in people:
        world.add("screening", record_id=record_id, stage=stage, reviewer=person,
                  decision=decision, date="2026-02-28", **more)


def test_each_report_is_in_one_place_of_the_queue(tmp_path):
    world = _search(World(tmp_path).trial("known-2020"), 3)
    for name in ("new", "half", "conflict", "wanted", "in", "out", "out-full", "second", "end"):
        _record(world, name)
    _record(world, "copy", cluster="out")  # decided on with the record that it is the same as
    _record(world, "there", match=f"{KNEE}:known-2020", match_kind="doi")
    _record(world, "registered", match=f"{KNEE}:known-2020", match_kind="registration",
            kind="registration")
    _record(world, "further", match=f"{KNEE}:known-2020", match_kind="registration")
    _decide(world, "half", "include", "A")
    _decide(world, "conflict", "include", "A")
    _decide(world, "conflict", "exclude", "B", reason="no-msc")
    for name in ("wanted", "in", "out-full", "second"):
        _decide(world, name, "include", "A", "B")
    _decide(world, "out", "exclude", "A", reason="no-msc")
    _decide(world, "copy", "exclude", "B", reason="no-msc")
    _decide(world, "in", "include", "A", "B", stage="full-text")
    _decide(world, "out-full", "exclude", "A", "B", stage="full-text", reason="no-results")
    _decide(world, "second", "unsure", "A", "B", stage="full-text")
    _decide(world, "end", "include", "A")
    _decide(world, "end", "exclude", "B", "consensus", reason="other-condition")
    data = world.data()
    assert {s.record_id: s.place for s in living.standings(data)} == {
        "new": "to-screen", "half": "to-screen", "further": "to-screen", "conflict": "unsure",
        "wanted": "full-text", "in": "included", "out": "excluded",
        "out-full": "excluded-full-text", "second": "awaiting", "there": "known",
        "registered": "known", "end": "excluded"}
    queue = living.queue(data)[KNEE]
    assert queue == living.Queue(KNEE, known=2, to_screen=3, unsure=1, full_text=1, awaiting=1,
                                 included=1, excluded=2, excluded_full_text={"no-results": 1},
                                 to_enter=("in",))
    assert queue.waiting == 6


@pytest.mark.parametrize("held, record, enters", [
    ({"doi": "10.1/X"}, {"doi": "10.1/x"}, False),
    ({"doi": "10.1/x"}, {"doi": "10.1/other", "title": "A"}, True),
    ({"registration": "NCT00000001"}, {"registrations": "NCT00000001", "doi": "10.1/x"}, True),
    ({"registration": "NCT00000001"}, {"registrations": "NCT00000001", "kind": "registration"},
     False),
    ({"title": "A Title"}, {"title": "A title"}, False),
    ({"title": "A title", "doi": "10.1/x"}, {"title": "A title", "doi": "10.1/y"}, True),
], ids=["doi", "another", "later report", "registration", "title alone", "title"])
def test_an_included_report_waits_until_the_data_hold_it(tmp_path, held, record, enters):
    world = _search(World(tmp_path).study("known-2020", **{"title": "", **held}), 3)
    _record(world, "r", **record)
    for stage in ("title-abstract", "full-text"):
        _decide(world, "r", "include", "A", "B", stage=stage)
    assert living.to_enter(world.data(), KNEE) == (("r",) if enters else ())
    assert living.status(world.data(), DAY).asks is True or not enters


def test_unknown_is_not_clean_and_old_checks_are_counted(tmp_path):
    world = World(tmp_path).add("living", source="pubmed", indication=KNEE, schedule_days=30,
                                run_by="command")
    for name, results in (("fresh", [("crossref", 5, "none")]), ("never", []),
                          ("old", [("crossref", 31, "none"), ("pubmed", 40, "none")]),
                          ("blank", [("crossref", 5, "not-checkable")]),
                          ("silent", [("crossref", 5, "failed"), ("pubmed", 5, "none")])):
        world.trial(f"{name}-2020")
        for source, ago, result in results:
            world.add("watches", indication=KNEE, study_id=f"{name}-2020", source=source,
                      checked_on=(DAY - timedelta(ago)).isoformat(), result=result)
    for state in ("open", "handled"):
        world.add("notices", indication=KNEE, study_id="old-2020", kind="correction",
                  notice_doi=f"10.1/{state}", sources="crossref", first_seen="2026-02-01",
                  state=state)
    assert living.watched(world.data(), DAY)[KNEE] == living.Watched(
        KNEE, studies=5, never=1, old=1, failed=1, not_checkable=1, open_notices=1,
        schedule_days=30)


def _status(folder, *arguments):
    found = CliRunner().invoke(main, ["living", "status", "--data", str(folder),
                                      "--on", DAY.isoformat(), *arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def _lines(found):
    return [" ".join(line.split()) for line in found.output.splitlines()]


def _kept(tmp_path):
    world = World(tmp_path).trial("ash-2019").add(
        "living", source="pubmed", indication=KNEE, schedule_days=30, run_by="command")
    _search(world, 3)
    return world.add("watches", indication=KNEE, study_id="ash-2019", source="crossref",
                     checked_on=DAY.isoformat(), result="none")


def test_status_of_a_review_that_is_kept_asks_for_nothing(tmp_path):
    found = _status(_kept(tmp_path).write())
    assert found.exit_code == 0
    assert _lines(found) == [
        "on 2026-03-01", KNEE, "pubmed current: searched 2026-02-26, next due 2026-03-28",
        "no report waits for a person", "watched for notices: 1 study", "nothing is to do"]


@pytest.mark.parametrize("ask, line", [
    (lambda w: w.add("living", source="embase", indication=KNEE, schedule_days=183,
                     run_by="person"), "embase never searched; every 183 days by a person"),
    (lambda w: _search(w, 1, "failed", reason="429"),
     "pubmed failed: last good search 2026-02-26, next due 2026-03-28 (failed on 2026-02-28: "
     "429)"),
    (lambda w: _record(w, "one"), "reports: 1 to screen"),
    (lambda w: _decide(_record(w, "one"), "one", "include", "A", "B", stage="full-text"),
     "reports: 1 included and not in the data yet"),
    (lambda w: _decide(_record(w, "one"), "one", "include", "A", "B", stage="full-text"),
     f"to enter: python -m livingreview screen template one --indication {KNEE} --out OUT"),
    (lambda w: w.add("notices", indication=KNEE, study_id="ash-2019", kind="retraction",
                     notice_doi="10.1/x", sources="crossref", first_seen="2026-02-01",
                     state="open"), "notices open: 1"),
    (lambda w: w.trial("birch-2020"),
     "watched for notices: 2 studies, of these 1 never checked"),
])
def test_status_says_what_asks_and_by_its_exit_code_that_something_does(tmp_path, ask, line):
    world = _kept(tmp_path)
    ask(world)
    found = _status(world.write())
    assert found.exit_code == 3
    assert line in _lines(found)
    document = json.loads(_status(tmp_path, "--json").output)
    assert document["asks"] is True and document["date"] == "2026-03-01"
    assert document["sources"][0]["last_good"] == "2026-02-26"


def test_status_of_data_with_errors_names_them(tmp_path):
    folder = _kept(tmp_path).write()
    (folder / "searches.csv").write_text("search_id\nx\n")
    found = _status(folder)
    assert found.exit_code == 1 and "searches.csv" in found.output
