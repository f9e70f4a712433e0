"""Rules on what is said of the seed reviews.

A verdict on a claim needs a basis that can be opened; a headline number needs a rule by which it is
recomputed, or the reason why it cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .dataset import Dataset
from .problems import Problem
from .rules import wrong_cell

VERDICTS, HEADLINES = "seed-reviews/verdicts.csv", "seed-reviews/headline_numbers.csv"
# Verdicts that say something of the evidence, and so need a basis that can be opened.
NEEDS_BASIS = ("supported", "partly", "contradicted")
_EXPECTED = {
    "analysis": "an analysis_id of analyses.csv",
    "study": "indication:study_id of a studies.csv",
    "reference": "review_id:ref_number of seed-reviews/references.csv",
}


def basis_record(data: Dataset, basis_type: str, basis: str) -> Mapping | None:
    """The row that a basis names.

    Parameters
    ----------
    data : Dataset
    basis_type : {'analysis', 'study', 'reference'}
    basis : str
        One of the values of the column ``basis``.

    Returns
    -------
    mapping or None
        The row of the analysis, study or reference; None where there is no such row.
    """
    first, _, second = basis.partition(":")
    if basis_type == "analysis":
        rows = data.having("analyses", "analysis_id", basis)
    elif basis_type == "study":
        known = first in data.indications
        rows = data.having("studies", "study_id", second, first) if known else ()
    else:
        rows = (r for r in data.having("references", "ref_number", second)
                if r["review_id"] == first)
    return next(iter(rows), None)


def problems(data: Dataset) -> Iterator[Problem]:
    """Verdicts that may not be given, bases that lead nowhere, numbers without rule or reason."""
    claims = {c["claim_id"]: c for c in data.records("claims")}
    for verdict in data.records("verdicts"):
        claim = claims.get(verdict["claim_id"] or "")
        if claim and claim["checkable"] == "no":
            yield _wrong(verdict, "claim_id", "a claim that is not checkable has a verdict",
                         "no row: the ledger says so by rule")
        yield from _basis_problems(data, verdict)
    for row in data.records("headline_numbers"):
        found = list(_number_problems(row))
        yield from found or _rule_problems(data, row)


def _basis_problems(data: Dataset, verdict: Mapping) -> Iterator[Problem]:
    kind = verdict["basis_type"]
    if verdict["verdict"] in NEEDS_BASIS and not (kind and verdict["basis"]):
        yield _wrong(verdict, "basis", "this verdict rests on nothing",
                     "an analysis, a study or a reference")
    elif bool(kind) != bool(verdict["basis"]):
        yield _wrong(verdict, "basis_type", "basis and basis_type go together", "both or neither")
    if kind not in _EXPECTED:
        return
    for basis in verdict["basis"]:
        if basis_record(data, kind, basis) is None:
            yield _wrong(verdict, "basis", f"no such {kind}", _EXPECTED[kind], basis)


def _wrong(verdict: Mapping, column: str, wrong: str, expected: str, value: str | None = None
           ) -> Problem:
    cell = verdict[column] if value is None else value
    cell = ";".join(cell) if isinstance(cell, tuple) else cell or ""
    return Problem(VERDICTS, verdict["row"], column, cell, wrong, expected, "error", "verdict")


def _number_problems(row: Mapping) -> Iterator[Problem]:
    """A number with neither rule nor reason, with both, or with a rule that is not whole."""
    place = (HEADLINES, row["row"])
    if bool(row["compute"]) == bool(row["why_not"]):
        yield Problem(*place, "compute", row["compute"] or "", "neither or both of rule and reason",
                      "either compute or why_not", "error", "headline")
    for column in ("table", "column") if row["compute"] else ():
        if not row[column]:
            yield Problem(*place, column, "", "the rule does not say it", f"a {column}", "error",
                          "headline")
    stated = row["numbers"] or (row["value"] or "",)
    for number in stated if row["compute"] else ():
        if not re.fullmatch(r"-?\d+(?:\.\d+)?", number):
            yield Problem(*place, "numbers", number, "not a number that can be compared",
                          "the stated numbers, separated by ;", "error", "headline")


def _rule_problems(data: Dataset, row: Mapping) -> Iterator[Problem]:
    """A rule that asks for a column, an indication or a reference that there is not."""
    if row["compute"] and row["table"] and (wrong := wrong_cell(data, row)):
        column, said = wrong
        cell = row[column]
        yield Problem(HEADLINES, row["row"], column,
                      ";".join(cell) if isinstance(cell, tuple) else cell or "", said,
                      "a rule that can be applied", "error", "headline")
