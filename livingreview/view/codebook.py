"""What the tables may hold: their columns, the allowed words, the rules of certainty."""

from __future__ import annotations

from ..data.codebook import columns
from ..data.dataset import Dataset
from .base import Label, Struct, View, label


class Column(Struct):
    """A column of a table."""

    table: str
    column: str
    type: str
    required: bool
    key: bool
    unit: str
    vocabulary: str
    description: str


class Word(Struct):
    """A word that a cell may hold; what it counts as is empty for most."""

    word: str
    vocabulary: str
    counts_as: str
    said: Label


class Codebook(View, template="codebook"):
    """Every column of every table, and every allowed word."""

    columns: tuple[Column, ...]
    words: tuple[Word, ...]


def codebook(data: Dataset) -> Codebook:
    """Every column of every table, and every allowed word."""
    return Codebook(
        tuple(Column(c["table"], c["column"], c["type"], bool(c["required"]), bool(c["key"]),
                     c["unit"], c["vocabulary"], c["description"])
              for c in columns(data.names)),
        tuple(Word(value, name, kind, Label(r["label_en"], r["label_zh"] or ""))
              for r in data.records("vocabularies")
              for name, value, kind in [data.names.own.entry(
                  r["list"], r["value"], r["kind"] or "")]))


class CertaintyRule(Struct):
    """A rule of certainty; a negative number of levels lowers it."""

    domain: Label
    rule: str
    threshold: float | None
    unit: str
    levels: int


class CertaintyRules(View, template="certainty_rules"):
    """The rules of certainty."""

    rules: tuple[CertaintyRule, ...]


def certainty_rules(data: Dataset) -> CertaintyRules:
    """The rules of certainty."""
    return CertaintyRules(tuple(
        CertaintyRule(label(data, "certainty_domain", r["domain"]), r["rule"], r["threshold"],
                      r["unit"] or "", r["levels"]) for r in data.records("certainty_rules")))


class PriorRow(Struct):
    """The prior of a measure; its scale is stated, or a share of the unit information SD."""

    measure: Label
    rescaled: bool
    family: Label
    scale: float | None
    share: float | None
    df: float | None
    location: float | None
    reason: str
    note: str


class Priors(View, template="priors"):
    """The priors under which few trials are pooled."""

    priors: tuple[PriorRow, ...]


def priors(data: Dataset) -> Priors:
    """The priors under which few trials are pooled."""
    return Priors(tuple(
        PriorRow(label(data, "measure", r["measure"]), r["rescale"] == "yes",
                 label(data, "prior_family", r["family"]), r["scale"], r["share"], r["df"],
                 r["location"], r["source"], r["note"] or "") for r in data.records("priors")))
