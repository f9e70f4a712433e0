"""Several controls compared at once: which trials, whether it is asked, what it gives and says."""

from __future__ import annotations

import json
import re
from functools import cache

import numpy as np
import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, World
from scipy import stats

from livingreview.data.dataset import load
from livingreview.effects import Evidence, Rules
from livingreview.render.engine import render
from livingreview.review import network, review, rounded
from livingreview.review.network_certainty import rate
from livingreview.review.network_trials import INTERVENTION, members, questions, rows
from livingreview.synthesis.network import network as joined
from livingreview.view.addresses import PAGES
from livingreview.view.forest import Forests
from livingreview.view.network import network_line, networks

PAGE = f"notebooks/{KNEE}/compare.html"
CONTROLS = {"placebo": "saline", "hyaluronic-acid": "hyaluronic-acid",
            "corticosteroid": "corticosteroid"}


@pytest.fixture
def world(tmp_path) -> World:
    made = World(tmp_path)
    for kind in CONTROLS:
        made.analysis(analysis_id=f"pain-{kind}", comparison=kind)
    return made


def two(world: World, study: str, kind: str, control: float = 40, cells: float = 30, sd=10,
        product: str = "cultured-msc", **more) -> World:
    """Add a trial of cells against one control."""
    world.study(study, **more).arm(study, "msc", cells=product)
    world.arm(study, "control", CONTROLS[kind])
    return world.pair(study, cells, control, sd)


def several(world: World) -> World:
    """Two trials or more of each of three controls."""
    for i, (kind, control) in enumerate((
            ("placebo", 40), ("placebo", 35), ("hyaluronic-acid", 50), ("hyaluronic-acid", 41),
            ("hyaluronic-acid", 44), ("corticosteroid", 33))):
        two(world, f"t{i}-2020", kind, control, sd=8 + i)
    return world


def made(world: World) -> dict:
    found, = network.document(world.evidence())
    return found


def contrast(found: dict, one: str, other: str) -> dict:
    return next(c for c in found["contrasts"] if (c["treat1"], c["treat2"]) == (one, other))


def shown(found: dict, world: World) -> BeautifulSoup:
    view = networks(Forests(world.data(), KNEE), [found], ())
    return BeautifulSoup(render(view, PAGE), "lxml")


# --- trials ------------------------------------------------------------------------------------


def test_a_question_is_one_outcome_and_window_against_two_controls_or_more(world):
    world.analysis(analysis_id="later", window_from=6, window_to=12)
    world.analysis(analysis_id="any", comparison="any")
    world.analysis(analysis_id="smd", measure="SMD", rescale="")
    asked, = questions(world.evidence())
    assert list(asked.analyses) == ["placebo", *(k for k in CONTROLS if k != "placebo")]
    assert asked.window == (3, 6) and asked.id == f"{KNEE}-network-pain-3-6"


def test_differences_of_a_trial_of_three_arms_share_the_variance_of_the_first(world):
    world.study("three-2020").arm("three-2020", "msc", cells="cultured-msc")
    world.arm("three-2020", "water", "saline").arm("three-2020", "gel", "hyaluronic-acid")
    for arm, mean, sd in (("msc", 30, 10), ("water", 42, 12), ("gel", 37, 14)):
        world.value("three-2020", arm, mean, sd)
    ev = world.evidence()
    member, = members(ev, questions(ev)[0])
    pairs, yi, covariance = member.contrasts()
    assert pairs == [(INTERVENTION, "placebo"), (INTERVENTION, "hyaluronic-acid")]
    assert yi == pytest.approx([-12, -7])
    assert covariance == pytest.approx(np.array([[100 + 144, 100], [100, 100 + 196]]) / 20)
    given = rows([member])
    assert given["study"] == ["three-2020"] * 2 and given["cov"]["three-2020"] is not None
    alone = joined(**given)
    i, j = (alone.treatments.index(t) for t in ("placebo", "hyaluronic-acid"))
    assert alone.estimate[i, j] == pytest.approx(5)
    assert alone.se[i, j] ** 2 == pytest.approx((144 + 196) / 20)


