"""Backgrounds, further subgroups, dose–response, combinations and the summary of findings."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from made_up import HARM, KNEE, PAIN, World
from rendered import asked as said
from rendered import finding, plain, soup

from livingreview.data import dataset
from livingreview.effects import Evidence
from livingreview.effects.comparisons import additions
from livingreview.render.engine import environment
from livingreview.review.results import analyse
from livingreview.view.combinations import combinations
from livingreview.view.dose import Dose, dose
from livingreview.view.finding import LEVELS
from livingreview.view.forest import Forests
from livingreview.view.subgroup import subgroups

ADDED = replace(PAIN, comparison="same-co-treatment")


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def result(world, analysis=PAIN) -> dict:
    return analyse(world.evidence(), analysis)[0]


def close(value, expected):
    return value == pytest.approx(expected, rel=1e-8, abs=1e-9)


def shown(html) -> str:
    """The text of a piece of markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(html)))


def added(world, study, words, cells=30, comparator="surgery-alone"):
    """A trial of cells added to a treatment that both arms got."""
    world.study(study, n_enrolled=40)
    world.arm(study, "msc", cells="cultured-msc", cointervention=words)
    world.arm(study, "control", comparator, cointervention=words)
    return world.pair(study, cells, 40)


# --- background -----------------------------------------------------------------------------------


def test_a_background_takes_only_comparisons_in_which_both_arms_got_it(world):
    added(world, "scope-2020", "arthroscopy")
    added(world, "both-2020", "arthroscopy;microfracture")
    added(world, "bone-2020", "high-tibial-osteotomy")
    everything = result(world, ADDED)
    assert {s["trial_id"] for s in everything["studies"]} == {"scope-2020", "both-2020",
                                                              "bone-2020"}
    asked = result(world, replace(ADDED, background="arthroscopy"))
    assert {s["trial_id"] for s in asked["studies"]} == {"scope-2020", "both-2020"}
    assert asked["question"]["background"] == "arthroscopy"
    assert not [t for t in asked["not_in_pool"]["trials"] if t["trial_id"] == "bone-2020"]
    assert said("against", world.data(), asked) == "arthroscopy without cells"


def test_a_plain_class_with_a_background_holds_what_it_else_leaves_out(world):
    acid = replace(PAIN, comparison="hyaluronic-acid")
    world.trial("plain-2020", "hyaluronic-acid").pair("plain-2020")
    added(world, "scope-2020", "arthroscopy", comparator="hyaluronic-acid")
    assert [s["trial_id"] for s in result(world, acid)["studies"]] == ["plain-2020"]
    asked = result(world, replace(acid, background="arthroscopy"))
    assert [s["trial_id"] for s in asked["studies"]] == ["scope-2020"]


def test_every_background_of_the_data_is_in_both_arms_of_its_trials():
    data = dataset.load(None)
    evidence, seen = Evidence(data, KNEE), set()
    for row in data.records("analyses"):
        if row["background"] and row["indication"] == KNEE:
            for alternatives in evidence.contests(row["comparison"], row["background"]).values():
                for contest in (c for group in alternatives for c in group):
                    seen.add(row["background"])
                    for arm in contest.intervention.arms:
                        given = evidence.arms[contest.study_id, arm]["cointervention"]
                        assert row["background"] in given
    assert {"arthroscopy", "high-tibial-osteotomy", "platelet-rich-plasma"} <= seen


# --- subgroups ------------------------------------------------------------------------------------


def grouped(world) -> dict:
    """Five trials: two single and two repeated injections, one that does not state it."""
    for number, times in enumerate(("1", "1", "2", "3", "")):
        study = f"t{number}-2020"
        world.study(study, n_enrolled=40)
        world.arm(study, "msc", cells="cultured-msc", administrations=times,
                  provider=("autologous", "allogeneic")[number % 2])
        world.arm(study, "control", "saline")
        world.pair(study, 30 - number, 40, sd=10 + number)
    return result(world)


def test_further_subgroups_and_their_tests(world):
    found = {s["by"]: s for s in grouped(world)["subgroups"]}
    trials = {g["value"]: g["trials"] for g in found["administrations"]["groups"]}
    assert trials == {"single": ["t0-2020", "t1-2020"], "repeated": ["t2-2020", "t3-2020"],
                      "not-stated": ["t4-2020"]}
    assert [g["value"] for g in found["provider"]["groups"]] == ["autologous", "allogeneic"]
    # Two estimates and their SEs: Q with one degree of freedom, the unknown group left out.
    assert found["administrations"]["difference"]["df"] == 1
    assert found["treatment_source"]["difference"] is None


