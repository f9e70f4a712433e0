"""Scores on several metrics under one name are no one scale."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up import KNEE, PAIN, World
from rendered import word

from livingreview.data.dataset import examine, load
from livingreview.data.metrics import limits, scored
from livingreview.effects import select
from livingreview.review import Review
from livingreview.review.results import analyse
from livingreview.view.message import message

MENTAL = replace(PAIN, target_type="outcome", target="sf36-mental", favourable="higher",
                 rescale=False)
WHY = "scored on another metric than the other trials"


@pytest.fixture
def world(tmp_path) -> World:
    made = World(tmp_path)
    made.add("metrics", outcome="sf36-mental", metric="norm-based", forms="norm-based;T score",
             norm_mean=50, norm_sd=10, source="a manual")
    return made.add("metrics", outcome="sf36-mental", metric="of-range", forms="0 to 100",
                    scale_min=0, scale_max=100, source="a manual")


def mental(world: World, study: str, cells: float, control: float, sd: float = 9, **more) -> World:
    world.trial(study)
    return world.pair(study, cells, control, sd, **{
        "outcome": "sf36-mental", "instrument": "SF-36 MCS", "better": "higher", **more})


def how(world: World, study: str, instrument: str = "SF-36 MCS"):
    return scored(world.data(), KNEE, study, "sf36-mental", instrument)


@pytest.mark.parametrize("cells, control, sd, more, metric, column", [
    (55, 45, 9, {}, "norm-based", None),
    (80, 20, 20, {}, "norm-based", None),  # on the edges
    (80.1, 50, 9, {}, "of-range", "mean"), (19.9, 50, 9, {}, "of-range", "mean"),
    (55, 45, 20.1, {}, "of-range", "sd"),
    (3, -2, 9, {"statistic": "change"}, "norm-based", None),
    (-61, 2, 9, {"statistic": "change"}, "of-range", "mean"),
    (-90, 2, 26, {"statistic": "percent-change", "instrument": "SF-36 MCS"}, "norm-based", None),
    (55, 45, 51, {}, None, "sd")],  # no scores between 0 and 100 spread so much
    ids=["norm", "edges", "high", "low", "sd", "change", "large-change", "percent", "neither"])
def test_values_tell_the_metric(world, cells, control, sd, more, metric, column):
    found = how(mental(world, "a", cells, control, sd, **more), "a")
    assert (found.metric, found.expected) == (metric, "norm-based")
    assert (found.misfit[1] if found.misfit else None) == column


def test_the_text_of_the_instrument_names_the_metric(world):
    mental(world, "a", 55, 45, instrument="SF-36 MCS, 0 to 100")
    mental(world, "b", 85, 45, instrument="SF-36 MCS (T score)")
    one = how(world, "a", "SF-36 MCS, 0 to 100")
    assert (one.metric, one.expected, one.misfit) == ("of-range", "of-range", None)
    other = how(world, "b", "SF-36 MCS (T score)")
    assert (other.metric, other.expected) == ("of-range", "norm-based")


def test_one_visit_tells_of_all_visits_of_a_trial(world):
    mental(world, "a", 60, 40, timepoint_months=3)
    world.pair("a", 85, 40, 9, outcome="sf36-mental", instrument="SF-36 MCS", better="higher",
               timepoint_months=12)
    assert how(world, "a").metric == "of-range"


def test_other_outcomes_have_no_metric(world):
    world.trial("a").pair("a")
    assert scored(world.data(), KNEE, "a", "pain-vas", "VAS") is None


def test_two_metrics_are_not_pooled(world):
    mental(mental(mental(world, "a", 53, 50), "b", 81, 37, 24), "c", 52, 50)
    effects, left = select(world.evidence(), MENTAL)
    assert [e.trial_id for e in effects] == ["a", "c"]
    assert [(x.trial_id, x.reason, x.counted) for x in left] == [("b", WHY, True)]
    result = analyse(world.evidence(), MENTAL)[0]
    assert result["k"] == 2
    assert [t["reason"] for t in result["not_in_pool"]["trials"]] == [WHY]
    assert word("said", message(WHY), template="messages.html") == WHY
    for row in result["robustness"]:  # nor where a variant lets more in
        assert "b" not in row.get("brings", ()), row["id"]


def test_one_metric_alone_is_pooled_whichever_it_is(world):
    mental(mental(world, "b", 81, 37, 24), "c", 70, 60, 25)
    effects, left = select(world.evidence(), MENTAL)
    assert [e.trial_id for e in effects] == ["b", "c"] and not left


def test_a_standardised_difference_has_no_metric(world):
    mental(mental(world, "a", 53, 50), "b", 81, 37, 24)
    effects, left = select(world.evidence(), replace(MENTAL, measure="SMD"))
    assert [e.trial_id for e in effects] == ["a", "b"] and not left


def test_values_that_fit_no_metric_are_with_no_other(world):
    mental(mental(world, "a", 53, 50), "b", 53, 50, 51)
    assert [e.trial_id for e in select(world.evidence(), MENTAL)[0]] == ["a"]


def test_the_check_names_the_row_the_column_and_what_it_is_taken_as(world):
    mental(mental(world, "a", 53, 50), "b", 60, 37, 24)
    world.write()
    found = [p for p in examine(world.folder).problems if p.rule == "metric"]
    assert [(p.level, p.row, p.column, p.value) for p in found] == [("warning", 4, "sd", "24")]
    assert "Share of the range" in found[0].wrong and "Norm-based" in found[0].expected


@pytest.mark.parametrize("values", [
    {}, {"norm_mean": 50}, {"norm_sd": 10}, {"norm_mean": 50, "norm_sd": 0}, {"scale_min": 0},
    {"scale_min": 100, "scale_max": 0},
    {"norm_mean": 50, "norm_sd": 10, "scale_min": 0, "scale_max": 100}],
    ids=["neither", "mean", "sd", "no-spread", "half", "turned", "both"])
def test_a_metric_without_norm_or_limits_is_an_error(world, values):
    world.rows["metrics"].clear()
    world.add("metrics", outcome="sf36-mental", metric="norm-based", source="a manual", **values)
    mental(world, "a", 53, 50)
    world.write()
    assert [(p.level, p.file, p.row) for p in examine(world.folder).problems
            if p.rule == "metric"] == [("error", "metrics.csv", 2)]


def test_the_two_mental_components_of_the_knee_are_never_one_pool():
    """Differences of 3 and of 44 points: the one is norm-based, the other is not."""
    data = load()
    assert all(limits(m) for m in data.records("metrics"))
    text = "SF-36 mental component"
    found = {s: scored(data, KNEE, s, "sf36-mental", text).metric
             for s in ("kim-2023", "ho-2022", "sadri-2023")}
    assert found == {"kim-2023": "norm-based", "ho-2022": "norm-based", "sadri-2023": "of-range"}
    for result in Review.by_need(data).document["analyses"].values():
        if result["question"]["target"] == "sf36-mental":
            for row in (*result["robustness"], *result["subgroups"]):
                assert not {"sadri-2023", "kim-2023"} <= set(row.get("brings", ())), result["id"]
            assert {s["trial_id"] for s in result["studies"]} != {"sadri-2023", "kim-2023"}
