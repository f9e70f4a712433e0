"""What changed between two versions: causes, parts that sum up, and the command."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner
from made_up import World
from rendered import plain, soup, word

from livingreview.__main__ import main
from livingreview.data import versions
from livingreview.render.engine import render
from livingreview.review import dumps, review
from livingreview.review.changes import DifferentError, changes, wrong
from livingreview.synthesis import pool
from livingreview.view.changes import changed

TRIALS = {"ash-2019": (40.0, 20.0), "birch-2020": (30.0, 18.0), "cedar-2021": (35.0, 22.0),
          "elm-2022": (45.0, 21.0)}


def _world(folder, trials=TRIALS, retracted=(), analysis=None):
    world = World(folder)
    for name, (mean, sd) in trials.items():
        world.trial(name, status="retracted" if name in retracted else "published")
        world.value(name, "msc", mean, sd, n=30).value(name, "control", 50, 20, n=30)
    return world.analysis(**(analysis or {}))


def _document(folder, **options) -> dict:
    folder.mkdir()
    return json.loads(dumps(review(_world(folder, **options).data()).document))


@pytest.fixture
def versions_of(tmp_path):
    def make(old: dict, new: dict) -> dict:
        return changes(_document(tmp_path / "old", **old), _document(tmp_path / "new", **new))
    return make


def _one(found: dict) -> dict:
    assert len(found["analyses"]) == 1
    return found["analyses"][0]


def _detail(cause: dict) -> str:
    """What a cause says, with identifiers."""
    return word("detail", [asdict(m) for m in cause["detail"]], template="change_words.txt")


def _said(found: dict, data=None) -> str:
    return render(changed(data, found), form="txt")


def _text(change: dict) -> str:
    made_of = {"data_version": "", "package_version": ""}
    return _said({"before": made_of, "now": made_of, "analyses": [change], "unchanged": 0,
                    "files": []})


def test_the_same_results_have_no_change(versions_of):
    found = versions_of({}, {})
    assert found["analyses"] == [] and found["unchanged"] == 1


def test_an_added_and_a_retracted_trial_are_named_with_their_parts(versions_of):
    before = {k: v for k, v in TRIALS.items() if k != "elm-2022"}
    change = _one(versions_of({"trials": before}, {"retracted": ("ash-2019",)}))
    assert [(s["cause"], s["trial_id"]) for s in change["steps"]] == [
        ("added", "elm-2022"), ("retracted", "ash-2019")]
    assert math.isclose(sum(s["part"] for s in change["steps"]), change["total"], rel_tol=1e-9)
    assert math.isclose(change["before"]["estimate"] + change["total"],
                        change["now"]["estimate"], rel_tol=1e-9)
    # the step between is the pool of all four trials
    yi = np.array([m - 50 for m, _ in TRIALS.values()])
    vi = np.array([(sd**2 + 20**2) / 30 for _, sd in TRIALS.values()])
    assert math.isclose(change["steps"][0]["estimate"], pool(yi, vi).estimate, rel_tol=1e-6)
    text = _text(change)
    assert "elm-2022" in text and "ash-2019" in text and "all together" in text


def test_a_corrected_value_is_told_from_a_value_derived_anew(versions_of, tmp_path):
    change = _one(versions_of({}, {"trials": {**TRIALS, "elm-2022": (41.0, 21.0)}}))
    assert [s["cause"] for s in change["steps"]] == ["corrected"]
    old = _document(tmp_path / "derived")
    new = copy.deepcopy(old)
    analysis = next(iter(new["analyses"].values()))
    analysis["studies"][0]["vi"] *= 2
    studies = analysis["studies"]
    analysis["pooled"]["estimate"] = pool([s["yi"] for s in studies],
                                          [s["vi"] for s in studies]).estimate
    assert [s["cause"] for s in _one(changes(old, new))["steps"]] == ["rule"]  # the same rows
    del old["known"]  # as results of earlier versions
    assert [s["cause"] for s in _one(changes(old, new))["steps"]] == ["re-derived"]


def test_another_estimator_is_a_change_of_method(versions_of):
    change = _one(versions_of({}, {"analysis": {"tau2_method": "DL"}}))
    assert [s["cause"] for s in change["steps"]] == ["method"]
    assert change["now"]["estimate"] != change["before"]["estimate"]


def test_another_window_is_the_cause_and_no_trial(versions_of):
    change = _one(versions_of({}, {"analysis": {"window_to": 7}}))
    assert [s["cause"] for s in change["steps"]] == ["question"]
    assert sum(s["part"] for s in change["steps"]) == change["total"] == 0


def test_another_measure_is_the_cause_and_no_trial(versions_of):
    change = _one(versions_of({}, {"analysis": {"measure": "SMD", "rescale": ""}}))
    assert [(c["cause"], c["trial_id"]) for c in change["causes"]] == [("question", "")]
    assert change["steps"] == [] and change["total"] is None
    text = _text(change)
    assert "the question changed: measure SMD instead of MD; scale as measured" in text
    assert "before: MD " in text and "now:    SMD " in text
    assert "corrected" not in text and "anew" not in text


def test_other_words_and_new_keys_are_no_other_question(tmp_path):
    old = _document(tmp_path / "old")
    new = copy.deepcopy(old)
    for result in old["analyses"].values():
        result["question"]["population"] = "Another name"
        for key in ("background", "condition", "products", "unit"):
            del result["question"][key]
    assert changes(old, new)["analyses"] == []


def test_a_repeated_pool_keeps_a_trial_that_is_retracted(versions_of):
    check = {"role": "check", "studies": ";".join(TRIALS)}
    found = versions_of({"analysis": check}, {"analysis": check, "retracted": ("ash-2019",)})
    assert found["analyses"] == []


def test_trials_are_called_by_name_and_identifier(tmp_path):
    old = _document(tmp_path / "old")
    (tmp_path / "new").mkdir()
    world = _world(tmp_path / "new", retracted=("ash-2019",))
    world.rows["studies"][0].update(first_author="Ash", year=2019)
    data = world.data()
    found = changes(old, json.loads(dumps(review(data).document)))
    assert "trial retracted (Ash 2019, ash-2019)" in _said(found, data)
    assert "trial retracted (ash-2019)" in _said(found)
    page = plain(soup(changed(data, found, "x", "2026.11.0")))
    assert "trial retracted (Ash 2019)" in page and "ash-2019" not in page
    assert "Compared with version 2026.11.0: 1 analysis changed, 0 did not." in page


@pytest.mark.parametrize("measure, parts, remark", [
    ("MD", (0.644, -0.446), " (parts are rounded)"),  # 0.64 − 0.45, and 0.20 all together
    ("MD", (0.64, -0.45), ""), ("MD", (), ""), ("RR", (math.log(1.1), math.log(0.9)), ""),
    ("RR", (math.log(1.0004),) * 5, " (parts are rounded)")])
def test_parts_that_do_not_sum_as_printed_say_so(measure, parts, remark):
    step = {"cause": "added", "trial_id": "", "other": "", "detail": "", "estimate": 1}
    change = {"id": "x", "title": "X", "indication": "none", "measure": measure, "before": None,
              "now": None, "causes": [], "steps": [{**step, "part": p} for p in parts],
              "total": sum(parts)}
    text = _text(change)
    assert ("all together" in text) == bool(parts)
    assert text.endswith(remark) if remark else "rounded" not in text


def test_a_trial_that_leaves_no_other_has_no_parts(versions_of):
    change = _one(versions_of({"trials": {"ash-2019": (40.0, 20.0)}},
                              {"trials": {"ash-2019": (40.0, 20.0)}, "retracted": ("ash-2019",)}))
    assert change["now"]["estimate"] is None and change["total"] is None
    assert [c["cause"] for c in change["causes"]] == ["retracted"]


def test_a_pool_that_its_trials_do_not_give_is_refused(tmp_path):
    old = _document(tmp_path / "old")
    new = copy.deepcopy(old)
    next(iter(new["analyses"].values()))["pooled"]["estimate"] += 1
    with pytest.raises(DifferentError):
        changes(old, new)


def test_the_command_compares_files_and_refuses_what_holds_no_results(tmp_path):
    files = []
    for name, options in (("a", {}), ("b", {"trials": dict(list(TRIALS.items())[:3])})):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(_document(tmp_path / name, **options)))
        files.append(str(path))
    runner = CliRunner()
    done = runner.invoke(main, ["diff", *files])
    assert done.exit_code == 0 and "elm-2022" in done.output
    found = json.loads(runner.invoke(main, ["diff", *files, "--json"]).output)
    step = found["analyses"][0]["steps"][0]
    assert (step["cause"], step["detail"]) == ("deleted", [{"key": "no-longer-in-data", "of": {}}])
    (tmp_path / "none.json").write_text("[]")
    for other in (str(tmp_path / "none.json"), "2020.01.0", "nothing"):
        done = runner.invoke(main, ["diff", files[0], other])
        assert done.exit_code == 2 and "Traceback" not in done.output


def _without(document, place):
    *way, last = place
    for key in way:
        document = document[key]
    del document[last]


@pytest.mark.parametrize("place", [
    ("data_version",), ("digests",), ("analyses", "made-up", "title"),
    ("analyses", "made-up", "question", "measure"), ("analyses", "made-up", "method", "interval"),
    ("analyses", "made-up", "pooled", "estimate"), ("analyses", "made-up", "studies", 0, "yi"),
    ("known", "knee-osteoarthritis", "ash-2019", "rows"),
    ("analyses", "made-up", "studies", 0, "intervention", "n"), ("analyses", "made-up",
                                                                 "not_in_pool")])
def test_a_damaged_file_of_results_is_named_with_the_place(tmp_path, place):
    document = _document(tmp_path / "data")
    assert wrong(document) == ""
    sound, damaged = tmp_path / "sound.json", tmp_path / "damaged.json"
    sound.write_text(json.dumps(document))
    _without(document, place)
    damaged.write_text(json.dumps(document))
    where = ".".join(map(str, place[:-1])) or "the file"
    for files in ((sound, damaged), (damaged, sound)):
        done = CliRunner().invoke(main, ["diff", *map(str, files)])
        assert done.exit_code == 2
        assert done.output == (f"{damaged} is no results.json that can be compared: {where} has "
                               f"no {place[-1]!r}\n")


@pytest.mark.parametrize("key, value", [("studies", {}), ("question", None), ("k", "two"),
                                        ("studies", [None]), ("pooled", 3)])
def test_results_of_another_kind_are_named(tmp_path, key, value):
    document = _document(tmp_path / "data")
    document["analyses"]["made-up"][key] = value
    assert wrong(document).startswith(f"analyses.made-up.{key}")


def test_numbers_that_give_no_pool_are_refused_in_words(tmp_path):
    document = _document(tmp_path / "data")
    (tmp_path / "sound.json").write_text(json.dumps(document))
    document["analyses"]["made-up"]["studies"][0]["vi"] = -1
    (tmp_path / "damaged.json").write_text(json.dumps(document))
    done = CliRunner().invoke(main, ["diff", *(str(tmp_path / f"{name}.json")
                                               for name in ("sound", "damaged"))])
    assert done.exit_code == 1 and done.output.startswith("the two cannot be compared")


def test_the_command_says_what_else_can_be_compared(tmp_path):
    results = tmp_path / "a.json"
    results.write_text(json.dumps(_document(tmp_path / "data")))
    for arguments, said in (
            ((str(results), str(tmp_path)), f"current --data {tmp_path}"),
            ((str(results), "nothing"), "no file of results, no published version"),
            ((str(results), str(results), "--data", str(tmp_path)), "neither OLD nor NEW")):
        done = CliRunner().invoke(main, ["diff", *arguments])
        assert done.exit_code == 2 and said in done.output


def test_names_of_versions_sort_by_age(tmp_path):
    for name in ("2026.9.0", "2026.10.0", "2026.02.10", "2026.02.9", "2026.10.0.manifest"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert versions.published(tmp_path) == ["2026.02.9", "2026.02.10", "2026.10.0"]


# --- every cause is what happened ---------------------------------------------------------------

FOUR = ("ash-2019", "birch-2020", "cedar-2021", "elm-2022")


def _four(folder) -> World:
    """Four trials of pain and of adverse events, each with its own values."""
    world = World(folder)
    for i, name in enumerate(FOUR):
        world.trial(name).pair(name, 30 + 2 * i, 45, 12 + i).counts(name, 4 + i, 3)
    return world.analysis()


def _change_row(world: World, table: str, match: dict, **values) -> None:
    rows = [r for r in world.rows[table] if all(r.get(k) == v for k, v in match.items())]
    assert rows, match
    for row in rows:
        row.update(values)


def _outcomes(world, **values):
    _change_row(world, "outcomes", {"study_id": "elm-2022"}, **values)


def _study(world, **values):
    _change_row(world, "studies", {"study_id": "elm-2022"}, **values)


def _renamed(world):
    for rows in world.rows.values():
        for row in rows:
            if row.get("study_id") == "elm-2022":
                row["study_id"] = "alm-2022"


def _later_visit(world):
    world.pair("elm-2022", 20, 44, 11, timepoint_months=5.5)
    _outcomes_at = {"study_id": "elm-2022", "timepoint_months": 6}
    _change_row(world, "outcomes", _outcomes_at, timepoint_months=4)


def _arm_of(world, **values):
    _change_row(world, "arms", {"study_id": "elm-2022", "arm_id": "control"}, **values)


def _new_trial(world):
    world.trial("fir-2024").pair("fir-2024", 33, 41, 13)


def _own_report(world):
    world.add("sources", source_id="later", kind="full-text-table", title="x",
              accessed="2026-01-01")
    _outcomes(world, source_id="later", mean=31)


# How a trial changes: the edit, the cause, its trial, and what the words say and do not say.
EDITS = {
    "companion": (lambda w: _study(w, companion_of="ash-2019"), "companion", "elm-2022",
                  "its visits now count as those of ash-2019"),
    "comparator": (lambda w: _arm_of(w, comparator_type="hyaluronic-acid"), "comparison",
                   "elm-2022", "now classed as hyaluronic acid, before as placebo"),
    "background": (lambda w: _change_row(w, "arms", {"study_id": "elm-2022"},
                                         cointervention="arthroscopy"), "comparison", "elm-2022",
                   "arthroscopy in both arms, before as placebo"),
    "doubtful": (lambda w: _outcomes(w, quality="doubtful"), "doubtful", "elm-2022", "doubtful"),
    "borrowed": (lambda w: _outcomes(w, quality="borrowed"), "removed", "elm-2022", "borrowed"),
    "design": (lambda w: _study(w, design="nonrandomised-controlled"), "removed", "elm-2022",
               "not randomised"),
    "product": (lambda w: _change_row(w, "arms", {"study_id": "elm-2022", "arm_id": "msc"},
                                      treatment_product="extracellular-vesicles"), "removed",
                "elm-2022", "keeps apart"),
    "cross-over": (lambda w: _study(w, comparable_until_months=3), "removed", "elm-2022",
                   "cross-over"),
    "overlap": (lambda w: w.add("cohort_overlaps", indication="knee-osteoarthritis",
                                study_id="ash-2019", other_study_id="elm-2022", kind="probable",
                                action="exclude-other", keep="ash-2019"), "removed", "elm-2022",
                "shared with ash-2019"),
    "retracted": (lambda w: _study(w, status="retracted"), "retracted", "elm-2022", "retracted"),
    "new": (_new_trial, "added", "fir-2024", "before"),
    "renamed": (_renamed, "renamed", "alm-2022", "elm-2022"),
    "corrected": (lambda w: _outcomes(w, mean=31), "corrected", "elm-2022",
                  "mean of msc 31 instead of 36"),
    "completed": (lambda w: _outcomes(w, n=18), "completed", "elm-2022",
                  "n of msc 18 instead of none"),
    "visit": (_later_visit, "other-values", "elm-2022", "month 5.5 instead of 6"),
    "source": (_own_report, "other-values", "elm-2022", "read in later instead of own"),
    "scale": (lambda w: _outcomes(w, scale_max=50), "re-derived", "elm-2022", "rescaled"),
}
NEVER = ("no longer in the data", "in no analysis any more", "not in the data before",
         "in no analysis before")


def _document_of(world: World) -> dict:
    return json.loads(dumps(review(world.data()).document))


@pytest.fixture(params=["old-with-table", "old-without-table"])
def lacking(request):
    """Whether the older results lack the table of known studies, as those of 2026.11.0 do."""
    return request.param == "old-without-table"


def _compared(old: dict, new: dict, lacking: bool) -> dict:
    return changes({key: old[key] for key in old if key != "known" or not lacking}, new)


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Gives the results before and after a change, which are computed once."""
    made = {}

    def documents(edit: str) -> tuple[dict, dict]:
        if edit not in made:
            before, after = (_four(tmp_path_factory.mktemp(name)) for name in ("before", "after"))
            EDITS[edit][0](after)
            if edit == "completed":
                _outcomes(before, n="")
            made[edit] = _document_of(before), _document_of(after)
        return made[edit]

    return documents


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("way", ["there", "back"])
def test_each_cause_is_what_happened_and_parts_sum(edited, edit, way, lacking):
    _, cause, trial, words = EDITS[edit]
    change = _one(_compared(*edited(edit)[::1 if way == "there" else -1], lacking))
    assert math.isclose(sum(s["part"] for s in change["steps"]), change["total"], abs_tol=1e-9)
    found = [c for c in change["causes"] if c["cause"] != "certainty"]
    assert len(found) == 1, found
    said = _detail(found[0])
    if way == "there":
        assert (found[0]["cause"], found[0]["trial_id"]) == (cause, trial)
        assert words in said
    elif cause == "companion" and lacking:
        assert said == "in no analysis before"  # more is not known of a report that was not used
        return
    elif cause in ("companion", "doubtful", "removed", "retracted"):
        assert found[0]["cause"] == "entered" and said.startswith("before: ")
        assert words in said or cause == "companion" and "ash-2019" in said
    elif cause == "comparison":
        assert found[0]["cause"] == cause and "now classed as placebo" in said
    elif cause == "added":
        assert found[0]["cause"] == "deleted"
    if edit != "new":
        assert not any(never in said for never in NEVER), said


