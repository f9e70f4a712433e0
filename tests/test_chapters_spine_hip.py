"""The chapters on discs and hips: traps of their data, and the tables made for them."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_up import World
from rendered import finding, forest, soup, word

from livingreview.effects import Analysis
from livingreview.render.chapter import Chapter
from livingreview.render.numbers import number
from livingreview.review.missing import size_of_trial
from livingreview.review.results import analyse
from livingreview.view.figure import Figures
from livingreview.view.figure import _heterogeneity as heterogeneity
from livingreview.view.finding import question
from livingreview.view.forest import Forests
from livingreview.view.inside import in_text
from livingreview.view.outside import outside
from livingreview.view.plot import Scale
from livingreview.view.trial.page import trial_pages

ROOT = Path(__file__).resolve().parents[1]
DISC, HIP = "disc-degeneration", "femoral-head-osteonecrosis"
SEED = "disc-review-2023"
# metafor, escalc("RR") and rma(yi, vi, method="FE") of head survival, with events and hips
# divided by 1 + (m - 1) / 2: pepke-2016 7/11 and 8/14, m = 25/24; zhao-2012 51/53 and 34/44,
# m = 53/50 and 51/50.
SURVIVAL = (1.23624372436, 1.04898134790, 1.45693586361)


@pytest.fixture(scope="module")
def disc():
    return Chapter(DISC)


@pytest.fixture(scope="module")
def hip():
    return Chapter(HIP)


@pytest.fixture
def world(tmp_path) -> World:
    """An empty made-up folder."""
    return World(tmp_path)


def _trials(chapter: Chapter) -> set[str]:
    return {s["trial_id"] for r in chapter.results() for s in r["studies"]}


def _of_two(hip: Chapter, analysis: str) -> dict:
    """The result of an analysis from the two trials of which metafor's answer is known."""
    row = next(r for r in hip.data.records("analyses") if r["analysis_id"] == analysis)
    return analyse(hip.evidence, replace(Analysis.of(row), studies=("pepke-2016", "zhao-2012")))[0]


def _cells(html: str, table_id: str) -> list[dict[str, str]]:
    """The rows of a table by its headers; `name` is the first cell's links alone."""
    found = BeautifulSoup(html, "lxml").select_one(f"#{table_id}")
    headers = [th.get_text() for th in found.select("thead th")]
    return [{"name": ", ".join(a.get_text() for a in row.th.find_all("a")),
             **{header: cell.get_text(" ", strip=True) for header, cell in
                zip(headers, row.find_all(["th", "td"]), strict=True)}}
            for row in found.select("tbody tr")]


# --- traps --------------------------------------------------------------------------------------


def test_what_is_no_mesenchymal_cell_product_is_in_no_pool(disc):
    apart = {trial for kind in ("any", "uncontrolled")
             for trial, found in disc.evidence.contests(kind).items()
             if {c.intervention.treatment_class for contests in found for c in contests} == {
                 "apart"}}
    assert apart and not apart & {s["trial_id"] for r in disc.results()
                                  if not r["question"]["products"] for s in r["studies"]}


def test_later_reports_are_no_further_trials(disc, hip):
    for chapter in (disc, hip):
        companions = {s for s, row in chapter.evidence.studies.items() if row["companion_of"]}
        assert companions and not _trials(chapter) & companions


def test_hips_that_were_not_randomised_are_in_no_main_comparison(hip):
    assert hip.evidence.studies["hernigou-2018"]["design"] != "rct"  # it calls itself randomised
    for result in hip.results(role="main"):
        if result["question"]["comparison"] != "uncontrolled":
            names = {s["trial_id"] for s in result["studies"]}
            assert {hip.evidence.studies[name]["design"] for name in names} <= {"rct"}, result["id"]


def test_one_definition_of_a_response_in_an_analysis(disc):
    for result in disc.results(section="responders"):
        wanted = result["question"]["instrument_contains"]
        assert wanted
        assert all(wanted in s["instrument"] for s in result["studies"])


def test_a_response_is_counted_as_the_percentages_say(disc):
    study = next(s for s in disc.review.analysis("disc-pain50-placebo-6-12")["studies"]
                 if s["trial_id"] == "levi-2025")
    assert (study["intervention"]["events"], study["comparator"]["events"]) == (20, 10)  # 44%, 56%
    assert study["estimate"] == pytest.approx((20 / 45) / (10 / 18))


def test_common_head_survival_equals_metafor(hip):
    pooled = _of_two(hip, "hip-survival-added")["common_effect"]
    assert (pooled["estimate"], pooled["ci_low"], pooled["ci_high"]) == pytest.approx(
        SURVIVAL, rel=1e-9)


# --- the trial's own count of patients ----------------------------------------------------------


def test_patients_of_the_trial_serve_where_those_of_the_arms_are_not_stated(world):
    world.trial("a-2020", unit="knee", allocation="clustered", n_enrolled=40, n_patients=25)
    effect = world.pair("a-2020").select()[0]["a-2020"]
    units_per_patient = 40 / 25
    design_effect = 1 + (units_per_patient - 1) * 0.5
    assert effect.n_intervention == pytest.approx(20 / design_effect)
    assert effect.participants == pytest.approx(25)
    assert effect.vi == pytest.approx(2 * 10**2 / (20 / design_effect))


