"""Risk ratios with events in everybody, and weights that do not tell what a trial does."""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import re

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from made_up import HARM, KNEE, World
from rendered import finding, forest, plain, soup

from livingreview import synthesis
from livingreview.__main__ import main
from livingreview.data.dataset import load
from livingreview.effects.messages import Message
from livingreview.render.numbers import percent
from livingreview.review import Review, dumps, review
from livingreview.review.changes import changes
from livingreview.review.results import analyse
from livingreview.site.figures import csv_text
from livingreview.view.forest import Forests

EVENTS_IN_ALL = ("study,e1,n1,e2,n2\nAsh,18,20,14,20\nBirch,5,10,3,10\nCedar,30,30,12,12\n"
                 "Elm,9,24,4,22\n")
NO_CONTROL_EVENT = "study,e1,n1,e2,n2\nAsh,18,20,14,20\nBirch,5,10,3,10\nCedar,4,30,0,12\n"


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def whole() -> Review:
    return Review.by_need(load())


def harms(world: World, *tables: tuple[int, int, int, int]) -> World:
    """Trials with these events and totals of the cell and the control arm."""
    for number, (e1, n1, e2, n2) in enumerate(tables):
        study = f"t{number}-2020"
        world.trial(study, n_enrolled=n1 + n2).count(study, "msc", e1, n1)
        world.count(study, "control", e2, n2)
    return world


def command(tmp_path, content: str, *arguments: str) -> str:
    path = tmp_path / "trials.csv"
    path.write_text(content, encoding="utf-8")
    out = CliRunner().invoke(main, ["pool", str(path), *arguments])
    assert out.exit_code == 0, out.stderr
    return out.stdout


# --- events in everybody --------------------------------------------------------------------------


def test_a_file_with_events_in_everybody_is_pooled_as_metafor_does(tmp_path):
    got = json.loads(command(tmp_path, EVENTS_IN_ALL, "--measure", "RR", "--method", "MH",
                             "--json"))
    assert [round(got[key], 3) for key in ("estimate", "ci_low", "ci_high")] == [1.272, 1.03, 1.571]
    assert got["k"] == 4 and not any(s["left_out"] for s in got["studies"])
    cedar = got["studies"][2]
    assert cedar["estimate"] == 1 and cedar["weight"] > 0.1
    assert [round(cedar[key], 3) for key in ("ci_low", "ci_high")] == [0.889, 1.125]
    by_variance = json.loads(command(tmp_path, EVENTS_IN_ALL, "--measure", "RR", "--json"))
    assert by_variance["k"] == 4 and by_variance["studies"][2]["weight"] > 0


@pytest.mark.parametrize("arguments", [("OR",), ("OR", "--method", "MH"), ("PETO",)])
def test_they_have_no_odds_ratio_and_the_file_is_told_why(tmp_path, arguments):
    got = json.loads(command(tmp_path, EVENTS_IN_ALL, "--measure", *arguments, "--json"))
    assert got["k"] == 3
    assert got["studies"][2]["left_out"] == "events in all participants of both arms"
    assert got["studies"][2]["weight"] is None


def test_a_trial_with_events_in_everybody_is_in_the_pool(world):
    tables = [(9, 20, 5, 20), (7, 20, 6, 20), (16, 16, 4, 4), (0, 20, 0, 20)]
    found = analyse(harms(world, *tables).evidence(), HARM)[0]
    expected = synthesis.mantel_haenszel(*zip(*tables, strict=True))
    assert expected.k == found["k"] == 3 and found["k_without_ratio"] == 1
    assert found["pooled"]["estimate"] == pytest.approx(math.exp(expected.estimate), rel=1e-9)
    by_trial = {s["trial_id"]: s for s in found["studies"]}
    assert by_trial["t2-2020"]["estimate"] == 1 and by_trial["t2-2020"]["weight"] > 0
    assert by_trial["t3-2020"]["no_ratio"] == "no events in either arm"
    assert "; 3 trials, 100 participants; 40 participants of 1 trial give no ratio." in finding(
        world.data(), found)
    assert found["random_effects"]["k"] == 3
    assert "half-to-all" in {row["id"] for row in found["robustness"]}


def test_of_everybody_in_every_trial_there_is_a_ratio_too(world):
    found = analyse(harms(world, (16, 16, 4, 4), (9, 9, 8, 8)).evidence(), HARM)[0]
    assert found["k"] == 2 and found["pooled"]["estimate"] == 1


def test_a_missing_odds_ratio_is_not_called_a_trial_without_events(world):
    found = analyse(harms(world, (9, 20, 5, 20), (20, 20, 20, 20)).evidence(), HARM)[0]
    odds = {**found, "k": 1, "k_without_ratio": 1, "studies": [
        found["studies"][0], {**found["studies"][1], "yi": None,
                              "no_ratio": "events in all participants of both arms"}]}
    odds["n_without_ratio"] = 40
    odds["question"] = {**found["question"], "measure": "OR"}
    said = finding(world.data(), odds)
    assert "1 trial, 80 participants; 40 participants of 1 trial give no ratio" in said
    assert "without events" not in said and "no ratio" in plain(forest(world.data(), odds))