def test_the_main_report_that_comes_in_with_its_companion_is_no_added_trial(tmp_path, lacking):
    before, after = _four(tmp_path / "before"), _four(tmp_path / "after")
    for world in (before, after):
        world.trial("oak-2017")  # without a value of its own
    _study(after, companion_of="oak-2017")
    change = _one(_compared(_document_of(before), _document_of(after), lacking))
    assert [(c["cause"], c["trial_id"], c["other"]) for c in change["causes"]] == [
        ("companion", "elm-2022", "oak-2017")]
    assert "and are those that are taken" in _detail(change["causes"][0])
    assert change["total"] == 0 and change["now"]["k"] == 4
    text = _text(change)
    assert "became a later report of another trial (elm-2022)" in text and "oak-2017" in text


def test_a_trial_with_a_ratio_by_a_new_rule_is_not_added(tmp_path, lacking):
    """Events in all of both arms: a ratio of one, where there was none before."""
    def made(name, **more):
        world = World(tmp_path / name)
        for i, trial in enumerate(FOUR):
            world.trial(trial).counts(trial, 6 + i, 4)
        world.trial("oak-2017").counts("oak-2017", 20, 20, 20)
        return _document_of(world.analysis(target_type="event", target="any-ae", measure="RR",
                                           window_from="", window_to="", rescale="", **more))

    new = made("new")
    result = next(iter(new["analyses"].values()))
    entry = next(s for s in result["studies"] if s["trial_id"] == "oak-2017")
    old = copy.deepcopy(new)
    if entry["yi"] is None:  # as before the rule; only one side of the comparison is computed
        entry.update(yi=0.0, vi=0.02, no_ratio="")
        pooled = _estimate_of(result)
        result["pooled"].update(estimate=pooled)
        result["k"] += 1
    else:
        before = next(iter(old["analyses"].values()))
        next(s for s in before["studies"] if s["trial_id"] == "oak-2017").update(
            yi=None, vi=None, no_ratio="events in all participants of both arms")
        before["pooled"].update(estimate=_estimate_of(before))
        before["k"] -= 1
    if lacking:
        del old["known"]
    change = _one(changes(old, new))
    assert [(c["cause"], c["trial_id"]) for c in change["causes"]] == [("rule", "oak-2017")]
    assert "before without a ratio: events in all" in _detail(change["causes"][0])
    assert math.isclose(sum(s["part"] for s in change["steps"]), change["total"], abs_tol=1e-9)


