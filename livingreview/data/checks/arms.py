"""Rules on arms: what they got, of which others they are the union, and how many they count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..dataset import Dataset, Problem
from .problem import each, problem


def operation_missing(data: Dataset, indication: str) -> Iterator[Problem]:
    """An arm whose comparator is an operation alone, and that does not name it."""
    if not data.words("cointervention"):
        return  # without the vocabulary no word is an operation
    for arm in data.records("arms", indication):
        if data.kind("comparator_type", arm["comparator_type"]) == "operation" and not any(
                data.kind("cointervention", word) in ("operation", "graft")
                for word in arm["cointervention"]):
            yield problem(f"{indication}/arms.csv", arm["row"], "cointervention",
                          ";".join(arm["cointervention"]),
                          f"a {arm['comparator_type']} arm without its operation",
                          "the operation, as cointervention", "error", "operation-missing")


def combines_itself(data: Dataset, indication: str) -> Iterator[Problem]:
    """An arm that is the union of itself, or of another union."""
    arms = {(a["study_id"], a["arm_id"]): a for a in data.records("arms", indication)}
    for (study, arm_id), arm in arms.items():
        for part in arm["combines"]:
            if part == arm_id or (arms.get((study, part)) or {}).get("combines"):
                yield problem(f"{indication}/arms.csv", arm["row"], "combines", part,
                              "the part is itself a union", "arms without combines", "error",
                              "combines")


def _allocated(data: Dataset, indication: str) -> dict[tuple[str, str], float]:
    """Units allocated to each arm; a union has the sum of its parts where it states none."""
    arms = {(a["study_id"], a["arm_id"]): a for a in data.records("arms", indication)}
    out = {}
    for (study, arm_id), arm in arms.items():
        n = arm["n_allocated"]
        if n is None and arm["combines"]:
            parts = [(arms.get((study, p)) or {}).get("n_allocated") for p in arm["combines"]]
            n = sum(parts) if all(p is not None for p in parts) else None
        if n is not None:
            out[study, arm_id] = n
    return out


def above_allocated(data: Dataset, indication: str) -> Iterator[Problem]:
    """More units analysed than were allocated."""
    allocated = _allocated(data, indication)
    for name, columns in (("outcomes", ("n", "total")), ("adverse_events", ("total",))):
        frame = data.frame(name, indication)
        arms = zip(frame["study_id"], frame["arm_id"], strict=True)
        limit = np.array([allocated.get(arm, np.inf) for arm in arms], dtype=float)
        for column in columns:
            yield from each(frame, frame[column].to_numpy() > limit,
                            f"{indication}/{name}.csv", column,
                            "more than were allocated to the arm", "at most n_allocated",
                            "warning", "above-allocated")


def serious_above_any(data: Dataset, indication: str) -> Iterator[Problem]:
    """More patients with serious than with any adverse event."""
    frame = data.frame("adverse_events", indication)
    largest = frame[frame["event"] == "any-ae"].groupby(["study_id", "arm_id"])["events"].max()
    serious = frame[frame["event"] == "serious-ae"]
    arms = zip(serious["study_id"], serious["arm_id"], strict=True)
    limit = np.array([largest.get(arm, np.nan) for arm in arms], dtype=float)
    yield from each(serious, serious["events"].to_numpy() > limit,
                    f"{indication}/adverse_events.csv", "events",
                    "more serious than any adverse events", "at most the events of any-ae",
                    "warning", "serious-above-any")


def two_rows_for_an_event(data: Dataset, indication: str) -> Iterator[Problem]:
    """Two rows for one arm and adverse event."""
    frame = data.frame("adverse_events", indication)
    again = frame.duplicated(["study_id", "arm_id", "event"], keep="first")
    yield from each(frame, again, f"{indication}/adverse_events.csv", "event",
                    "a second row for this arm and event", "one row, or a note on the conflict",
                    "warning", "two-rows")


RULES = (operation_missing, combines_itself, above_allocated, serious_above_any,
         two_rows_for_an_event)
