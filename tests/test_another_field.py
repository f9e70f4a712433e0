"""The package on a made-up review of another field: its words come from its data alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from livingreview.__main__ import main
from livingreview.dataset import load
from livingreview.display import Chapter
from livingreview.review import dumps

FIELD = Path(__file__).parent / "another_field" / "data"
MAIN = "sleep-attention-0-3"
OURS = re.compile(r"(?i)\b(mesenchymal|cells?|stem|msc|marrow|adipose|orthopaed\w*|knees?|hips?|"
                  r"joints?|cartilage|injections?|hyaluronic|surgery|platelet)\b")


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    return Chapter("insomnia", FIELD)


def _shown(chapter: Chapter) -> dict[str, str]:
    """What each part of the chapter shows."""
    return {
        "summary": chapter.summary(MAIN, "any-ae-attention", "sleep-waiting-0-3", "remission-any",
                                   "sleep-change"),
        "unpooled": chapter.unpooled(MAIN), "question": chapter.question(),
        "changes": chapter.changes(), "size": chapter.size(), "studies": chapter.study_table(),
        "bias": chapter.risk_of_bias(), "overview": chapter.overview(section="effects"),
        "figures": chapter.figures(section="effects"), "responders":
        chapter.figures(section="responders"), "directions": chapter.directions(),
        "albatross": chapter.albatross("sleep"), "panels": chapter.panels("psqi"),
        "uncontrolled": chapter.figures(section="uncontrolled"),
        "time": chapter.time_course("sleep", "placebo"), "dose": chapter.dose(MAIN),
        "subgroups": chapter.subgroups(MAIN), "combinations": chapter.combinations(),
        "robustness": chapter.robustness(MAIN), "harms": chapter.figures(section="harms"),
        "bounds": chapter.event_bounds(),
        "findings": chapter.summary_of_findings(MAIN, "any-ae-attention", "sleep-change"),
        "others": chapter.others(), "beside": chapter.ours_beside(), "claims": chapter.claims(),
        "gaps": chapter.gaps(), "running": chapter.running(), "values": chapter.values(),
        "pools": chapter.pools(), "entries": chapter.study_entries()}


def test_its_data_are_valid_and_its_results_are_numbers(chapter):
    result = CliRunner().invoke(main, ["check", str(FIELD)])
    assert result.exit_code == 0, result.stderr
    pooled = chapter.review.analysis(MAIN)
    assert pooled["k"] == 2 and pooled["pooled"]["estimate"] < 0
    assert pooled["question"]["intervention"] == "exercise"


def test_its_chapter_speaks_of_its_field_alone(chapter):
    parts = {name: BeautifulSoup(html, "lxml").get_text(" ") for name, html in
             _shown(chapter).items()}
    found = {name: sorted({m[0] for m in OURS.finditer(text)}) for name, text in parts.items()}
    assert {name: words for name, words in found.items() if words} == {}
    assert "exercise changes sleep problems compared with attention control" in parts["summary"]
    assert "exercise" in parts["summary"] and "Exercise" in parts["figures"]


def test_its_results_name_no_other_field(chapter):
    text = re.sub(r'"(n_)?cells?(_\w+)?"', "", dumps(chapter.review.document["analyses"]))
    assert {m[0].lower() for m in re.finditer(r"(?i)mesenchymal|marrow|orthop\w+|knee", text)} == (
        set())


def test_our_own_data_say_what_they_are_about():
    data = load()
    assert data.wording("intervention") == "cells"
    assert load(FIELD).wording("intervention") == "exercise"
