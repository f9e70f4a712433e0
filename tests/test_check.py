"""Validation: one made-up row for each rule, damaged files, and the project's own data."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner
from conftest import DATA, INDICATION, append, edit, read_table, write_table

from livingreview.__main__ import main
from livingreview.data import codebook, dataset, tables
from livingreview.data.dataset import DataError, Problem, examine, load
from livingreview.data.problems import SHOWN

ROOT = DATA.parent
OUTCOMES = f"{INDICATION}/outcomes.csv"
STUDIES = f"{INDICATION}/studies.csv"
ARMS = f"{INDICATION}/arms.csv"
EVENTS = f"{INDICATION}/adverse_events.csv"
CONTRASTS = f"{INDICATION}/contrasts.csv"
SOURCES = f"{INDICATION}/sources.csv"
MSC_6 = {"study_id": "doe-2020", "arm_id": "msc", "timepoint_months": "6"}
SALINE_6 = {"study_id": "doe-2020", "arm_id": "saline", "timepoint_months": "6"}
MSC_0 = {"study_id": "doe-2020", "arm_id": "msc", "timepoint_months": "0"}
SALINE_0 = {"study_id": "doe-2020", "arm_id": "saline", "timepoint_months": "0"}
DOE = {"study_id": "doe-2020"}
# Rules of doubt look at several rows at once, and find some of what other rules find.
DOUBTS = ("impossible-mean", "n-differs", "second-print")


def check(folder: Path) -> tuple[int, list[str]]:
    """Exit code and the lines of stderr of the command, which must end as it should."""
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    return result.exit_code, result.stderr.splitlines()


def places(problems) -> list[tuple]:
    """What tests look at: (level, file, row, column, value)."""
    return [(p.level, p.file, p.row, p.column, p.value) for p in problems]


def outcome(**more: str) -> dict[str, str]:
    """A row of outcomes that is valid with the made-up arms."""
    return {"study_id": "doe-2020", "arm_id": "msc", "outcome": "pain-vas", "instrument": "VAS",
            "statistic": "final", "better": "lower", "source_id": "report"} | more


def test_the_made_up_data_are_without_problems(made_up):
    assert examine(made_up).problems == ()
    assert check(made_up) == (0, ["0 errors", "0 warnings"])


# --- one made-up row for each rule ------------------------------------------------------------

# Cells to change, (path, row that has these cells, column, value), then what must be reported:
# (path, row, column, value).
ERRORS = {
    "type number": ([(OUTCOMES, MSC_6, "mean", "abc")], (OUTCOMES, 4, "mean", "abc")),
    "type whole number": ([(OUTCOMES, MSC_6, "n", "18.5")], (OUTCOMES, 4, "n", "18.5")),
    "type date": ([(SOURCES, {}, "accessed", "2026-02-30")],
                  (SOURCES, 2, "accessed", "2026-02-30")),
    "type identifier": ([(ARMS, {"arm_id": "surgery"}, "arm_id", "Surgery")],
                        (ARMS, 7, "arm_id", "Surgery")),
    "required": ([(SOURCES, {}, "title", "")], (SOURCES, 2, "title", "")),
    "required, only spaces": ([(SOURCES, {}, "title", "  ")], (SOURCES, 2, "title", "  ")),
    "range": ([(STUDIES, DOE, "year", "20200")], (STUDIES, 2, "year", "20200")),
    "negative visit": ([(CONTRASTS, DOE, "timepoint_months", "-6")],
                       (CONTRASTS, 2, "timepoint_months", "-6")),
    "percentage": ([(EVENTS, {"arm_id": "saline"}, "percent", "104")],
                   (EVENTS, 4, "percent", "104")),
    "vocabulary": ([(OUTCOMES, MSC_6, "better", "smaller")], (OUTCOMES, 4, "better", "smaller")),
    "vocabulary in a list": ([(ARMS, {"arm_id": "surgery"}, "cointervention",
                               "high-tibial-osteotomy;luck")],
                             (ARMS, 7, "cointervention", "high-tibial-osteotomy;luck")),
    "list with a gap": ([(ARMS, {"arm_id": "both"}, "combines", "low;;high")],
                        (ARMS, 6, "combines", "low;;high")),
    "key": ([(STUDIES, {"study_id": "cut-2019"}, "study_id", "doe-2020"),
             (ARMS, {"arm_id": "surgery"}, "study_id", "doe-2020")],
            (STUDIES, 4, "study_id", "doe-2020")),
    "key, the same number": ([(OUTCOMES, MSC_0, "timepoint_months", "6.0")],
                             (OUTCOMES, 4, "study_id+arm_id+outcome+instrument+"
                              "timepoint_months+statistic+source_id",
                              "doe-2020 | msc | pain-vas | VAS | 6 | final | report")),
    "foreign key, source": ([(OUTCOMES, MSC_6, "source_id", "no-report")],
                            (OUTCOMES, 4, "source_id", "no-report")),
    "foreign key, arm": ([(OUTCOMES, MSC_6, "arm_id", "ha")], (OUTCOMES, 4, "arm_id", "ha")),
    "foreign key, study": ([(EVENTS, {"arm_id": "saline"}, "study_id", "poe-2022")],
                           (EVENTS, 4, "study_id", "poe-2022")),
    "foreign key, companion": ([(STUDIES, DOE, "companion_of", "poe-2022")],
                               (STUDIES, 2, "companion_of", "poe-2022")),
    "foreign key, contrast": ([(CONTRASTS, DOE, "arm_comparator", "ha")],
                              (CONTRASTS, 2, "arm_comparator", "ha")),
    "arm of another study": ([(ARMS, {"arm_id": "both"}, "combines", "low;msc")],
                             (ARMS, 6, "combines", "low;msc")),
    "union of itself": ([(ARMS, {"arm_id": "both"}, "combines", "low;both")],
                        (ARMS, 6, "combines", "both")),
    "negative SD": ([(OUTCOMES, MSC_6, "sd", "-22")], (OUTCOMES, 4, "sd", "-22")),
    "negative SE": ([(CONTRASTS, DOE, "se", "-1")], (CONTRASTS, 2, "se", "-1")),
    "quartiles": ([(OUTCOMES, MSC_6, "q1", "40"), (OUTCOMES, MSC_6, "q3", "30")],
                  (OUTCOMES, 4, "q1", "40")),
    "median and quartile": ([(OUTCOMES, MSC_6, "q1", "40"), (OUTCOMES, MSC_6, "median", "30")],
                            (OUTCOMES, 4, "q1", "40")),
    "smallest and largest": ([(OUTCOMES, MSC_6, "min", "40"), (OUTCOMES, MSC_6, "max", "30")],
                             (OUTCOMES, 4, "min", "40")),
    "interval": ([(CONTRASTS, DOE, "ci_low", "5")], (CONTRASTS, 2, "ci_low", "5")),
    "events above total": ([(EVENTS, {"arm_id": "saline"}, "events", "21")],
                           (EVENTS, 4, "events", "21")),
    "final outside scale": ([(OUTCOMES, MSC_6, "mean", "100.5"), (OUTCOMES, MSC_6, "sd", "")],
                            (OUTCOMES, 4, "mean", "100.5")),
    "final below scale": ([(OUTCOMES, MSC_6, "mean", "-1"), (OUTCOMES, MSC_6, "sd", "")],
                          (OUTCOMES, 4, "mean", "-1")),
    "change wider than scale": ([(OUTCOMES, MSC_6, "statistic", "change"),
                                 (OUTCOMES, MSC_6, "mean", "-101")],
                                (OUTCOMES, 4, "mean", "-101")),
    "scale upside down": ([(OUTCOMES, MSC_6, "scale_min", "100")],
                          (OUTCOMES, 4, "scale_min", "100")),
    "surgery without operation": ([(ARMS, {"arm_id": "surgery"}, "cointervention", "")],
                                  (ARMS, 7, "cointervention", "")),
    "surgery with exercise only": ([(ARMS, {"arm_id": "surgery"}, "cointervention",
                                     "rehabilitation")],
                                   (ARMS, 7, "cointervention", "rehabilitation")),
}
WARNINGS = {
    "n above allocated": ([(OUTCOMES, MSC_6, "n", "21")], (OUTCOMES, 4, "n", "21")),
    "total above allocated": ([(EVENTS, {"arm_id": "saline"}, "total", "21")],
                              (EVENTS, 4, "total", "21")),
    "total above the union's parts": ([(ARMS, {"arm_id": "both"}, "n_allocated", ""),
                                       (EVENTS, {"arm_id": "saline"}, "study_id", "roe-2021"),
                                       (EVENTS, {"study_id": "roe-2021"}, "arm_id", "both"),
                                       (EVENTS, {"study_id": "roe-2021"}, "total", "41")],
                                      (EVENTS, 4, "total", "41")),
    "serious above any": ([(EVENTS, {"event": "serious-ae"}, "events", "6")],
                          (EVENTS, 3, "events", "6")),
    "two rows for one event": ([(EVENTS, {"event": "serious-ae"}, "event", "any-ae")],
                               (EVENTS, 3, "event", "any-ae")),
    "small SD": ([(OUTCOMES, MSC_6, "sd", "5.9")], (OUTCOMES, 4, "sd", "5.9")),
    "small SD, another scale": ([(OUTCOMES, MSC_6, "scale_max", "1000")],
                                (OUTCOMES, 4, "sd", "22")),
    "equal SDs in two trials": ([(OUTCOMES, {"arm_id": "low", "timepoint_months": "6"}, "sd", "22"),
                                 (OUTCOMES, {"arm_id": "high", "timepoint_months": "6"}, "sd",
                                  "23")], (OUTCOMES, 8, "sd", "22")),
    "equal SDs at two visits": ([(OUTCOMES, MSC_6, "sd", "20"), (OUTCOMES, SALINE_6, "sd", "21")],
                                (OUTCOMES, 4, "sd", "20")),
    "equal values in two rows": ([(OUTCOMES, SALINE_6, "mean", "35"),
                                  (OUTCOMES, SALINE_6, "sd", "22")], (OUTCOMES, 5, "mean", "35")),
    "finals that fell by half": ([(OUTCOMES, row, "better", "higher")
                                  for row in (MSC_0, SALINE_0, MSC_6, SALINE_6)]
                                 + [(OUTCOMES, MSC_6, "mean", "25"),
                                    (OUTCOMES, SALINE_6, "mean", "22")],
                                 (OUTCOMES, 4, "statistic", "final")),
    "effect beyond 2 SD": ([(OUTCOMES, SALINE_6, "mean", "81")], (OUTCOMES, 5, "mean", "81")),
    "impossible percentage": ([(EVENTS, {"arm_id": "saline"}, "percent", "22")],
                              (EVENTS, 4, "percent", "22")),
    "baseline reversed": ([(OUTCOMES, SALINE_0, "mean", "41")], (OUTCOMES, 2, "mean", "60")),
    "n missing": ([(OUTCOMES, MSC_6, "n", "")], (OUTCOMES, 4, "n", "")),
    "scale missing": ([(OUTCOMES, MSC_6, "scale_max", "")], (OUTCOMES, 4, "scale_max", "")),
    "companion": ([(STUDIES, DOE, "companion_of", "roe-2021")],
                  (STUDIES, 2, "companion_of", "roe-2021")),
    "form of a DOI": ([(STUDIES, DOE, "doi", "https://doi.org/10.1000/xyz")],
                      (STUDIES, 2, "doi", "https://doi.org/10.1000/xyz")),
    "form of a PMID": ([(STUDIES, DOE, "pmid", "PMC123")], (STUDIES, 2, "pmid", "PMC123")),
    "form of a PMID, other digits": ([(STUDIES, DOE, "pmid", "1٢٣")], (STUDIES, 2, "pmid", "1٢٣")),
    "form of a registration": ([(STUDIES, DOE, "registration", "nct02123368")],
                               (STUDIES, 2, "registration", "nct02123368")),
    "form of a link": ([(SOURCES, {}, "url", "example.org")], (SOURCES, 2, "url", "example.org")),
    "form of a citation": ([(STUDIES, DOE, "cited_by", "disc review 22")],
                           (STUDIES, 2, "cited_by", "disc review 22")),
    "spaces around text": ([(STUDIES, DOE, "note", " why")], (STUDIES, 2, "note", " why")),
    "as many patients as knees": (
        [(STUDIES, DOE, "allocation", "clustered"), (STUDIES, DOE, "n_enrolled", "20"),
         (STUDIES, DOE, "n_patients", "20")], (STUDIES, 2, "n_patients", "20")),
    "more patients than knees": ([(ARMS, {"arm_id": "msc"}, "n_patients", "21")],
                                 (ARMS, 2, "n_patients", "21")),
    "mean and SD of 0": ([(OUTCOMES, MSC_6, "mean", "0"), (OUTCOMES, MSC_6, "sd", "0.0")],
                         (OUTCOMES, 4, "mean", "0")),
    "a company's value that says to be as reported": (
        [(SOURCES, {}, "kind", "company-page"), (CONTRASTS, DOE, "quality", "as-reported")],
        (CONTRASTS, 2, "quality", "as-reported")),
}
CASES = [pytest.param(level, *case, id=f"{level}: {name}")
         for level, cases in (("error", ERRORS), ("warning", WARNINGS))
         for name, case in cases.items()]


@pytest.mark.parametrize(("level", "changes", "place"), CASES)
def test_each_rule_finds_its_row_and_nothing_else(made_up, level, changes, place):
    for change in changes:
        edit(made_up, *change)

    data = examine(made_up)
    with mock.patch.object(dataset, "examine", return_value=data):  # it need not read twice
        code, lines = check(made_up)

    others = [p for p in data.problems if p.rule not in DOUBTS]
    assert places(others) == [(level, *place)]
    assert code == (1 if level == "error" else 0)
    path, row, column, value = place
    assert any(f"{path}:{row}:{column}: " in line and (value or "(empty)") in line
               and ", expected " in line for line in lines)
    assert others != list(data.problems) or f"1 {level}" in lines


def test_final_means_below_zero_look_like_changes(made_up):
    for arm, mean in (("msc", "-20"), ("saline", "-12")):
        append(made_up, OUTCOMES, outcome(arm_id=arm, instrument="pain diary", outcome="odi",
                                          timepoint_months="3", n="20", mean=mean))

    found = [p for p in examine(made_up).problems if p.rule == "change-as-final"]

    assert places(found) == [("warning", OUTCOMES, 10, "statistic", "final")]


def test_an_overlap_is_a_warning_and_its_studies_must_exist(made_up):
    row = {"indication": INDICATION, "study_id": "doe-2020", "other_study_id": "roe-2021",
           "kind": "possible", "action": "warn", "rule": "check before pooling"}
    append(made_up, "cohort_overlaps.csv", row)
    assert places(examine(made_up).problems) == [
        ("warning", "cohort_overlaps.csv", 2, "study_id", "doe-2020 + roe-2021")]

    edit(made_up, "cohort_overlaps.csv", DOE, "other_study_id", "poe-2022")
    errors = [p for p in examine(made_up).problems if p.level == "error"]
    assert places(errors) == [("error", "cohort_overlaps.csv", 2, "other_study_id", "poe-2022")]


@pytest.mark.parametrize("column, one, other", [
    ("doi", "10.1000/Abc", "10.1000/aBC"), ("pmid", "30064455", "30064455"),
    ("registration", "NCT02123368;NCT01586312", "NCT01586312"),
    ("title", "Cells, for the Knee: a trial.", "cells for  the knee (A trial)"),
    ("title", "膝关节 细胞治疗", "膝关节细胞治疗")])
def test_a_report_of_two_studies_is_a_warning_unless_they_are_linked(made_up, column, one, other):
    def found():
        return places(p for p in examine(made_up).problems if p.rule == "same-report")

    edit(made_up, STUDIES, DOE, column, one)
    row = edit(made_up, STUDIES, {"study_id": "roe-2021"}, column, other)
    assert found() == [("warning", STUDIES, row, column, other)]
    edit(made_up, STUDIES, {"study_id": "roe-2021"}, "companion_of", "doe-2020")
    assert found() == []
    edit(made_up, STUDIES, {"study_id": "roe-2021"}, "companion_of", "")
    append(made_up, "cohort_overlaps.csv", {
        "indication": INDICATION, "study_id": "roe-2021", "other_study_id": "doe-2020",
        "kind": "possible", "action": "warn"})
    assert found() == []


def test_titles_of_other_words_or_of_none_are_two_reports(made_up):
    for one, other in (("Cells for the knee", "Cells for the hip"), ("…", "—")):
        edit(made_up, STUDIES, DOE, "title", one)
        edit(made_up, STUDIES, {"study_id": "roe-2021"}, "title", other)
        assert not [p for p in examine(made_up).problems if p.rule == "same-report"]


def test_a_mean_of_what_is_counted_is_a_warning(made_up):
    append(made_up, "instruments.csv", {"outcome": "responder", "label_en": "R", "label_zh": "R",
                                        "family": "pain", "direction": "more-events-better"})
    append(made_up, OUTCOMES, outcome(outcome="responder", timepoint_months="6", mean="45"))
    assert places(p for p in examine(made_up).problems if p.rule == "share-as-mean") == [
        ("warning", OUTCOMES, 10, "mean", "45")]


def _beside(folder: Path, **cells: str) -> str:
    """A second indication with one study; its path."""
    append(folder, "vocabularies.csv", {"list": "indication", "value": "elbow", "label_en": "E",
                                        "label_zh": "E"})
    for table in tables.TABLES:
        if table.folder == "indication" and not table.optional:
            (folder / "elbow").mkdir(exist_ok=True)
            write_table(folder / table.path("elbow"), table.names, [])
    append(folder, "elbow/sources.csv", {"source_id": "report", "kind": "registry", "title": "R",
                                         "accessed": "2026-11-21"})
    append(folder, "elbow/studies.csv", {"study_id": "poe-2022", "source_id": "report",
                                         "registration": "NCT02123368", **cells})
    return "elbow/studies.csv"


@pytest.mark.parametrize("one, other, found", [
    ({"design": "rct"}, {}, ["design"]),
    ({"design": "rct"}, {"design": "single-arm"}, ["design"]),
    ({"design": "rct", "n_enrolled": "20", "blinding": "open"},
     {"design": "rct", "n_enrolled": "30", "blinding": "double"}, ["blinding", "n_enrolled"]),
    ({"design": "rct", "country": "Spain;France"}, {"design": "rct", "country": "Spain"}, []),
    ({"design": "rct", "country": "Spain"}, {"design": "rct", "country": "Peru"}, ["country"]),
    ({"design": "rct", "n_enrolled": "20"}, {"design": "rct"}, []),
    ({"design": "rct"}, {"companion_of": "poe-2022"}, []),
])
def test_a_registration_of_two_indications_has_one_set_of_facts(made_up, one, other, found):
    path = _beside(made_up, **other)
    edit(made_up, STUDIES, DOE, "registration", "nct02123368;NCT01586312")
    for column, value in ({"design": ""} | one).items():
        edit(made_up, STUDIES, DOE, column, value)
    problems = [p for p in examine(made_up).problems if p.rule == "registration-differs"]
    assert sorted(p.column for p in problems) == sorted(found)
    for problem in problems:
        places = {f"{path}:2", f"{STUDIES}:2"}
        assert f"{problem.file}:{problem.row}" in places
        assert (places - {f"{problem.file}:{problem.row}"}).pop() in problem.wrong
        assert problem.level == "warning" and "nct02123368" in problem.wrong.lower()
        if "design" not in other:  # said at the row that lacks the fact
            assert (problem.file, problem.value) == (path, "") and "rct" in problem.wrong


def test_a_word_that_no_vocabulary_has_stops_an_analysis(made_up):
    append(made_up, "analyses.csv", {
        "analysis_id": "pain", "indication": INDICATION, "title": "Pain", "section": "effects",
        "role": "main", "target_type": "family", "target": "pian", "measure": "MD",
        "comparison": "placebo", "favourable": "lower"})
    assert ("error", "analyses.csv", 2, "target", "pian") in places(examine(made_up).problems)


ANALYSIS = {"analysis_id": "pain", "indication": INDICATION, "title": "Pain", "section": "effects",
            "role": "main", "target_type": "outcome", "target": "pain-vas", "measure": "MD",
            "comparison": "placebo", "favourable": "lower"}


@pytest.mark.parametrize(("cells", "column", "value"), [
    ({"measure": "proportion"}, "measure", "proportion"),
    ({"measure": "mean-change"}, "measure", "mean-change"),
    ({"target_type": "event", "target": "any-ae"}, "measure", "MD"),
    ({"target_type": "event", "target": "any-ae", "measure": "SMD"}, "measure", "SMD"),
    ({"measure": "RR"}, "measure", "RR"),
    ({"measure": "OR"}, "measure", "OR"),
    ({"measure": "RD", "target_type": "family", "target": "pain"}, "measure", "RD"),
    ({"window_from": "6", "window_to": "3"}, "window_from", "6"),
    ({"window_from": "6", "window_to": "6"}, "window_from", "6"),
    ({"studies": "doe-2020;poe-2022"}, "studies", "poe-2022"),
])
def test_an_analysis_that_can_have_no_result_is_an_error(made_up, cells, column, value):
    append(made_up, "hierarchy.csv", {"family": "pain", "position": "1", "outcome": "pain-vas"})
    append(made_up, "analyses.csv", ANALYSIS | cells)
    assert places(examine(made_up).problems) == [("error", "analyses.csv", 2, column, value)]


@pytest.mark.parametrize("cells", [
    {}, {"measure": "SMD"}, {"measure": "HR"}, {"target_type": "event", "target": "any-ae",
                                                 "measure": "OR"},
    {"target": "responder", "measure": "RD"}, {"window_from": "3", "window_to": "6"},
    {"window_from": "24"}, {"window_to": "3"}, {"studies": "doe-2020;roe-2021"},
])
def test_an_analysis_that_can_have_a_result_is_valid(made_up, cells):
    append(made_up, "analyses.csv", ANALYSIS | cells)
    assert examine(made_up).problems == ()


def test_three_errors_at_once_are_three_lines(data_copy):
    rows = read_table(data_copy / OUTCOMES)
    with_sd = [i for i, row in enumerate(rows) if row["sd"]]
    letter, negative, unknown = with_sd[0], with_sd[5], with_sd[9]
    rows[letter]["mean"] = "x"
    rows[negative]["sd"] = f"-{rows[negative]['sd']}"
    rows[unknown]["arm_id"] = "no-such-arm"
    write_table(data_copy / OUTCOMES, tables.OUTCOMES.names, rows)

    data = examine(data_copy)
    with mock.patch.object(dataset, "examine", return_value=data):
        code, lines = check(data_copy)
        with pytest.raises(DataError) as caught:
            load(data_copy)

    found = [p for p in data.problems if p.level == "error"]
    assert places(found) == [
        ("error", OUTCOMES, letter + 2, "mean", "x"),
        ("error", OUTCOMES, negative + 2, "sd", rows[negative]["sd"]),
        ("error", OUTCOMES, unknown + 2, "arm_id", "no-such-arm")]
    assert code == 1
    assert "3 errors" in lines
    assert caught.value.problems == found


# --- damaged cells ----------------------------------------------------------------------------


@pytest.mark.parametrize(("column", "value", "hint"), [
    ("mean", "3,5", "decimal comma"),
    ("mean", "1,234", "decimal comma or a thousands separator"),
    ("mean", "1,234.5", "thousands separator"),
    ("mean", "1 234", "thousands separator"),
    ("mean", "1.234.567", "thousands separator"),
    ("mean", "10-Dec", "spreadsheet turned it into a date"),
    ("mean", "2026-11-21", "spreadsheet turned it into a date"),
    ("mean", "21/11/2026", "spreadsheet turned it into a date"),
    ("mean", "NaN", "an empty cell means not stated"),
    ("mean", "inf", "an empty cell means not stated"),
    ("mean", "NA", "an empty cell means not stated"),
    ("mean", "1e999", "too large"),
    ("mean", "٣", "digits of another script"),
    ("mean", "３５", "digits of another script"),
    ("mean", "\u221212", "minus sign"),
    ("mean", " 35", "spaces around it"),
    ("mean", "35\n", "spaces around it"),
    ("mean", "\u200b35", "not a number"),
    ("mean", "0x1F", "not a number"),
    ("mean", "1_000", "not a number"),
    ("mean", "--5", "not a number"),
    ("n", "20.0", "it has a decimal part"),
    ("n", "9" * 400, "too large"),
    ("n", "٣", "digits of another script"),
    ("n", "twenty", "not a whole number"),
])
def test_a_number_must_be_plain(made_up, column, value, hint):
    edit(made_up, OUTCOMES, MSC_6, column, value)

    found = examine(made_up).problems

    assert places(found) == [("error", OUTCOMES, 4, column, value)]
    assert hint in found[0].wrong
    assert str(found[0]).isprintable()


@pytest.mark.parametrize("value", ["35.", ".5", "+35", "3.5e1", "035", "35.0000000000000001"])
def test_a_number_may_be_written_in_other_ways(made_up, value):
    edit(made_up, OUTCOMES, MSC_6, "mean", value)
    data = examine(made_up)
    assert [p for p in data.problems if p.level == "error"] == []
    assert data.frame("outcomes", INDICATION).loc[4, "mean"] == float(value)


def test_numbers_are_read_to_the_last_digit(made_up):
    edit(made_up, OUTCOMES, MSC_6, "mean", "35.123456789012345")
    assert examine(made_up).frame("outcomes", INDICATION).loc[4, "mean"] == 35.123456789012345


@pytest.mark.parametrize("value", ["21/11/2026", "46347", "21.11.2026", "2026-1-2", "20261121",
                                   "2026-11-21T00:00", "٢٠٢٦-١١-٢١", "soon"])
def test_a_date_must_be_iso_8601(made_up, value):
    edit(made_up, SOURCES, {}, "accessed", value)
    assert places(examine(made_up).problems) == [("error", SOURCES, 2, "accessed", value)]


def test_a_date_in_the_future_is_valid(made_up):
    edit(made_up, SOURCES, {}, "accessed", "2031-01-01")
    assert examine(made_up).problems == ()


@pytest.mark.parametrize("column", ["mean", "sd", "se", "median", "q1", "q3", "min", "max",
                                    "scale_min", "scale_max", "timepoint_months", "ci_low"])
@pytest.mark.filterwarnings("error")
def test_numbers_at_the_edge_of_what_is_possible(made_up, column):
    for row, value in ((MSC_0, "1e308"), (SALINE_0, "-1e308"), (MSC_6, "1e308"),
                       (SALINE_6, "1e-308")):
        edit(made_up, OUTCOMES, row, column, value)
    examine(made_up)


def test_a_long_or_strange_value_stays_on_one_short_line(made_up):
    edit(made_up, OUTCOMES, MSC_6, "mean", "x" * 300)
    edit(made_up, OUTCOMES, SALINE_6, "arm_id", "a\r\nb\x1b[31m")
    edit(made_up, STUDIES, DOE, "doi", "膝\u2028骨")

    code, lines = check(made_up)

    assert code == 1
    assert all(line.isprintable() and len(line) < 300 for line in lines)
    assert any("膝\\u2028骨" in line for line in lines)
    assert any("a\\r\\nb\\x1b[31m" in line for line in lines)


# --- damaged files ----------------------------------------------------------------------------


def change_bytes(folder: Path, path: str, change) -> None:
    (folder / path).write_bytes(change((folder / path).read_bytes()))


def change_lines(folder: Path, path: str, change) -> None:
    """Change the list of lines of a file, without line ends."""
    lines = (folder / path).read_text(encoding="utf-8").splitlines()
    (folder / path).write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def first_of(line: str, new: str) -> str:
    """`line` with another first cell."""
    return new + line[line.index(","):]


LINES = {
    "missing column": (lambda ls: [",".join(x.split(",")[:-1]) for x in ls],
                       [("error", OUTCOMES, 1, "note", "")]),
    "missing key column": (lambda ls: [x.split(",", 1)[1] for x in ls],
                           [("error", OUTCOMES, 1, "study_id", "")]),
    "extra column": (lambda ls: [ls[0] + ",remark"] + [x + "," for x in ls[1:]],
                     [("error", OUTCOMES, 1, "remark", "remark")]),
    "column without a name": (lambda ls: [x + "," for x in ls], [("error", OUTCOMES, 1, "", "")]),
    "duplicate header": (lambda ls: [ls[0] + ",mean"] + [x + ",x" for x in ls[1:]],
                         [("error", OUTCOMES, 1, "mean", "mean")]),
    "upper-case header": (lambda ls: [ls[0].replace(",mean,", ",Mean,")] + ls[1:],
                          [("error", OUTCOMES, 1, "Mean", "Mean"),
                           ("error", OUTCOMES, 1, "mean", "")]),
    "unclosed quote": (lambda ls: ls[:3] + [first_of(ls[3], '"doe-2020')] + ls[4:],
                       [("error", OUTCOMES, 4, "", "")]),
    "stray quote": (lambda ls: ls[:3] + [first_of(ls[3], '"doe"-2020')] + ls[4:],
                    [("error", OUTCOMES, 4, "", "")]),
    "too many fields": (lambda ls: [*ls[:3], ls[3] + ",", *ls[4:]],
                        [("error", OUTCOMES, 4, "", None)]),
    "too few fields": (lambda ls: [*ls[:3], ls[3][:-1], *ls[4:]],
                       [("error", OUTCOMES, 4, "", None)]),
    "row of commas": (lambda ls: [*ls, "," * ls[0].count(",")],
                      [("error", OUTCOMES, 10, "", "," * 27)]),
    "semicolons": (lambda ls: [x.replace(",", ";") for x in ls],
                   [("error", OUTCOMES, 1, "", None)]),
    "tabs": (lambda ls: [x.replace(",", "\t") for x in ls], [("error", OUTCOMES, 1, "", None)]),
    "header only": (lambda ls: ls[:1], []),
    "blank lines": (lambda ls: [x for line in ls for x in (line, "")], []),
    "no header": (lambda ls: ls[1:], None),
}


@pytest.mark.parametrize(("change", "expected"), LINES.values(), ids=LINES)
def test_damaged_lines(made_up, change, expected):
    change_lines(made_up, OUTCOMES, change)

    data = examine(made_up)
    with mock.patch.object(dataset, "examine", return_value=data):
        code, _ = check(made_up)

    found = places(data.problems)
    assert code == (1 if expected != [] else 0)
    if expected is not None:
        value = [place[-1] for place in expected]
        assert [(*place[:-1], None if v is None else place[-1])
                for place, v in zip(found, value, strict=True)] == expected


BYTES = {
    "latin-1": (lambda b: b.replace(b"VAS", b"\xe9VAS", 1), 2, "this byte is not UTF-8"),
    "UTF-16": (lambda b: b.decode().encode("utf-16"), 1, "UTF-16"),
    "UTF-16 without a mark": (lambda b: b[:40].decode().encode("utf-16-le"), 1,
                              "UTF-16 without"),
    "NUL": (lambda b: b.replace(b"doe", b"d\0e", 2), 2, "NUL"),
    "empty": (lambda b: b"", 1, "the file is empty"),
    "only line ends": (lambda b: b"\r\n\n", 1, "the file is empty"),
    "only a mark": (lambda b: b"\xef\xbb\xbf", 1, "the file is empty"),
    "a picture": (lambda b: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1, "this byte is not UTF-8"),
}


@pytest.mark.parametrize(("change", "row", "wrong"), BYTES.values(), ids=BYTES)
@pytest.mark.parametrize("path", [OUTCOMES, "vocabularies.csv"])
def test_damaged_bytes_are_one_error(made_up, path, change, row, wrong):
    before = (made_up / path).read_bytes()
    after = change(before if b"doe" in before and b"VAS" in before else b"doe VAS\n" + before)
    if path != OUTCOMES:
        row = None  # the line depends on the table
    (made_up / path).write_bytes(after)

    errors = [p for p in examine(made_up).problems if p.level == "error"]

    assert [p.file for p in errors] == [path], "\n".join(map(str, errors))
    assert wrong in errors[0].wrong
    assert row in (None, errors[0].row)


@pytest.mark.parametrize("change", [
    lambda b: b.replace(b"\n", b"\r\n"), lambda b: b.replace(b"\n", b"\r"), lambda b: b[:-1],
    lambda b: b + b"\n\n",
], ids=["CRLF", "CR", "no last line end", "blank lines at the end"])
def test_line_ends_change_nothing(made_up, change):
    edit(made_up, OUTCOMES, MSC_6, "n", "21")
    before = examine(made_up)
    for path in before.frames:
        change_bytes(made_up, path, change)

    after = examine(made_up)

    assert after.problems == before.problems
    assert after.records("outcomes", INDICATION) == before.records("outcomes", INDICATION)


def test_a_byte_order_mark_is_a_warning_and_changes_nothing(made_up):
    before = examine(made_up)
    change_bytes(made_up, OUTCOMES, lambda b: b"\xef\xbb\xbf" + b)

    after = examine(made_up)

    assert places(after.problems) == [("warning", OUTCOMES, 1, "", "")]
    assert after.records("outcomes", INDICATION) == before.records("outcomes", INDICATION)
    assert check(made_up)[0] == 0


def test_a_long_note_with_line_ends_is_valid_and_rows_keep_their_lines(made_up):
    edit(made_up, OUTCOMES, SALINE_6, "mean", "x")
    edit(made_up, OUTCOMES, MSC_0, "note", 'a "quoted"\nline, ' + "x" * 200_000)
    assert places(examine(made_up).problems) == [("error", OUTCOMES, 6, "mean", "x")]


@pytest.mark.parametrize("path", [
    "vocabularies.csv", "instruments.csv", "seed-reviews/claims.csv", STUDIES, ARMS, SOURCES])
def test_a_missing_file_is_one_error(made_up, path):
    (made_up / path).unlink()
    found = examine(made_up).problems
    assert places(found) == [("error", path, 1, "", "")]
    assert found[0].wrong == "the file is missing"
    assert check(made_up)[0] == 1


@pytest.mark.parametrize("folder", [INDICATION, "seed-reviews"])
def test_a_missing_folder_is_one_error(made_up, folder):
    (made_up / folder).rename(made_up / "elsewhere")
    errors = [p for p in examine(made_up).problems
              if p.level == "error" and p.file != "instruments.csv"]
    assert places(errors) == [("error", folder, 1, "", "")]


def test_an_indication_without_a_folder_is_one_error(made_up):
    row = append(made_up, "vocabularies.csv", {
        "list": "indication", "value": "osteoporosis", "label_en": "Osteoporosis",
        "label_zh": "骨质疏松"})
    assert places(examine(made_up).problems) == [("error", "osteoporosis", 1, "", "")]

    edit(made_up, "vocabularies.csv", {"list": "indication", "value": "osteoporosis"},
         "value", "../osteoporosis")
    assert places(examine(made_up).problems) == [
        ("error", "vocabularies.csv", row, "value", "../osteoporosis")]


@pytest.mark.parametrize("word, column, value, said", [
    ({"list": "wording", "value": "amount"}, "value", "amuont", "amuont"),
    ({"list": "comparator_type", "value": "other-cell"}, "kind", "substance", "other-cell")])
def test_a_word_that_does_nothing_is_a_warning(made_up, word, column, value, said):
    edit(made_up, "vocabularies.csv", word, column, value)
    (level, file, _, *where), = places(examine(made_up).problems)
    assert (level, file, *where) == ("warning", "vocabularies.csv", "value", said)


def test_the_kind_of_an_outcome_is_a_family(made_up):
    edit(made_up, "vocabularies.csv", {"list": "outcome", "value": "pain-vas"}, "kind", "pian")
    (level, file, _, *where), = places(examine(made_up).problems)
    assert (level, file, *where) == ("error", "vocabularies.csv", "kind", "pian")
    assert "expected one of the words pain, " in str(examine(made_up).problems[0])


def test_a_folder_that_the_vocabulary_does_not_list_is_a_warning(made_up):
    (made_up / "hip").mkdir()
    (made_up / "hip/studies.csv").write_bytes((made_up / STUDIES).read_bytes())
    assert places(examine(made_up).problems) == [("warning", "hip/studies.csv", 1, "", "hip")]


def test_an_optional_file_may_be_missing(made_up):
    assert not (made_up / INDICATION / "double_extraction.csv").exists()
    assert examine(made_up).problems == ()


def test_a_list_that_no_table_with_rows_uses_may_be_missing(made_up):
    change_lines(made_up, "vocabularies.csv",
                 lambda ls: [x for x in ls if not x.startswith(("doubt_rule,", "role,"))])
    assert places(examine(made_up).problems) == [("error", "vocabularies.csv", 1, "list", "role")]
    row = {"indication": INDICATION, "table": "outcomes", "study_id": "doe-2020",
           "rule": "second-print", "finding": "two values", "decision": "kept", "reason": "both",
           "date": "2026-01-01"}
    write_table(made_up / "doubts.csv", tables.BY_NAME["doubts"].names, [row])
    assert [p.value for p in examine(made_up).problems if p.rule == "list"] == [
        "doubt_rule", "role"]


@pytest.mark.parametrize("change", [
    lambda ls: ls[:20], lambda ls: ls[:1], lambda ls: [*ls[:30], '"' + ls[30], *ls[31:]],
    lambda ls: [*ls[:30], ls[30] + ",", *ls[31:]], lambda ls: [x.split(",", 1)[1] for x in ls],
    lambda ls: [x.replace("outcome,", "outcom,") for x in ls],
], ids=["cut off", "header only", "broken quote", "long row", "no list", "renamed list"])
def test_a_broken_vocabulary_does_not_drown_the_reader(made_up, change):
    change_lines(made_up, "vocabularies.csv", change)
    errors = [p for p in examine(made_up).problems if p.level == "error"]
    assert errors
    assert sum(p.file != "vocabularies.csv" for p in errors) <= 10
    assert sum(p.file == "vocabularies.csv" for p in errors) <= 60


def test_a_study_that_nothing_names_is_a_warning(made_up):
    edit(made_up, STUDIES, DOE, "pmid", "")
    assert places(examine(made_up).problems) == [("warning", STUDIES, 2, "first_author", "")]


@pytest.mark.parametrize("change", [
    lambda ls: [x.split(",", 1)[1] for x in ls], lambda ls: [*ls[:2], ls[2] + ",", *ls[3:]],
    lambda ls: [*ls[:2], '"' + ls[2], *ls[3:]], lambda ls: [],
], ids=["no study_id", "long row", "broken quote", "empty"])
def test_a_broken_table_is_one_error_and_not_one_for_each_row_that_refers_to_it(made_up, change):
    for path in (STUDIES, ARMS):
        change_lines(made_up, path, change)
    errors = [p for p in examine(made_up).problems if p.level == "error"]
    assert [p.file for p in errors] == [ARMS, STUDIES]


def test_a_folder_where_a_file_should_be(made_up):
    (made_up / OUTCOMES).unlink()
    (made_up / OUTCOMES).mkdir()
    assert places(examine(made_up).problems) == [("error", OUTCOMES, 1, "", "")]
    assert check(made_up)[0] == 1


def test_a_pipe_where_a_file_should_be_is_not_waited_for(made_up):
    (made_up / OUTCOMES).unlink()
    os.mkfifo(made_up / OUTCOMES)
    assert places(examine(made_up).problems) == [("error", OUTCOMES, 1, "", "")]


def test_links_that_go_in_a_circle(made_up):
    (made_up / OUTCOMES).unlink()
    (made_up / OUTCOMES).symlink_to("outcomes.csv")
    assert places(examine(made_up).problems) == [("error", OUTCOMES, 1, "", "")]
    assert check(made_up)[0] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(made_up):
    (made_up / OUTCOMES).chmod(0)
    assert places(examine(made_up).problems) == [("error", OUTCOMES, 1, "", "")]


def test_a_file_that_cannot_be_read(made_up, monkeypatch):
    read = Path.read_bytes

    def refuse(self):
        if self.name == "outcomes.csv":
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = examine(made_up).problems
    assert places(found) == [("error", OUTCOMES, 1, "", "")]
    assert "Permission denied" in found[0].wrong


def test_a_folder_without_data(tmp_path):
    assert check(tmp_path)[0] == 1
    assert [p.wrong for p in examine(tmp_path / "nowhere").problems] == [
        "there is no such data folder"]
    (tmp_path / "file").write_text("")
    assert check(tmp_path / "file")[0] == 2


# --- many rows --------------------------------------------------------------------------------


def run_check(folder: Path) -> tuple[subprocess.CompletedProcess, float]:
    """The command as a user runs it, and its seconds of computing, which others do not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "livingreview", "check", str(folder)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_vocabulary_without_the_kinds_that_decide_is_a_warning(data_copy):
    rows = read_table(data_copy / "vocabularies.csv")
    for row in rows:
        if row["list"] == "family":
            row["kind"] = ""
    write_table(data_copy / "vocabularies.csv", tuple(rows[0]), rows)
    found = [str(p) for p in examine(data_copy).problems if p.rule == "kind-missing"]
    assert len(found) == 1 and found[0].startswith("vocabularies.csv:1:kind: (empty): list family")
    assert not [p for p in examine(ROOT / "data").problems if p.rule == "kind-missing"]


