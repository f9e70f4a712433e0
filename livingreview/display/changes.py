"""What changed between two versions, as pages and the command line show it."""

from __future__ import annotations

import math

from ..data import versions
from ..data.dataset import Dataset
from ..effects.question import RATIOS
from ..review.changes import CAUSES
from ..view.naming import arm_names, of_study, spoken, study_names
from . import words
from .html import Column, Html, details, interval, join, number, paragraph, table

_FACTOR = 3  # decimals of a factor
_NAMED = 5  # trials that a cell names


def _glance(change: dict, side: str) -> str:
    """An analysis in one version: estimate, interval and number of trials."""
    found = change[side]
    if found is None:
        return "not there"
    if found["estimate"] is None:
        return f"no pooled estimate ({words.trials(found['k'])})"
    d = decimals(found)
    sides = [change[s]["measure"] for s in ("before", "now") if change[s]]
    measure = f"{found['measure']} " if len(set(sides)) > 1 else ""
    return (f"{measure}{number(found['estimate'], d)} "
            f"({interval(found['ci_low'], found['ci_high'], d)}; {words.trials(found['k'])})")


def decimals(change: dict) -> int:
    """Decimals of the measure of an analysis, or of one side of its change."""
    return 2 if change["measure"] in (*RATIOS, "SMD", "RD") else 1


class Names:
    """Names of trials; a trial that the data do not have is called by its identifier.

    Parameters
    ----------
    data : Dataset or None
    identifiers : bool
        Whether identifiers stand beside the names: in a text that leads to rows of files, not on
        pages.
    """

    def __init__(self, data: Dataset | None, identifiers: bool = False):
        self._data, self._known, self._identifiers = data, {}, identifiers

    def short(self, change: dict, trial: str) -> str:
        """The name of a trial of an analysis."""
        of = change["indication"]
        if of not in self._known:  # a page reads no studies but those that it names
            self._known[of] = study_names(self._data, of) if self._has(of) else {}
        return self._known[of].get(trial, trial)

    def _has(self, indication: str) -> bool:
        return self._data is not None and indication in self._data.indications

    def full(self, change: dict, trial: str) -> str:
        """The name of a trial, with its identifier where these are asked for."""
        name = self.short(change, trial)
        return f"{name}, {trial}" if self._identifiers and name != trial else name

    def said(self, change: dict, step: dict) -> str:
        """A detail with the names of the trials, arms and sources that it speaks of."""
        of, other, detail = change["indication"], step["other"], step["detail"]
        if self._identifiers or not self._has(of):
            shown = self.short(change, other) if other else ""
            return detail.replace(other, f"{shown} ({other})") if shown != other else detail
        self.short(change, "")  # so that the names of the indication are known
        sources = {s["source_id"]: s["title"] for s in self._data.records("sources", of)}
        arms = of_study(arm_names(self._data, of), step["trial_id"])
        return spoken(detail, arms, self._known[of], sources)


def part(change: dict, value: float) -> str:
    """A part of a change: a difference, or for ratios the factor."""
    if change["measure"] in RATIOS:
        return f"× {number(math.exp(value), _FACTOR)}"
    return words.signed(value, decimals(change) + 1)


def cause(change: dict, step: dict, names: Names) -> str:
    """A cause in words, with its trial."""
    named = f" ({names.full(change, step['trial_id'])})" if step["trial_id"] else ""
    return f"{CAUSES[step['cause']]}{named}: {names.said(change, step)}"


def _why(change: dict, names: Names) -> str:
    """The causes of a change, without their parts."""
    if change["change"] in ("new analysis", "analysis no longer declared"):
        return change["change"]
    trials: dict[str, list[str]] = {}
    for found in change["causes"]:
        trials.setdefault(found["cause"], []).append(
            names.short(change, found["trial_id"]) if found["trial_id"] else found["detail"])
    said = [f"{CAUSES[c]}: {_some(trials[c])}" for c in CAUSES if c in trials]
    return "; ".join([*said, *_besides(change, not said)])


