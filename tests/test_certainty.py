"""What the certainty of an estimate rests on, and how it reads."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_up import HARM, PAIN, World
from rendered import finding, plain, soup, trace
from stated import uncontrolled

from livingreview.data.checks.analyses import CERTAINTY_RULE_IDS
from livingreview.data.dataset import load
from livingreview.review import Review
from livingreview.review.certainty import in_unit
from livingreview.review.results import analyse
from livingreview.view.certainty import certainty
from livingreview.view.finding import marks


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def whole() -> Review:
    return Review.by_need(load())


def unknown(world: World, study: str, estimate: float = 20, se: float = 2) -> World:
    """A trial that reports a difference and no number of patients."""
    world.study(study, blinding="double").arm(study, "msc", cells="cultured-msc", n_allocated="")
    world.arm(study, "control", "saline", n_allocated="")
    return world.contrast(study, estimate, se=se)


def rated(world: World, analysis=PAIN, low=()) -> dict:
    for study in low:
        world.add("risk_of_bias", study_id=study, tool="rob2", domain="overall", judgement="low",
                  source_id="review")
    return analyse(world.evidence(), analysis)[0]


def step(result: dict, domain: str) -> dict:
    return next(s for s in result["certainty"]["steps"] if s["domain"] == domain)


def why(world: World, result: dict, domain: str) -> tuple[str, str]:
    """What a domain changes, and why, in words."""
    return trace(world.data(), result)[domain]


# --- an unknown number of participants ------------------------------------------------------------


def test_an_unknown_number_of_participants_is_the_lowest_certainty(world):
    result = rated(unknown(world, "a-2020"), low=["a-2020"])
    assert (result["k"], result["n"], result["certainty"]["level"]) == (1, 0, "very low")
    assert step(result, "imprecision")["rules"] == ["imprecision-unknown"]
    assert all(s["change"] == 0 for s in result["certainty"]["steps"]
               if s["domain"] not in ("start", "imprecision"))
    assert why(world, result, "imprecision")[1].startswith(
        "The trial does not state its number of participants")
    said = finding(world.data(), result)
    assert "very uncertain" in said and " may " not in said


def test_the_rule_stands_in_the_table_that_is_checked():
    assert "imprecision-unknown" in CERTAINTY_RULE_IDS
    assert "imprecision-unknown" in {r["rule_id"] for r in load().records("certainty_rules")}


@pytest.mark.parametrize("se, n, level, rules, words_", [
    (0.5, 300, "very low", ["imprecision-unknown"],
     "of the weight do not state their number of participants"),
    (9, 300, "high", [], "there are enough participants"),  # 600 are known of
    (9, 7, "moderate", ["imprecision-size"],
     "There were 14 participants, fewer than the 16 that one trial would need. 1 trial does not "
     "state its number.")])
def test_where_some_trials_do_not_state_their_number_the_known_ones_count(
        world, se, n, level, rules, words_):
    unknown(world, "a-2020", 55, se).trial("b-2020")
    world.value("b-2020", "msc", 20, 12, n=n).value("b-2020", "control", 75, 12.5, n=n)
    result = rated(world, low=["a-2020", "b-2020"])
    assert result["certainty"]["level"] == level
    assert step(result, "imprecision")["rules"] == rules
    assert words_ in why(world, result, "imprecision")[1]
    assert (result["k_without_n"], result["n"]) == (1, 2 * n)
    assert (marks(result)["n"], marks(result)["unstated"]) == (2 * n, 1)
    assert f"at least {2 * n} participants" in finding(world.data(), result)


def test_an_unknown_pool_is_no_share_of_what_is_missing(world):
    unknown(world, "a-2020").trial("b-2020", n_enrolled=90)
    result = rated(world, low=["a-2020"])
    assert result["not_in_pool"]["n_unusable"] == 90
    assert step(result, "reporting-bias")["change"] == 0
    assert why(world, result, "reporting-bias") == (
        "No change", "Finished trials without a usable number hold 90 participants, but how many "
        "the estimate rests on is not stated.")


def _of_one_trial(results: list[dict]) -> list[list[dict]]:
    """Analyses that rest on one and the same effect of one trial."""
    same = defaultdict(list)
    for r in results:
        if r["certainty"] and r["k"] == 1 and not uncontrolled(r):
            s = next(s for s in r["studies"] if s["yi"] is not None)
            same[tuple(str(s[k]) for k in ("trial_id", "outcome", "instrument", "months", "yi",
                                           "vi"))].append(r)
    return [found for found in same.values() if len(found) > 1]


def test_one_number_of_one_trial_has_one_certainty_unless_the_facts_differ(whole):
    results = list(whole.document["analyses"].values())
    groups = _of_one_trial(results)
    assert groups
    for group in groups:
        for other in group[1:]:
            one, two = (r["certainty"] for r in (group[0], other))
            differ = [a["domain"] for a, b in zip(one["steps"], two["steps"], strict=True)
                      if a["change"] != b["change"]]
            assert one["level"] == two["level"] or differ
            for domain in differ:
                a, b = step(group[0], domain), step(other, domain)
                assert a["facts"] != b["facts"] and domain != "imprecision", (other["id"], domain)
    silent = [r for r in results if r["certainty"] and r["k"] and not r["n"]]
    assert silent and {r["certainty"]["level"] for r in silent} == {"very low"}
    assert not any(" may " in finding(whole.data, r) for r in silent)


# --- sentences ------------------------------------------------------------------------------------


def trials(world: World, *differences: float, sd: float = 10, n: int = 20, **more) -> World:
    for number, difference in enumerate(differences):
        study = f"t{number}-2020"
        world.trial(study, n_enrolled=2 * n, **more)
        world.value(study, "msc", 60 + difference, sd + number / 10, n=n)
        world.value(study, "control", 60, sd + number / 20, n=n)
    return world


def test_imprecision_names_what_the_interval_holds(world):
    result = rated(trials(world, -5, sd=60), low=["t0-2020"])
    mid = result["minimal_important_difference"]["value"]
    size = f"{mid:.1f} points of 100"
    assert why(world, result, "imprecision") == (
        "2 levels down",
        f"The interval holds a benefit of {size}, no effect and a harm of {size}.")
    harm = rated(trials(World(world.folder), 18, sd=40), low=["t0-2020"])
    assert why(world, harm, "imprecision") == (
        "2 levels down", f"The interval holds no effect and a harm of {size}.")
    benefit = rated(trials(World(world.folder), -18, sd=20), low=["t0-2020"])
    assert why(world, benefit, "imprecision") == (
        "1 level down", f"The interval holds less and more than a benefit of {size}, the smallest "
        "that matters.")
    either = rated(trials(World(world.folder), 0, sd=60, n=20), low=["t0-2020"])
    assert why(world, either, "imprecision") == (
        "2 levels down",
        f"The interval holds a benefit of {size}, no effect and a harm of {size}.")


@pytest.mark.parametrize("difference, n, change, reason", [
    (-58, 20, "1 level down",
     "There were 40 participants, fewer than the 65 that one trial would need."),
    (-58, 15, "2 levels down",
     "There were 30 participants, fewer than 50% of the 65 that one trial would need."),
    (-58, 33, "1 level down", "One trial alone had 66 participants, fewer than 400.")])
def test_too_few_participants_for_the_difference_that_matters(world, difference, n, change,
                                                              reason):
    result = rated(trials(world, difference, sd=25, n=n), low=["t0-2020"])
    assert why(world, result, "imprecision") == (change, reason)
    assert ("One trial would need 65 participants (the optimal information size) to find a "
            "difference of 17.5 points of 100 where the standard deviation is 25.0, with a chance "
            "of 80% and a two-sided level of 0.05.") in plain(soup(certainty(world.data(), result)))


@pytest.mark.parametrize("difference, kind, said", [
    (-40, "important", "Rated is whether there is an important benefit: the estimate is not below "
     "17.5 points of 100, the smallest difference that matters."),
    (40, "important", "Rated is whether there is an important harm: the estimate is not below 17.5 "
     "points of 100, the smallest difference that matters."),
    (-5, "little", "Rated is whether there is little or no effect: the estimate is smaller than "
     "17.5 points of 100, the smallest difference that matters.")],
    ids=["benefit", "harm", "little"])
def test_the_target_is_named(world, difference, kind, said):
    result = rated(trials(world, difference), low=["t0-2020"])
    target = soup(certainty(world.data(), result)).select_one(".lr-target")
    assert (target["data-target"], plain(target)) == (kind, said)


def test_without_a_difference_that_matters_any_effect_is_rated(world):
    result = rated(world.trial("t").counts("t", 60, 20, 400), HARM)
    page = soup(certainty(world.data(), result))
    assert plain(page.select_one(".lr-target")) == (
        "Rated is whether there is any effect: what difference matters is not known.")
    assert ("to find a risk lower by 25% than the 5.0% of the controls" in plain(page))


def test_without_a_comparison_nothing_is_said_of_a_target(whole):
    alone = next(r for r in whole.document["analyses"].values()
                 if uncontrolled(r) and r["certainty"])
    assert alone["certainty"]["target"] is None
    assert not soup(certainty(whole.data, alone)).select(".lr-target")


def test_a_result_of_before_there_were_targets_still_has_its_trace(world):
    result = rated(trials(world, -40), low=["t0-2020"])
    del result["certainty"]["target"]
    del step(result, "imprecision")["facts"]["information"]
    assert not soup(certainty(world.data(), result)).select(".lr-target")


def test_a_benefit_is_on_the_side_that_is_better(world):
    higher = replace(PAIN, favourable="higher", target="function", target_type="family")
    made = World(world.folder)
    made.trial("a-2020").pair("a-2020", 75, 60, 25, outcome="womac-function", better="higher")
    result = rated(made, higher, low=["a-2020"])
    assert step(result, "imprecision")["facts"]["inside"][0] == "benefit"


def test_the_lowest_level_is_said_to_be_the_lowest(world):
    result = rated(trials(world, -60, 5, 40, sd=30, n=10, blinding="open"))
    found = trace(world.data(), result)
    assert found["start"] == ("High", "All trials of the estimate are randomised.")
    assert found["risk-of-bias"] == (
        "2 levels down", "No judgement in the data puts a trial at low risk of bias; one that "
        "nobody judged counts as not low. Patients report the outcome, and in trials with 100% of "
        "the weight they were not blinded, or not stated to be.")
    page = soup(certainty(world.data(), result))
    assert sum(s["change"] for s in result["certainty"]["steps"]) < 1
    assert "take off more than there is: very low is the lowest level" in plain(page)


def test_the_prediction_interval_has_a_true_minus(world):
    result = rated(trials(world, -60, 5, 40, sd=10), low=["t0-2020", "t1-2020", "t2-2020"])
    found = why(world, result, "inconsistency")[1]
    assert "\N{MINUS SIGN}" in found and not re.search(r"-\d", found)
    assert "holds both a benefit and a harm of more than" in found


def test_domains_that_change_nothing_say_what_was_looked_at(world):
    result = rated(trials(world, -40, n=300), low=["t0-2020"])
    start, *rest = trace(world.data(), result).values()
    assert start[0] == "High" and {change for change, _ in rest} == {"No change"}
    assert "Not judged: there are fewer than three trials." in {said for _, said in rest}
    assert result["certainty"]["level"] == "high"


def test_missing_trials_are_publication_bias(world):
    trials(world, -40, n=300).trial("silent-2020", n_enrolled=900)
    assert why(world, rated(world, low=["t0-2020"]), "reporting-bias") == (
        "1 level down", "Finished trials without a usable number hold 900 participants, against "
        "600 in the estimate.")


def test_too_few_participants_for_the_risk_of_the_controls(world):
    for number in range(2):
        world.trial(f"t{number}-2020").counts(f"t{number}-2020", 140, 80, 400)
    assert why(world, rated(world, HARM), "imprecision") == (
        "1 level down",
        "There were 1,600 participants, fewer than the 1,811 that one trial would need.")


def test_too_few_events_where_no_control_has_one(world):
    for number in range(2):
        world.trial(f"t{number}-2020").counts(f"t{number}-2020", 60 + number, 0, 400)
    assert why(world, rated(world, HARM), "imprecision") == (
        "1 level down", "There were 121 events, fewer than 300.")


def test_every_rating_of_the_book_reads_as_sentences(whole):
    for result in whole.document["analyses"].values():
        if not result["certainty"]:
            continue
        found = trace(whole.data, result)
        down = sum(s["change"] < 0 for s in result["certainty"]["steps"])
        assert sum(change.endswith(" down") for change, _ in found.values()) == down, result["id"]
        said = [why for _, why in found.values()]
        text = " ".join(said)
        assert not re.search(r"-\d|(?<!I² is )\b0%|None|nan|  |\(\)", text), (result["id"], text)
        assert all(s[0].isupper() and s.endswith(".") for s in said)
        lowest = "lowest level" in plain(soup(certainty(whole.data, result)))
        assert lowest == (sum(s["change"] for s in result["certainty"]["steps"]) < 1), result["id"]


# --- the unit of a minimal important difference ---------------------------------------------------


@pytest.mark.parametrize(("said", "unit", "rescale", "factor"), [
    ("points of 10", "", True, 10), ("points of 20", "", False, 1), ("points of 10", "", False,
                                                                     None),
    ("kg", "kg", False, 1), ("kg", "g", False, None), ("kg", "kg", True, None),
    (None, "", True, None)], ids=["rescaled", "own scale", "another scale", "natural",
                                  "another unit", "natural, rescaled", "none"])
def test_a_difference_that_matters_counts_in_the_unit_of_the_analysis(said, unit, rescale, factor):
    instrument = {"mcid_unit": said, "scale_max": 20}
    for measure in ("MD", "mean-change"):
        asked = SimpleNamespace(measure=measure, unit=unit, rescale=rescale)
        assert in_unit(asked, instrument) == factor
    assert in_unit(SimpleNamespace(measure="SMD", unit=unit, rescale=rescale), instrument) is None
