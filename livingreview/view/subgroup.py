"""The trials of an analysis in groups, each with its own estimate and the test between them."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review.groups import FEWEST, UNKNOWN
from .base import Label, Struct, View, label
from .finding import Estimate, Question, estimate_of, question


class Group(Struct):
    """Trials of one kind."""

    name: Label
    n: float
    estimate: Estimate
    model: str  # by which its trials are pooled
    tested: bool  # whether the test between groups includes it


class Division(Struct):
    """One way to group the trials."""

    by: Label
    groups: tuple[Group, ...]
    p_value: float | None  # of the difference between groups; None where nothing is tested


class Subgroups(View, template="subgroups"):
    """All divisions of the trials of an analysis."""

    id: str
    title: str
    question: Question
    divisions: tuple[Division, ...]
    same: tuple[tuple[Label, Label], ...]  # by what all trials are of one group, and of which

    @property
    def anchor(self) -> str:
        """Its identifier on a page."""
        return f"divided-{self.id}"


def subgroups(data: Dataset, result: dict) -> Subgroups | None:
    """The subgroups of an analysis; None where no division has several groups.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json``.
    """
    # Non-randomised studies stand beside the trials, so they are shown without any trial too.
    divided = [s for s in result["subgroups"] if len(s["groups"]) > 1 or s["by"] == "design"]
    if not divided:
        return None
    same = tuple((label(data, "subgroup", s["by"]),
                  group_name(data, s["by"], s["groups"][0]["value"]))
                 for s in result["subgroups"] if len(s["groups"]) == 1 and s not in divided)
    return Subgroups(result["id"], result["title"], question(data, result),
                     tuple(_division(data, s) for s in divided), same)


def _division(data: Dataset, division: dict) -> Division:
    by, test = division["by"], division["difference"]
    order = [*data.words(data.kind("subgroup", by)), *data.words("group_value")]
    groups = sorted(division["groups"], key=lambda g: order.index(g["value"]))
    return Division(label(data, "subgroup", by), tuple(
        Group(group_name(data, by, g["value"]), g["n"], estimate_of(g), g["model"],
              bool(test) and g["k"] >= FEWEST and g["value"] not in UNKNOWN)
        for g in groups), test["p_value"] if test else None)


def group_name(data: Dataset, by: str, value: str) -> Label:
    """What a group is called; several kinds, and kinds not stated, have names of their own.

    Parameters
    ----------
    data : Dataset
    by : str
        What trials are grouped by, a word of the vocabulary ``subgroup``.
    value : str
    """
    vocabulary = data.kind("subgroup", by)
    return label(data, vocabulary if value in data.words(vocabulary) else "group_value", value)