def test_a_group_that_is_not_stated_is_never_tested(world):
    for number, times in enumerate(("1", "1", "", "")):
        study = f"t{number}-2020"
        world.study(study, n_enrolled=40).arm(study, "msc", cells="cultured-msc",
                                              administrations=times)
        world.arm(study, "control", "saline").pair(study, 30, 40, sd=10 + number)
    found = {s["by"]: s for s in result(world)["subgroups"]}
    assert len(found["administrations"]["groups"]) == 2
    assert found["administrations"]["difference"] is None


def test_several_kinds_in_one_trial_are_mixed_and_a_contrast_has_its_group_too(world):
    world.study("two-2020", n_enrolled=60)
    for arm, times in (("low", 1), ("high", 2)):
        world.arm("two-2020", arm, cells="cultured-msc", administrations=times)
        world.value("two-2020", arm, 30, 10)
    world.arm("two-2020", "control", "saline").value("two-2020", "control", 40, 10)
    world.trial("told-2020").contrast("told-2020", -8, ci_low=-12, ci_high=-4)
    found = {s["by"]: {g["value"]: g["trials"] for g in s["groups"]}
             for s in result(world)["subgroups"]}
    assert found["administrations"] == {"mixed": ["two-2020"], "not-stated": ["told-2020"]}
    assert found["treatment_source"] == {"bone-marrow": ["told-2020", "two-2020"]}


def test_the_table_of_subgroups_says_what_it_compares(world):
    found = grouped(world)
    page = soup(subgroups(world.data(), found))
    assert "compare trials, not patients" in plain(page)
    (file,) = page.select("a[download='divided-made-up.csv']")
    rows = {(r["Grouped by"], r["Group"]): r for r in csv.DictReader(
        io.StringIO(unquote(file["href"].partition(",")[2])))}
    one, unknown = (rows["Number of administrations", g] for g in ("One", "Not stated"))
    assert (one["Trials"], one["Participants"]) == ("2", "80")
    assert (unknown["Trials"], unknown["Participants"]) == ("1", "40")
    assert one["Estimate (95% CI)"].endswith("posterior of two")
    test = next(s for s in found["subgroups"] if s["by"] == "administrations")["difference"]
    assert one["Difference between groups"] == f"p = {test['p_value']:.3f}"
    assert unknown["Difference between groups"] == "not tested"
    lines = [plain(r) for r in page.select("#divided-made-up tbody tr")]
    heading = lines.index(f"Number of administrationsdifference between groups: "
                          f"p = {test['p_value']:.3f}")
    assert lines[heading + 1].startswith("One280") and lines[heading + 1].endswith("twoyes")
    assert lines[heading + 3].startswith("Not stated140") and lines[heading + 3].endswith("no")


# --- dose -----------------------------------------------------------------------------------------

DOSES = (1e6, 5e6, 1e7, 4e7, 1e8, 2e8)
# rma(yi, vi, mods = ~ log10(dose), test = "adhoc", subset = -i)
WITHOUT = (("t0-2020", -9.490697124, -27.307151900, 8.325757651),
           ("t4-2020", -9.643325237, -19.049597864, -0.237052610))


def dosed(world, per="joint"):
    for number, (effect, sd, cells) in enumerate(zip(
            (-5, -2, -12, -20, -9, -25), (10, 12, 15, 20, 10, 14), DOSES, strict=True)):
        study = f"t{number}-2020"
        world.study(study, n_enrolled=40)
        world.arm(study, "msc", cells="cultured-msc", dose=f"{cells:.0f}", dose_per=per)
        world.arm(study, "control", "saline").pair(study, 60 + effect, 60, sd)
    return world


def looked_at(world, found) -> Dose:
    """Dose and effect as the chapter shows them."""
    return dose(Forests(world.data(), KNEE), world.evidence(), found)


