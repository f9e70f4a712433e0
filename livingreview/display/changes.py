"""What changed between two versions, as pages and the command line show it."""

from __future__ import annotations

import math
from collections import Counter

from ..dataset import Dataset
from ..effects.question import RATIOS
from ..review.changes import CAUSES
from . import words
from .html import Column, Html, details, interval, join, number, paragraph, table


def _glance(change: dict, side: str) -> str:
    """An analysis in one version: estimate, interval and number of trials."""
    found = change[side]
    if found is None:
        return "not there"
    if found["estimate"] is None:
        return f"no pooled estimate ({words.trials(found['k'])})"
    d = decimals(change)
    return (f"{number(found['estimate'], d)} "
            f"({interval(found['ci_low'], found['ci_high'], d)}; {words.trials(found['k'])})")


def decimals(change: dict) -> int:
    """Decimals of an analysis' measure."""
    return 2 if change["measure"] in (*RATIOS, "SMD", "RD") else 1


def part(change: dict, value: float) -> str:
    """A part of a change: a difference, or for ratios the factor."""
    if change["measure"] in RATIOS:
        return f"× {number(math.exp(value), 3)}"
    return words.signed(value, decimals(change) + 1)


def cause(step: dict) -> str:
    """A cause in words, with its trial."""
    named = f" ({step['trial_id']})" if step["trial_id"] else ""
    return f"{CAUSES[step['cause']]}{named}: {step['detail']}"


def _why(change: dict) -> str:
    """The causes of a change, without their parts."""
    if change["change"] in ("new analysis", "analysis no longer declared", "another question"):
        return change["change"]
    found = Counter(c["cause"] for c in change["causes"])
    return "; ".join(f"{CAUSES[c]}: {found[c]}" for c in CAUSES if found[c]) or (
        "the interval, the participants or the certainty")


def changed(data: Dataset, found: dict, identifier: str, indication: str = "") -> Html:
    """The analyses that changed, and the way of each estimate from then to now.

    Parameters
    ----------
    data : Dataset
        For labels.
    found : dict
        From `livingreview.review.changes.changes`.
    identifier : str
        Of the table.
    indication : str, optional
        Only its analyses.
    """
    rows = [c for c in found["analyses"] if indication in ("", c["indication"])]
    if not rows:
        return paragraph("No estimate, interval, certainty or set of trials has changed.")
    overview = table(
        identifier, "Analyses that changed",
        [Column("indication", "Indication"), Column("title", "Analysis"),
         Column("before", "Before"), Column("now", "Now"), Column("why", "Why")],
        [{"indication": data.label("indication", c["indication"]), "title": c["title"],
          "before": _glance(c, "before"), "now": _glance(c, "now"), "why": _why(c)}
         for c in rows])
    return join([overview, *(way(c, f"{identifier}-{c['id']}") for c in rows if c["causes"])])


def way(change: dict, identifier: str) -> Html:
    """The way of one estimate from then to now, one cause at a time, with the sum of the parts."""
    shown = [{"cause": cause(s), "estimate": number(s["estimate"], decimals(change)),
              "part": part(change, s["part"])} for s in change["steps"]]
    if change["steps"]:
        shown.append({"cause": "All together", "estimate": _glance(change, "now"),
                      "part": part(change, change["total"])})
    else:
        shown = [{"cause": cause(c), "estimate": "", "part": ""} for c in change["causes"]]
    return details(f"{change['title']}: from {_glance(change, 'before')} to "
                   f"{_glance(change, 'now')}", table(
                       identifier, f"{change['title']}: one cause at a time",
                       [Column("cause", "Cause"), Column("estimate", "Estimate after it", True),
                        Column("part", "Part of the change", True)], shown, interactive=False))


def as_text(found: dict) -> str:
    """The changes for the command line."""
    lines = [f"data of {found['before']['data_version']} → {found['now']['data_version']}; "
             f"package {found['before']['package_version']} → {found['now']['package_version']}",
             f"{len(found['analyses'])} analyses changed, {found['unchanged']} did not; "
             f"{len(found['files'])} data files differ"]
    for change in found["analyses"]:
        lines += ["", f"{change['id']}: {change['title']}",
                  f"  before: {_glance(change, 'before')}", f"  now:    {_glance(change, 'now')}"]
        if change["steps"]:
            lines += [f"  {part(change, s['part']):>10}  {cause(s)} → "
                      f"{number(s['estimate'], decimals(change))}" for s in change["steps"]]
            lines.append(f"  {part(change, change['total']):>10}  all together")
        else:
            lines += [f"  {cause(c)}" for c in change["causes"]] or [f"  {_why(change)}"]
    return "\n".join(lines) + "\n"
