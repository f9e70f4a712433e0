"""Where on the site things are: addresses from its root."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..data.dataset import Dataset

# The pages of a chapter in their order.
PAGES = ("index", "patients", "benefits", "harms", "trials", "robustness", "dose-time-source",
         "others", "data")
COMPARE = "compare"  # one more, where several controls can be compared with each other
EXPORTS = "exports"  # files for other programs, a folder for each indication
PLAIN = "patients"  # the page in plain words, which the answer leads to and no tab


def relative(target: str, page: str) -> str:
    """An address from the root of the site as it is written on a page.

    Parameters
    ----------
    target : str
        Such as ``trials/doe-2020.html#value-1``.
    page : str
        Address of the page, such as ``notebooks/harms.html``; empty for the root.
    """
    path, mark, anchor = target.partition("#")
    if path == page:
        return f"#{anchor}" if anchor else posixpath.basename(page)
    # two folders that are not there: a path above the root must not meet that of this process
    return posixpath.relpath(f"/site/language/{path}",
                             f"/site/language/{posixpath.dirname(page)}") + mark + anchor


class Addresses:
    """Addresses of the pages of a data folder."""

    def __init__(self, data: Dataset):
        self._data = data

    @cached_property
    def _first(self) -> dict[str, str]:
        """The indication that has the plain address of a study."""
        first: dict[str, str] = {}
        for indication in self._data.indications:
            for study in self._data.records("studies", indication):
                first.setdefault(study["study_id"], indication)
        return first

    def trial(self, indication: str, study_id: str) -> str:
        """Page of a study; where two indications have one of this name, the second adds its own."""
        own = self._first.get(study_id, indication) == indication
        return f"trials/{study_id}{'' if own else f'-{indication}'}.html"

    def value(self, indication: str, trial_id: str, anchor: str) -> str:
        """Where a number of a trial comes from."""
        return f"{self.trial(indication, trial_id)}#{anchor}"

    @staticmethod
    def figure(analysis_id: str) -> str:
        """Page of an analysis."""
        return f"figures/{analysis_id}.html"

    @staticmethod
    def chapter(indication: str, page: str = "index", anchor: str = "") -> str:
        """A page of a chapter."""
        return f"notebooks/{indication}/{page}.html{f'#{anchor}' if anchor else ''}"

    @staticmethod
    def export(indication: str, name: str) -> str:
        """A file of an indication for other programs."""
        return f"{EXPORTS}/{indication}/{name}"

    @staticmethod
    def claim(claim_id: str = "") -> str:
        """A claim in the ledger; the ledger where none is named."""
        return f"notebooks/claims-ledger.html{f'#claim-{claim_id}' if claim_id else ''}"

    @staticmethod
    def seed(review_id: str, ref_number: str = "") -> str:
        """Page of a seed review, or a reference in its list."""
        anchor = f"#ref-{review_id}-{ref_number}" if ref_number else ""
        return f"notebooks/seed-{review_id}.html{anchor}"