def test_regression_on_dose_agrees_with_metafor(world):
    # rma(yi, vi, mods = ~ log10(dose), test = "adhoc"), vi = sd^2 / 10, and predict() at doses
    found = result(dosed(world))["dose_response"]["across"]
    assert close(found["slope"], -7.046255298233)
    assert close(found["slope_ci_low"], -16.567975389756)
    assert found["slope_ci_high"] == pytest.approx(2.475464793290, rel=1e-6)
    assert found["p_value"] == pytest.approx(0.109116213948, rel=1e-6)
    assert found["tau2"] == pytest.approx(30.038815398136, rel=1e-6)
    assert found["r2"] == pytest.approx(48.370442328271, rel=1e-6)
    assert (found["k"], found["dose_low"], found["dose_high"]) == (6, 1e6, 2e8)
    line = {p["dose"]: (p["estimate"], p["ci_low"], p["ci_high"]) for p in found["line"]}
    assert list(line) == [1e6, 1e7, 1e8, 2e8]
    assert line[1e7] == pytest.approx((-9.64760891787, -17.7541879556, -1.54102988016), rel=1e-7)
    assert line[2e8] == pytest.approx((-18.81499841798, -31.7246341472, -5.90536268874), rel=1e-7)


def test_the_slope_is_shown_without_each_trial_and_in_plain_words(world):
    # The same call without the trial of the lowest and of the highest dose.
    found = result(dosed(world))
    rows = {r["trial_id"]: r for r in found["dose_response"]["across"]["leave_one_out"]}
    assert len(rows) == 6
    for trial, slope, low, high in WITHOUT:
        assert rows[trial]["slope"] == pytest.approx(slope, rel=1e-6)
        assert (rows[trial]["slope_ci_low"], rows[trial]["slope_ci_high"]) == pytest.approx(
            (low, high), rel=1e-5)
    text = plain(soup(looked_at(world, found)))
    assert "higher doses went with results more favourable to" in text
    assert "includes no association in 5 of 6 cases" in text


def test_trials_without_one_dose_are_named(world):
    dosed(world).trial("unknown-2020", first_author="Unknown", year=2020)
    world.pair("unknown-2020", 30, 40)
    view = looked_at(world, result(world))
    assert view.silent == ("Unknown 2020",) and len(view.stated) == len(view.chart.trials) == 6
    text = plain(soup(view))
    assert "6 of 7 trials state one number of cells; not among them: Unknown 2020." in text


def test_a_dose_by_body_weight_or_of_several_arms_is_no_dose(world):
    assert set(result(dosed(world, per="kg"))["dose_response"]["trials"].values()) == {None}


def test_there_is_no_line_through_few_trials(world):
    for number, cells in enumerate((1e6, 1e7, 1e8)):
        study = f"t{number}-2020"
        world.study(study).arm(study, "msc", cells="cultured-msc", dose=f"{cells:.0f}")
        world.arm(study, "control", "saline").pair(study, 50 - number, 60, sd=10 + number)
    found = result(world)
    assert found["dose_response"]["across"] is None
    view = looked_at(world, found)
    assert "No line is fitted" in plain(soup(view)) and not view.chart.line


def dose_arms(world, study, control_sd, *arms):
    world.study(study, n_enrolled=20 * (len(arms) + 1))
    for name, cells, effect in arms:
        world.arm(study, name, cells="cultured-msc", dose=f"{cells:.0f}")
        world.value(study, name, 60 + effect, 10)
    world.arm(study, "control", "saline")
    return world.value(study, "control", 60, control_sd)


def test_slopes_inside_trials_take_the_shared_control_into_account(world):
    # Generalised least squares by hand in R: S has SD²/n of the control off its diagonal; the
    # slopes then pooled by rma(slopes, sei = se, test = "adhoc").
    dose_arms(world, "a-2020", 10, ("low", 1e7, -10), ("high", 1e8, -16))
    dose_arms(world, "b-2020", 12, ("low", 1e6, -4), ("mid", 1e7, -5), ("high", 1e8, -14))
    found = result(world)["dose_response"]["within"]
    slopes = {t["trial_id"]: (t["slope"], (t["ci_high"] - t["ci_low"]) / 2 / 1.959963984540054)
              for t in found["trials"]}
    assert slopes["a-2020"] == pytest.approx((-6, 3.16227766017), rel=1e-8)
    assert slopes["b-2020"] == pytest.approx((-5, 1.58113883008), rel=1e-8)
    pooled = found["pooled"]
    assert pooled["slope"] == pytest.approx(-5.2, rel=1e-8) and pooled["k"] == 2
    assert pooled["ci_low"] == pytest.approx(-23.1692870642, rel=1e-7)
    assert pooled["ci_high"] == pytest.approx(12.7692870642, rel=1e-7)


