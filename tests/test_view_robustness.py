"""What the pages of robustness, dose and time draw is what the results say."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote

import numpy as np
import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, World
from rendered import plain, soup

from livingreview import synthesis
from livingreview.render.chapter import Chapter
from livingreview.render.engine import environment
from livingreview.review.certainty import SMALL_STUDY
from livingreview.review.multiverse import WORDS as COMBINED
from livingreview.review.robustness import PRE_POST, VARIANTS
from livingreview.review.robustness import WORDS as CHOICES
from livingreview.view.base import shown
from livingreview.view.plot import Scale, area, tags
from livingreview.view.robustness import CURVE

SEVERAL = "knee-pain-any-3-6"


@pytest.fixture(scope="module")
def knee():
    return Chapter(KNEE)


@pytest.fixture(scope="module")
def robust(knee):
    return knee.robustness(SEVERAL).view


def _file(page: BeautifulSoup, name: str) -> list[dict]:
    """The rows of a file that a page offers."""
    (link,) = page.select(f"a[download='{name}.csv']")
    return list(csv.DictReader(io.StringIO(unquote(link["href"].partition(",")[2]))))


def test_the_curve_counts_all_analyses_and_draws_them_in_order(knee, robust):
    found, curve = knee.review.analysis(SEVERAL)["multiverse"], robust.curve
    estimates = [float(r["estimate"]) for r in csv.DictReader(io.StringIO(found["table"]))]
    assert (curve.n, curve.crossing, curve.below, curve.above) == tuple(
        found[k] for k in ("n", "crossing_null", "below", "above"))
    assert (curve.low, curve.high) == (min(estimates), max(estimates))
    assert CURVE / 2 < len(curve.line) == len(curve.spread) <= CURVE + 1
    # higher is further up, and each estimate lies in its interval
    heights = [y for _, y in curve.line]
    assert heights == sorted(heights, reverse=True)
    assert all(low >= y >= high for (_, y), (_, low, high) in zip(
        curve.line, curve.spread, strict=True))
    said = plain(soup(robust).select_one(f"#curve-{SEVERAL} figcaption"))
    assert f"in {found['crossing_null']:,}, lies below it in {found['below']:,}" in said
    assert f"One analysis in {curve.every} is drawn; all are counted." in said


def test_levels_of_choices_are_those_of_the_estimates_that_have_them(knee, robust):
    found = knee.review.analysis(SEVERAL)["multiverse"]
    rows = list(csv.DictReader(io.StringIO(found["table"])))
    places = {(x.choice, getattr(x.level, "en", x.level)): x for x in robust.curve.levels}
    assert len(places) == sum(len(levels) for levels in found["choices"].values()
                              if len(levels) > 1)
    out = places["products-stated", "out"]
    at = found["choices"]["products not stated"].index("out")
    values = [float(r["estimate"]) for r in rows if r["products not stated"] == str(at)]
    assert out.five == pytest.approx(np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))
    (row,) = [r for r in _file(soup(robust), f"curve-{SEVERAL}")
              if r["choice"] == "products not stated: out"]
    assert float(row["middle"]) == round(out.five[2], 1)


def test_each_choice_and_each_trial_left_out_is_a_row(knee, robust):
    result = knee.review.analysis(SEVERAL)
    rows = [r for r in (*result["robustness"], *result["leave_one_out"])
            if r["same_question"] and r.get("estimate") is not None]
    assert sorted(r.estimate.value for r in robust.choices.rungs) == sorted(
        [result["pooled"]["estimate"], *(r["estimate"] for r in rows)])
    assert {r.kind for r in robust.choices.rungs} == {"main", "method", "values", "trial"}
    assert sum(r.kind == "trial" for r in robust.choices.rungs) == len(result["leave_one_out"])
    assert robust.moving.estimate.value == result["most_moving"]["estimate"]
    page = soup(robust)
    assert len(_file(page, f"robust-{SEVERAL}")) == len(rows) + 1
    ends = page.select(f"#robust-{SEVERAL} .lr-ladder tbody tr:not(.lr-axis-row) line.lr-ci")
    places = [(float(x["x1"][:-1]), float(x["x2"][:-1])) for x in ends]
    assert len(places) == len(rows) + 1 and all(0 <= a <= b <= 100 for a, b in places)


def test_neighbouring_questions_lead_to_their_pages(robust):
    page = soup(robust)
    rows = page.select(f"#other-{SEVERAL} .lr-ladder tbody th[scope=row]")
    questions = [r for r in robust.questions.rungs if r.kind == "question"]
    assert questions and len(page.select(f"#other-{SEVERAL} tbody th a")) == len(questions)
    assert len(rows) == len(robust.questions.rungs)


def test_the_funnel_has_every_trial_and_the_test(knee, robust):
    result = knee.review.analysis(SEVERAL)
    trials = [s for s in result["studies"] if s["yi"] is not None]
    assert sorted(p.effect for p in robust.funnel.points) == sorted(s["yi"] for s in trials)
    assert sorted(p.error**2 for p in robust.funnel.points) == pytest.approx(
        sorted(s["vi"] for s in trials))
    page = soup(robust)
    assert len(page.select(f"#funnel-{SEVERAL} circle")) == len(trials)
    assert f"p = {result['small_study']['p_value']:.3f}" in plain(page)


def test_too_few_trials_for_the_test_are_said(knee):
    assert "not tested: there are fewer than 10 trials." in plain(
        soup(knee.robustness("knee-pain-placebo-3-6").view))


def test_two_trials_of_a_window_stand_beside_their_estimate(tmp_path):
    world = World(tmp_path / "data")
    for low, high in ((0, 3), (3, 6), (6, 12)):
        world.analysis(analysis_id=f"w{high}", window_from=low, window_to=high)
    for study, cells in (("doe-2020", 30), ("roe-2021", 36)):
        world.trial(study).pair(study, cells, 40)
    world.pair("doe-2020", 28, 40, timepoint_months=3)
    part = Chapter(KNEE, world.write()).time_course("pain", "placebo")
    first, second, last = part.view.windows
    assert (len(first.each), len(second.each), last.y) == (0, 2, None)
    higher, lower = sorted(second.each)
    assert higher < second.y[0] < lower
    page = soup(part.view)
    assert len(page.select("svg path.lr-other")) == 2 and len(page.select("svg .lr-open")) == 1
    rows = [(r["trials"], r["participants"]) for r in _file(page, part.view.anchor)]
    assert rows == [("1", "40"), ("2", "80"), ("0", "0")]


def test_trials_of_one_dose_stand_beside_each_other(knee):
    view = knee.dose(SEVERAL).view
    assert [t.dose for t in view.chart.trials] == sorted(t.dose for t in view.chart.trials)
    assert len({t.x for t in view.chart.trials}) == len(view.chart.trials)
    assert len(view.stated) + len(view.silent) == view.finding.k
    assert [t.text for t in view.chart.tags] == [str(i + 1) for i in range(len(view.stated))]


def test_labels_stand_beside_lines_not_on_them():
    line = [(0.0, 100.0), (250.0, 100.0)]
    for tag in tags([(x, 100.0, "1") for x in (60.0, 120.0, 180.0)], area(300), [line]):
        assert abs(tag.y - 100) > 7


def test_ticks_of_a_wide_ratio_hold_one():
    assert 1 in [t.value for t in Scale(1e-4, 1e9, 0, 100, log=True).ticks()]


def _messages(template: str, table: str, page) -> dict[str, str]:
    """Messages of a template by key."""
    return getattr(environment().get_template(f"{template}.html").make_module(
        {"page": "", "language": "en", "v": page}), table)


def test_every_choice_of_results_has_its_message(robust):
    view = shown(robust)["data"]
    choices, tests = (_messages("messages", name, view) for name in ("CHOICES", "TESTS"))
    said_otherwise = {"common", "common-value", "class-alone", "without-trial"}
    assert choices.keys() == CHOICES.keys() - said_otherwise
    combined = _messages("robustness", "CHOICES", view).keys() | _messages(
        "robustness", "LEVELS", view).keys()
    assert combined == COMBINED.keys()
    assert tests.keys() <= SMALL_STUDY.keys()
    for variant in (*VARIANTS, *PRE_POST):
        assert variant.id in choices


def test_reasons_for_no_test_are_those_that_the_test_gives():
    with pytest.raises(synthesis.SynthesisError) as same:
        synthesis.egger([1, 2, 3], [1, 2, 3], predictor=[1, 1, 1])
    with pytest.raises(synthesis.SynthesisError) as straight:
        synthesis.egger([1, 2, 3], [1, 4, 9], model="weighted")
    assert str(same.value) == SMALL_STUDY["same-predictor"]
    assert str(straight.value) == SMALL_STUDY["no-error"]
