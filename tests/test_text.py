"""What the data hold is text wherever it stands: in tables, figures and what scripts read."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from made_up import World
from rendered import generated

from livingreview.render.engine import render
from livingreview.review import review

NAME = "<img src=x onerror=alert(1)>"
BREAKING = '"></script>' + NAME


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every generated page of trials of such names, by address."""
    world = World(tmp_path_factory.mktemp("data"))
    for i in range(3):
        study = f"t{i}-2020"
        world.trial(study, first_author=NAME, year=2020 + i, title=BREAKING,
                    note=BREAKING)
        world.pair(study, 30 + i, note=BREAKING).counts(study, 2 + i, 3)
    world.analysis().analysis(analysis_id="harm", target_type="event", target="any-ae",
                              measure="RR", rescale="", title=BREAKING)
    return {page.name: str(render(page.view, f"{page.name}.html"))
            for page in generated(review(world.data()))}


def test_a_name_is_text_on_every_page(made):
    assert {"trials/t0-2020", "trials/index", "figures/made-up", "figures/index"} <= set(made)
    for name, html in made.items():
        page = BeautifulSoup(html, "lxml")
        assert not page("img") and not page.select("[onerror]"), name
        assert all(script["type"] == "application/json" for script in page("script")), name
        assert all(json.loads(script.string) for script in page("script")), name
    for name in ("trials/t0-2020", "trials/index", "figures/made-up", "figures/harm"):
        assert f"{NAME} 2020" in BeautifulSoup(made[name], "lxml").get_text(), name
    drawing = BeautifulSoup(made["figures/made-up"], "lxml").select("svg title")
    assert any(NAME in title.get_text() for title in drawing)