def _estimate_of(result: dict) -> float:
    """The pool of a result's entries by the present method."""
    from livingreview.review import changes as module

    return module._repooled(module._analysis(result), {
        s["trial_id"]: s for s in result["studies"]})[0]


def test_a_rule_is_named_only_where_the_rows_and_shared_tables_are_the_same(tmp_path):
    old = _document_of(_four(tmp_path / "old"))
    new = copy.deepcopy(old)
    result = next(iter(new["analyses"].values()))
    gone = result["studies"].pop()
    result["not_in_pool"]["trials"].append({"trial_id": gone["trial_id"], "reason": "by a rule"})
    result["pooled"]["estimate"], result["k"] = _estimate_of(result), 3
    found = _one(changes(old, new))["causes"]
    assert [(c["cause"], _detail(c)) for c in found] == [
        ("rule", "its rows are the same; now: by a rule")]
    new["digests"]["instruments.csv"] = "another"
    assert [c["cause"] for c in _one(changes(old, new))["causes"]] == ["removed"]


def _two(folder, *means: float) -> tuple[dict, dict]:
    """Results of two trials: by a common effect as they once were published, and as they are."""
    world = World(folder).analysis()
    for name, mean in zip(FOUR, means, strict=False):
        world.trial(name).pair(name, cells=mean)
    new = _document_of(world)
    old = copy.deepcopy(new)
    before = next(iter(old["analyses"].values()))
    before["pooled"] = before["common_effect"]
    del before["method"]["prior"], before["common_effect"], before["posterior"], before["apart"]
    return old, new