def test_an_arm_that_was_measured_at_another_visit_is_left_out_and_listed(world):
    world.study("three-2020").arm("three-2020", "msc", cells="cultured-msc")
    world.arm("three-2020", "water", "saline").arm("three-2020", "gel", "hyaluronic-acid")
    for arm, months in (("msc", 6), ("water", 6), ("msc", 4), ("gel", 4)):
        world.value("three-2020", arm, 30, 10, timepoint_months=months)
    found = made(several(world))
    assert found["aside"] == [{"trial_id": "three-2020", "comparison": "hyaluronic-acid",
                               "reason": "other-visit"}]
    study = next(s for s in found["studies"] if s["trial_id"] == "three-2020")
    assert study["treatments"] == [INTERVENTION, "placebo"]
    assert "three-2020" in str(shown(found, world).find(string=re.compile("same visit")).parent)


def test_trials_with_another_kind_of_control_are_named_beside_the_network(world):
    several(world).study("added-2020").arm("added-2020", "msc", cells="cultured-msc",
                                           cointervention="hyaluronic-acid")
    world.arm("added-2020", "control", "hyaluronic-acid").pair("added-2020")
    world.analysis(analysis_id="any", comparison="any")
    assert made(world)["beside"] == [
        {"trial_id": "added-2020", "comparison": "same-co-treatment"}]


def test_a_reported_difference_without_arms_is_a_trial_of_two(world):
    several(world).trial("told-2020", n_enrolled=40)
    world.contrast("told-2020", -8, ci_low=-12, ci_high=-4)
    study = next(s for s in made(world)["studies"] if s["trial_id"] == "told-2020")
    assert study["treatments"] == [INTERVENTION, "placebo"] and study["contrasts"][0]["yi"] == -8


# --- whether it is asked -----------------------------------------------------------------------


@pytest.mark.parametrize("trials, failing", [
    ([], "treatments"),
    ([("placebo", "cultured-msc")] * 4, "treatments"),
    ([("placebo", "cultured-msc"), ("hyaluronic-acid", "cultured-msc"),
      ("corticosteroid", "cultured-msc"), ("placebo", "cultured-msc")], "spare"),
    ([("placebo", "cultured-msc"), ("placebo", "bone-marrow-concentrate"), ("placebo", ""),
      ("hyaluronic-acid", "bone-marrow-concentrate"), ("hyaluronic-acid", "cultured-msc")],
     "alike"),
], ids=["no trial", "one control", "few trials", "cells differ"])
def test_a_network_is_asked_only_where_every_rule_is_met(world, trials, failing):
    for i, (kind, product) in enumerate(trials):
        study = f"t{i}-2020"
        world.study(study).arm(study, "msc", cells=product or "cells")
        if not product:
            world.rows["arms"][-1]["treatment_product"] = ""
        world.arm(study, "control", CONTROLS[kind]).pair(study)
    found = made(world)
    assert [r["rule"] for r in found["rules"] if not r["met"]][0] == failing
    assert not found["asked"] and found["fit"] is None and found["contrasts"] == []
    line = str(render(network_line(world.data(), [found], KNEE), f"notebooks/{KNEE}/index.html"))
    assert "not compared with each other" in line and "href" not in line
    assert "Where no network is asked" in shown(found, world).get_text()


def test_a_chapter_without_such_a_question_says_so(world):
    world.rows["analyses"] = world.rows["analyses"][:1]
    assert network.document(world.evidence()) == []
    line = str(render(network_line(world.data(), [], KNEE), f"notebooks/{KNEE}/index.html"))
    assert "none of these is asked of several controls" in line


# --- what it gives -----------------------------------------------------------------------------


def test_without_loops_it_is_the_pools_of_each_control_at_one_variance(world):
    """Truth: each pool by inverse variance at the network's τ²; what is indirect is their sum."""
    found = made(several(world))
    fit, studies = found["fit"], found["studies"]
    assert found["asked"] and fit["q"]["between"]["df"] == 0 and fit["net_heat"] is None
    pools, spread, df = {}, 0.0, len(studies) - 3
    for kind in CONTROLS:
        own = [s for s in studies if s["treatments"][1] == kind]
        y = np.array([s["contrasts"][0]["yi"] for s in own])
        w = 1 / (np.array([s["covariance"][0][0] for s in own]) + fit["tau2"])
        pools[kind] = (w @ y / w.sum(), 1 / w.sum())
        spread += float(w @ (y - pools[kind][0]) ** 2)
    factor = max(1.0, spread / df)  # the guard of the book's intervals
    t = stats.t.ppf(0.975, df)
    for kind, (value, variance) in pools.items():
        direct = contrast(found, INTERVENTION, kind)
        assert direct["estimate"] == pytest.approx(value)
        assert direct["direct_share"] == pytest.approx(1)
        half = t * np.sqrt(factor * variance)
        assert direct["ci_low"] == pytest.approx(value - half)
        assert direct["direct"]["ci_high"] == pytest.approx(value + half)
        ahead = stats.t.ppf(0.975, df - 1) * np.sqrt(factor * variance + fit["tau2"])
        assert direct["pi_high"] == pytest.approx(value + ahead)
    between = contrast(found, "placebo", "hyaluronic-acid")
    (one, v1), (other, v2) = pools["placebo"], pools["hyaluronic-acid"]
    assert between["estimate"] == pytest.approx(other - one) and between["k"] == 0
    assert between["se"] == pytest.approx(np.sqrt(factor * (v1 + v2)))
    assert between["direct"] is between["indirect"] is between["p"] is None
    assert sum(r["share"] for r in between["rests_on"]) == pytest.approx(1)