def test_dose_arms_known_only_together_give_no_slope_but_are_named(world):
    world.study("u-2020")
    for name, cells in (("low", 1e6), ("high", 1e7)):
        world.arm("u-2020", name, cells="cultured-msc", dose=f"{cells:.0f}")
    world.arm("u-2020", "both", cells="cultured-msc", combines="low;high")
    world.arm("u-2020", "control", "saline")
    world.value("u-2020", "both", 30, 10, n=40).value("u-2020", "control", 40, 10)
    found = result(world)["dose_response"]["within"]
    assert found["trials"] == [] and "all doses together" in found["unusable"]["u-2020"]


# --- combinations ---------------------------------------------------------------------------------


def test_what_a_treatment_adds_to_cells_needs_two_arms_of_the_same_cells(world):
    added(world, "scope-2020", "arthroscopy")
    world.study("plus-2020")
    world.arm("plus-2020", "msc", cells="cultured-msc")
    world.arm("plus-2020", "msc-prp", cells="cultured-msc", cointervention="platelet-rich-plasma")
    world.study("other-2020")
    world.arm("other-2020", "msc", cells="cultured-msc")
    world.arm("other-2020", "svf", cells="stromal-vascular-fraction",
              cointervention="platelet-rich-plasma")
    assert additions(world.data(), KNEE) == (("plus-2020", "platelet-rich-plasma"),)
    outcome = result(world, ADDED)
    table = combinations(world.evidence(), [outcome])
    assert "compares cells with and without any of these: arthroscopy. What" in plain(soup(table))
    assert [(r.what.en, *([t.href for t in trials] for trials in (r.added, r.usable, r.given)))
            for r in table.rows] == [
        ("Arthroscopy", ["trials/scope-2020.html"], ["trials/scope-2020.html"], []),
        ("Platelet-rich plasma", [], [], ["trials/plus-2020.html"])]
    assert [plain(td) for td in soup(table).select("tbody td[data-label^=Randomised]")] == [
        "1 of 1", "0 of 0"]


def test_where_every_treatment_is_tested_beside_cells_that_is_said(world):
    world.study("plus-2020").arm("plus-2020", "msc", cells="cultured-msc")
    world.arm("plus-2020", "prp", cells="cultured-msc", cointervention="platelet-rich-plasma")
    assert ("For each treatment given with cells a trial compares both together with cells alone."
            in plain(soup(combinations(world.evidence(), []))))


# --- what is said of a result ---------------------------------------------------------------------


def test_risks_of_a_hundred_name_the_comparator_and_apply_the_ratio_to_its_risk(world):
    for number, (cells, control) in enumerate(((4, 2), (6, 4), (5, 3))):
        world.trial(f"t{number}-2020", n_enrolled=40)
        world.counts(f"t{number}-2020", cells, control)
    outcome = result(world, HARM)
    text = finding(world.data(), outcome)
    rr = outcome["pooled"]["estimate"]
    assert f"Of 100 people, about 15 with placebo and {15 * rr:.0f} with cells (" in text
    assert f"risk ratio {rr:.2f}" in text


def test_a_difference_of_means_has_its_unit_and_no_risk(world):
    for number, control in enumerate((50, 60, 70)):
        world.trial(f"t{number}-2020", n_enrolled=40)
        world.pair(f"t{number}-2020", control - 10, control, sd=10 + number)
    text = finding(world.data(), result(world))
    assert "10.0 lower (points of 100) with cells than with placebo" in text
    assert "Of 100 people" not in text


def test_a_finding_of_treated_patients_has_no_comparison(world):
    world.study("alone-2020", design="single-arm", n_enrolled=20)
    world.arm("alone-2020", "msc", cells="cultured-msc")
    world.value("alone-2020", "msc", outcome="total-joint-replacement", events=2, total=20)
    asked = replace(PAIN, comparison="uncontrolled", measure="proportion", rescale=False,
                    target_type="outcome", target="total-joint-replacement")
    outcome = result(world, asked)
    assert outcome["dose_response"] is None
    text = finding(world.data(), outcome)
    assert "not what would have happened without cells" in text and "10.0%" in text
    assert not re.search(r"\beffect\b|placebo", text)


def test_levels_are_signs_of_four():
    words = environment().get_template("words.html").make_module({"language": "en", "page": ""})
    assert [str(words.signs(level)) for level in LEVELS] == ["●○○○", "●●○○", "●●●○", "●●●●"]