def test_the_living_mode_is_stated_and_promises_no_search_that_nobody_makes(data_copy):
    def found():
        return [str(p) for p in examine(data_copy).problems if p.rule == "living-mode"]

    assert found() == []
    edit(data_copy, "about.csv", {"key": "search-schedule"}, "value", "Every month, in PubMed.")
    assert [line.partition(": Every month, in PubMed.: ")[2] for line in found()] == [
        "it states no days, and living.csv 31, 183, expected the same in both",
        "searches.csv has no row of what was done, and living.csv a plan, expected 'planned' until "
        "it is done"]
    edit(data_copy, "about.csv", {"key": "search-schedule"}, "value",
         "Not yet scheduled: 31 days, 183 days.")
    assert ["expected 'planned'" in line for line in found()] == [True]
    rows = [row for row in read_table(data_copy / "about.csv")
            if row["key"] not in ("search-schedule", "retirement-plan")]
    write_table(data_copy / "about.csv", tuple(rows[0]), rows)
    assert [line.split(",")[0] for line in found()] == [
        "about.csv:1:key: retirement-plan: what every living review states is missing",
        "about.csv:1:key: search-schedule: what every living review states is missing"]


@pytest.mark.parametrize(("size", "damage"), [
    (100_000, {}),
    (20_000, {"mean": "x", "sd": "-1", "arm_id": "no-such-arm", "outcome": "no-such-outcome"}),
], ids=["valid", "an error in every row"])
def test_a_hundred_thousand_rows_take_seconds(data_copy, size, damage):
    rows = read_table(data_copy / OUTCOMES)
    many = [row | {"instrument": f"{row['instrument']} {i // len(rows)}"} | damage
            for i in range(size) for row in [rows[i % len(rows)]]]
    write_table(data_copy / OUTCOMES, tables.OUTCOMES.names, many)

    done, seconds = run_check(data_copy)

    print(f"{len(many)} rows: {seconds:.1f} s")
    assert seconds < 60  # some 6 on an idle machine: what grows with the square of the rows fails
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if damage else 0)
    assert len(done.stderr.splitlines()) < 3000
    if damage:
        assert re.search(r"outcomes\.csv:\d+:mean: x: not a number \(and 19,900 more rows\), "
                         r"expected a number with a decimal point", done.stderr)


