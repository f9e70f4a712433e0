"""Every animal experiment: model, cells, what was measured, and the signals of its conduct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scipy.special import ndtri

from ...data import tables
from ...effects import Analysis, Effect, Evidence, LeftOut, Rules, select
from ...effects.comparisons import is_cell_arm
from ...render.engine import render
from ...review.counted import ANIMAL
from ...review.directions import BASES, directions
from ...review.pools import natural
from ...view.finding import Findings
from ...view.naming import spoken
from ...view.others import published
from .. import words
from ..html import Column, Html, count, details, interval, join, number, paragraph, table, text
from .book import Book

NOT_STATED = "not stated"
_Z = float(ndtri(0.975))


def experiments(book: Book) -> Iterator[tuple[str, Evidence, str]]:
    """(indication, evidence, study) of every animal experiment."""
    for indication, ev in book.evidence.items():
        for study_id, study in ev.studies.items():
            if study["design"] == ANIMAL:
                yield indication, ev, study_id


def _arms(ev: Evidence, study_id: str) -> list:
    return [arm for (study, _), arm in ev.arms.items() if study == study_id]


def _cells(book: Book, arm) -> str:
    """Tissue, product, donor, dose and route of an arm, as far as they are stated."""
    parts = [book.data.label(field, arm[field]) for field in
             ("cell_source", "cell_product", "donor") if arm[field] not in (None, "none")]
    if arm["dose_cells"] is not None:
        parts.append(f"{count(arm['dose_cells'])} {book.data.wording('dose-unit')}")
    parts += [book.data.label("route", r) for r in arm["route"]]
    return ", ".join([parts[0], *map(words.in_text, parts[1:])] if parts else ())


def listing(book: Book) -> Html:
    """Every animal experiment with its model, cells, groups and remark."""
    rows = []
    for indication, ev, study_id in experiments(book):
        study, arms = ev.studies[study_id], _arms(ev, study_id)
        cells = [a for a in arms if is_cell_arm(a)]
        measured = {r["outcome"] for a in arms for r in ev.outcomes.get((study_id, a["arm_id"]), ())
                    } | {r["outcome"] for r in ev.contrasts.get(study_id, ())}
        rows.append({
            "study": book.study(indication, study_id), "indication": book.label(indication),
            "species": book.data.label("species", study["species"]) or NOT_STATED,
            "model": study["population"] or NOT_STATED,
            "cells": Html("<br>".join(dict.fromkeys(
                text(_cells(book, a)) for a in cells)))
            or book.data.wording("nothing-given"),
            "groups": "; ".join(
                book.arms[indication][study_id, a["arm_id"]] for a in arms) or NOT_STATED,
            "n": count(study["n_enrolled"]) if study["n_enrolled"] is not None else NOT_STATED,
            "outcomes": "; ".join(book.data.label("outcome", o) for o in sorted(measured))
            or "none extracted",
            "status": book.data.label("status", study["status"]) or NOT_STATED,
            "note": spoken(study["note"], book.names[indication])})
    return table(
        "table-animal-experiments", "Animal experiments",
        [Column("study", "Study"), Column("indication", "Indication", select=True),
         Column("species", "Species", select=True), Column("model", "Model"),
         Column("cells", f"{book.data.wording('product')}, dose, route"),
         Column("groups", "Groups"),
         Column("n", "Animals", True), Column("outcomes", "Outcomes with a row"),
         Column("status", "Status", select=True), Column("note", "Remark")], rows,
        "No animal experiment is in the data.", cards=True)


def species(book: Book) -> Html:
    """Experiments by species and indication, in one sentence each."""
    found = [(indication, ev.studies[s]["species"]) for indication, ev, s in experiments(book)]
    by = Counter(s for _, s in found)
    named = "; ".join(f"{words.in_text(book.data.label('species', s)) if s else NOT_STATED}: {n}"
                      for s, n in by.most_common())
    where = "; ".join(f"{words.in_text(book.label(i))}: {n}"
                      for i, n in Counter(i for i, _ in found).items())
    return paragraph(f"{len(found)} animal experiments. By species — {named}. By indication — "
                     f"{where}.")


# --- effects ----------------------------------------------------------------------------------


def _question(ev: Evidence, study_id: str, outcome: str, binary: bool) -> Analysis:
    """One outcome of one experiment at its last visit; above zero is better with cells."""
    row = {c.name: () if c.many else None for c in tables.BY_NAME["analyses"].columns}
    return Analysis.of({**row, "analysis_id": f"{study_id}-{outcome}", "indication": ev.indication,
                        "target_type": "outcome", "target": outcome, "comparison": "any",
                        "measure": "RR" if binary else "SMD", "favourable": "higher",
                        "studies": (study_id,)})


def _effects(ev: Evidence) -> Iterator[tuple[str, str, bool, Effect | LeftOut]]:
    """(study, outcome, whether counts, effect or why there is none), by the rules for trials."""
    rules = Rules(designs=frozenset({ANIMAL}), skewed=True, cell_classes=frozenset(
        ev.data.words("cell_class")))
    for study_id, study in ev.studies.items():
        if study["design"] != ANIMAL:
            continue
        rows = ev.outcomes_of_trial[ev.trial_of(study_id)]
        for outcome in dict.fromkeys(r["outcome"] for r in rows):
            of = [r for r in rows if r["outcome"] == outcome]
            binary = any(r["events"] is not None or r["percent"] is not None for r in of)
            effects, left = select(ev, _question(ev, study_id, outcome, binary), rules)
            for found in (*effects, *left):
                yield study_id, outcome, binary, found


def _as_words(book: Book, binary: bool, found: Effect | LeftOut) -> str:
    """An effect with its interval, or why there is none."""
    if isinstance(found, LeftOut):
        return f"no effect size: {found.reason}"
    if found.yi is None:
        return f"no effect size: {found.no_ratio}"
    measure = "RR" if binary else "SMD"
    half = _Z * found.vi**0.5
    values = [natural(measure, v) for v in (found.yi, found.yi - half, found.yi + half)]
    return (f"{book.data.label('measure', measure)} {number(values[0], 2)} "
            f"({interval(values[1], values[2], 2)})")


def effects(book: Book) -> Html:
    """Effect size where the rows give one, else the direction as stated, per outcome."""
    rows = []
    for indication, ev in book.evidence.items():
        sizes = {}
        for study_id, outcome, binary, found in _effects(ev):
            sizes[study_id, outcome] = _as_words(book, binary, found)
        ways = {}
        for d in directions(ev, frozenset({ANIMAL})):
            ways.setdefault((d.study, d.outcome), []).append(d)
        for study_id, outcome in dict.fromkeys([*sizes, *ways]):
            found = ways.get((study_id, outcome), [])
            p = dict.fromkeys(f"p {d.p_sign} {d.p:g}" for d in found if d.p is not None)
            rows.append({
                "study": book.study(indication, study_id), "indication": book.label(indication),
                "outcome": book.data.label("outcome", outcome),
                "effect": sizes.get((study_id, outcome), "no effect size: no values of the groups"),
                "direction": "; ".join(dict.fromkeys(
                    book.data.label("stated_result", d.direction) or NOT_STATED for d in found))
                or "not compared with a group without "
                f"{book.data.wording('intervention')}",
                "basis": "; ".join(dict.fromkeys(filter(None, (
                    said for d in found for said in (BASES[d.basis] or d.why_unknown,
                                                     d.not_counted))))), "p": "; ".join(p)})
    n = sum(not r["effect"].startswith("no effect size") for r in rows)
    return join([
        paragraph(f"{len(rows)} outcomes of animal experiments have a row in the data; "
                  f"{n} give an effect size. A group that had a sham operation or was healthy is a "
                  "reference and never the comparator."),
        table("animal-effects", "Effects in animals, by experiment and outcome",
              [Column("study", "Study"), Column("indication", "Indication", select=True),
               Column("outcome", "Outcome"),
               Column("effect", "Effect (95% CI); higher favours "
                      f"{book.data.wording('intervention')}"),
               Column("direction", "Direction", select=True), Column("basis", "Known from"),
               Column("p", "p-value as printed")], rows,
              "No outcome of an animal experiment is in the data.", cards=True)])


# --- signals ----------------------------------------------------------------------------------


def _signals(ev: Evidence, study_id: str) -> dict[str, bool]:
    """What the data hold on the conduct of an experiment."""
    study, arms = ev.studies[study_id], _arms(ev, study_id)
    return {"randomised": study["randomised"] == "yes", "blinded": study["blinding"] not in
            (None, "open"), "size": study["n_enrolled"] is not None,
            "groups": bool(arms) and all(a["n_allocated"] is not None for a in arms
                                         if not a["combines"])}


SIGNALS = {"randomised": "Allocated at random, as stated", "blinded": "Blinding stated",
           "size": "Number of animals stated", "groups": "Number in each group stated"}


def signals(book: Book) -> Html:
    """Signals of conduct that the SYRCLE tool asks for; none of them is a judgement."""
    found = [(indication, s, _signals(ev, s)) for indication, ev, s in experiments(book)]
    totals = "; ".join(f"{words.in_text(label)}: {sum(f[key] for _, _, f in found)}"
                       for key, label in SIGNALS.items())
    judged = sum(r["tool"] == "syrcle" for i in book.evidence
                 for r in book.data.records("risk_of_bias", i))
    rows = [{"study": book.study(i, s), "indication": book.label(i),
             **{key: "yes" if f[key] else "not in the sources read" for key in SIGNALS}}
            for i, s, f in found]
    return join([
        paragraph(f"Of {len(found)} experiments — {totals}. These are signals, not judgements: "
                  "often an abstract alone was read, and what it does not say may have been done. "
                  f"Published judgements with the SYRCLE tool in the data: {judged}."),
        details("Signals by experiment", table(
            "animal-signals", "Signals of conduct, by experiment",
            [Column("study", "Study"), Column("indication", "Indication", select=True),
             *(Column(key, label) for key, label in SIGNALS.items())], rows, cards=True))])


def syntheses(book: Book) -> Html:
    """Published pooled results of animal experiments."""
    found = [published(book.review, Findings(book.data, i, book.addresses), "animal")
             for i in book.evidence]
    return join([details(f"{book.label(i)} ({words.trials(len(of.results), 'result')})",
                         Html(render(of, "notebooks/animal-experiments.html")))
                 for i, of in zip(book.evidence, found, strict=True) if of.results]
                or [paragraph("None was read.", "lr-empty")])