def test_with_a_loop_direct_and_indirect_evidence_stand_beside_each_other(world):
    several(world).study("three-2020").arm("three-2020", "msc", cells="cultured-msc")
    world.arm("three-2020", "water", "saline").arm("three-2020", "gel", "hyaluronic-acid")
    for arm, mean in (("msc", 30), ("water", 60), ("gel", 31)):
        world.value("three-2020", arm, mean, 10)
    found = made(world)
    between = contrast(found, "placebo", "hyaluronic-acid")
    assert between["k"] == 1 and between["direct"]["estimate"] == pytest.approx(29)
    assert between["indirect"]["estimate"] < 0 < between["difference"]["estimate"]
    weights = between["direct_share"]
    assert between["estimate"] == pytest.approx(
        weights * 29 + (1 - weights) * between["indirect"]["estimate"])
    assert found["fit"]["q"]["between"]["df"] > 0 and found["fit"]["net_heat"] is not None
    page = shown(found, world)
    assert "Net heat: by how much" in page.get_text()
    assert page.find("th", string="Indirect")


def test_two_kinds_of_cells_may_fall_into_parts(world):
    for i, control in enumerate((40, 42, 45)):
        two(world, f"a{i}-2020", "placebo", control)
        two(world, f"b{i}-2020", "hyaluronic-acid", control - 2)
    for i in range(2):
        two(world, f"c{i}-2020", "corticosteroid", 36 + i, product="bone-marrow-concentrate")
    found = made(world)
    choice = {c["id"]: c for c in found["robustness"]}["each-class"]
    assert choice["components"] == [["expanded", "placebo", "hyaluronic-acid"],
                                    ["minimally-processed", "corticosteroid"]]
    assert {(e["treat1"], e["treat2"]) for e in choice["estimates"]} == {
        ("expanded", "placebo"), ("expanded", "hyaluronic-acid"),
        ("minimally-processed", "corticosteroid")}
    assert "fall into 2 parts" in shown(found, world).get_text()


def test_a_choice_that_leaves_no_trial_gives_no_estimate(world):
    for i in range(3):
        for kind in ("placebo", "hyaluronic-acid"):
            two(world, f"{kind[:2]}{i}-2020", kind, 40 + i, product="bone-marrow-concentrate")
    choice = {c["id"]: c for c in made(world)["robustness"]}["expanded-only"]
    assert choice["k"] == 0 and choice["estimates"] == []


def test_results_hold_it_and_can_be_written(world):
    found = several(world).data()
    document = review(found).document
    assert json.loads(json.dumps(rounded(document["networks"])))[KNEE][0]["asked"]


# --- certainty ---------------------------------------------------------------------------------


def _rated(world: World, one: str, other: str) -> dict:
    return contrast(made(world), one, other)["certainty"]


def test_a_comparison_of_its_own_trials_starts_from_them_and_an_indirect_one_from_the_lower(world):
    several(world)
    own = _rated(world, INTERVENTION, "placebo")
    assert own["base"] == "placebo" and list(own["before"]) == ["placebo"]
    assert "intransitivity" not in [s["domain"] for s in own["steps"]]
    between = _rated(world, "placebo", "hyaluronic-acid")
    levels = ["very low", "low", "moderate", "high"]
    assert between["before"][between["base"]] == min(between["before"].values(), key=levels.index)
    assert [s["domain"] for s in between["steps"]].count("imprecision") == 1
    assert between["steps"][-1]["domain"] == "imprecision"