def test_problems_beyond_the_first_are_counted(made_up):
    row = outcome(n="20", mean="x", scale_min="0", scale_max="100")
    rows = [row | {"timepoint_months": str(i)} for i in range(1, SHOWN + 51)]
    write_table(made_up / OUTCOMES, tables.OUTCOMES.names, rows)

    errors = [p for p in examine(made_up).problems if p.level == "error"]

    assert len(errors) == SHOWN
    assert sum(1 + p.more for p in errors) == SHOWN + 50
    assert str(errors[-1]).endswith(
        "not a number (and 50 more rows), expected a number with a decimal point")


# --- the project's own data and its description -----------------------------------------------


@pytest.fixture(scope="module")
def own() -> dataset.Dataset:
    """The project's own data, read once."""
    return examine(DATA)


def test_the_projects_own_data_have_no_error():
    done, _ = run_check(DATA)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr[:1000]  # errors come first
    lines = done.stderr.splitlines()
    assert "0 errors" in lines
    assert any(re.fullmatch(r"\d+ warnings?", line) for line in lines)


def test_every_problem_of_a_folder_has_a_place(own):
    for problem in own.problems:
        assert isinstance(problem, Problem)
        assert problem.file and problem.row >= 1 and problem.wrong and problem.expected


def described(data: dataset.Dataset) -> dict:
    return codebook.datapackage(list(data.indications), set(data.frames), names=data.names,
                                headers=data.headers)


