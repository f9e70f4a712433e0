"""Priors of few trials: what the table may hold, and which prior an analysis gets, from where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from conftest import append, edit
from made_up import KNEE, PAIN, World

from livingreview.data.dataset import examine, load
from livingreview.effects import Rules, select
from livingreview.render.shown import Shown
from livingreview.review import pools, priors
from livingreview.review.multiverse import multiverse
from livingreview.review.results import analyse
from livingreview.synthesis import Prior, posterior
from livingreview.view import codebook
from livingreview.view.finding import posterior_of

PRIORS = "priors.csv"
OTHER = {"measure": "MD", "rescale": ""}  # the row of a share


@pytest.fixture(scope="module")
def data():
    return load()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two trials of pain that differ, n = 20 in each arm."""
    world = World(tmp_path_factory.mktemp("two"))
    for name, cells in (("one-2020", 20), ("two-2021", 38)):
        world.trial(name).pair(name, cells, 40, 12)
    return world.evidence()


def chosen(ev, analysis):
    """The prior of an analysis, and its effects."""
    effects, _ = select(ev, analysis, Rules())
    return priors.chosen(ev.data, analysis, effects), effects


def test_every_measure_of_the_project_has_a_prior(data, two):
    measures = {(row["measure"], row["rescale"] == "yes") for row in data.records("analyses")}
    assert len(measures) > 5
    effects, _ = select(two, PAIN, Rules())
    for measure, rescale in measures:
        assert priors.prior_for(data, replace(PAIN, measure=measure, rescale=rescale), effects)
    for row in data.records("priors"):
        assert Prior(row["family"], row["scale"] or row["share"], row["df"], row["location"])


def test_a_scale_on_0_to_100_is_as_the_table_states_it(two):
    found, _ = chosen(two, PAIN)
    assert found.prior == Prior("half-normal", 10.0)
    assert (found.share, found.sd, found.trials) == (None, None, ())


def test_a_share_is_of_twice_the_sd_of_two_equal_arms(two):
    found, effects = chosen(two, replace(PAIN, rescale=False))
    assert found.sd == pytest.approx(2 * 12, rel=1e-12) and found.share == 0.25
    assert found.prior.scale == pytest.approx(0.5 * 12, rel=1e-12)
    assert found.trials == ("one-2020", "two-2021")
    assert found.sd == priors.unit_information_sd(effects)


def test_no_share_where_nobody_knows_how_many_took_part(two):
    effects = [replace(e, n_intervention=None, n_comparator=None, enrolled=None)
               for e in select(two, PAIN, Rules())[0]]
    found = priors.chosen(two.data, replace(PAIN, rescale=False), effects)
    assert found is None and priors.trace(found) is None
    pooled = pools.main_pool(replace(PAIN, prior=None), effects)
    assert (pooled.model, pooled.interval) == ("random", "hksj-guard")


def test_the_result_tells_the_prior_and_where_it_is_from(two):
    result, _ = analyse(two, replace(PAIN, rescale=False))
    method = result["method"]
    assert method["prior"]["scale"] == pytest.approx(
        method["prior_from"]["share"] * method["prior_from"]["sd"])
    assert method["prior_from"]["trials"] == ["one-2020", "two-2021"]


def test_the_page_says_of_what_a_scale_is_a_share(two):
    result, _ = analyse(two, replace(PAIN, rescale=False))
    assert result["pooled"]["model"] == "posterior"
    found = posterior_of(result)
    assert (found.share, found.sd) == (0.25, pytest.approx(24.0))
    stated, _ = analyse(two, PAIN)
    assert posterior_of(stated).share is None


def test_the_methods_page_lists_every_prior(data):
    rows = BeautifulSoup(Shown(codebook.priors(data))._repr_html_(), "lxml").select("tbody tr")
    assert len(rows) == len(data.records("priors"))
    said = [row.get_text(" ") for row in rows]
    assert any("Mean difference, on 0 to 100" in text and "10" in text for text in said)
    assert any("0.25 of the unit information SD" in text for text in said)


# ---------------------------------------------------------------- robustness

