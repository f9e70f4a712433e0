"""Decisions of people: who is asked what, what is kept, and where they differ. All made up."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import screened
from made_up import KNEE
from screened import read_table, record, said, screening, world

from livingreview.data.dataset import load
from livingreview.review import living
from livingreview.site.versioned import datapackage_json
from livingreview.surveillance import judging, keeping
from livingreview.surveillance.agreement import kappa
from livingreview.surveillance.alone import alone
from livingreview.surveillance.screening import (
    CONSENSUS,
    FULL,
    TITLE,
    Screening,
    ScreeningError,
    agreement,
    at_stage,
    disagreements,
    name_of,
    waiting,
)

ANNA, BEN = "Anna", "Ben"


def _names(reports):
    return [r.record_id for r in reports]


def _rows(made):
    return read_table(made.folder / "screening.csv")


def test_a_decision_is_one_row_with_its_day(tmp_path):
    made = world(tmp_path)
    desk = screening(made)
    desk.decide(said("r1", ANNA, "exclude", "no-msc"), said("r2", BEN, "include"))
    assert [list(row.values()) for row in _rows(made)] == [
        ["r1", "title-abstract", ANNA, "exclude", "no-msc", "2026-03-01", "", ""],
        ["r2", "title-abstract", BEN, "include", "", "2026-03-01", "", ""]]


def test_each_person_is_asked_until_two_have_decided(tmp_path):
    desk = screening(world(tmp_path, 3))
    desk.decide(said("r1", ANNA, "include"))
    assert _names(waiting(desk.data(), TITLE, ANNA)) == ["r2", "r3"]
    assert _names(waiting(desk.data(), TITLE, BEN)) == ["r1", "r2", "r3"]
    assert _names(waiting(desk.data(), FULL, BEN)) == []
    desk.decide(said("r1", BEN, "include"))
    assert _names(waiting(desk.data(), TITLE, "Cleo")) == ["r2", "r3"]
    assert _names(waiting(desk.data(), FULL, "Cleo")) == ["r1"]


def test_what_the_data_have_is_not_asked_about_but_a_new_report_of_a_study_is(tmp_path):
    made = world(tmp_path, 0)
    study = {"match": f"{KNEE}:doe-2020"}
    record(made, "r1", match_kind="doi", **study)
    record(made, "r2", match_kind="registration", kind="registration", **study)
    record(made, "r3", match_kind="registration", **study)
    record(made, "r4", match_kind="title", **study)
    data = screening(made).data()
    assert _names(waiting(data, TITLE, ANNA)) == ["r3", "r4"]
    assert [s.place for s in living.standings(data)] == [
        "known", "known", "to-screen", "to-screen"]


def test_records_that_are_the_same_are_one_report_with_what_any_of_them_states(tmp_path):
    made = world(tmp_path, 0)
    record(made, "r1", doi="", journal="")
    record(made, "r2", cluster="r1", first_author="")
    desk = screening(made)
    (report,) = at_stage(desk.data(), TITLE)
    assert (report.members, report.doi, report.first_author) == (
        ("r1", "r2"), "10.5555/made.2", "Author1")
    desk.decide(said("r2", ANNA, "include"))
    assert not waiting(desk.data(), TITLE, ANNA)
    with pytest.raises(ScreeningError, match="has decided include of it meanwhile"):
        desk.decide(said("r1", ANNA, "unsure"))


@pytest.mark.parametrize("wrong, expected", [
    (said("r9", ANNA, "include"), "record 'r9': expected a record of records.csv"),
    (said("r1", ANNA, "maybe"), "decision 'maybe': expected one of include, exclude, unsure"),
    (said("r1", ANNA, "exclude", "dull"), "reason 'dull': expected one of no-msc,"),
    (said("r1", ANNA, "exclude"), "an exclusion needs a reason"),
    (said("r1", ANNA, "include", "no-msc"), "only an exclusion has one"),
    (said("r1", ANNA, "include", stage="twice"), "stage 'twice': expected one of title-abstract"),
    (said("r1", "", "include"), "expected a name"),
    (said("r1", "=cmd()", "include"), "expected a name"),
    (said("r1", "x" * 81, "include"), "expected a name"),
])
def test_a_wrong_decision_is_refused_with_all_that_are_given(tmp_path, wrong, expected):
    made = world(tmp_path)
    desk = screening(made)
    before = (made.folder / "screening.csv").read_bytes()
    with pytest.raises(ScreeningError) as error:
        desk.decide(said("r2", ANNA, "include"), wrong, said("zz", BEN, "include"))
    assert expected in str(error.value) and "'zz'" in str(error.value)
    assert (made.folder / "screening.csv").read_bytes() == before


def test_nobody_is_called_consensus():
    with pytest.raises(ScreeningError, match="give your own"):
        name_of(" Consensus ")
    assert name_of("  Anna \t Doe ") == "Anna Doe"


def test_a_decision_is_changed_only_by_whoever_knows_it(tmp_path):
    made = world(tmp_path)
    desk = screening(made)
    desk.decide(said("r1", ANNA, "include"))
    desk.decide(said("r1", ANNA, "exclude", "laboratory"), before="include")
    assert [row["decision"] for row in _rows(made)] == ["exclude"]
    with pytest.raises(ScreeningError, match="decided exclude of it meanwhile"):
        desk.decide(said("r1", ANNA, "unsure"), before="include")


def test_undo_takes_back_the_last_row_of_its_own_person_only(tmp_path):
    made = world(tmp_path)
    desk = screening(made)
    for record_id, who in (("r1", ANNA), ("r2", ANNA), ("r3", BEN)):
        desk.decide(said(record_id, who, "include"))
    assert desk.undo(ANNA)["record_id"] == "r2"
    assert [(r["record_id"], r["reviewer"]) for r in _rows(made)] == [("r1", ANNA), ("r3", BEN)]
    desk.undo(ANNA)
    with pytest.raises(ScreeningError, match="decided nothing"):
        desk.undo(ANNA)


def test_many_at_once_lose_no_decision(tmp_path):
    made = world(tmp_path, 8)
    made.write()
    desks = [Screening(made.folder) for _ in range(4)]  # as processes of their own are
    failed = []

    def work(desk, who):
        try:
            for i in range(1, 9):
                desk.decide(said(f"r{i}", who, "include"))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(desk, f"Person {i}"))
               for i, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted((r["record_id"], r["reviewer"]) for r in _rows(made)) == sorted(
        (f"r{i}", f"Person {p}") for i in range(1, 9) for p in range(4))


def test_a_change_by_somebody_else_on_disk_is_seen_and_kept(tmp_path):
    made = world(tmp_path)
    one, other = screening(made), Screening(made.folder)
    other.decide(said("r1", BEN, "include"))
    one.decide(said("r1", ANNA, "include"))
    assert len(_rows(made)) == 2 and _names(at_stage(other.data(), FULL)) == ["r1"]


def test_a_decision_waits_for_no_search_and_gives_up_on_who_does_not_end(tmp_path, monkeypatch):
    made = world(tmp_path)
    desk = screening(made)
    with alone(made.folder):
        desk.decide(said("r1", ANNA, "include"))
    monkeypatch.setattr(keeping, "_PATIENCE", 0.1)
    with keeping.locked(made.folder), pytest.raises(ScreeningError, match="somebody else"):
        desk.decide(said("r2", ANNA, "include"))
    assert len(_rows(made)) == 1


def test_what_is_kept_describes_what_others_wrote_meanwhile(tmp_path):
    made = world(tmp_path)
    made.write()
    (made.folder / "datapackage.json").write_text(datapackage_json(load(made.folder)))
    old = load(made.folder)  # as a search has it that runs meanwhile
    Screening(made.folder).decide(said("r1", ANNA, "include"))
    rows = keeping.rows_of(old, "duplicates")
    after = keeping.keep(old, {"duplicates": [*rows, {
        "record_id": "r1", "other_record_id": "r2", "score": 97, "rule": "title"}]})
    assert not load(made.folder).changed and len(after.records("screening")) == 1
    assert after.folder == made.folder and keeping.keep(after, {}) is after


def _differing(tmp_path):
    desk = screening(world(tmp_path, 4))
    desk.decide(said("r1", ANNA, "include"), said("r1", BEN, "exclude", "no-msc"),
                said("r2", ANNA, "unsure"), said("r2", BEN, "unsure"),
                said("r3", ANNA, "include"), said("r3", BEN, "include"),
                said("r4", ANNA, "exclude", "no-msc"))
    return desk


def test_what_people_decide_differently_waits_until_it_is_settled(tmp_path):
    desk = _differing(tmp_path)
    assert _names(d.report for d in disagreements(desk.data(), TITLE)) == ["r1", "r2"]
    assert _names(at_stage(desk.data(), FULL)) == ["r3"]
    desk.settle(said("r1", CONSENSUS, "include"))
    desk.settle(said("r2", CONSENSUS, "exclude", "laboratory"))
    assert [d.settled["decision"] for d in disagreements(desk.data(), TITLE)] == [
        "include", "exclude"]
    assert _names(at_stage(desk.data(), FULL)) == ["r1", "r3"]
    assert [(s.place, s.reason) for s in living.standings(desk.data())] == [
        ("full-text", ""), ("excluded", "laboratory"), ("full-text", ""), ("to-screen", "")]


@pytest.mark.parametrize("wrong, expected", [
    (said("r3", "", "include"), "nobody differs about it"),
    (said("r1", "", "unsure"), "unsure settles nothing"),
    (said("r1", "", "exclude"), "needs a reason"),
    (said("zz", "", "include"), "expected a record"),
])
def test_what_settles_nothing_is_refused(tmp_path, wrong, expected):
    with pytest.raises(ScreeningError, match=expected):
        _differing(tmp_path).settle(wrong)


def test_agreement_is_of_the_reports_that_both_decided(tmp_path):
    desk = _differing(tmp_path)
    desk.settle(said("r1", CONSENSUS, "include"))
    (pair, k), = agreement(desk.data(), TITLE).items()
    assert pair == (ANNA, BEN) and (k.n, k.agreed) == (3, 2)
    assert k.kappa == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))  # by hand: chance is 3/9


# Fleiss JL, Statistical methods for rates and proportions, chapter "The measurement of interrater
# agreement": 100 diagnoses by two people, kappa 0.68.
_FLEISS = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])


def _pairs(table):
    return [(str(i), str(j)) for (i, j), n in np.ndenumerate(table) for _ in range(n)]


def test_kappa_is_that_of_a_textbook():
    k = kappa(_pairs(_FLEISS))
    assert k.kappa == pytest.approx((0.89 - 0.66) / 0.34)
    assert round(k.kappa, 2) == 0.68
    assert kappa(_pairs([[20, 5], [10, 15]])).kappa == pytest.approx(0.4)


@pytest.mark.parametrize("table", [_FLEISS, np.array([[20, 5], [10, 15]]),
                                   np.array([[3, 2, 1], [4, 9, 2], [1, 1, 7]])])
def test_the_variance_of_kappa_is_that_of_the_delta_method(table):
    def value(p):
        chance = p.sum(axis=1) @ p.sum(axis=0)
        return (np.trace(p) - chance) / (1 - chance)

    n, p, step = table.sum(), table / table.sum(), 1e-6
    slope = np.array([(value(p + step * unit) - value(p - step * unit)) / (2 * step)
                      for unit in np.eye(p.size).reshape(-1, *p.shape)])
    q = p.ravel()
    sd = np.sqrt((slope**2 @ q - (slope @ q)**2) / n)
    k = kappa(_pairs(table), 0.95)
    assert (k.high - k.low) / 2 == pytest.approx(1.959964 * sd, rel=1e-4)


def test_kappa_that_says_nothing_is_not_a_number():
    assert kappa([]).kappa is None
    one_word = kappa([("include", "include"), ("exclude", "include")])  # of one of the two
    assert (one_word.kappa, one_word.low, one_word.high) == (0, None, None)
    assert kappa([("include", "include")] * 9).kappa is None
    whole = kappa([("include", "include"), ("exclude", "exclude")])
    assert (whole.kappa, whole.low) == (1, None)
    assert kappa([("a", "b"), ("b", "a")] * 9).kappa == pytest.approx(-1)


def _paired(tmp_path, *decided):
    made = world(tmp_path, 0)
    for number in (1, 2, 3):
        record(made, f"r{number}", doi="", pmid="", first_author="Doe",
               title=f"A made-up title about nothing whatsoever, version {'abc'[number - 1]}")
    for one, other in (("r1", "r2"), ("r2", "r3")):
        made.add("duplicates", record_id=one, other_record_id=other, score=98, rule="title")
    desk = screening(made)
    for pair, word in decided:
        judging.judge(desk, pair, word, ANNA)
    return made, desk


def _clusters(made):
    return {r["record_id"]: r["cluster"] for r in read_table(made.folder / "records.csv")}


def test_what_is_said_to_be_the_same_is_one_report_until_it_is_taken_back(tmp_path):
    made, desk = _paired(tmp_path, (("r1", "r2"), "same"), (("r2", "r3"), "same"))
    assert set(_clusters(made).values()) == {"r1"}
    assert not judging.proposals(desk.data())
    judging.unjudge(desk, ("r1", "r2"), ANNA)
    assert _clusters(made) == {"r1": "r1", "r2": "r2", "r3": "r2"}
    assert [p.row["record_id"] for p in judging.proposals(desk.data())] == ["r1"]


@pytest.mark.parametrize("word", ["companion", "different"])
def test_other_reports_stay_apart_and_leave_the_queue_of_pairs(tmp_path, word):
    made, desk = _paired(tmp_path, (("r1", "r2"), word))
    assert len(set(_clusters(made).values())) == 3
    assert [p.row["record_id"] for p in judging.proposals(desk.data())] == ["r2"]
    row = read_table(made.folder / "duplicates.csv")[0]
    assert (row["decision"], row["reviewer"], row["date"]) == (word, ANNA, "2026-03-01")


def test_a_pair_is_decided_once_and_by_words_of_the_list(tmp_path):
    made, desk = _paired(tmp_path, (("r1", "r2"), "different"))
    with pytest.raises(ScreeningError, match="Anna has said meanwhile"):
        judging.judge(desk, ("r1", "r2"), "same", BEN)
    with pytest.raises(ScreeningError, match="expected a pair"):
        judging.judge(desk, ("r1", "r9"), "same", BEN)
    with pytest.raises(ScreeningError, match="expected one of same"):
        judging.judge(desk, ("r2", "r3"), "alike", BEN)
    with pytest.raises(ScreeningError, match="Ben has said nothing"):
        judging.unjudge(desk, ("r1", "r2"), BEN)


def test_records_are_not_joined_across_two_of_which_it_was_said_that_they_differ(tmp_path):
    made, desk = _paired(tmp_path)
    made.add("duplicates", record_id="r1", other_record_id="r3", score=98, rule="title")
    desk = screening(made)
    judging.judge(desk, ("r1", "r3"), "different", ANNA)
    judging.judge(desk, ("r1", "r2"), "same", ANNA)
    with pytest.raises(ScreeningError, match="cannot be the same"):
        judging.judge(desk, ("r2", "r3"), "same", ANNA)
    assert _clusters(made) == {"r1": "r1", "r2": "r1", "r3": "r3"}


def test_no_abstract_is_written(tmp_path):
    made = world(tmp_path)
    desk = screened.desk(made, 1, 2, 3, 4, 5)
    from livingreview.surveillance.ordering import View

    view = View(ANNA)
    for _ in range(3):
        page = desk.record(view)
        assert page["shown"].text.abstract.startswith("Made-up abstract")
        desk.decide(view, page["shown"].report.record_id, "include", "")
    written = b"".join(p.read_bytes() for p in made.folder.rglob("*") if p.is_file())
    assert b"Made-up abstract" not in written and b"include" in written


def test_records_that_turn_out_to_be_one_keep_what_included_one_of_them(tmp_path):
    for words in (("include", "exclude"), ("exclude", "include")):
        made, desk = _paired(tmp_path / words[0])
        for person in (ANNA, BEN):
            for name, word in zip(("r1", "r2"), words, strict=True):
                desk.decide(said(name, person, word, "no-msc" if word == "exclude" else ""))
        judging.judge(desk, ("r1", "r2"), "same", ANNA)
        assert _names(at_stage(desk.data(), FULL)) == ["r1"]
        place = next(s for s in living.standings(desk.data()) if s.record_id == "r1").place
        assert "excluded" not in place
        with pytest.raises(ScreeningError, match="has decided include of it"):
            desk.decide(said("r2", ANNA, "unsure"))
        desk.decide(said("r2", ANNA, "unsure"), before="include")
        assert sum(row["reviewer"] == ANNA for row in _rows(made)) == 1