def test_the_data_package_names_what_is_there(own):
    listed = described(own)["resources"]
    resources = {r["name"]: r for r in listed}
    assert len(resources) == len(listed)
    for one in resources.values():
        assert (DATA / one["path"]).is_file()
        fields = [f["name"] for f in one["schema"]["fields"]]
        header = (DATA / one["path"]).open(encoding="utf-8").readline().strip().split(",")
        assert header == fields
        assert set(one["schema"].get("primaryKey", [])) <= set(fields)
        for key in one["schema"].get("foreignKeys", []):
            target = resources[key["reference"]["resource"] or one["name"]]
            assert set(key["fields"]) <= set(fields)
            assert set(key["reference"]["fields"]) <= {
                f["name"] for f in target["schema"]["fields"]}


def test_frictionless_agrees_that_the_data_are_valid(own):
    frictionless = pytest.importorskip("frictionless")
    package = frictionless.Package.from_descriptor(described(own), basepath=str(DATA))
    report = package.validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "type", "note"])[:10]


def test_frictionless_and_check_refuse_the_same_arm(data_copy, own):
    frictionless = pytest.importorskip("frictionless")
    row = len(read_table(data_copy / OUTCOMES)) + 1
    rows = read_table(data_copy / OUTCOMES)
    rows[-1]["arm_id"] = "no-such-arm"
    write_table(data_copy / OUTCOMES, tables.OUTCOMES.names, rows)

    package = frictionless.Package.from_descriptor(described(own), basepath=str(data_copy))
    report = package.get_resource(f"{INDICATION}-outcomes").validate()

    assert report.flatten(["type", "rowNumber"]) == [["foreign-key", row]]
    errors = [p for p in examine(data_copy).problems if p.level == "error"]
    assert places(errors) == [("error", OUTCOMES, row, "arm_id", "no-such-arm")]


def test_a_missing_certainty_rule_is_an_error(made_up):
    append(made_up, "analyses.csv", ANALYSIS)
    path = made_up / "certainty_rules.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if not x.startswith("indirectness,")),
                    encoding="utf-8")
    assert places(examine(made_up).problems) == [
        ("error", "certainty_rules.csv", 1, "rule_id", "indirectness")]


@pytest.mark.parametrize("rule, found, put", [
    ("information-power", "0.8", "1.2"), ("information-alpha", "0.05", "0"),
    ("information-reduction", "0.25", ""), ("imprecision-far", "0.5", "")],
    ids=["power", "alpha", "reduction", "far"])
def test_a_certainty_rule_that_cannot_be_applied_is_an_error(made_up, rule, found, put):
    path = made_up / "certainty_rules.csv"
    text = path.read_text(encoding="utf-8")
    row = text[:text.index(f"{rule},")].count("\n") + 1
    path.write_text(text.replace(f"{rule},imprecision,{found},", f"{rule},imprecision,{put},"),
                    encoding="utf-8")
    assert places(examine(made_up).problems) == [
        ("error", "certainty_rules.csv", row, "threshold", put)]
