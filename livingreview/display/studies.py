"""The studies of an indication: how many there are, and what they compare."""

from __future__ import annotations

from ..effects import Evidence
from . import words
from .html import Column, Html, count, paragraph, table


def size(ev: Evidence) -> Html:
    """How many studies and participants of which design are known."""
    rows = list(ev.studies.values())
    main = [s for s in rows if not s["companion_of"]]
    designs = {}
    for study in main:
        designs.setdefault(study["design"], []).append(study)
    parts = []
    for design, group in sorted(designs.items(), key=lambda item: -len(item[1])):
        label = words.in_text(ev.data.label("design", design)) if design else "design not stated"
        stated = [s["n_enrolled"] for s in group if s["n_enrolled"] is not None]
        unsized = len(group) - len(stated)
        enrolled = ([f"{count(sum(stated))} enrolled"] if stated else []) + (
            [f"size of {unsized} not stated"] if unsized else [])
        parts.append(f"{label}: {len(group)} ({', '.join(enrolled)})")
    return paragraph(
        f"{len(rows)} reports of {len(main)} studies are in the data. By design — "
        f"{'; '.join(parts)}. Enrolled counts patients, other units or animals as the "
        "report does, planned numbers of running trials included.")


def comparison_table(ev: Evidence, names: dict[str, str]) -> Html:
    """Comparisons that studies of people make or an analysis asks for, with their number."""
    asked = {r["comparison"] for r in ev.data.having("analyses", "indication", ev.indication)}
    rows = []
    for kind in ev.data.words("comparison_class"):
        trials = {ev.trial_of(c.study_id) for c in ev.comparisons if c.kind == kind
                  and ev.studies[c.study_id]["design"] != "animal-experiment"}
        if trials or kind in asked:  # without either it is a question of another disease
            rows.append({"kind": ev.data.label("comparison_class", kind), "k": len(trials),
                         "trials": ", ".join(sorted(names[t] for t in trials)) or "none"})
    return table(f"{ev.indication}-comparisons", "Comparisons that the studies of people make",
                 [Column("kind", "Comparison"), Column("k", "Studies", True),
                  Column("trials", "Which")], rows, interactive=False)
