"""What changed between two versions: causes, parts that sum up, and the command."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from made_up import World

from livingreview import versions
from livingreview.__main__ import main
from livingreview.display.changes import as_text
from livingreview.review import dumps, review
from livingreview.review.changes import DifferentError, changes
from livingreview.synthesis import pool

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
    text = as_text({"before": {"data_version": "", "package_version": ""},
                    "now": {"data_version": "", "package_version": ""}, "analyses": [change],
                    "unchanged": 0, "files": []})
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
    assert [s["cause"] for s in _one(changes(old, new))["steps"]] == ["re-derived"]


def test_another_estimator_is_a_change_of_method(versions_of):
    change = _one(versions_of({}, {"analysis": {"tau2_method": "DL"}}))
    assert [s["cause"] for s in change["steps"]] == ["method"]
    assert change["now"]["estimate"] != change["before"]["estimate"]


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
    assert found["analyses"][0]["steps"][0]["cause"] == "removed"
    (tmp_path / "none.json").write_text("[]")
    for wrong in (str(tmp_path / "none.json"), "2020.01.0", "nothing"):
        done = runner.invoke(main, ["diff", files[0], wrong])
        assert done.exit_code == 2 and "Traceback" not in done.output


def test_names_of_versions_sort_by_age(tmp_path):
    for name in ("2026.9.0", "2026.10.0", "2026.02.10", "2026.02.9", "2026.10.0.manifest"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert versions.published(tmp_path) == ["2026.02.9", "2026.02.10", "2026.10.0"]