def test_half_and_double_the_scale_are_in_robustness(two):
    result, effects = analyse(two, PAIN)
    rows = {row["id"]: row for row in result["robustness"]}
    yi, vi = pools.arrays(effects)
    for id_, scale in (("posterior", 10.0), ("posterior-half", 5.0), ("posterior-double", 20.0)):
        found = posterior(yi, vi, Prior("half-normal", scale))
        assert rows[id_]["estimate"] == pytest.approx(found.estimate, rel=1e-9)
        assert rows[id_]["ci_low"] == pytest.approx(found.ci_low, rel=1e-9)
        assert (rows[id_]["kind"], rows[id_]["model"]) == ("method", "posterior")
    widths = [rows[id_]["ci_high"] - rows[id_]["ci_low"] for id_ in (
        "common", "posterior-half", "posterior", "posterior-double", "reml")]
    assert widths == sorted(widths)
    assert rows["posterior"]["estimate"] == pytest.approx(result["pooled"]["estimate"])


def test_every_combination_of_two_trials_is_pooled_by_three_posteriors(two):
    analysis = replace(PAIN, prior=Prior("half-normal", 10.0))
    effects, _ = select(two, analysis, Rules())
    found = multiverse(two, analysis, effects)
    model, interval = found["choices"]["model"], found["choices"]["interval"]
    names = ["posterior", "posterior, half the scale of the prior",
             "posterior, twice the scale of the prior"]
    assert [x for x in model if "posterior" in x] == names and "of equal tails" in interval
    rows = [line.split(",") for line in found["table"].splitlines()]
    column = rows[0].index("model"), rows[0].index("estimate")
    scales = dict(zip(names, (10.0, 5.0, 20.0), strict=True))
    seen = {model[int(row[column[0]])]: float(row[column[1]]) for row in rows[1:]}
    for name, scale in scales.items():
        alone = posterior(*pools.arrays(effects), Prior("half-normal", scale))
        assert seen[name] == pytest.approx(alone.estimate, rel=1e-8)


def test_many_trials_have_no_posterior_in_robustness(tmp_path):
    world = World(tmp_path)
    for number in range(5):
        world.trial(f"doe-{number}").pair(f"doe-{number}", 30 + number, 40, 12)
    result, _ = analyse(world.evidence(), PAIN)
    assert result["k"] == 5 and {"common", "reml"} <= {r["id"] for r in result["robustness"]}
    assert not [r for r in result["robustness"] if r["id"] in priors.WIDTHS]


# ---------------------------------------------------------------- what the table may hold

@pytest.mark.parametrize("column, value, said", [
    ("family", "half-norm", "half-normal"),
    ("share", "-0.25", "a number above 0"),
    ("share", "0", "a number above 0"),
    ("share", "much", "a number"),
    ("scale", "10", "one of them"),
    ("share", "", "one of them"),
    ("df", "3", "an empty cell"),
    ("location", "0", "an empty cell"),
    ("family", "half-t", "a number"),
    ("family", "log-normal", "scale and location"),
    ("source", "", ""),
    ("measure", "MDD", ""),
], ids=lambda value: value or "empty")
def test_a_row_that_is_no_prior_is_an_error(made_up, column, value, said):
    row = edit(made_up, PRIORS, OTHER, column, value)
    found = [p for p in examine(made_up).problems if p.level == "error" and p.file == PRIORS]
    assert found and {p.row for p in found} == {row}
    assert any(said in p.expected for p in found)
    assert column in {p.column for p in found} or column in ("family", "share")


def test_a_measure_without_a_prior_is_an_error(made_up):
    path = made_up / PRIORS
    path.write_text("".join(line for line in path.read_text(encoding="utf-8").splitlines(True)
                            if not line.startswith("SMD,")), encoding="utf-8")
    assert not examine(made_up).problems  # no analysis asks for it
    append(made_up, "analyses.csv", {
        "analysis_id": "score", "indication": KNEE, "title": "Score", "section": "effects",
        "role": "further", "target_type": "outcome", "target": "pain-vas", "measure": "SMD",
        "comparison": "any", "favourable": "lower"})
    problems = [(p.file, p.row, p.column, p.value) for p in examine(made_up).problems
                if p.rule == "prior"]
    assert problems == [(PRIORS, 1, "measure", "SMD")]


def test_two_rows_of_one_measure_are_an_error(made_up):
    row = append(made_up, PRIORS, {"measure": "SMD", "family": "uniform", "scale": "2",
                                   "source": "made up"})
    assert [(p.file, p.row) for p in examine(made_up).problems] == [(PRIORS, row)]