def _besides(change: dict, alone: bool) -> list[str]:
    """What differs at a glance other than the estimate; the size only where nothing else does."""
    before, now = change["before"], change["now"]
    said = []
    if alone and before["n"] != now["n"]:
        said.append(f"{words.participants(now['n'])} instead of {words.participants(before['n'])}")
    if alone and [before[k] for k in ("ci_low", "ci_high")] != [
            now[k] for k in ("ci_low", "ci_high")]:
        said.append("another interval")
    return said


def _some(names: list[str]) -> str:
    """A list in a cell of a table; of a long one the first, and how many more."""
    more = len(names) - _NAMED
    return ", ".join(names if more <= 1 else [*names[:_NAMED], f"{more} more"])


def rounded(change: dict) -> str:
    """A remark where the parts as they are printed do not give the sum that is printed."""
    steps = change["steps"]
    if not steps:
        return ""
    if change["measure"] in RATIOS:
        shown = [round(math.exp(s["part"]), _FACTOR) for s in steps]
        same = round(math.prod(shown), _FACTOR) == round(math.exp(change["total"]), _FACTOR)
    else:
        d = decimals(change) + 1
        same = round(sum(round(s["part"], d) for s in steps), d) == round(change["total"], d)
    return "" if same else " (parts are rounded)"


def changed(data: Dataset, found: dict, identifier: str, indication: str = "") -> Html:
    """The analyses that changed, and the way of each estimate from then to now.

    Parameters
    ----------
    data : Dataset
        For labels, and names of trials.
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
    names = Names(data)
    overview = table(
        identifier, "Analyses that changed",
        [Column("indication", "Indication"), Column("title", "Analysis"),
         Column("before", "Before"), Column("now", "Now"), Column("why", "Why")],
        [{"indication": data.label("indication", c["indication"]), "title": c["title"],
          "before": _glance(c, "before"), "now": _glance(c, "now"), "why": _why(c, names)}
         for c in rows])
    return join([overview, *(way(c, names, f"{identifier}-{c['id']}")
                             for c in rows if c["causes"])])


def way(change: dict, names: Names, identifier: str) -> Html:
    """The way of one estimate from then to now, one cause at a time, with the sum of the parts."""
    shown = [{"cause": cause(change, s, names), "estimate": number(s["estimate"], decimals(change)),
              "part": part(change, s["part"])} for s in change["steps"]]
    if change["steps"]:
        shown.append({"cause": f"All together{rounded(change)}",
                      "estimate": _glance(change, "now"),
                      "part": part(change, change["total"])})
    shown += [{"cause": cause(change, c, names), "estimate": "", "part": ""}
              for c in change["causes"] if not change["steps"] or c["cause"] == "certainty"]
    return details(f"{change['title']}: from {_glance(change, 'before')} to "
                   f"{_glance(change, 'now')}", table(
                       identifier, f"{change['title']}: one cause at a time",
                       [Column("cause", "Cause"), Column("estimate", "Estimate after it", True),
                        Column("part", "Part of the change", True)], shown, interactive=False))


def as_text(found: dict, data: Dataset | None = None) -> str:
    """The changes as plain text.

    Parameters
    ----------
    found : dict
        From `livingreview.review.changes.changes`.
    data : Dataset, optional
        For names of trials; their identifiers stand alone where it is left out.
    """
    names = Names(data, identifiers=True)
    before, now = (versions.said(found[side]["data_version"]) for side in ("before", "now"))
    lines = [f"data of {before} → {now}; "
             f"package {found['before']['package_version']} → {found['now']['package_version']}",
             f"analyses that changed: {len(found['analyses'])}, that did not: "
             f"{found['unchanged']}; data files that differ: {len(found['files'])}"]
    for change in found["analyses"]:
        lines += ["", f"{change['id']}: {change['title']}",
                  f"  before: {_glance(change, 'before')}", f"  now:    {_glance(change, 'now')}"]
        if change["steps"]:
            lines += [f"  {part(change, s['part']):>10}  {cause(change, s, names)} → "
                      f"{number(s['estimate'], decimals(change))}" for s in change["steps"]]
            lines.append(f"  {part(change, change['total']):>10}  all together{rounded(change)}")
        more = [f"  {cause(change, c, names)}" for c in change["causes"]
                if not change["steps"] or c["cause"] == "certainty"]
        lines += more if more or change["steps"] else [f"  {_why(change, names)}"]
    return "\n".join(lines) + "\n"
