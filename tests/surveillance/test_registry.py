"""Posted results as draft rows, progress of trials: every trap, on made-up records."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace

import pytest
from made_up import World
from registries import (
    DAY,
    EVENTS,
    GROUPS,
    KNEE,
    OUTCOMES,
    PITFALLS,
    SIX_ARMS,
    answer,
    call,
    event,
    group,
    mapping_file,
    of_pitfalls,
    outcome,
    record,
    rows,
    stored,
)
from server import Reply, captive, failing

from livingreview.cli import registering
from livingreview.data.dataset import examine, load
from livingreview.surveillance import net, registrations, registry_rows
from livingreview.surveillance.alone import alone
from livingreview.surveillance.keeping import keep
from livingreview.surveillance.moments import followed, in_months, moments, visit
from livingreview.surveillance.rawstore import Raw
from livingreview.surveillance.registry_mapping import decided
from livingreview.surveillance.registry_results import DocumentError, Group, results_of

# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "months"), [
    ("Baseline", (0,)), ("Month 6", (6,)), ("6-month follow-up", (6,)), ("M12", (12,)),
    ("Week 26", (6,)), ("24 weeks", (5.52,)), ("12 weeks", (2.76,)), ("Day 28", (0.92,)),
    ("one year", (12,)), ("Pre-injection", (0,)), ("12 months (± 2 weeks)", (12,)),
    ("Baseline, 3, 6 and 12 months", (0, 3, 6, 12)), ("Months 1, 3, 6", (1, 3, 6)),
    ("KL grade 2", ()), ("Pain 1-10", ()),
    ("Pain in the last 7 days", ()), ("Pain in the past 2 weeks, Month 3", (3,))])
def test_a_text_names_times_in_months(text, months):
    assert moments(text).months == months


@pytest.mark.parametrize("title", ["Visit 5 (Month 6)", "Follow-up 2: 6 months", "Month 6"])
def test_the_number_of_a_visit_is_nothing_that_is_measured(title):
    assert moments(title).rest == "" and moments(title).months == (6,)


def test_weeks_become_months_by_one_rule():
    assert [in_months(n, "week") for n in (4, 8, 12, 13, 26, 48, 52, 104)] == [
        0.92, 1.84, 2.76, 3, 6, 11, 12, 24]


@pytest.mark.parametrize(("title", "frame", "change", "months", "why"), [
    ("Month 6", "Baseline, 6, 12 months", False, 6, ""),
    ("", "12 months", False, 12, ""),
    ("", "Baseline to 12 months", True, 12, ""),
    ("", "Baseline to 12 months", False, None, "several times"),
    ("Change from baseline to Month 12", "", False, 12, ""),
    ("", "Up to 12 months", False, None, "span of time"),
    ("6-8 weeks", "12 months", False, None, "span of time"),
    ("", "3, 6, 12 months", False, None, "several times"),
    ("", "", False, None, "no time is named")])
def test_a_visit_is_that_of_the_class_else_of_the_time_frame(title, frame, change, months, why):
    found, words = visit(title, frame, change)
    assert found == months and why in words


def test_harms_cover_the_time_that_is_named_once():
    assert [followed(t) for t in ("12 months", "up to 1 year", "3 and 12 months", "")] == [
        12, 12, None, None]


# --- one record with every trap -------------------------------------------------------------------


@pytest.fixture
def drafted(tmp_path):
    """The draft of the record with every trap, and what the command said."""
    folder = of_pitfalls(tmp_path / "data").write()
    raw = stored(tmp_path / "raw", record(PITFALLS))
    mapping = mapping_file(tmp_path / "mapping.csv", *GROUPS, *OUTCOMES, *EVENTS)
    result = call("registry", PITFALLS, "--data", folder, "--offline", raw, "--mapping", mapping,
                  "--reviewer", "Ann", "--draft", tmp_path / "out")
    assert result.exit_code == 0, result.output
    return tmp_path, result.output


def _of(path, **cells) -> list[dict]:
    return [row for row in rows(path) if all(row[k] == v for k, v in cells.items())]


def _cells(row: dict, *names: str) -> tuple:
    return tuple(row[name] for name in names)


def test_a_class_is_a_visit_with_a_size_of_its_own(drafted):
    found = _of(drafted[0] / "out" / "outcomes.csv", outcome="pain-vas", arm_id="bm-cells")
    assert [_cells(r, "timepoint_months", "n", "mean", "sd") for r in found] == [
        ("0", "20", "60.1", "12"), ("3", "19", "45", "14"), ("6", "20", "40.2", "15.5")]
    assert found[1]["locator"] == "results, outcome measure 1, class 2 (Month 3), OG000"


def test_a_standard_error_stays_one_and_its_sd_is_said(drafted):
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="womac-function", arm_id="bm-cells",
               timepoint_months="6")
    assert _cells(row, "mean", "sd", "se", "n", "quality") == ("20", "", "2", "20", "derived")
    assert "SD = SE x sqrt(n) = 8.94427" in row["note"]


def test_another_level_becomes_a_standard_error_with_its_formula(drafted):
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="koos-qol", arm_id="bm-cells")
    # width 12, t(19) at 95 % one-sided 1.729133: 12 / (2 * 1.729133)
    assert float(row["se"]) == pytest.approx(12 / (2 * 1.729133), rel=1e-5)
    assert _cells(row, "ci_low", "ci_high", "quality") == ("", "", "derived")
    assert "6.5.2.2" in row["note"] and "90%" in row["note"]
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="koos-symptoms", arm_id="saline")
    assert _cells(row, "ci_low", "ci_high", "se") == ("56", "68", "")


def test_quartiles_and_ranges_go_where_they_belong(drafted):
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="womac-stiffness", arm_id="bm-cells")
    assert _cells(row, "median", "q1", "q3", "min") == ("3", "2", "5", "")
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="lequesne", arm_id="bm-cells")
    assert _cells(row, "median", "min", "max", "q1") == ("8", "2", "15", "")


def test_counts_and_percentages(drafted):
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="responder", arm_id="bm-cells")
    assert _cells(row, "events", "total", "mean", "sd") == ("12", "20", "", "")
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="treatment-failure", arm_id="saline")
    assert _cells(row, "percent", "total", "events") == ("25", "18", "")
    assert "outcome measure 12, class 1, OG000 (Responders): its spread: a count has none" in (
        drafted[1])


def test_baseline_scores_are_outcomes_at_month_0(drafted):
    row, = _of(drafted[0] / "out" / "outcomes.csv", outcome="womac-function", arm_id="saline",
               timepoint_months="0")
    assert _cells(row, "n", "mean", "sd", "statistic") == ("19", "34", "10", "final")


@pytest.mark.parametrize(("place", "why"), [
    ("outcome measure 1, class 4 (12 months), OG000", "the mean is printed as NA"),
    ("outcome measure 6, class 1, OG000", "interval of the median holds no quartiles"),
    ("outcome measure 8, class 1, OG000", "least squares mean: adjusted or transformed"),
    ("outcome measure 9, class 1, OG000", "geometric mean: adjusted or transformed"),
    ("outcome measure 11, class 1, OG000", "span of time and no visit: up to 12 months"),
    ("outcome measure 13, class 1, category Grade 2, OG000", "a category is no event"),
    ("outcome measure 15, class 1, OG000", "neither a mean nor a count of participants"),
    ("outcome measure 16, class 1, OG000", "n counts Knees, and the study counts by patient"),
    ("outcome measure 17, class 1, OG000", "the mean is printed as <0.001"),
    ("outcome measure 1, analysis 2", "its direction is not stated"),
    ("outcome: Not Yet Posted", "not posted yet")])
def test_what_cannot_be_a_row_is_refused_with_its_reason(drafted, place, why):
    line, = [x for x in drafted[1].splitlines() if x.strip().removeprefix("results, ").startswith(
        place)]
    assert why in line
    locators = {r["locator"] for name in ("outcomes", "contrasts")
                for r in rows(drafted[0] / "out" / f"{name}.csv")}
    assert f"results, {place}" not in locators


def test_what_nobody_has_mapped_is_listed_and_left_out(drafted):
    listed = drafted[1].partition("not mapped")[2].partition("refused")[0]
    assert "outcome: SF-36: Mental" in listed and "event: Serious: Infection" in listed
    assert not _of(drafted[0] / "out" / "outcomes.csv", outcome="sf36-mental")
    assert _of(drafted[0] / "out" / "outcomes.csv", outcome="sf36-physical")


def test_harms_flow_and_deaths(drafted):
    path = drafted[0] / "out" / "adverse_events.csv"
    assert {_cells(r, "arm_id", "event", "events", "total", "count") for r in rows(path)} == {
        ("bm-cells", "death", "0", "20", "patients"), ("saline", "death", "1", "19", "patients"),
        ("bm-cells", "serious-ae", "1", "20", "patients"),
        ("saline", "serious-ae", "2", "19", "patients"),
        ("bm-cells", "headache", "3", "20", "patients"),
        ("saline", "headache", "2", "19", "patients"),
        ("bm-cells", "effusion", "6", "20", "events"), ("saline", "effusion", "2", "19", "events"),
        ("bm-cells", "withdrawal-due-to-ae", "0", "21", "patients"),
        ("saline", "withdrawal-due-to-ae", "1", "19", "patients")}
    assert ("Overall Study, Saline: started 19, completed 18, adverse event 1"
            in drafted[1])  # of which no table has a place for who completed
    assert "only terms above 5 % are listed" in _of(path, event="headache")[0]["note"]


def test_comparisons_have_a_direction_that_the_record_states(drafted):
    found = rows(drafted[0] / "out" / "contrasts.csv")
    assert [_cells(r, "arm_intervention", "arm_comparator", "outcome", "timepoint_months",
                   "estimate", "ci_low", "ci_high", "favours") for r in found] == [
        ("bm-cells", "saline", "pain-vas", "6", "-11.8", "-21.5", "-2.1", "cells"),
        ("bm-cells", "saline", "pain-vas", "12", "-9", "", "", "cells"),
        ("bm-cells", "saline", "ikdc", "12", "5", "1", "9", "cells")]
    turned = found[1]  # printed as control minus cells, with an interval of 90 %
    assert float(turned["se"]) == pytest.approx(16 / (2 * 1.644854), rel=1e-5)
    assert "other way round" in turned["note"] and "6.3.1" in turned["note"]
    assert found[2]["p_value"] == "<0.001"


def test_arms_get_what_they_lack_as_corrections_and_sizes_are_compared(drafted):
    found = rows(drafted[0] / "out" / "corrections.csv")
    assert {_cells(r, "key", "column", "old", "new") for r in found} == {
        ("doe-2026|bm-cells", "n_allocated", "", "21"),
        ("doe-2026|bm-cells", "age_mean", "", "55.2"), ("doe-2026|bm-cells", "age_sd", "", "8.1"),
        ("doe-2026|bm-cells", "female_n", "", "11"), ("doe-2026|saline", "age_mean", "", "56.4"),
        ("doe-2026|saline", "age_sd", "", "7.7"), ("doe-2026|saline", "female_n", "", "9")}


def test_where_nothing_is_mapped_it_is_said_how_to_map(tmp_path):
    folder, raw = of_pitfalls(tmp_path / "data").write(), stored(tmp_path / "raw", record(PITFALLS))
    result = call("registry", PITFALLS, "--data", folder, "--offline", raw, "--no-ask",
                  "--draft", tmp_path / "out")
    assert result.exit_code == 1 and not (tmp_path / "out").exists()
    assert "What is not mapped is asked with --ask, or taken from --mapping FILE" in result.output


def test_the_mapping_is_kept_and_asked_no_more(drafted, tmp_path):
    kept = rows(tmp_path / "data" / "registry_mappings.csv")
    assert len(kept) == len(GROUPS) + len(OUTCOMES) + len(EVENTS)
    assert {r["reviewer"] for r in kept} == {"Ann"}
    again = call("registry", PITFALLS, "--data", tmp_path / "data", "--offline", tmp_path / "raw",
                 "--draft", tmp_path / "again")
    assert again.exit_code == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").glob("*.csv")} == {
        p.name: p.read_bytes() for p in (tmp_path / "out").glob("*.csv")}


def test_a_draft_goes_through_import_and_results_change(drafted, tmp_path):
    folder = tmp_path / "data"
    World.analysis(world := of_pitfalls(tmp_path / "other"))
    (folder / "analyses.csv").write_bytes((world.write() / "analyses.csv").read_bytes())
    done = call("import", tmp_path / "out", "--data", folder, "--yes", "--reason", "posted")
    assert done.exit_code == 0, done.output
    # 40.2 cells and 52 saline at week 26
    after = re.search(r"before: k = 0, no estimate\s+after: +k = 1, MD −11\.8 ", done.output)
    assert after, done.output
    assert not [p for p in examine(folder).problems if p.level == "error"]
    pain = [r for r in load(folder).records("outcomes", KNEE) if r["outcome"] == "pain-vas"]
    assert len(pain) == 7 and pain[0]["source_id"] == "nct90000001-results-2026-03-01"
    again = call("import", tmp_path / "out", "--data", folder, "--yes", "--reason", "posted")
    assert "every row is there already" in again.output
    line = [r for r in rows(folder / "changelog.csv") if r["column"] == "n_allocated"]
    assert line[0]["source_id"] == "nct90000001-results-2026-03-01"


# --- values that stand here already ---------------------------------------------------------------


def _with_values(folder):
    world = of_pitfalls(folder)
    world.value("doe-2026", "bm-cells", 42, 15, n=20, timepoint_months=6)
    return world.count("doe-2026", "saline", 1, 19, event="serious-ae").write()


def _drafts(tmp_path, folder, *more):
    raw = stored(tmp_path / "raw", record(PITFALLS))
    mapping = mapping_file(tmp_path / "mapping.csv", *GROUPS, OUTCOMES[0], EVENTS[1])
    return call("registry", PITFALLS, "--data", folder, "--offline", raw, "--mapping", mapping,
                "--reviewer", "Ann", "--draft", tmp_path / "out", *more)


def test_a_value_that_stands_here_is_shown_beside_and_left(tmp_path):
    folder = _with_values(tmp_path / "data")
    done = _drafts(tmp_path, folder)
    assert done.exit_code == 0, done.output
    assert "outcomes: bm-cells, pain-vas, final, month 6 (own)" in done.output
    assert "mean: here 42, at the registry 40.2, ratio 0.957" in done.output
    assert "events: here 1, at the registry 2, ratio 2" in done.output
    found = rows(tmp_path / "out" / "outcomes.csv")
    assert ("bm-cells", "6") not in {_cells(r, "arm_id", "timepoint_months") for r in found}
    assert ("saline", "6") in {_cells(r, "arm_id", "timepoint_months") for r in found}
    kept = {r["title"]: r for r in rows(folder / "registry_mappings.csv")}
    assert kept["VAS Pain"]["reason"] == "values of other sources stand here and stay"


def test_values_of_a_later_report_of_the_same_patients_count_too(tmp_path):
    world = of_pitfalls(tmp_path / "data").study("doe-2028", companion_of="doe-2026")
    world.arm("doe-2028", "bm-cells", cells="cultured-msc")
    world.value("doe-2028", "bm-cells", 44, 15, timepoint_months=3)
    done = _drafts(tmp_path, world.write())
    assert "mean: here 44, at the registry 45, ratio 1.02" in done.output
    found = rows(tmp_path / "out" / "outcomes.csv")
    assert ("bm-cells", "3") not in {_cells(r, "arm_id", "timepoint_months") for r in found}


def test_a_second_source_is_a_choice_that_is_written_down(tmp_path):
    folder = _with_values(tmp_path / "data")
    done = _drafts(tmp_path, folder, "--second-source", "the article prints a figure alone")
    row, = _of(tmp_path / "out" / "outcomes.csv", arm_id="bm-cells", timepoint_months="6")
    assert "second source beside own: the article prints a figure alone" in row["note"]
    kept = {r["title"]: r for r in rows(folder / "registry_mappings.csv")}
    assert kept["VAS Pain"]["reason"] == "second source: the article prints a figure alone"
    before = (folder / KNEE / "outcomes.csv").read_text()
    assert call("import", tmp_path / "out", "--data", folder, "--yes", "--no-results", "--reason",
                "chosen").exit_code == 0
    assert (folder / KNEE / "outcomes.csv").read_text().startswith(before)
    assert "second source: the article prints a figure alone'" in done.output.split("take in:")[1]
    assert "chosen" in {r["reason"].partition(";")[0] for r in rows(folder / "changelog.csv")}
    assert done.exit_code == 0


# --- six arms -------------------------------------------------------------------------------------

_ARMS = {"Bone Marrow Concentrate": "bmac", "Corticosteroid beside Bone Marrow": "csi-bmac",
         "Stromal Vascular Fraction": "svf", "Corticosteroid beside Stromal": "csi-svf",
         "Umbilical Cells": "uct", "Corticosteroid beside Umbilical": "csi-uct"}


def test_a_large_trial_gives_six_arms_and_six_visits(tmp_path):
    folder = World(tmp_path / "data").study("roe-2026", registration=SIX_ARMS,
                                            unit="patient").write()
    raw = stored(tmp_path / "raw", record(SIX_ARMS))
    mapping = mapping_file(
        tmp_path / "mapping.csv", *(group(t, a) for t, a in _ARMS.items()), group("Total"),
        outcome("KOOS Pain", "koos-pain", "higher"), outcome("VAS Pain", "pain-vas"),
        outcome("Median MRI Score", "cartilage-mri", "higher"),
        outcome("Percent With Any Rescue", "rescue-surgery"),
        event("Serious adverse events", "serious-ae"))
    done = call("registry", SIX_ARMS, "--data", folder, "--offline", raw, "--mapping", mapping,
                "--reviewer", "Ann", "--draft", tmp_path / "out")
    found = rows(tmp_path / "out" / "outcomes.csv")
    assert len(found) == 2 * 6 * 6
    assert {(r["arm_id"], r["timepoint_months"]) for r in found} == {
        (a, t) for a in _ARMS.values() for t in ("0", "1", "3", "6", "9", "12")}
    assert done.output.count("holds no quartiles") == 6
    assert done.output.count("span of time and no visit: Up to Month 12") == 6
    arms = {r["arm_id"]: r for r in rows(tmp_path / "out" / "arms.csv")}
    assert _cells(arms["csi-svf"], "role", "n_allocated", "age_sd") == ("comparator", "41", "9")
    assert _of(tmp_path / "out" / "adverse_events.csv", arm_id="uct")[0]["months"] == "12"
    took = call("import", tmp_path / "out", "--data", folder, "--yes", "--no-results")
    assert took.exit_code == 0, took.output


# --- groups, units and other forms ----------------------------------------------------------------


def _values(change=lambda document: None):
    document = record(PITFALLS)
    change(document)
    return results_of(document).values


_MAPPED = {"item": "pain-vas", "instrument": "", "statistic": "final", "better": "lower",
           "scale_min": None, "scale_max": None}


def _row(one, counted="patient", **more):
    return registry_rows.outcome(replace(one, **more), {"arm_id": "a"}, _MAPPED, counted)


@pytest.mark.parametrize(("more", "why"), [
    ({"dispersion": "STANDARD ERROR", "n": ""}, "a standard error without n"),
    ({"dispersion": "80% CONFIDENCE INTERVAL", "low": "1", "high": "9", "n": ""},
     "interval of 80 % without n"),
    ({"dispersion": "80% CONFIDENCE INTERVAL", "low": "61", "high": "59"}, "not within its limits"),
    ({"dispersion": "95% CONFIDENCE INTERVAL", "low": "61", "high": "70"}, "not within its limits"),
    ({"param": "MEDIAN", "dispersion": "INTER QUARTILE RANGE", "low": "70", "high": "50"},
     "not within its limits"),
    ({"dispersion": "STANDARD ERROR", "spread": "0"}, "gives no standard deviation"),
    ({"param": "COUNT OF PARTICIPANTS", "categories": 1, "value": "21"}, "21 of 20: more than"),
    ({"param": "NUMBER", "unit": "percentage of participants", "categories": 1, "value": "135"},
     "percentage is 135: expected 0 to 100"),
    ({"spread": "-5"}, "the standard deviation is -5: expected 0 or more"),
    ({"dispersion": "STANDARD ERROR", "spread": "-5"}, "the standard error is -5: expected 0"),
    ({"dispersion": "GEOMETRIC COEFFICIENT OF VARIATION"}, "geometric coefficient"),
    ({"param": "MEDIAN"}, "a standard deviation belongs to a mean"),
    ({"param": "LOG MEAN"}, "adjusted or transformed"), ({"n": "0"}, "nobody was analysed"),
    ({"units": "Participants; Knees"}, "n counts Participants; Knees"),
    ({"value": ""}, "no mean is printed"),
    ({"param": "COUNT OF PARTICIPANTS", "categories": 1, "value": "2.5"}, "which is no count"),
    ({"param": "NUMBER", "unit": "percentage of change"}, "neither a mean nor a count")])
def test_a_form_that_is_no_row_is_refused(more, why):
    with pytest.raises(registry_rows.Refused, match=why):
        _row(_values()[0], **more)


def test_a_size_may_be_printed_with_a_decimal_point():
    assert _row(_values()[0], n="20.0")[0]["n"] == 20


@pytest.mark.parametrize(("name", "value", "expected"), [
    ("classes", None, "a list of objects"), ("classes", "x", "a list of objects"),
    ("denoms", [3], "a list of objects"), ("analyses", [{"groupIds": None}], "numbers of groups")])
def test_parts_of_another_shape_are_named(tmp_path, name, value, expected):
    changed = record(PITFALLS)
    changed["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][1][name] = value
    done = call("registry", PITFALLS, "--data", of_pitfalls(tmp_path / "data").write(),
                "--offline", stored(tmp_path / "raw", changed))
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert f"outcomeMeasures[2].{name}" in done.output and expected in done.output


def test_sizes_of_two_groups_that_are_one_arm_are_not_taken(tmp_path):
    changed = record(PITFALLS)
    flow = changed["resultsSection"]["participantFlowModule"]
    flow["groups"].append({"id": "FG009", "title": "Bone Marrow Cells, low dose"})
    flow["periods"][0]["milestones"][0]["achievements"].append(
        {"groupId": "FG009", "numSubjects": "7"})
    mapping = mapping_file(tmp_path / "mapping.csv", *GROUPS,
                           group("Bone Marrow Cells, low dose", "bm-cells"), OUTCOMES[0])
    done = call("registry", PITFALLS, "--data", of_pitfalls(tmp_path / "data").write(),
                "--offline", stored(tmp_path / "raw", changed), "--mapping", mapping,
                "--reviewer", "Ann", "--draft", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "2 values of n_allocated for the arm bm-cells: groups are not added" in done.output
    assert "n_allocated" not in [
        r["column"] for r in rows(tmp_path / "out" / "corrections.csv")
        if r["key"] == "doe-2026|bm-cells"]


def test_an_na_spread_leaves_the_mean_alone():
    row, left = _row(_values()[0], spread="NA")
    assert row["mean"] == 60.1 and "sd" not in row and "printed as NA" in left[0]


def test_kinds_of_spread_are_read_in_both_ways_of_writing():
    assert [registry_rows.level_of(text) for text in (
        "95% CONFIDENCE INTERVAL", "CONFIDENCE 975", "CONFIDENCE 80", "STANDARD DEVIATION")] == [
        95, 97.5, 80, None]


def test_knees_are_the_unit_of_a_study_of_knees(tmp_path):
    knees = next(v for v in _values() if v.title == "Joint Space Width")
    assert _row(knees, "knee")[0]["n"] == 30
    folder = World(tmp_path / "data").study("doe-2026", registration=PITFALLS, unit="knee")
    folder.arm("doe-2026", "bm-cells", cells="cultured-msc", n_allocated=30)
    mapping = mapping_file(tmp_path / "mapping.csv", GROUPS[0])
    done = call("registry", PITFALLS, "--data", folder.write(), "--offline", stored(
        tmp_path / "raw", record(PITFALLS)), "--mapping", mapping, "--reviewer", "Ann", "--draft",
        tmp_path / "out")
    assert done.exit_code == 0, done.output  # 21 people started, who are not 30 knees
    assert [_cells(r, "column", "new") for r in rows(tmp_path / "out" / "corrections.csv")][:1] == [
        ("n_patients", "21")]


def test_values_of_knees_take_no_number_of_people():
    def of_people(document):
        measure = document["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][15]
        measure["denoms"][0]["units"] = "Participants"

    knees = next(v for v in _values(of_people) if v.title == "Joint Space Width")
    assert (knees.units, knees.n) == ("Knees", "")
    with pytest.raises(registry_rows.Refused, match="n counts Knees"):
        _row(knees)


@pytest.mark.parametrize(("lines", "said"), [
    ("decision,part,title\ntake\n", "mapping.csv:2:-: 1 cells: a line of another width"),
    ("part,title,decision,arm_id\ngroup,Saline,take,saline\ngroup,Saline,take,bm-cells\n",
     "mapping.csv:3:title: Saline: decided in line 2 already"),
    ("part,title,decision,item,statistic,scale_min,scale_max\n"
     "outcome,VAS Pain,take,pain-vas,final,100,0\n",
     "mapping.csv:2:scale_max: 0: not above scale_min, which is 100")])
def test_decisions_that_are_none_are_refused_by_place(tmp_path, lines, said):
    folder = of_pitfalls(tmp_path / "data").write()
    file = tmp_path / "mapping.csv"
    file.write_text(lines, encoding="utf-8")
    done = call("registry", PITFALLS, "--data", folder, "--offline", stored(
        tmp_path / "raw", record(PITFALLS)), "--mapping", file, "--reviewer", "Ann")
    assert done.exit_code == 1 and said in done.output, done.output
    assert rows(folder / "registry_mappings.csv") == []


def test_a_pooled_group_may_be_an_arm_that_combines_others(tmp_path):
    world = of_pitfalls(tmp_path / "data")
    world.arm("doe-2026", "all", "saline", combines="bm-cells;saline", n_allocated="")
    mapping = mapping_file(tmp_path / "mapping.csv", group("All Participants", "all"),
                           outcome("Lysholm Score", "lysholm", "higher"))
    done = call("registry", PITFALLS, "--data", world.write(), "--offline", stored(
        tmp_path / "raw", record(PITFALLS)), "--mapping", mapping, "--reviewer", "Ann", "--draft",
        tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert [_cells(r, "arm_id", "n", "mean") for r in rows(tmp_path / "out" / "outcomes.csv")] == [
        ("all", "38", "75")]


def test_a_pooled_group_is_no_arm_and_two_groups_are_not_one(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    raw = stored(tmp_path / "raw", record(PITFALLS))
    mapping = mapping_file(tmp_path / "mapping.csv", group("Bone Marrow Cells", "bm-cells"),
                           group("Saline", "bm-cells"), group("All Participants", "saline"),
                           outcome("Lysholm Score", "lysholm", "higher"))
    done = call("registry", PITFALLS, "--data", folder, "--offline", raw, "--mapping", mapping,
                "--reviewer", "Ann")
    assert "group: All Participants: several groups together, and saline is no arm" in done.output
    assert "2 values for one row of outcomes: groups are not added" in done.output
    assert "(knee-osteoarthritis): no rows" in done.output.partition("\n")[0] or (
        "outcomes" not in done.output.partition("\n")[0])


@pytest.mark.parametrize(("title", "pooled"), [
    ("All MSC Doses", True),
    ("Total", True), ("All Participants", True), ("Pooled Controls", True),
    ("Corticosteroid Arms Combined", True), ("Combined Cells and Hyaluronate", False),
    ("Total Knee Replacement", False), ("Saline", False)])
def test_a_title_says_whether_a_group_is_pooled(title, pooled):
    assert Group("OG000", title).pooled == pooled
    assert Group("OG000", title, "The pooled dose groups").pooled


def test_a_ratio_is_turned_by_its_inverse_and_a_one_sided_interval_refused():
    one = results_of(record(PITFALLS)).analyses[2]
    arms = {"Bone Marrow Cells": {"arm_id": "b", "role": "intervention"},
            "Saline": {"arm_id": "s", "role": "comparator"}}
    mapped = {"item": "responder", "instrument": "", "statistic": "final", "better": "higher",
              "scale_max": None}
    ratio = replace(one, cells={**one.cells, "paramType": "Odds Ratio (OR)", "paramValue": "0.5",
                                "ciLowerLimit": "0.25", "ciUpperLimit": "0.8",
                                "ciPctValue": "95"})
    row = registry_rows.contrast(ratio, arms, mapped)
    assert (row["measure"], row["estimate"], row["ci_low"], row["ci_high"]) == ("OR", 2, 1.25, 4)
    for change, why in (({"ciNumSides": "ONE_SIDED"}, "one side"),
                        ({"paramType": "Median Difference (Final Values)"}, "it estimates Median"),
                        ({"ciPctValue": "NA"}, "no number"),
                        ({"ciPctValue": "0.95"}, "expected a per cent"),
                        ({"ciLowerLimit": "0"}, "reaches 0"),
                        ({"paramValue": "0.9"}, "not within its limits, 0.25 to 0.8")):
        with pytest.raises(registry_rows.Refused, match=why):
            registry_rows.contrast(replace(ratio, cells={**ratio.cells, **change}), arms, mapped)
    with pytest.raises(registry_rows.Refused, match="which way is better"):
        registry_rows.contrast(one, arms, {**mapped, "better": None})
    for printed, kept in (("P<0.05", "<0.05"), ("< .0001", "<0.0001"), ("=0.03", "0.03"),
                          ("not significant", None)):
        row = registry_rows.contrast(replace(ratio, cells={**ratio.cells, "pValue": printed}),
                                     arms, mapped)
        assert row["p_value"] == kept and (kept or printed in row["note"])


def test_a_record_without_what_is_needed_names_every_place():
    document = record(PITFALLS)
    first = document["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    del first["paramType"]
    first["classes"][0]["categories"][0]["measurements"][0]["groupId"] = "OG009"
    document["resultsSection"]["adverseEventsModule"]["eventGroups"][0].pop("title")
    with pytest.raises(DocumentError) as error:
        results_of(document)
    text = str(error.value)
    assert "outcome measure 1: paramType is missing" in text
    assert "OG009 is no group of this module: expected one of OG000, OG001" in text
    assert "group EG000: title is missing" in text


def test_a_field_that_nobody_knows_passes():
    document = record(PITFALLS)
    before = results_of(document)
    document["resultsSection"]["newModule"] = {"x": 1}
    document["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["newField"] = "y"
    assert results_of(document) == before


# --- the mapping ----------------------------------------------------------------------------------


def test_a_mapping_that_is_wrong_is_refused_with_all_its_errors(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    raw = stored(tmp_path / "raw", record(PITFALLS))
    mapping = mapping_file(
        tmp_path / "mapping.csv", group("Saline", "No Arm"), group("Nobody", "saline"),
        {**OUTCOMES[0], "item": "pain-xyz"}, {**OUTCOMES[1], "statistic": ""},
        {**EVENTS[0], "decision": "perhaps"}, {**OUTCOMES[2], "scale_min": "low"})
    before = (folder / "registry_mappings.csv").read_bytes()
    done = call("registry", PITFALLS, "--data", folder, "--offline", raw, "--mapping", mapping,
                "--reviewer", "Ann")
    assert done.exit_code == 1
    for text in ("mapping.csv:2:arm_id: No Arm", "mapping.csv:3:title: Nobody",
                 "mapping.csv:4:item: pain-xyz", "mapping.csv:5:statistic",
                 "mapping.csv:6:decision: perhaps", "mapping.csv:7:scale_min: low"):
        assert text in done.output
    assert (folder / "registry_mappings.csv").read_bytes() == before


def test_a_mapping_that_is_not_there_is_written_with_proposals_and_no_decision(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    raw = stored(tmp_path / "raw", record(PITFALLS))
    path = tmp_path / "mapping.csv"
    arguments = ("registry", PITFALLS, "--data", folder, "--offline", raw, "--mapping", path,
                 "--reviewer", "Ann")
    done = call(*arguments)
    assert done.exit_code == 0 and f"wrote {path}" in done.output
    found = {(r["part"], r["title"]): r for r in rows(path)}
    assert {r["decision"] for r in found.values()} == {""}
    assert found["group", "Bone Marrow Cells"]["arm_id"] == "bm-cells"
    assert found["group", "Total"]["reason"] == "proposed: leave"
    assert found["outcome", "Change in KOOS Pain"]["statistic"] == "change"
    assert found["event", "Other: Headache"]["item"] == "headache"
    assert "(knee-osteoarthritis): no rows" in call(*arguments).output  # nothing is guessed


def test_what_is_asked_at_the_terminal_is_asked_once(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    document = record(PITFALLS)
    modules = document["resultsSection"]
    del modules["adverseEventsModule"], modules["baselineCharacteristicsModule"]
    del modules["participantFlowModule"]["periods"][0]["dropWithdraws"]
    modules["outcomeMeasuresModule"]["outcomeMeasures"] = modules["outcomeMeasuresModule"][
        "outcomeMeasures"][1:2]
    raw = stored(tmp_path / "raw", document)
    arguments = ("registry", PITFALLS, "--data", folder, "--offline", raw, "--ask")
    assert call(*arguments).exit_code == 2  # nobody says who maps
    # groups: the proposed arm, then a slip, the list, and the word; outcome: as proposed
    done = call(*arguments, "--reviewer", "Ann",
                text="\nno such!\n?\nsaline\nwomac-function\n\nfinal\nlower\n0\n68\n")
    assert done.exit_code == 0, done.output
    assert "bm-cells, saline" in done.output and "no! is no word" not in done.output
    kept = {r["title"]: r for r in rows(folder / "registry_mappings.csv")}
    assert _cells(kept["WOMAC Function"], "item", "statistic", "scale_max") == (
        "womac-function", "final", "68")
    again = call(*arguments, "--reviewer", "Ann", text="")
    assert again.exit_code == 0 and "2 outcomes" in again.output


def test_what_was_answered_stays_where_somebody_breaks_off(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    raw = stored(tmp_path / "raw", record(PITFALLS))
    done = call("registry", PITFALLS, "--data", folder, "--offline", raw, "--ask", "--reviewer",
                "Ann", text="\n")
    assert done.exit_code == 0 and "broken off" in done.output
    assert [r["arm_id"] for r in rows(folder / "registry_mappings.csv")] == ["bm-cells"]


# --- asking the registry --------------------------------------------------------------------------


@pytest.fixture
def asking(server, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_URL_CLINICALTRIALS", server.url)
    return server


def test_a_record_is_stored_by_the_day_of_its_version_and_once(asking, tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    asking.on(f"/studies/{PITFALLS}", Reply(json.dumps(record(PITFALLS)).encode()))
    first = call("registry", PITFALLS, "--data", folder, "--no-ask")
    assert first.exit_code == 0, first.output
    store = tmp_path / "surveillance" / "raw" / "clinicaltrials"
    assert [p.name for p in store.iterdir()] == ["registry-nct90000001-2026-03-01"]
    call("registry", PITFALLS, "--data", folder, "--no-ask")
    assert len(list(store.glob("*/*.gz"))) == 1
    revised = record(PITFALLS)
    revised["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2026-05-01"
    asking.on(f"/studies/{PITFALLS}", Reply(json.dumps(revised).encode()))
    call("registry", PITFALLS, "--data", folder, "--no-ask")
    assert len(list(store.iterdir())) == 2
    offline = call("registry", PITFALLS, "--data", folder, "--no-ask", "--offline", store.parent)
    assert offline.exit_code == 0


@pytest.mark.parametrize(("reply", "why"), [
    (captive(), "a page of HTML in place of JSON"), (failing(), "it answers 500"),
    (Reply(b"gone", 404), "it answers 404"), (Reply(b"{}"), "no protocolSection"),
    (Reply(b'{"protocolSection":{"identificationModule":{"nctId":"NCT90000002"}}}'),
     "the record of NCT90000002 where NCT90000001")])
def test_an_answer_that_is_none_stops_with_its_reason(asking, tmp_path, reply, why):
    folder = of_pitfalls(tmp_path / "data").write()
    asking.on(f"/studies/{PITFALLS}", reply)
    done = call("registry", PITFALLS, "--data", folder, "--draft", tmp_path / "out")
    assert done.exit_code == 1 and why in done.output, done.output
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.gz"))


def test_calls_that_are_wrong(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    for arguments, code, why in (
            ((), 2, "or --all"), (("NCT1",), 2, "eight digits"),
            (("NCT90000099",), 1, "no study has this registration"),
            ((PITFALLS, "--offline", tmp_path), 1, "holds no record"),
            ((PITFALLS, "--study", "nobody"), 2, "expected one of doe-2026"),
            ((PITFALLS, "--draft", tmp_path / "full"), 2, "expected an empty folder")):
        done = call("registry", *arguments, "--data", folder)
        assert (done.exit_code, why in done.output) == (code, True), done.output


def test_no_posted_results_is_said(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    document = record(PITFALLS)
    del document["resultsSection"]
    done = call("registry", PITFALLS, "--data", folder, "--offline", stored(
        tmp_path / "raw", document))
    assert done.exit_code == 0 and "no results are posted (status COMPLETED" in done.output


# --- progress -------------------------------------------------------------------------------------


def _status(number, status="COMPLETED", end="ACTUAL", results=True, primary="2027-03"):
    document = copy.deepcopy(record(PITFALLS))
    del document["resultsSection"]
    protocol = document["protocolSection"]
    protocol["identificationModule"]["nctId"] = number
    protocol["statusModule"] |= {
        "overallStatus": status, "completionDateStruct": {"date": "2027-09", "type": end},
        "primaryCompletionDateStruct": {"date": primary, "type": end}}
    return document | {"hasResults": results}


def _trials(folder):
    world = World(folder)
    for name, number, status, progress in (
            ("a-2026", "NCT90000011", "registered", "running"),
            ("b-2026", "NCT90000012", "registered", ""),
            ("c-2026", "NCT90000013", "published", ""),
            ("d-2026", "NCT90000014", "registered", "running"),
            ("e-2026", "NCT90000015", "registered", "unknown")):
        world.study(name, registration=number, status=status, progress=progress)
    return world.study("a-2027", registration="NCT90000011", companion_of="a-2026").write()


_ANSWERS = [_status("NCT90000011"), _status("NCT90000012", "NOT_YET_RECRUITING", "ESTIMATED"),
            _status("NCT90000013", "UNKNOWN", "ESTIMATED", False),
            _status("NCT90000014", "RECRUITING", "ESTIMATED", False)]


def test_progress_of_all_trials_is_written_and_changes_are_proposed(asking, tmp_path):
    folder = _trials(tmp_path / "data")
    pages = {None: {"studies": _ANSWERS[:2], "nextPageToken": "two"},
             "two": {"studies": _ANSWERS[2:]}}
    asking.route("/studies", lambda request: Reply(json.dumps(
        pages[request.params.get("pageToken")]).encode()))
    done = call("registry", "--all", "--data", folder, "--draft", tmp_path / "out")
    assert done.exit_code == 0, done.output
    asked = asking.asked("/studies")[0].params["filter.ids"].split("|")
    assert asked == [f"NCT900000{n}" for n in range(11, 16)]
    found = {r["registration"]: r for r in rows(folder / "registrations.csv")}
    assert _cells(found["NCT90000012"], "status", "primary_completion", "completion",
                  "completion_is", "has_results", "enrolment") == (
        "NOT_YET_RECRUITING", "2027-03", "2027-09", "expected", "yes", "100")
    assert "not answered by the registry: NCT90000015" in done.output
    assert "results are posted: NCT90000011" in done.output
    assert "c-2026: NCT90000013 is UNKNOWN at the registry, and the trial has reported" in (
        done.output)
    corrections = rows(tmp_path / "out" / KNEE / "corrections.csv")
    assert [_cells(r, "key", "column", "old", "new") for r in corrections
            if r["column"] == "progress"] == [
        ("a-2026", "progress", "running", "finished"), ("b-2026", "progress", "", "not-started")]
    assert [s["progress"] for s in load(folder).records("studies", KNEE)][:2] == ["running", None]
    took = call("import", tmp_path / "out" / KNEE, "--data", folder, "--yes", "--no-results")
    assert took.exit_code == 0, took.output
    after = {s["study_id"]: s for s in load(folder).records("studies", KNEE)}
    assert after["a-2026"]["progress"] == "finished"
    assert after["b-2026"]["status_source_id"].startswith("nct90000012-status-")
    assert {r["column"] for r in rows(folder / "changelog.csv")} >= {"progress"}


def test_the_same_answers_change_no_byte(tmp_path):
    folder = _trials(tmp_path / "data")
    Raw(tmp_path / "raw", "clinicaltrials", f"registrations-{DAY}").add(answer(
        {"studies": _ANSWERS}))
    arguments = ("registry", "--all", "--data", folder, "--offline", tmp_path / "raw")
    assert call(*arguments).exit_code == 0
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert f",{DAY}" in (folder / "registrations.csv").read_text()
    assert call(*arguments).exit_code == 0
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(("pages", "why"), [
    ([{"studies": [], "nextPageToken": "x"}], "the same next page twice"),
    ([{"trials": []}], "no studies"),
    ([{"studies": [{"protocolSection": {"identificationModule": {"nctId": "NCT90000011"}}}]}],
     "no protocolSection.statusModule"),
    ([{"studies": [{"protocolSection": {
        "identificationModule": {"nctId": "NCT90000011"}, "statusModule": {
            "overallStatus": "RECRUITING", "completionDateStruct": {"date": "Sept 2026"}}}}]}],
     "completionDateStruct.date of its answer is Sept 2026")])
def test_a_list_of_another_shape_writes_nothing(asking, tmp_path, pages, why):
    folder = _trials(tmp_path / "data")
    asking.on("/studies", *(Reply(json.dumps(page).encode()) for page in pages))
    before = (folder / "registrations.csv").read_bytes()
    done = call("registry", "--all", "--data", folder)
    assert done.exit_code == 1 and why in done.output, done.output
    assert (folder / "registrations.csv").read_bytes() == before


def test_many_trials_are_asked_for_a_hundred_at_a_time(asking):
    asking.on("/studies", Reply(b'{"studies": []}'))
    told = []
    list(registrations.asked(net.client("clinicaltrials"),
                             [f"NCT9{n:07d}" for n in range(250)],
                             lambda source, number: told.append((source, number))))
    asked = [r.params["filter.ids"].split("|") for r in asking.asked("/studies")]
    assert [len(some) for some in asked] == [100, 100, 50]
    assert len({n for some in asked for n in some}) == 250
    assert told == [("clinicaltrials", 100), ("clinicaltrials", 200), ("clinicaltrials", 250)]


def test_two_registrations_that_say_different_things_are_left_alone(tmp_path):
    data = World(tmp_path / "data").study(
        "a-2026", registration="NCT90000011; NCT90000014", status="registered").data()
    found, left = registrations.changes(data, registrations.rows([answer({"studies": _ANSWERS})]))
    assert [c["new"] for c in found[KNEE]["corrections"] if c["column"] == "progress"] == [
        "finished"]
    assert "say different things" in left[0]


def test_another_command_at_work_is_waited_for_by_the_person(tmp_path):
    folder = _trials(tmp_path / "data")
    Raw(tmp_path / "raw", "clinicaltrials", f"registrations-{DAY}").add(answer(
        {"studies": _ANSWERS}))
    with alone(folder):
        done = call("registry", "--all", "--data", folder, "--offline", tmp_path / "raw")
    assert done.exit_code == 1 and "another command is at work" in done.output


def test_what_others_have_mapped_meanwhile_stays(tmp_path):
    folder = of_pitfalls(tmp_path / "data").write()
    data = load(folder)
    other = decided("NCT90000006", ("group", "Saline"), {"decision": "leave"}, "Bea", DAY)
    keep(data, {"registry_mappings": [other]})
    mine = decided(PITFALLS, ("group", "Saline"), {"decision": "take", "arm_id": "saline"}, "Ann",
                   DAY)
    registering._keep(data, {("group", "Saline"): mine}, PITFALLS)  # read before the other one
    assert [r["reviewer"] for r in rows(folder / "registry_mappings.csv")] == ["Ann", "Bea"]