@pytest.mark.parametrize("means", [(30, 45), (30, 30)], ids=["another-estimate", "the-same"])
def test_two_trials_by_another_protocol_are_said_to_be(tmp_path, means):
    old, new = _two(tmp_path / "data", *means)
    change = _one(changes(old, new))
    assert [c["cause"] for c in change["causes"]] == ["method"]
    assert "protocol sets since 2026-11-30" in _detail(change["causes"][0])
    assert "protocol sets since 2026-11-30" in _text(change)
    assert change["change"] == "estimate"
    assert math.isclose(sum(s["part"] for s in change["steps"]), change["total"], abs_tol=1e-9)
    assert old["analyses"] and changes(new, new)["analyses"] == []


def test_another_certainty_alone_is_said(tmp_path):
    old = _document_of(_four(tmp_path / "old"))
    new = copy.deepcopy(old)
    next(iter(new["analyses"].values()))["certainty"]["level"] = "unheard of"
    text = _text(_one(changes(old, new)))
    assert "certainty rated anew: unheard of instead of" in text


def test_names_stand_for_both_trials_of_a_cause(tmp_path):
    before, after = _four(tmp_path / "before"), _four(tmp_path / "after")
    for world in (before, after):
        for name in FOUR:
            _change_row(world, "studies", {"study_id": name}, first_author=name[:-5].title(),
                        year=int(name[-4:]))
    _study(after, companion_of="ash-2019")
    data = after.data()
    found = changes(_document_of(before), json.loads(dumps(review(data).document)))
    text = _said(found, data)
    assert "(Elm 2022, elm-2022): its visits now count as those of Ash 2019 (ash-2019)" in text
