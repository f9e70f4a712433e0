"""Subgroups of an analysis in one table."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review.groups import FEWEST, UNKNOWN
from . import words
from .html import Column, Html, count, interval, join, number, paragraph, table

UNTESTED = "not tested"


def group_label(data: Dataset, by: str, value: str) -> str:
    """What a group is called; several kinds, and kinds not stated, have names of their own."""
    vocabulary = data.kind("subgroup", by)
    known = value in data.words(vocabulary)
    return data.label(vocabulary if known else "group_value", value)


def subgroups(data: Dataset, result: dict, place: str = "subgroups") -> Html | None:
    """Each division of the trials with its groups and the test between them.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json``.
    place : str
        Begins the table's identifier: a page may show it in two places.

    Returns
    -------
    Html or None
        None where no division has several groups.
    """
    d, rows = words.decimals(result), []
    # Non-randomised studies stand beside the trials, so that they are shown without any trial too.
    divisions = [s for s in result["subgroups"] if len(s["groups"]) > 1 or s["by"] == "design"]
    if not divisions:
        return None
    for division in divisions:
        test = division["difference"]
        p = f"p = {number(test['p_value'], 3)}" if test else UNTESTED
        order = [*data.words(data.kind("subgroup", division["by"])), *data.words("group_value")]
        for group in sorted(division["groups"], key=lambda g: order.index(g["value"])):
            ends = interval(group["ci_low"], group["ci_high"], d)
            in_test = group["k"] >= FEWEST and group["value"] not in UNKNOWN
            common = " as one common effect" if group["model"] == "common" else ""
            rows.append({
                "by": data.label("subgroup", division["by"]),
                "group": group_label(data, division["by"], group["value"]),
                "k": group["k"], "n": count(round(group["n"])),
                "estimate": f"{number(group['estimate'], d)} ({ends}){common}",
                "test": p if in_test else UNTESTED})
    one = [f"{words.in_text(data.label('subgroup', s['by']))}: "
           f"{words.in_text(group_label(data, s['by'], s['groups'][0]['value']))}"
           for s in result["subgroups"] if len(s["groups"]) == 1 and s not in divisions]
    of = words.plural(words.noun(result))
    same = f" All {of} are of one group by {'; '.join(one)}." if one else ""
    return join([
        paragraph(f"Subgroups compare {of}, not patients: a difference between them may come from "
                  f"anything else in which the {of} differ, and several divisions of one pool "
                  f"are several chances of a small p-value. Tested are groups of two {of} or "
                  f"more that state what they are grouped by.{same}"),
        table(f"{place}-{result['id']}", f"Subgroups: {result['title']}",
              [Column("by", "Grouped by"), Column("group", "Group"),
               Column("k", of.capitalize(), True), Column("n", "Participants", True),
               Column("estimate", "Estimate (95% CI)", True),
               Column("test", "Difference between groups", True)], rows, interactive=False,
              cards=True)])
