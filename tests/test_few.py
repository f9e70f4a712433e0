"""What a page says, and draws, of two, three and four trials."""

from __future__ import annotations

import json

import pytest
from made_up import World
from rendered import figure, plain

from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.review import review
from livingreview.site.figures import json_text
from livingreview.view.figure import Figures

NAMES = ("ash-2019", "elm-2020", "fir-2021", "oak-2022")


def _world(folder, *means: float) -> World:
    """Trials whose control groups have a mean of 45 and whose cell groups have these."""
    world = World(folder / "data").analysis()
    for name, mean in zip(NAMES, means, strict=False):
        world.trial(name).pair(name, cells=mean)
    return world


def _page(folder, *means: float):
    return figure(load(_world(folder, *means).write()), "made-up")


@pytest.mark.parametrize(("means", "against"), [((15, 45), True), ((30, 35), False)],
                         ids=["apart", "alike"])
def test_two_trials_are_drawn_as_a_posterior_and_said_to_contradict_each_other(
        tmp_path, means, against):
    page = _page(tmp_path, *means)
    pooled = page.select_one("tr.lr-pooled")
    assert plain(pooled.th).startswith("Posterior (two trials)")
    assert pooled.select("path.lr-lens") and not page.select("polygon")
    assert pooled.select_one("title").get_text().startswith("Posterior: ")
    for place in (".lr-finding", "figcaption .lr-alt"):
        said = plain(page.select_one(place))
        assert ("contradict each other" in said) == against
        assert "posterior under a prior (half-normal of scale 10)" in said
    caption = plain(page.select_one("figcaption p"))
    assert ("no common effect is drawn" in caption) == against
    details = plain(page.find("h2", string="How much the trials differ").find_next("p"))
    assert "If they shared one true value it would be" in details
    assert "By random effects with the interval of more trials" in details
    assert "The median of τ is" in details


@pytest.mark.parametrize("means", [(30, 34, 32), (30, 34, 32, 29)], ids=["three", "four"])
def test_a_posterior_stands_under_the_figure_of_three_and_four_trials(tmp_path, means):
    page = _page(tmp_path, *means)
    assert page.select("tr.lr-pooled polygon.lr-diamond") and not page.select(".lr-lens")
    beside = "Beside it, for few trials: the posterior under a prior"
    details = page.find("h2", string="How much the trials differ").find_next("p")
    for place in (page.select_one("figcaption p"), details):
        assert beside in plain(place)
    assert beside not in plain(page.select_one(".lr-finding"))


def test_the_files_of_two_trials_have_the_posterior_and_what_it_replaces(tmp_path):
    figures = Figures(review(load(_world(tmp_path, 15, 45).write())))
    result = figures.review.analysis("made-up")
    document = json.loads(json_text(figures, result))
    assert document["pooled"] == document["posterior"]
    assert document["common_effect"]["model"] == "common"
    assert document["method"]["prior"] == {"family": "half-normal", "scale": 10}
    drawing = str(render(figures.forest(result), form="svg"))
    assert 'class="lens ' in drawing and "<polygon" not in drawing
    assert "contradict each other" in drawing.partition("<style>")[0]  # its description


def test_models_are_said_in_chinese(tmp_path):
    figures = Figures(review(load(_world(tmp_path, 15, 45).write())))
    page = str(render(figures.page(figures.review.analysis("made-up")),
                      "figures/made-up.html", language="zh_CN"))
    assert "后验分布（2 项试验）" in page and "彼此矛盾" in page and "Posterior (two" not in page
