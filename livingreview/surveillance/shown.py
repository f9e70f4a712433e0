"""What a person who screens is shown of a report: on the page and in the terminal alike."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.dataset import Dataset
from ..view import sources as links
from ..view.sources import Link
from .abstracts import Text, Texts
from .reports import Report


@dataclass(frozen=True)
class Match:
    """A study of the data that a report is of.

    Attributes
    ----------
    study : str
        As indication:study_id.
    name, title : str
        Author and year, and title, as far as the data state them.
    matched_by : str
        What it was matched by, in words.
    """

    study: str
    name: str
    title: str
    matched_by: str


@dataclass(frozen=True)
class Shown:
    """A report with what helps to decide about it.

    Attributes
    ----------
    report : Report
    kind : str
        In words.
    text : Text
        Its abstract, and what sources say of its type.
    identifiers : tuple of Link
        DOI, PubMed and registrations.
    found_in : tuple of str
        Names of the sources that found it.
    indications : tuple of str
        Names of the indications whose searches found it.
    matches : tuple of Match
    """

    report: Report
    kind: str
    text: Text
    identifiers: tuple[Link, ...]
    found_in: tuple[str, ...]
    indications: tuple[str, ...]
    matches: tuple[Match, ...]


def shown(data: Dataset, report: Report, texts: Texts, language: str = "en") -> Shown:
    """A report as it is shown, with the labels of a language."""
    identifiers = [*([Link(f"DOI {report.doi}", links.doi(report.doi))] if report.doi else []),
                   *([Link(f"PMID {report.pmid}", links.pubmed(report.pmid))]
                     if report.pmid else []),
                   *map(links.registration, report.registrations)]
    found_in = dict.fromkeys(i.partition(":")[0] for i in report.source_ids)
    return Shown(
        report, data.label("record_kind", report.kind, language), texts.of_report(report),
        tuple(identifiers), tuple(data.label("search_source", s, language) for s in found_in),
        tuple(data.label("indication", i, language) for i in report.indications),
        tuple(_match(data, study, report.match_kind, language) for study in report.match))


def _match(data: Dataset, study: str, kind: str, language: str) -> Match:
    indication, _, study_id = study.partition(":")
    row = next((r for r in data.records("studies", indication) if r["study_id"] == study_id), None)
    named = [str(row[c]) for c in ("first_author", "year") if row and row[c]]
    return Match(study, " ".join(named) or study_id, (row["title"] or "") if row else "",
                 data.label("match_kind", kind, language))
