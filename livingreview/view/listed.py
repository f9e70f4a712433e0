"""All findings of a chapter, outcome by outcome: what helps, and what harms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .base import Label, Struct, View, grouped, label, wording
from .finding import Finding, Question
from .forest import Forest, Forests
from .row import FindingRow, row_of
from .tabs import CHECK, HARMS

FORESTS = 3  # that a page shows itself; every figure has an address of its own


class Group(Struct):
    """The findings of one outcome."""

    name: Label
    main: Finding  # what is said of it in a sentence
    rows: tuple[FindingRow, ...]
    forest: Forest | None  # of `main`, where it has two trials or more


class Gap(Struct):
    """A question without any usable trial, at all times at which it is asked."""

    question: Question
    times: tuple[tuple[Question, str], ...]  # each with the page of its analysis
    known: int  # trials that are known and give no usable number


@dataclass(frozen=True)
class Findings(View):
    """A page of findings."""

    given: Label
    # groups, alone: with a comparison, and of treated patients who are compared with nobody
    groups: tuple[Group, ...]
    alone: tuple[Group, ...]
    gaps: tuple[Gap, ...]
    n_gaps: int  # analyses that these are


class Benefits(Findings, template="benefits"):
    """What helps: every analysis of a chapter but those of harms."""


class Harms(Findings, template="harms"):
    """What harms."""


def benefits(forests: Forests, results: Iterable[dict], first: Sequence[str]) -> Benefits:
    """The page of benefits of a chapter.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    results : iterable of dict
        Its analyses in the order in which they are declared.
    first : sequence of str
        Identifiers of those that a reader is shown first.
    """
    found = [r for r in results if r["section"] != HARMS and r["role"] != CHECK]
    return Benefits(**_parts(forests, found, first))


def harms(forests: Forests, results: Iterable[dict], first: Sequence[str]) -> Harms:
    """The page of harms of a chapter; see :func:`benefits`."""
    found = [r for r in results if r["section"] == HARMS and r["role"] != CHECK]
    found.sort(key=lambda r: r["id"] not in first)
    return Harms(**_parts(forests, found, first))


def _parts(forests: Forests, results: Sequence[dict], first: Sequence[str]) -> dict:
    usable = [r for r in results if r["studies"]]
    empty = [forests.findings.of(r) for r in results if not r["studies"]]
    groups = [_group(forests, rows, first) for rows in grouped(usable, _outcome).values()]
    drawn = [g.main.id for g in groups if g.forest and g.main.id in first][:FORESTS]
    groups = [g if g.main.id in drawn else Group(g.name, g.main, g.rows, None) for g in groups]
    return {"given": wording(forests.data, "intervention"),
            "groups": tuple(g for g in groups if not g.main.question.uncontrolled),
            "alone": tuple(g for g in groups if g.main.question.uncontrolled),
            "gaps": _gaps(empty), "n_gaps": len(empty)}


def _outcome(result: dict) -> tuple:
    """The outcome of a result, apart without a comparison."""
    asked = result["question"]
    return asked["target_type"], asked["target"], asked["comparison"] == "uncontrolled"


def _group(forests: Forests, results: Sequence[dict], first: Sequence[str]) -> Group:
    """The findings of one outcome: the first is what is shown first, else what has an estimate."""
    main = min(results, key=lambda r: (r["id"] not in first, r["role"] != "main",
                                       r["pooled"] is None, -r["k"]))
    finding = forests.findings.of(main)
    asked = main["question"]
    vocabulary = asked["target_type"] if asked["target_type"] in ("family", "event") else "outcome"
    return Group(label(forests.data, vocabulary, asked["target"]), finding,
                 tuple(row_of(r, forests.findings) for r in results),
                 forests.of(main) if main["k"] > 1 and main["id"] in first else None)


def _gaps(findings: Iterable[Finding]) -> tuple[Gap, ...]:
    """Questions without a usable trial; one that is alike at several times stands once."""
    def alike(f: Finding) -> tuple:
        q = f.question
        return q.outcome, q.part, q.conditions, q.comparison, q.background, f.known

    return tuple(Gap(same[0].question, tuple((f.question, f.href) for f in same), same[0].known)
                 for same in grouped(findings, alike).values())
