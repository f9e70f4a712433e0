"""What changed between two versions of the results, and why.

Each estimate goes from its old value to its new one in steps, one cause at a time, in a fixed
order. A step's part is the difference that it makes, so that the parts sum to the whole change; a
ratio's parts are on the log scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..data import versions
from ..data.dataset import Dataset
from ..effects import Analysis, Evidence
from ..effects.messages import Message
from ..effects.question import RATIOS
from ..synthesis.bayes import Prior
from . import pools
from .causes import SHARED, Cause, Compared, Side
from .known import known
from .written import rounded

# The order of the steps. What is added comes before what is taken out, so that no step is empty.
CAUSES = ("question", "method", "rule", "renamed", "corrected", "completed", "other-values",
          "re-derived", "comparison", "added", "entered", "companion", "doubtful", "retracted",
          "removed", "deleted",
          "certainty")  # rated anew: of an estimate, and no part of its way
TOLERANCE = 1e-6  # relative: results are published with ten digits
# What a question asks. How the review calls its things is no part of it.
_ASKED = ("measure", "window", "comparison", "target_type", "target", "instrument_contains",
          "scale", "favourable", "background", "condition", "products", "unit")
# What a comparison reads of a file of results: keys, and what their values are.
_NUMBER, _MAYBE = (int, float), (int, float, type(None))
_READING = {"table": str, "arm_id": (str, type(None)), "source_id": str, "printed": list}
_ARM = {"events": _MAYBE, "n": _NUMBER, "readings": [_READING]}
_STUDY = {"trial_id": str, "yi": _MAYBE, "vi": _MAYBE, "n_intervention": _MAYBE,
          "readings": [_READING], "intervention": (_ARM, None), "comparator": (_ARM, None)}
_RESULT = {
    "id": str, "indication": str, "title": str, "section": str, "role": str, "note": str,
    "k": int, "n": _NUMBER, "studies": [_STUDY],
    "question": {"measure": str, "target_type": str, "target": str, "instrument_contains": str,
                 "window_from": _MAYBE, "window_to": _MAYBE, "comparison": str,
                 "favourable": str, "rescaled_0_100": bool},
    "method": {"tau2_method": str, "interval": str},
    "pooled": ({"estimate": _NUMBER, "ci_low": _MAYBE, "ci_high": _MAYBE}, None),
    "certainty": ({"level": str}, None),
    "not_in_pool": {"trials": [{"trial_id": str, "reason": str}]},
}
_TEXT = (str, type(None))
_KNOWN = {"companion_of": _TEXT, "design": _TEXT, "condition": _TEXT, "comparisons": [list],
          "rows": str}  # of each known study; results of earlier versions have none
_DOCUMENT = {"data_version": str, "package_version": str, "digests": dict, "analyses": dict}


def wrong(document: dict) -> str:
    """What a file of results lacks that a comparison needs: the first place, or nothing.

    Parameters
    ----------
    document : dict
        Read from a file.
    """
    try:
        _examine(document, _DOCUMENT, "")
        for name, result in document["analyses"].items():
            _examine(result, _RESULT, f"analyses.{name}")
        for indication, studies in document.get("known", {}).items():
            for name, study in studies.items():
                _examine(study, _KNOWN, f"known.{indication}.{name}")
    except _OtherwiseError as error:
        return str(error)
    return ""


class _OtherwiseError(ValueError):
    """The first place in a value that is not as expected."""


def _examine(value, expected, place: str) -> None:
    """Refuse a value that is not as expected."""
    if isinstance(expected, tuple) and expected[-1] is None:  # something, or null
        if value is not None:
            _examine(value, expected[0], place)
    elif isinstance(expected, dict):
        if not isinstance(value, dict):
            raise _OtherwiseError(f"{place or 'the file'} is no object")
        for key, inner in expected.items():
            if key not in value:
                raise _OtherwiseError(f"{place or 'the file'} has no {key!r}")
            _examine(value[key], inner, f"{place}.{key}".lstrip("."))
    elif isinstance(expected, list):
        if not isinstance(value, list):
            raise _OtherwiseError(f"{place} is no list")
        for i, item in enumerate(value):
            _examine(item, expected[0], f"{place}.{i}")
    elif not isinstance(value, expected):
        raise _OtherwiseError(f"{place} is {value!r}")


class DifferentError(ValueError):
    """A pool computed from the published values is not the published estimate."""


@dataclass(frozen=True)
class _Counts:
    """An arm as far as a pool needs it."""

    events: float | None
    n: float


@dataclass(frozen=True)
class _Trial:
    """A published trial as far as a pool needs it."""

    yi: float | None
    vi: float | None
    intervention: _Counts | None
    comparator: _Counts | None
    n_intervention: float | None


def _trial(study: dict) -> _Trial:
    arms = [None if study[side] is None else _Counts(study[side]["events"], study[side]["n"])
            for side in ("intervention", "comparator")]
    return _Trial(study["yi"], study["vi"], *arms, study["n_intervention"])


def _analysis(result: dict) -> Analysis:
    """The analysis of a published result as far as a pool needs it."""
    question, method = result["question"], result["method"]
    prior = method.get("prior")  # results of earlier versions have none
    return Analysis(
        result["id"], result["indication"], result["title"], result["section"], result["role"],
        question["target_type"], question["target"], question["instrument_contains"],
        question["measure"], (question["window_from"], question["window_to"]),
        question["comparison"], question["favourable"], question["rescaled_0_100"], (), (),
        method["tau2_method"], method["interval"], result["note"],
        prior=Prior(**prior) if prior else None)


def _repooled(analysis: Analysis, studies: dict[str, dict]) -> tuple[float | None, str]:
    """Published trials by the present method: the estimate as readers see it, and the model."""
    pooled = pools.main_pool(analysis, [_trial(s) for _, s in sorted(studies.items())])
    return (None, "") if pooled is None else (
        pools.natural(analysis.measure, pooled.estimate), pooled.model)


def _rated(old: dict, new: dict) -> Iterator[Cause]:
    """The cause of another certainty: the domains that are rated otherwise."""
    before, now = old["certainty"], new["certainty"]
    if before is None or now is None or before["level"] == now["level"]:
        return
    was = {s["domain"]: s["change"] for s in before.get("steps", ())}
    domains = tuple(
        Message("domain", {"domain": s["domain"], "now": _sign(s["change"]),
                           "before": _sign(was[s["domain"]])})
        for s in now.get("steps", ()) if was.get(s["domain"], s["change"]) != s["change"])
    yield Cause("certainty", "", (Message("rated", {
        "now": now["level"], "before": before["level"], "domains": domains}),))


def _sign(change: int) -> str:
    return f"{change:+d}".replace("-", "\N{MINUS SIGN}") if change else "0"


def _window(low: float | None, high: float | None) -> Message:
    """The time window of a question."""
    if low is None and high is None:
        return Message("any-visit")
    ends = {"low": f"{low or 0:g}"} | ({} if high is None else {"high": f"{high:g}"})
    return Message("window" if high is None else "window-to", ends)


def _asked(question: dict) -> dict[str, str | tuple | Message]:
    """What a question asks; what results of earlier versions do not have is not asked."""
    stated = {**question, "window": _window(question["window_from"], question["window_to"]),
              "scale": Message("scale-100" if question["rescaled_0_100"] else "as-measured")}
    values = {key: stated.get(key) or "" for key in _ASKED}
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}


def _otherwise(old: dict, new: dict) -> tuple[Message, ...]:
    """What another question asks otherwise; nothing where it is the same question."""
    before, now = _asked(old["question"]), _asked(new["question"])
    return tuple(Message("instead", {"what": key, "now": now[key], "before": before[key]})
                 for key in _ASKED if before[key] != now[key])


def _part(measure: str, before: float, now: float) -> float:
    return math.log(now / before) if measure in RATIOS else now - before


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-9)


# Of what replaced which model, the day of the protocol's line that says so.
_REPLACED = {("common", "posterior"): "2026-11-30"}


def _method(old: dict, now: str) -> dict:
    """The cause of another method: the same trials by the model that pools them now."""
    before = old["pooled"].get("model")  # results of the first versions may not say
    day = _REPLACED.get((before, now))
    detail = Message("posterior-now", {"day": day}) if day else Message("same-trials")
    return {"cause": "method", "trial_id": "", "detail": (detail,), "other": ""}


_NAMED = ("cause", "trial_id", "detail", "other")


def _named(cause: Cause) -> dict:
    return dict(zip(_NAMED, (cause.kind, cause.trial_id, cause.detail, cause.other), strict=True))


def _intervals(result: dict) -> tuple:
    return tuple(result["pooled"][key] for key in ("ci_low", "ci_high"))


def _in_order(compared: Compared) -> list[Cause]:
    """Causes as steps: those that only take a trial out come last, so that no step is empty."""
    now = {s["trial_id"] for s in compared.new["studies"]}
    return sorted(compared.causes(), key=lambda c: (
        not c.moved & now, CAUSES.index(c.kind), c.trial_id))


def steps(compared: Compared) -> list[dict]:
    """The way from an old estimate to the new one, one cause at a time.

    Parameters
    ----------
    compared : Compared
        The same analysis in two versions, each with an estimate.

    Returns
    -------
    list of dict
        ``cause``, ``trial_id`` (empty for the method), ``detail`` (as of a cause), ``other``
        (another trial that the detail names), ``estimate`` after the step, and ``part``. The parts
        sum to the whole change.

    Raises
    ------
    DifferentError
        When the new pool cannot be recomputed from its published trials.
    """
    old, new = compared.old, compared.new
    analysis, measure = _analysis(new), new["question"]["measure"]
    current = {s["trial_id"]: s for s in old["studies"]}
    now = {s["trial_id"]: s for s in new["studies"]}
    before, goal = old["pooled"]["estimate"], new["pooled"]["estimate"]
    out = []

    def step(named: dict | None) -> None:
        nonlocal before
        value, model = _repooled(analysis, current)
        if value is None or _close(value, before) and named is None:
            return
        named = named or _method(old, model)
        out.append({**named, "estimate": value, "part": _part(measure, before, value)})
        before = value

    step(None)  # the same trials by the present method
    for cause in _in_order(compared):
        for trial in cause.moved:
            current.pop(trial, None)
            if trial in now:
                current[trial] = now[trial]
        step(_named(cause))
    if not _close(before, goal):
        raise DifferentError(f"{new['id']}: its published trials give {before!r}, not {goal!r}")
    if out:  # the published value has ten digits: the last part takes up what they leave out
        out[-1]["part"] += _part(measure, before, goal)
        out[-1]["estimate"] = goal
    return out


def _glance(result: dict | None) -> dict | None:
    """What a version says of an analysis in short."""
    if result is None:
        return None
    pooled = result["pooled"] or {}
    return {"measure": result["question"]["measure"], "k": result["k"], "n": result["n"],
            **{key: pooled.get(key) for key in ("estimate", "ci_low", "ci_high")},
            "certainty": (result["certainty"] or {}).get("level")}


def _by_question(old: dict, new: dict, asked: tuple[Message, ...]) -> dict:
    """Cause, step and total of another question.

    Its trials and values are those that it asks for: none of them was added, corrected or taken
    out. Estimates in two measures, or on two scales, have no difference.
    """
    cause = {"cause": "question", "trial_id": "", "detail": asked, "other": ""}
    measure = new["question"]["measure"]
    before, after = ([r["question"][key] for key in ("measure", "rescaled_0_100")]
                     for r in (old, new))
    if None in (old["pooled"], new["pooled"]) or before != after:
        return {"causes": [cause], "steps": [], "total": None}
    now = new["pooled"]["estimate"]
    total = _part(measure, old["pooled"]["estimate"], now)
    return {"causes": [cause], "total": total,
            "steps": [{**cause, "estimate": now, "part": total}]}


def _compared(name: str, before: dict, now: dict) -> dict:
    """One analysis in two versions of the results."""
    old, new = (document["analyses"].get(name) for document in (before, now))
    either = new or old
    out = {"id": name, "title": either["title"], "indication": either["indication"],
           "measure": either["question"]["measure"], "before": _glance(old), "now": _glance(new),
           "causes": [], "steps": [], "total": None}
    if old is None or new is None:
        return {**out, "change": "new" if old is None else "gone"}
    if asked := _otherwise(old, new):
        return {**out, "change": "question", **_by_question(old, new, asked)}
    both = Compared(old, new, *(Side(d, new["indication"]) for d in (before, now)))
    out["causes"] = [_named(cause) for cause in (*_in_order(both), *_rated(old, new))]
    if old["pooled"] is None or new["pooled"] is None:
        if out["before"] == out["now"] and not out["causes"]:
            return {**out, "change": ""}
        return {**out, "change": "estimate" if old["pooled"] is not new["pooled"] else "trials"}
    found = steps(both)
    out.update(steps=found, total=_part(out["measure"], old["pooled"]["estimate"],
                                        new["pooled"]["estimate"]))
    by_method = [{key: s[key] for key in _NAMED} for s in found if s["cause"] == "method"]
    if not by_method and not out["causes"] and _intervals(old) != _intervals(new):
        by_method = [_method(old, new["pooled"].get("model", ""))]  # the same estimate by chance
    out["causes"][:0] = by_method
    return {**out, "change": "estimate" if out["before"] != out["now"] or found else ""}


def changes(old: dict, new: dict) -> dict:
    """Every analysis that is not what it was, with the causes.

    Parameters
    ----------
    old, new : dict
        Two versions of ``results.json``.

    Returns
    -------
    dict
        ``before`` and ``now`` (versions of data and package), ``analyses`` (those that changed:
        before, now, causes, steps, total), ``unchanged`` (how many did not), ``files`` (data files
        that are not the same).
    """
    names = list(dict.fromkeys([*new["analyses"], *old["analyses"]]))
    compared = [_compared(n, old, new) for n in names]
    made_of = [{key: document[key] for key in ("data_version", "package_version")}
               for document in (old, new)]
    files = sorted(path for path in {*old["digests"], *new["digests"]}
                   if old["digests"].get(path) != new["digests"].get(path))
    return {"before": made_of[0], "now": made_of[1],
            "analyses": [c for c in compared if c["change"]],
            "unchanged": sum(not c["change"] for c in compared), "files": files}


def between(data: Dataset, old: str, new: str) -> dict:
    """What changed from one version to another, in the order in which analyses are declared.

    Parameters
    ----------
    data : Dataset
    old, new : str
        Names of published versions, whose files are in the order of identifiers.
    """
    found = changes(*(versions.results(name, data.names) for name in (old, new)))
    place = {row["analysis_id"]: i for i, row in enumerate(data.records("analyses"))}
    return {**found, "analyses": sorted(found["analyses"],
                                        key=lambda c: place.get(c["id"], len(place)))}


def since(ev: Evidence, results: dict[str, dict], before: str) -> dict:
    """What changed in the analyses of an indication since a version.

    Parameters
    ----------
    ev : Evidence
    results : dict of str to dict
        Its results as they are, by analysis.
    before : str
        Name of a published version.
    """
    old = versions.results(before, ev.data.names)
    old = {**old, "analyses": {k: v for k, v in old["analyses"].items()
                               if v["indication"] == ev.indication}}
    # of files only those that every indication reads, so that no page hangs on another's
    now = {**old, "analyses": rounded(results), "known": {ev.indication: known(ev)},
           "digests": {path: ev.data.fingerprint(path) for path in SHARED}}
    return changes(old, now)