@pytest.mark.parametrize("product, blinding, change, classes", [
    ("cultured-msc", "double", 0, ["expanded"]),
    ("bone-marrow-concentrate", "double", -1, []),
    ("cultured-msc", "open", -1, ["expanded"]),
    ("bone-marrow-concentrate", "open", -1, []),
], ids=["alike", "other cells", "open", "both"])
def test_sides_that_differ_lose_a_level(world, product, blinding, change, classes):
    for i in range(3):
        two(world, f"a{i}-2020", "placebo", 40 + i)
    for i in range(2):
        two(world, f"b{i}-2020", "hyaluronic-acid", 42 + i, product=product, blinding=blinding)
    step = next(s for s in _rated(world, "placebo", "hyaluronic-acid")["steps"]
                if s["domain"] == "intransitivity")
    assert (step["change"], step["facts"]["classes"]) == (change, classes)
    assert step["facts"]["blinding_differs"] == (blinding == "open")


@pytest.mark.parametrize("p, change", [(None, 0), (0.10, 0), (0.09, -1)])
def test_direct_and_indirect_evidence_that_disagree_lose_a_level(world, p, change):
    ev = several(world).evidence()
    question, = questions(ev)
    legs = network._legs(ev, question, members(ev, question, Rules()))
    both = None if p is None else {"estimate": 0}
    given = {"treat1": INTERVENTION, "treat2": "placebo", "estimate": -5, "se": 1, "ci_low": -7,
             "ci_high": -3, "pi_low": None, "pi_high": None, "direct": {"estimate": -5},
             "indirect": both, "p": p}
    steps = rate(ev, legs, given, INTERVENTION, None)["steps"]
    step = next(s for s in steps if s["domain"] == "incoherence")
    assert step["change"] == change and step["facts"]["both"] == (p is not None)


def test_what_is_rated_is_where_the_estimate_lies_against_what_matters():
    _, found = _book()
    seen = set()
    for one in (n for n in found if n["asked"]):
        mid = one["minimal_important_difference"]["value"]
        for pair in one["contrasts"]:
            target = pair["certainty"]["target"]
            important = abs(pair["estimate"]) >= mid
            assert target["kind"] == ("important" if important else "little")
            if important:
                assert target["side"] == ("benefit" if pair["estimate"] < 0 else "harm")
            seen.add((target["kind"], target["side"]))
    assert len(seen) == 3
    text = _page().get_text()
    assert "A difference smaller than one that matters" in text
    assert "An advantage of cells as large as matters" in text


# --- the book ----------------------------------------------------------------------------------


@cache
def _book() -> tuple:
    data = load()
    return data, review(data, only=[KNEE]).networks(KNEE)


@cache
def _page(language: str = "en") -> BeautifulSoup:
    data, found = _book()
    view = networks(Forests(data, KNEE), found, ("knee-pain-placebo-3-6",))
    return BeautifulSoup(render(view, PAGE, language), "lxml")


def test_every_network_of_the_book_is_shown_and_every_refused_one_named():
    _, found = _book()
    asked = [n for n in found if n["asked"]]
    sections = _page().select("section[id]")
    assert {s["id"] for s in sections} == {n["id"] for n in asked} and asked
    assert sections[0]["id"].endswith("pain-3-6")  # what a reader is shown first
    assert all("Intervals differ from those of the same comparison by itself" in s.get_text()
               for s in sections)
    assert len(_page().select("section:not([id]) li")) == len(found) - len(asked)


def test_the_drawing_says_in_words_what_it_shows_and_leads_to_the_trials():
    _, found = _book()
    for one in (n for n in found if n["asked"]):
        drawing = _page().select_one(f"#{one['id']} svg.lr-graph")
        told = drawing.desc.get_text()
        for comparison in one["comparisons"]:
            assert f"{comparison['k']} trial" in told
        links = [a["href"] for a in drawing.select("a")]
        assert links == [f"../../figures/{c['analysis']}.html" for c in one["comparisons"]]
        assert all(a["aria-label"] in told for a in drawing.select("a"))
        assert len(drawing.select("circle.lr-node")) == len(one["treatments"])
        width, height = map(float, drawing["viewbox"].split()[2:])
        for circle in drawing.select("circle.lr-node"):
            x, y, r = (float(circle[key]) for key in ("cx", "cy", "r"))
            assert r <= x <= width - r and r <= y <= height - r
        lines = [float(line["y"]) for line in drawing.select("tspan")]
        # names are inside, and there is no empty space below the lowest
        lowest = max(*lines, *(float(c["cy"]) + float(c["r"])
                               for c in drawing.select("circle.lr-node")))
        assert 3 < height - lowest < 12


