"""What a reader is shown first: its rules, what is chosen where nothing is declared, windows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.data.dataset import Dataset, examine, load
from livingreview.review.windows import Shown, others, shown_first
from livingreview.site.indication import begin

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project() -> Dataset:
    return load()


@pytest.fixture
def world(tmp_path) -> World:
    """Pain at three windows, by another measure, as a check, against another control; harms."""
    made = World(tmp_path / "data").trial("a-2020").pair("a-2020").pair("a-2020",
                                                                         timepoint_months=12)
    for name, more in {
        "late": {"window_from": 12, "window_to": ""}, "middle": {},
        "early": {"window_from": "", "window_to": 3},
        "standardised": {"measure": "SMD", "window_from": 6, "window_to": 12},
        "again": {"role": "check", "window_from": 6, "window_to": 12},
        "acid": {"comparison": "hyaluronic-acid", "role": "further"},
        "vas": {"instrument_contains": "VAS"},
    }.items():
        made.analysis(analysis_id=name, **more)
    for name in ("any-ae", "serious-ae"):
        made.analysis(analysis_id=name, section="harms", target_type="event", target=name,
                      measure="RR", window_from="", window_to="", rescale="")
    return made


def declare(world: World, *rows: tuple[str, str]) -> World:
    """Declare analyses with their roles, in this order."""
    for position, (name, role) in enumerate(rows, 1):
        world.add("main_windows", indication=KNEE, position=position, analysis_id=name, role=role)
    return world


def said(world: World) -> list[tuple]:
    """(level, row, column, value) of what `check` says of the table."""
    return [(p.level, p.row, p.column, p.value) for p in examine(world.write()).problems
            if p.file == "main_windows.csv"]


def test_what_is_declared_without_fault_is_shown_in_its_order(world):
    declare(world, ("middle", "headline"), ("any-ae", "harm"), ("vas", "shown"))
    world.rows["main_windows"].reverse()
    assert said(world) == []
    assert shown_first(world.data(), KNEE) == [
        Shown("middle", "headline", 1), Shown("any-ae", "harm", 2), Shown("vas", "shown", 3)]


@pytest.mark.parametrize("rows, problem", [
    ([("middle", "headline"), ("nobody", "shown")], ("error", 3, "analysis_id", "nobody")),
    ([("middle", "headline"), ("middle", "shown")], ("error", 3, "analysis_id", "middle")),
    ([("middle", "headline"), ("early", "shown")], ("error", 3, "analysis_id", "early")),
    ([("middle", "headline"), ("standardised", "shown")],
     ("error", 3, "analysis_id", "standardised")),
    ([("middle", "headline"), ("acid", "headline")], ("error", 3, "role", "headline")),
    ([("middle", "headline"), ("any-ae", "harm"), ("serious-ae", "harm")],
     ("error", 4, "role", "harm")),
    ([("again", "headline")], ("error", 2, "analysis_id", "again")),
    ([("middle", "headline"), ("acid", "first")], ("error", 3, "role", "first")),
    ([("middle", "shown"), ("any-ae", "harm")], ("warning", 1, "role", KNEE)),
], ids=["unknown", "twice", "two windows", "two measures", "two headlines", "two harms", "check",
        "role", "no headline"])
def test_a_row_for_each_rule(world, rows, problem):
    assert said(declare(world, *rows)) == [problem]


def test_a_position_is_taken_once(world):
    declare(world, ("middle", "headline"), ("acid", "shown"))
    world.rows["main_windows"][1]["position"] = 1
    assert said(world) == [("error", 3, "position", "1")]


def test_an_analysis_of_another_indication_is_an_error(world):
    world.add("vocabularies", list="indication", value="elbow", label_en="E", label_zh="E")
    folder = declare(world, ("middle", "headline"), ("theirs", "shown")).analysis(
        analysis_id="theirs", indication="elbow").write()
    shutil.copytree(folder / KNEE, folder / "elbow")
    found = sorted((p for p in examine(folder).problems if p.rule == "shown-first"),
                   key=lambda p: p.level)
    assert [(p.level, p.row, p.column, p.value) for p in found] == [
        ("error", 3, "analysis_id", "theirs"), ("warning", 1, "role", "elbow")]
    assert found[0].wrong == "an analysis of elbow"


def test_a_folder_without_the_file_loads_and_the_most_trials_are_shown(world):
    folder = world.write()
    (folder / "main_windows.csv").unlink()
    assert [p for p in examine(folder).problems if p.rule == "shown-first"] == []
    data = load(folder)
    trials = {"late": 0, "middle": 1, "early": 1, "vas": 2, "serious-ae": 3}
    results = {name: {"k": k} for name, k in trials.items()}
    assert shown_first(data, KNEE, results) == [
        Shown("vas", "headline", 1), Shown("middle", "shown", 2),
        Shown("serious-ae", "harm", 3), Shown("any-ae", "shown", 4)]
    assert [s.analysis_id for s in shown_first(data, KNEE)] == [
        "late", "vas", "any-ae", "serious-ae"]
    assert shown_first(data, "osteoporosis") == []


def test_the_same_question_at_other_windows_in_their_order(world):
    data = world.data()
    assert others(data, "middle") == ["early", "late"]
    assert others(data, "late") == ["early", "middle"]
    for name in ("standardised", "acid", "vas", "any-ae"):
        assert others(data, name) == []
    with pytest.raises(KeyError):
        others(data, "nobody")


def test_the_project_declares_a_headline_and_a_harm_of_each_indication(project):
    asked = {a["analysis_id"]: a for a in project.records("analyses")}
    for indication in project.indications:
        shown = shown_first(project, indication)
        assert [s.position for s in shown] == list(range(1, len(shown) + 1))
        assert shown[0].role == "headline"
        [harm] = [s for s in shown if s.role == "harm"]
        assert asked[harm.analysis_id]["target_type"] == "event"
        assert not {s.analysis_id for s in shown} & {
            o for s in shown for o in others(project, s.analysis_id)}
    assert others(project, "knee-pain-placebo-3-6") == [
        f"knee-pain-placebo-{w}" for w in ("0-3", "6-12", "12-24", "24-up")]


@pytest.mark.parametrize("declared", [True, False])
def test_a_new_indication_declares_what_is_shown_where_others_do(world, tmp_path, declared):
    if declared:
        declare(world, ("middle", "headline"))
    (tmp_path / "_toc.yml").write_text((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    made = begin(load(world.write()), tmp_path, "tennis-elbow", "Tennis elbow")
    made.write(world.folder, tmp_path)
    data = load(world.folder)
    assert [w for w in data.warnings if w.rule == "shown-first"] == []
    shown = shown_first(data, "tennis-elbow")
    assert [s.role for s in shown] == ["headline", "harm", "shown"]
    assert bool(data.having("main_windows", "indication", "tennis-elbow")) == declared


def test_the_command_that_checks_refuses_two_windows_of_one_question(world):
    folder = declare(world, ("middle", "headline"), ("late", "shown")).write()
    done = CliRunner().invoke(main, ["check", str(folder)])
    assert done.exit_code == 1
    assert "the question of row 2 too" in done.stderr