def test_without_patients_units_count_as_they_are(world):
    world.trial("a-2020", n_enrolled=40)
    assert world.pair("a-2020").select()[0]["a-2020"].n_intervention == 20


# --- tables -------------------------------------------------------------------------------------


def test_the_studies_of_the_seed_review_are_one_row_a_trial(disc):
    rows = _cells(disc.seed_studies(SEED)._repr_html_(), f"{DISC}-seed-studies")
    numbers = [n for row in rows for n in row["References"].split(", ")]
    stated = {r["statement_id"]: float(r["value"]) for r in disc.data.records("headline_numbers")
              if r["statement_id"] in ("disc-n01", "disc-n02")}
    assert len(rows) == stated["disc-n01"]
    assert len(numbers) == len(set(numbers)) == stated["disc-n02"]
    by_study = {row["name"]: row for row in rows}
    assert "1 of 60" in by_study[disc.names["amirdelfan-2021"]]["Serious events with cells"]
    pettine = next(row for row in rows if row["References"] == "33, 34")
    assert pettine["Longest follow-up (months)"] == "24", "of all reports of the trial"


def test_a_study_without_usable_numbers_says_so(disc):
    rows = _cells(disc.seed_studies(SEED)._repr_html_(), f"{DISC}-seed-studies")
    used = {disc.names[trial] for trial in _trials(disc)}
    said = {}
    for row in rows:  # of one trial, with all its reports
        said[row["name"]] = not row["Analyses that use it"].startswith("none")
    assert said == {names: bool(set(names.split(", ")) & used) for names in said}
    assert set(said.values()) == {True, False}


