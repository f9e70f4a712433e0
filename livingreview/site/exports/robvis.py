"""Judgements of risk of bias as the R package robvis takes them, and as `import` does."""

from __future__ import annotations

from collections.abc import Iterator

from ...intake.robvis import DOMAINS, JUDGED
from ...view.addresses import Addresses
from ...view.chapter_data import judged
from ...view.figure import Figures
from .written import csv_text, study_name

OVERALL = "overall"


def files(figures: Figures, indication: str) -> Iterator[tuple[str, bytes]]:
    """The judgements by one tool, from one source, each as a wide and as a long table.

    Yields
    ------
    (str, bytes)
        Address below the site and content.
    """
    names = figures.forests(indication).names
    for stem, rows in judged(figures.data, indication):
        for form, table in (("wide", wide), ("long", long)):
            yield (Addresses.export(indication, f"{stem}-{form}.csv"),
                   table(rows, rows[0]["tool"], names).encode())


def wide(rows: list[dict], tool: str, names: dict) -> str:
    """A row for each study, a column for each domain, the overall judgement last.

    Parameters
    ----------
    rows : list of dict
        Of ``risk_of_bias``, by one tool and from one source.
    tool : str
    names : dict of str to str
        Of studies.
    """
    domains = list(dict.fromkeys(r["domain"] for r in rows if r["domain"] != OVERALL))
    known = DOMAINS.get(tool, ())
    headers = ({d: f"D{i}" for i, d in enumerate(known, 1)} if {*domains} <= {*known}
               else {d: d for d in domains}) | {OVERALL: OVERALL.capitalize()}
    studies: dict[str, dict] = {}
    for row in rows:
        one = studies.setdefault(row["study_id"], {"Study": study_name(row["study_id"], names)})
        one[headers[row["domain"]]] = _judgement(row["judgement"])
    return csv_text(list(studies.values()), ("Study", *headers.values()))


def long(rows: list[dict], tool: str, names: dict) -> str:
    """A row for each judgement, see :func:`wide`."""
    return csv_text([{"Study": study_name(r["study_id"], names), "Domain": r["domain"].capitalize(),
                      "Judgement": _judgement(r["judgement"])} for r in rows])


def _judgement(word: str) -> str:
    """A judgement in the words of robvis; any other as its source prints it."""
    return word.replace("-", " ").capitalize() if word in JUDGED else word