def test_what_stands_below_the_diagonal_of_the_league_table_is_the_network():
    _, found = _book()
    one = next(n for n in found if n["id"].endswith("pain-3-6"))
    body = _page().select(f"#{one['id']} .lr-league tbody tr")
    order = [t["treatment"] for t in one["treatments"]]
    for i, row in enumerate(body):
        for j, cell in enumerate(row.find_all("td")):
            said = cell.get_text(" ", strip=True)
            if i == j:
                assert said == "–"
                continue
            pair = contrast(one, order[min(i, j)], order[max(i, j)])
            sign = -1 if i > j else 1
            known = pair if i > j else pair["direct"]
            if known is None:
                assert said == "no trial"
            else:
                value = rounded(sign * known["estimate"])
                assert said.startswith(f"{value:.1f}".replace("-", "−"))


def test_scores_come_after_their_warning_and_not_by_size():
    _, found = _book()
    for one in (n for n in found if n["asked"]):
        table = _page().select_one(f"#{one['id']}-scores")
        fold = table.find_parent("details")
        assert fold.get_text().index("No ranking") < fold.get_text().index("not a verdict")
        names = [th.get_text() for th in table.select("tbody th")]
        assert len(names) == len(one["treatments"]) and names[0] == "Cells"
        assert not fold.has_attr("open")


def test_the_page_says_that_it_is_sparse_and_no_advice():
    _, found = _book()
    text = _page().get_text()
    assert "It does not say which treatment is best" in text
    for one in (n for n in found if n["asked"]):
        lead = _page().select_one(f"#{one['id']} h2 + p").get_text()
        single = sum(c["k"] == 1 for c in one["comparisons"])
        assert f"{one['k']} trials with {round(one['n'])} participants" in lead
        assert f"{single} of the {len(one['comparisons'])} comparisons" in lead
        assert "No trial compares two controls with each other" in lead


def test_the_differences_that_can_be_downloaded_give_the_same_network():
    data, found = _book()
    for one in networks(Forests(data, KNEE), found, ()).networks:
        trials, first, second, yi, vi = zip(*(
            (trial, a.en, b.en, y, v) for trial, a, b, y, v in one.contrasts), strict=True)
        again = joined(trials, first, second, yi, vi, interval="hksj-guard")
        for pair in one.pairs:
            i, j = (again.treatments.index(t.en) for t in (pair.one, pair.other))
            assert again.estimate[i, j] == pytest.approx(pair.estimate.value, abs=1e-8)
            assert again.ci_low[i, j] == pytest.approx(pair.estimate.low, abs=1e-6)


def test_three_arms_that_are_downloaded_tell_their_covariance(world):
    several(world).study("three-2020", first_author="Three")
    world.arm("three-2020", "msc", cells="cultured-msc")
    world.arm("three-2020", "water", "saline").arm("three-2020", "gel", "hyaluronic-acid")
    for arm, mean in (("msc", 30), ("water", 60), ("gel", 31)):
        world.value("three-2020", arm, mean, 10)
    shown_, = networks(Forests(world.data(), KNEE), [made(world)], ()).networks
    own = {(a.en, b.en): (y, v) for trial, a, b, y, v in shown_.contrasts if "Three" in trial}
    assert len(own) == 3
    assert own["Placebo", "Hyaluronic acid"] == pytest.approx((29, 10.0))


def test_a_chapter_leads_to_its_networks_in_one_line_and_patients_are_told_nothing_of_scores():
    data, found = _book()
    line = str(render(network_line(data, found, KNEE), f"notebooks/{KNEE}/index.html"))
    assert 'href="compare.html"' in line and line.count("<p") == 1
    for page in PAGES:
        text = (data.folder.parent / "notebooks" / KNEE / f"{page}.md").read_text("utf-8")
        assert ("chapter.network_line()" in text) == (page in ("index", "benefits"))
        assert "chapter.networks()" not in text


def test_the_page_is_in_chinese_too():
    text = _page("zh_CN").get_text()
    for word in ("against", "trial", "Certainty", "network"):
        assert not re.search(rf"\b{word}\b", text.replace("--network", "")), word


def test_evidence_of_other_chapters_gives_no_network():
    data, _ = _book()
    for indication in data.indications:
        if indication != KNEE:
            assert not any(n["asked"] for n in network.document(Evidence(data, indication)))