def test_a_changed_dose_shows_in_the_table(disc, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    path = data / DISC / "arms.csv"
    text = path.read_text(encoding="utf-8")
    old = ("bates-2022,adsc,intervention,\"10 million autologous adipose MSC, repeat optional at "
           "6 months\",adipose,cultured-msc,autologous,10000000,")
    assert text.count(old) == 1
    path.write_text(text.replace(old, old.replace("10000000", "70000000")), encoding="utf-8")
    dose = []
    for chapter in (disc, Chapter(DISC, data)):
        rows = _cells(chapter.seed_studies(SEED)._repr_html_(), f"{DISC}-seed-studies")
        dose += [r["Cells per dose"] for r in rows if r["name"] == chapter.names["bates-2022"]]
    assert dose == ["10,000,000 per disc", "70,000,000 per disc"]


def test_a_reference_is_shown_with_the_claims_that_rest_on_it(hip):
    shown = hip.seed_reference("ortho-bmsc-review-2025", "43")._repr_html_()
    claims = [c for c in hip.data.records("claims") if c["review_id"] == "ortho-bmsc-review-2025"
              and "43" in c["cited_refs"]]
    text = BeautifulSoup(shown, "lxml").get_text(" ")
    assert claims and all(c["claim_en"] in text for c in claims)
    rows = _cells(shown, "reference-ortho-bmsc-review-2025-43")
    assert rows and all(row["Its estimate"] == "no number in the text read" for row in rows)
    ours = {row["Outcome"]: row["Our estimate"] for row in rows}
    pooled = hip.review.analysis("hip-replacement-added")["pooled"]
    assert f"{number(pooled['estimate'], 2)} (" in ours["Joint replacement"]


def test_a_reference_that_is_not_there_is_an_error(hip):
    with pytest.raises(LookupError, match="no-such-review"):
        hip.seed_reference("no-such-review", "1")


def test_trials_by_stage_hold_those_that_are_not_randomised(hip):
    rows = _cells(hip.by_condition("hip-replacement-any", "hip-survival-added")._repr_html_(),
                  f"{HIP}-by-condition")
    stages = {row["Trial"]: row["At entry"] for row in rows}
    one = hip.names["hauzeur-2018"]
    assert stages[one].startswith("Subchondral fracture or collapse")
    assert stages[hip.names["hernigou-2018"]].startswith("Before collapse")
    study = next(s for s in hip.review.analysis("hip-replacement-any")["studies"]
                 if s["trial_id"] == "hauzeur-2018")
    shown = {row["Trial"]: row["Estimate (95% CI)"] for row in rows}[one]
    assert number(study["estimate"], 2) in shown


# --- words and axes -----------------------------------------------------------------------------


@pytest.mark.parametrize("label, shown", [
    ("Harris Hip Score", "Harris Hip Score"), ("Oswestry Disability Index",) * 2,
    ("Joint replacement", "joint replacement"), ("WOMAC total", "WOMAC total"),
    ("Disc grade (Pfirrmann)", "disc grade (Pfirrmann)"), ("Lysholm score",) * 2,
    ("Oswestry 功能障碍指数（ODI）",) * 2])
def test_names_keep_their_capital(label, shown):
    assert in_text(label) == shown


def test_only_a_response_is_called_a_response(disc, hip):
    replaced = hip.review.analysis("hip-replacement-added")
    said = finding(hip.data, replaced)
    assert "joint replacement" in said.lower() and "response" not in said
    assert question(hip.data, replaced).kind == "chance"
    response = question(disc.data, disc.review.analysis("disc-pain50-placebo-6-12"))
    assert response.kind == "response"


def test_ratios_on_an_axis_are_plain_numbers():
    for low, high in ((0.9, 1.7), (0.94, 1.63), (0.6, 4), (0.05, 30), (4e6, 2e8), (1e-4, 1e9)):
        scale = Scale(low, high, 0, 100, log=True)
        shown = [tick.value for tick in scale.ticks()]
        assert 3 <= len(shown) <= 6 and shown == sorted(set(shown))
        assert all(scale.inside(v) and v == float(f"{v:.2g}") for v in shown)
        assert 1 in shown or not low < 1 < high


# --- what the largest trials outside a pool are, and of how many patients -------------------------


def test_studies_that_are_not_randomised_stand_apart_from_the_randomised_participants(hip):
    result = hip.review.analysis("hip-replacement-added")
    listed = {t.href: t for state in outside(Forests(hip.data, HIP), result).states
              for t in state.trials}
    designs = set()
    for trial in result["not_in_pool"]["trials"]:
        shown = listed[f"trials/{trial['trial_id']}.html"]
        assert (trial["design"] != "rct") == (
            "not randomised" in word("said", shown.why, template="messages.html")), shown
        designs.add(trial["design"])
    assert len(designs) > 1 and "rct" in designs


def test_a_trial_without_a_size_has_that_of_its_companions(world):
    ev = (world.trial("a", n_enrolled="").trial("later", companion_of="a", n_enrolled=24,
                                                n_patients=19).evidence())
    assert size_of_trial(ev, "a") == 19


def test_enrolled_patients_go_before_those_that_the_arms_analysed(world):
    ev = world.study("a", n_enrolled=53, n_patients=45).arm(
        "a", "msc", cells="cultured-msc", n_patients=21).arm(
        "a", "control", "saline", n_patients=18).evidence()
    assert size_of_trial(ev, "a") == 45


def test_a_reported_effect_of_joints_counts_their_patients(world):
    world.study("a", n_enrolled=53, n_patients=43)
    world.arm("a", "msc", cells="cultured-msc", n_allocated="")
    world.arm("a", "control", "saline", n_allocated="").contrast("a", -10, se=2)
    assert world.select()[0]["a"].participants == 43


def test_a_possible_overlap_with_a_trial_without_a_number_bars_nothing(world):
    world.trial("a").trial("b").pair("b")
    world.add("cohort_overlaps", indication="knee-osteoarthritis", study_id="a",
              other_study_id="b", kind="possible", action="warn")
    assert list(world.select(possible_overlaps=False)[0]) == ["b"]


def test_no_size_is_called_zero_and_animals_make_no_comparison_of_people(disc):
    assert "(0 enrolled" not in disc.size()._repr_html_()
    assert "Freeman" not in disc.question()._repr_html_()


def test_a_response_is_called_by_its_definition(disc):
    asked = disc.review.analysis("disc-odi30-placebo-6-12")
    assert "patients with at least 30% less disability" in finding(disc.data, asked).lower()
    assert question(disc.data, asked).outcome.en == "Patients with at least 30% less disability"


def test_equal_values_stand_in_the_middle_of_the_albatross_plot(hip):
    said = soup(hip.albatross("structure").view).figcaption.get_text()
    assert re.search(r"\b[1-9]\d* in the middle shows? no difference", said)


def test_spreads_that_are_hardly_plausible_are_named(hip):
    pages = {study: soup(view).get_text() for study, _, view in trial_pages(hip.review)}
    doubted = {study for study, text in pages.items() if "which hardly any treatment does" in text}
    assert doubted & {s["trial_id"] for s in hip.review.analysis("hip-pain-added-12-24")["studies"]}
    choice = "Without effects beyond two standard deviations"
    for analysis, there in (("hip-pain-added-12-24", True), ("hip-survival-added", False)):
        page = soup(Figures(hip.review).page(hip.review.analysis(analysis)))
        assert (choice in page.get_text()) == there


def test_an_analysis_of_some_hips_says_of_which(hip):
    [row] = hip.by_condition("hip-failure-precollapse-added").view.rows
    assert "pre-collapse" in row.part


def test_two_trials_with_a_ratio_are_told_apart_as_two_trials_with_means_are(hip):
    result = _of_two(hip, "hip-survival-added")
    rows = {r.th.a.get_text(): r.get_text() for r in forest(hip.data, result).select(".lr-study")}
    assert "1.11 (0.59 to 2.12)" in rows[hip.names["pepke-2016"]]
    assert "Of two trials it is the posterior under a prior" in finding(hip.data, result)
    details = word("sentences", question(hip.data, result), heterogeneity(result),
                   template="heterogeneity.html")
    assert "it would be 1.24 (1.05 to 1.46); no difference between them" in details
    assert "By random effects with the interval of more trials it would be 1.24, " \
           "interval 0.43 to 3.59." in details
