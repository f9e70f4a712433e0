"""Abstracts, for as long as somebody looks at them: from what sources answered, kept by nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import files, rawstore, sources
from .net import SourceError
from .record import Record
from .reports import Report

STORED, NONE, ELSEWHERE = "stored", "none", "elsewhere"


@dataclass(frozen=True)
class Text:
    """What a raw store says of a report beyond the tables.

    Attributes
    ----------
    state : {'stored', 'none', 'elsewhere'}
        Whether there is an abstract, the sources give none, or their answers are not in the store.
    abstract : str
    signals : tuple of str
        Types of publication as the sources print them.
    """

    state: str
    abstract: str
    signals: tuple[str, ...]


class Texts:
    """Abstracts of records by source and number.

    Parameters
    ----------
    records : dict of str to Record
    broken : tuple of str
        Searches whose answers could not be read, and why.
    """

    def __init__(self, records: dict[str, Record], broken: tuple[str, ...] = ()):
        self._records, self.broken = records, broken

    @classmethod
    def of(cls, folder: Path, step: Callable[[], None] = lambda: None) -> Texts:
        """What the searches of a raw store found; a newer answer replaces an older one.

        Parameters
        ----------
        folder : Path
            One that is not there holds nothing.
        step : callable, optional
            Called after each search.
        """
        found, broken = {}, []
        for raw in rawstore.searches(folder):
            try:
                records = files.stored(raw)
                if records is None:
                    records = sources.named(raw.source).read(raw.pages()).records
            except (KeyError, files.FileError, rawstore.RawError, SourceError, ValueError) as error:
                broken.append(f"{raw.source}/{raw.search_id}: {error}")
                continue
            finally:
                step()
            for record in records:
                before = found.get(record.source_id)
                if record.abstract or before is None or not before.abstract:
                    found[record.source_id] = record
        return cls(found, tuple(broken))

    def of_report(self, report: Report) -> Text:
        """The longest abstract that sources give of a report."""
        found = [self._records[i] for i in report.source_ids if i in self._records]
        abstract = max((r.abstract for r in found), key=len, default="")
        return Text(STORED if abstract else NONE if found else ELSEWHERE, abstract,
                    tuple(dict.fromkeys(s for r in found for s in r.signals)))