def test_the_trial_that_an_earlier_rule_left_out_is_a_change_of_method(world):
    harms(world, (9, 20, 5, 20), (7, 20, 6, 20), (16, 16, 4, 4)).analysis(
        target_type="event", target="any-ae", measure="RR", window_from="", window_to="",
        rescale="")
    new = json.loads(dumps(review(world.data()).document))
    old = copy.deepcopy(new)
    result = old["analyses"]["made-up"]
    left = result["studies"][2]
    left.update(yi=None, vi=None, estimate=None, ci_low=None, ci_high=None, weight=None,
                no_ratio="events in all participants of both arms")
    for study in result["studies"]:
        del study["without"]  # a key that results of earlier versions do not have
    before = synthesis.pool(*(
        [s[key] for s in result["studies"][:2]] for key in ("yi", "vi")), model="common",
        interval="z")
    result.update(k=2, k_without_ratio=1, pooled={**result["pooled"], **{
        key: math.exp(getattr(before, key)) for key in ("estimate", "ci_low", "ci_high")}})
    change, = changes(old, new)["analyses"]
    assert "rule" in {c["cause"] for c in change["causes"]} <= {"method", "rule"}
    detail, = [c["detail"] for c in change["causes"] if c["trial_id"] == "t2-2020"]
    assert detail[-1].of == {"of": Message("all-events")}
    assert sum(s["part"] for s in change["steps"]) == pytest.approx(change["total"], rel=1e-9)


# --- weights --------------------------------------------------------------------------------------


def test_a_weight_of_zero_says_what_the_trial_does(world):
    tables = [(9, 20, 5, 20), (7, 20, 6, 20), (4, 20, 0, 20)]
    found = analyse(harms(world, *tables).evidence(), HARM)[0]
    last = found["studies"][2]
    rest = synthesis.mantel_haenszel(*zip(*tables[:2], strict=True))
    assert last["weight"] == 0
    assert last["without"]["estimate"] == pytest.approx(math.exp(rest.estimate), rel=1e-9)
    assert [s["without"] for s in found["studies"][:2]] == [None, None]
    shown = f"{math.exp(rest.estimate):.2f} ({math.exp(rest.ci_low):.2f} to "
    page = forest(world.data(), found)
    weights_ = [td.get_text() for td in page.select("tr.lr-study td[data-label=Weight]")]
    assert weights_[2] == "0% #" and "0% #" not in weights_[:2]
    caption = page.figcaption.get_text()
    assert "no event in the control group" in caption
    assert f"Without it the estimate is {shown}" in caption
    header, *rows = csv.reader(io.StringIO(csv_text(Forests(world.data(), KNEE), found)))
    without = [row[header.index("estimate without this trial of weight 0")] for row in rows]
    assert without[:2] == ["", ""] and float(without[2]) == pytest.approx(math.exp(rest.estimate))


def test_of_two_trials_the_other_one_is_what_is_left(world):
    found = analyse(harms(world, (9, 20, 5, 20), (4, 20, 0, 20)).evidence(), HARM)[0]
    assert found["leave_one_out"] == []
    assert found["studies"][1]["without"]["estimate"] == pytest.approx(9 / 5, rel=1e-9)


def test_results_of_earlier_versions_have_the_footnote_without_an_estimate(world):
    found = analyse(harms(world, (9, 20, 5, 20), (4, 20, 0, 20)).evidence(), HARM)[0]
    for study in found["studies"]:
        del study["without"]
    said = forest(world.data(), found).figcaption.get_text()
    assert "no event in the control group" in said and "Without it" not in said


def test_a_small_weight_is_not_none(world):
    assert percent(0.0004) == "<0.1%" and percent(0.0006) == "0.1%"
    found = analyse(harms(world, (9, 20, 5, 20), (7, 20, 6, 20)).evidence(), HARM)[0]
    for study, weight in zip(found["studies"], (0.0004, 0.0006), strict=True):
        study["weight"] = weight
    cells = forest(world.data(), found).select("tr.lr-study td[data-label=Weight]")
    assert [td.get_text() for td in cells] == ["<0.1%", "0.1%"]


def test_the_command_says_what_a_trial_of_weight_zero_does(tmp_path):
    said = command(tmp_path, NO_CONTROL_EVENT, "--measure", "RR", "--method", "MH")
    rest = synthesis.mantel_haenszel([18, 5], [20, 10], [14, 3], [20, 10])
    assert re.search(r"Cedar .* 0% #$", said, re.M)
    assert f"without Cedar: {math.exp(rest.estimate):.3f} (" in said
    got = json.loads(command(tmp_path, NO_CONTROL_EVENT, "--measure", "RR", "--method", "MH",
                             "--json"))
    assert got["studies"][2]["without"]["estimate"] == pytest.approx(math.exp(rest.estimate))
    page = tmp_path / "forest.html"
    command(tmp_path, NO_CONTROL_EVENT, "--measure", "RR", "--method", "MH", "--forest", str(page))
    cells = {td.get_text() for td in BeautifulSoup(page.read_text("utf-8"), "lxml").find_all("td")}
    assert "0% #" in cells and "0.0%" not in cells


def test_no_page_shows_a_bare_zero_beside_a_trial_of_a_pool(whole):
    zero = 0
    for indication in whole.data.indications:
        forests = Forests(whole.data, indication)
        for result in whole.analyses(indication):
            page = soup(forests.of(result))
            shown = [td.get_text() for td in page.find_all("td", {"data-label": "Weight"})]
            assert not {"0.0%", "0%"} & set(shown), result["id"]
            zero += "0% #" in shown
    assert zero  # the data hold such trials
