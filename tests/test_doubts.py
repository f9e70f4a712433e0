"""Values in doubt, scales of the instrument, arms without numbers, and reasons that are true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import read_table, write_table
from made_up import HARM, KNEE, PAIN, World
from rendered import finding

from livingreview.data import doubts
from livingreview.data.dataset import Dataset, examine, load
from livingreview.effects import Analysis, Evidence, Rules, select
from livingreview.render.book import Pages
from livingreview.review import review
from livingreview.review.results import analyse
from livingreview.review.robustness import VARIANTS
from livingreview.view.forest import Forests
from livingreview.view.inside import in_text

DAY = "2026-01-02"
OUTCOMES = f"{KNEE}/outcomes.csv"


@pytest.fixture
def world(tmp_path):
    """A world with a Likert scale of 0 to 20 in whole steps and KOOS with fixed limits."""
    return World(tmp_path / "data").add(
        "scales", outcome="womac-pain", form="Likert", scale_min=0, scale_max=20, fixed="yes",
        steps=20, source="read").add(
        "scales", outcome="koos-pain", form="KOOS", scale_min=0, scale_max=100, fixed="yes",
        steps=36, source="read")


@pytest.fixture(scope="module")
def project() -> Dataset:
    return load()


@pytest.fixture(scope="module")
def results(project) -> dict:
    return review(project).document["analyses"]


def likert(world, mean, n, study="a-2020", arm="msc", **more):
    return world.value(study, arm, mean, 3, n=n, **{
        "outcome": "womac-pain", "instrument": "WOMAC pain, Likert", "scale_max": 20, **more})


def decide(world, **more):
    world.rows["doubts"].append({
        "indication": KNEE, "table": "outcomes", "study_id": "a-2020", "arm_id": "msc",
        "item": "womac-pain", "timepoint_months": 6, "rule": "impossible-mean",
        "finding": "mean 8.35, n 18", "decision": "doubtful", "reason": "no such mean",
        "source_id": "own", "date": DAY, **more})
    return world


def said(world, *rules) -> list[tuple]:
    """(level, file, column, value) of the problems by these rules."""
    return [(p.level, p.file, p.column, p.value) for p in examine(world.write()).problems
            if p.rule in rules]


# --- candidates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "n", "step", "fits"), [
    (3.15, 20, 1, True), (3.15, 18, 1, False), (5.24, 43, 1, False), (5.28, 43, 1, True),
    (5.2, 43, 1, True),    # one decimal cannot tell
    (2.25, 8, 1, True), (1.12, 8, 1, True), (1.13, 8, 1, True),  # 1.125, to even and up
    (0.66, 3, 1, True), (0.67, 3, 1, True), (0.68, 3, 1, False),  # cut off, rounded, neither
    (-3.15, 18, 1, False), (-3.17, 18, 1, True), (10.5, 10, 5, True), (10.25, 10, 5, False)])
def test_a_mean_that_n_scores_cannot_have(mean, n, step, fits):
    assert doubts.possible_mean(mean, n, step) == fits


@pytest.mark.parametrize("more", [
    {}, {"n": 20, "mean": 8.35}, {"mean": 8.3}, {"scale_max": 100}, {"quality": "digitised"},
    {"n": ""}, {"statistic": "percent-change"}, {"instrument": "WOMAC pain"},
    {"scale_min": "", "scale_max": ""}, {"statistic": "change", "mean": -8.35},
    {"scale_min": "", "scale_max": "", "rescaled": "yes"}])
def test_only_a_mean_on_the_own_scale_of_the_instrument_is_a_candidate(world, more):
    likert(world.trial("a-2020"), **{"mean": 8.35, "n": 18, **more})
    found = [c.finding for c in doubts.candidates(load(world.write()), KNEE)]
    wanted = {(): ["mean 8.35, n 18"], ("scale_max", "scale_min"): ["mean 8.35, n 18"],
              ("mean", "statistic"): ["mean -8.35, n 18"]}
    assert found == wanted.get(tuple(sorted(more)), [])


def test_scores_between_whole_numbers_may_have_been_rounded_to_them(world):
    world.trial("a-2020")
    for months, mean in ((3, 55.61), (6, 55.63)):  # 1001 / 18 is 55.61; neither is on 100/36
        world.value("a-2020", "msc", mean, 9, n=18, outcome="koos-pain", instrument="KOOS pain",
                    timepoint_months=months)
    assert [c.months for c in doubts.candidates(world.data(), KNEE)] == [6]


def test_a_mean_of_combined_arms_is_not_looked_at(world):
    likert(world.trial("a-2020").arm("a-2020", "both", cells="cultured-msc", combines="msc"),
           8.35, 18, arm="both")
    assert not doubts.candidates(world.data(), KNEE)


def test_two_prints_of_one_value_in_one_report(world):
    world.trial("a-2020")
    for source, doi in (("one", "10.1000/x"), ("two", "10.1000/x"), ("else", "10.1000/y")):
        world.add("sources", source_id=source, kind="review-table", title="t", doi=doi,
                  accessed=DAY)
    for source, mean in (("one", 31.5), ("two", 30.5), ("else", 29)):
        world.value("a-2020", "msc", mean, 10, source_id=source)
    assert [(c.rule, c.finding, c.item, c.months) for c in
            doubts.candidates(world.data(), KNEE)] == [
        ("second-print", "31.5; 30.5", "pain-vas", 6)]


def test_numbers_of_one_arm_that_differ_between_outcomes_and_harms(world):
    world.trial("a-2020").pair("a-2020", n=18).count("a-2020", "msc", 2, 20)
    world.count("a-2020", "control", 1, 18).trial("b-2020").pair("b-2020", n=18)
    world.count("b-2020", "msc", 3, 20, count="events")
    world.count("b-2020", "control", 3, 20, source_id="review")
    assert [(c.study_id, c.arm_id, c.finding) for c in
            doubts.candidates(world.data(), KNEE)] == [
        ("a-2020", "msc", "18 in outcomes; 20 in harms")]


# --- decisions ----------------------------------------------------------------------------------


def test_check_warns_of_what_nobody_has_decided(world):
    likert(world.trial("a-2020"), 8.35, 18)
    assert said(world, "impossible-mean") == [("warning", OUTCOMES, "mean", "mean 8.35, n 18")]


@pytest.mark.parametrize(("decision", "quality"), [("doubtful", "doubtful"), ("kept", "")])
def test_a_decision_settles_it(world, decision, quality):
    likert(world.trial("a-2020"), 8.35, 18, quality=quality)
    decide(world, decision=decision)
    assert said(world, "impossible-mean", "doubt-without-row", "doubt-disagrees") == []


@pytest.mark.parametrize(("decision", "quality"), [("doubtful", ""), ("kept", "doubtful")])
def test_a_decision_that_the_row_does_not_follow_is_an_error(world, decision, quality):
    likert(world.trial("a-2020"), 8.35, 18, quality=quality)
    decide(world, decision=decision)
    assert said(world, "doubt-disagrees") == [("error", OUTCOMES, "quality", quality)]


def test_one_of_two_decisions_is_enough_to_doubt_a_row(world):
    likert(world.trial("a-2020"), 8.35, 18, quality="doubtful")
    decide(decide(world), rule="read", item="", timepoint_months="", decision="kept", finding="x")
    assert said(world, "doubt-disagrees") == []


@pytest.mark.parametrize(("more", "expected"), [
    ({"finding": "mean 8.4, n 18"}, [("warning", "doubts.csv", "finding", "mean 8.4, n 18"),
                                     ("warning", OUTCOMES, "mean", "mean 8.35, n 18")]),
    ({"arm_id": "nobody", "rule": "read"}, [
        ("warning", "doubts.csv", "study_id", "a-2020 | nobody | womac-pain | 6.0"),
        ("warning", OUTCOMES, "mean", "mean 8.35, n 18")]),
    ({"decision": "kept", "source_id": "none"}, [("error", "doubts.csv", "source_id", "none")])])
def test_a_decision_on_something_else_settles_nothing(world, more, expected):
    likert(world.trial("a-2020"), 8.35, 18, quality="doubtful" * ("finding" in more))
    decide(world, **more)
    assert sorted(said(world, "impossible-mean", "doubt-without-row", "doubt-disagrees",
                       "foreign-key")) == sorted(expected)


def test_harms_can_be_in_doubt_and_a_file_may_lack_the_column(world):
    world.trial("a-2020").counts("a-2020", 5, 2, quality="doubtful")
    effects, left = world.select(HARM)
    assert not effects and left["a-2020"].reason == "value doubtful"
    assert "a-2020" in world.select(HARM, qualities=frozenset({"as-reported", "doubtful"}))[0]
    path = world.write() / KNEE / "adverse_events.csv"
    rows = read_table(path)
    names = [name for name in rows[0] if name != "quality"]
    path.write_text("\n".join([",".join(names), *(",".join(r[n] for n in names) for r in rows)])
                    + "\n")
    sound = load(world.folder)
    assert sound.knows("adverse_events", KNEE)
    assert {r["quality"] for r in sound.records("adverse_events", KNEE)} == {None}


def test_every_candidate_of_the_project_is_decided_and_followed(project):
    assert project.records("doubts")
    rules = {"impossible-mean", "second-print", "n-differs", "doubt-without-row"}
    assert not [p for p in project.problems if p.rule in rules]
    for indication in project.indications:
        for doubt in doubts.settlements(project, indication):
            assert doubts.meant(project, doubt), doubt["row"]
    assert {d["decision"] for d in project.records("doubts")} == {"doubtful", "kept"}


def test_no_main_rule_takes_a_value_in_doubt(project, results):
    doubted = {(d["indication"], d["table"], row["row"]) for i in project.indications
               for d in doubts.settlements(project, i) if d["decision"] == "doubtful"
               for row in doubts.meant(project, d)}
    pooled = {(r["indication"], reading["table"], reading["row"])
              for r in results.values() if r["role"] != "check" for s in r["studies"]
              for arm in (s["intervention"], s["comparator"]) if arm for reading in arm["readings"]}
    assert doubted and pooled and not doubted & pooled


def test_the_page_on_data_quality_lists_each_decision(project):
    page = Pages().doubts()._repr_html_()
    assert page.count("<tr") >= len(project.records("doubts"))
    assert all(d["finding"].split(";")[0] in page for d in project.records("doubts"))


# --- what is said of a result --------------------------------------------------------------------


def four_trials(world, quality=""):
    for number, cells in enumerate((30, 31, 32)):
        world.trial(f"t{number}").pair(f"t{number}", cells=cells)
    return world.trial("a-2020").pair("a-2020", cells=5, quality="doubtful")


def said_of(world, **more) -> str:
    """What is said of the made-up result."""
    result, _ = analyse(world.evidence(), replace(PAIN, **more))
    return finding(world.data(), result)


def test_a_result_is_said_with_and_without_values_in_doubt(world):
    decide(four_trials(world), item="pain-vas", rule="second-print", finding="5; 6", arm_id="")
    label = in_text(world.data().label("doubt_rule", "second-print"))
    text = said_of(world)
    assert "−9.0 (" in text and "; 3 trials, 120 participants." in text
    assert f"Left out because in doubt ({label}): Somebody, year not stated" in text
    assert "; with it: −" in text


def test_a_doubt_of_another_outcome_or_visit_is_no_reason(world):
    four_trials(world)
    for more in ({"item": "womac-pain", "timepoint_months": 12}, {"item": "odi"}):
        decide(world, rule="read", **more)
    assert "Left out because in doubt (see the page on data quality): " in said_of(world)


def test_it_is_said_when_values_in_doubt_are_taken_in(world):
    text = said_of(four_trials(world), qualities=("as-reported", "doubtful"))
    assert "Taken in although in doubt (" in text and "; without: −9.0 (" in text


def test_nothing_is_said_where_nothing_is_in_doubt(world):
    for number in range(3):
        world.trial(f"t{number}").pair(f"t{number}")
    assert "in doubt" not in said_of(world)


def test_what_is_said_of_a_result_names_the_trials_in_doubt(project, results):
    changed = [r for r in results.values() if r["role"] == "main" and r["pooled"]
               and any(v["id"] == "with-doubtful" for v in r["robustness"])]
    assert changed
    for result in changed:
        row, = (v for v in result["robustness"] if v["id"] == "with-doubtful")
        doubt = Forests(project, result["indication"]).findings.of(result).doubt
        assert {h.split("/")[-1] for h in doubt.hrefs} == {f"{t}.html" for t in row["brings"]}
        assert doubt.estimate.k == row["k"] and not doubt.taken_in
        assert "in doubt" in finding(project, result)


# --- an arm without any number ------------------------------------------------------------------


def with_silent_arms(folder, data) -> None:
    """Beside each arm another one like it, of another dose, of which no number is known."""
    for indication in data.indications:
        path = folder / indication / "arms.csv"
        rows = read_table(path)
        silent = [row | {"arm_id": row["arm_id"] + "-silent"} for row in rows
                  if not row["combines"]]
        write_table(path, tuple(rows[0]), rows + silent)


def test_an_arm_without_values_changes_no_analysis(project, data_copy):
    with_silent_arms(data_copy, project)
    more, checked = load(data_copy), 0
    for indication in project.indications:
        before, after = Evidence(project, indication), Evidence(more, indication)
        for row in project.records("analyses"):
            if row["indication"] == indication:
                analysis = Analysis.of(row)
                effects = [[(e.trial_id, e.yi, e.vi) for e in select(ev, analysis)[0]]
                           for ev in (before, after)]
                assert effects[0] == effects[1], analysis.id
                checked += len(effects[0])
    assert checked > 300


@pytest.mark.parametrize("more", [{"dose": 5}, {"route": "intravenous"}])
@pytest.mark.parametrize("values", ["rows", "contrast", "counts"])
def test_an_arm_without_any_number_is_left_out_and_named(world, values, more):
    world.trial("a-2020")
    {"rows": world.pair, "counts": lambda s: world.counts(s, 5, 2),
     "contrast": lambda s: world.contrast(s, -10, se=2)}[values]("a-2020")
    analysis = HARM if values == "counts" else PAIN
    before = world.select(analysis)[0]["a-2020"]
    world.arm("a-2020", "third", cells="cultured-msc", **more)
    after = world.select(analysis)[0]["a-2020"]
    assert (after.yi, after.vi) == (before.yi, before.vi)
    assert "without arm third, of which no number is known" in after.derivation
    assert not world.select(analysis, silent_arms=False)[0]


def test_an_arm_that_has_numbers_elsewhere_keeps_the_others_out(world):
    world.trial("a-2020").pair("a-2020").arm("a-2020", "third", cells="cultured-msc")
    world.value("a-2020", "third", 35, 10, timepoint_months=12)
    effects, left = world.select()
    assert not effects and left["a-2020"].reason == (
        "only some of the arms have a value (missing: third)")
    effect = world.select(some_arms=True)[0]["a-2020"]
    assert effect.yi == -10
    assert "without arm third, which has no usable value here" in effect.derivation


def test_a_dose_that_only_another_report_tells_of_has_numbers(world):
    world.trial("a-2020").pair("a-2020").arm("a-2020", "third", cells="cultured-msc")
    world.study("a-2022", companion_of="a-2020").arm("a-2022", "third", cells="cultured-msc")
    world.value("a-2022", "third", 35, 10, timepoint_months=24)
    assert not world.select()[0]


def test_parts_of_a_union_with_values_are_heard(world):
    world.trial("a-2020").value("a-2020", "control", 40, 10)
    world.arm("a-2020", "third", cells="cultured-msc").arm(
        "a-2020", "both", cells="cultured-msc", combines="msc;third")
    world.value("a-2020", "both", 30, 10).value("a-2020", "msc", 32, 10, timepoint_months=12)
    effect = world.select()[0]["a-2020"]
    assert effect.intervention.arms == ("both",) and not effect.derivation


# --- the scale of the instrument ----------------------------------------------------------------


def koos(world, study="a-2020", **more):
    return world.trial(study).pair(study, 70, 60, **{
        "outcome": "koos-pain", "instrument": "KOOS pain", "scale_min": "", "scale_max": "",
        "better": "higher", **more})


def test_a_row_without_scale_has_that_of_its_instrument(world):
    effect = koos(world).select()[0]["a-2020"]
    assert (effect.yi, effect.quality) == (-10, "derived")
    assert "limits of the instrument, 0 to 100, as its scale" in effect.derivation
    assert not world.select(instrument_limits=False)[0]
    assert not said(world, "scale-missing")


@pytest.mark.parametrize("more", [
    {"instrument": "pain"}, {"instrument": "KOOS pain (0-10)"}, {"rescaled": "yes"},
    {"scale_min": 0}, {"outcome": "pain-vas", "instrument": "VAS"}])
def test_a_scale_that_is_not_certain_stays_open(world, more):
    assert koos(world, **more).select()[1]["a-2020"].reason == "scale not stated"


def test_values_outside_the_limits_are_on_another_scale(world):
    world.trial("a-2020").pair("a-2020", 170, 60, outcome="koos-pain", instrument="KOOS pain",
                               scale_min="", scale_max="", better="higher")
    assert world.select()[1]["a-2020"].reason == "scale not stated"


def test_other_rows_of_the_trial_go_first(world):
    koos(world)
    world.value("a-2020", "msc", 70, 10, outcome="koos-pain", instrument="KOOS pain",
                scale_max=200, better="higher", timepoint_months=0)
    effect = world.select()[0]["a-2020"]
    assert effect.yi == -5 and effect.quality == "as-reported"


def test_a_reported_difference_has_the_width_of_its_instrument(world):
    likert_row = {"outcome": "womac-pain", "instrument": "WOMAC Likert", "scale_max": "", "se": 1}
    world.trial("a-2020").contrast("a-2020", -5, **likert_row)
    effect = world.select()[0]["a-2020"]
    assert (effect.yi, effect.quality) == (-25, "derived")
    assert not world.select(instrument_limits=False)[0]
    world.trial("b-2020").contrast("b-2020", -21, **likert_row)
    assert "scale of the reported" in world.select()[1]["b-2020"].reason


def test_robustness_drops_scales_of_the_instrument(world):
    result, _ = analyse(koos(world).evidence(), PAIN)
    assert "no-instrument-limits" in {r["id"] for r in result["robustness"]}
    assert "as-reported-only" in {r["id"] for r in result["robustness"]}


def test_trials_of_the_project_enter_by_the_limits_of_their_instrument(data_copy):
    path = data_copy / "knee-osteoarthritis/outcomes.csv"
    rows = read_table(path)
    for row in rows:
        if row["study_id"] == "zaffagnini-2022":
            row["scale_min"] = row["scale_max"] = ""
    write_table(path, tuple(rows[0]), rows)
    data = load(data_copy)
    row, = [r for r in data.records("analyses") if r["analysis_id"] == "knee-pain-prp-3-6"]
    effects, _ = select(Evidence(data, "knee-osteoarthritis"), Analysis.of(row))
    found, = [e for e in effects if e.trial_id == "zaffagnini-2022"]
    assert found.quality == "derived"
    assert any(w.startswith("limits of the instrument") for w in found.derivation)


# --- reasons that are true ----------------------------------------------------------------------


def reasons(world, analysis=PAIN) -> dict[str, str]:
    result, _ = analyse(world.evidence(), analysis)
    return {t["trial_id"]: t["reason"] for t in result["not_in_pool"]["trials"]}


def test_a_place_is_named_only_where_the_trial_is_found(world):
    world.trial("pooled-2020").pair("pooled-2020")
    other = {"design": "nonrandomised-controlled"}
    world.trial("beside-2020", **other).pair("beside-2020")
    world.trial("silent-2020", **other)
    world.trial("doubted-2020", **other).pair("doubted-2020", quality="doubtful")
    world.trial("digitised-2020").pair("digitised-2020", quality="digitised")
    world.trial("spreadless-2020").pair("spreadless-2020", sd="", quality="borrowed")
    world.trial("gone-2020", status="retracted")
    world.trial("running-2020", progress="running")
    world.trial("early-2020", progress="running").pair("early-2020", quality="digitised")
    assert reasons(world) == {
        "beside-2020": "not randomised: only in robustness and in a subgroup by design",
        "silent-2020": "not randomised; no values of this outcome in the sources read",
        "doubted-2020": "not randomised; value doubtful",
        "digitised-2020": "value digitised: only in robustness",
        "spreadless-2020": "no spread: neither SD, SE, interval nor quartiles",
        "gone-2020": "retracted", "running-2020": "no results yet",
        "early-2020": "value digitised: only in robustness"}


def test_each_place_that_a_reason_of_the_project_names_holds_the_trial(project, results):
    changes = {v.id: v.change for v in VARIANTS}
    evidence = {i: Evidence(project, i) for i in project.indications}
    rows = {row["analysis_id"]: row for row in project.records("analyses")}
    named = 0
    for key, result in results.items():
        analysis, ev = Analysis.of(rows[key]), evidence[result["indication"]]
        held: dict[str, set] = {}
        for trial in result["not_in_pool"]["trials"]:
            if "subgroup" in trial["reason"]:
                design, = (d for d in result["subgroups"] if d["by"] == "design")
                assert any(trial["trial_id"] in g["trials"] for g in design["groups"])
            if "robustness" not in trial["reason"]:
                continue
            named += 1
            for row in result["robustness"]:
                if row["id"] in changes and row["id"] not in held:
                    rules = Rules(**changes[row["id"]])
                    held[row["id"]] = {e.trial_id for e in select(ev, analysis, rules)[0]
                                       if e.yi is not None}
            assert any(trial["trial_id"] in trials for trials in held.values()), (key, trial)
    assert named > 20
