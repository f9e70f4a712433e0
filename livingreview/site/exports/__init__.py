"""Files of a review for other programs: RevMan, metafor, robvis, and summaries of findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...view.addresses import EXPORTS as ROOT
from ...view.figure import Figures
from . import metafor, revman, robvis, summary

__all__ = ["KINDS", "ROOT", "files", "write"]

KINDS = {"revman": revman.files, "metafor": metafor.files, "sof": summary.files,
         "robvis": robvis.files}


def files(figures: Figures, indication: str, kinds: Sequence[str] = ()
          ) -> Iterator[tuple[str, bytes]]:
    """The files of an indication.

    Parameters
    ----------
    figures : Figures
    indication : str
    kinds : sequence of str
        Of `KINDS`; all where it is empty.

    Yields
    ------
    (str, bytes)
        Address below the site and content.
    """
    for kind in kinds or KINDS:
        yield from KINDS[kind](figures, indication)


def write(figures: Figures, folder: Path, indication: str, kinds: Sequence[str] = ()
          ) -> set[Path]:
    """Write the files of an indication where they have changed; all that there are now.

    Parameters
    ----------
    figures : Figures
    folder : Path
        Root of the site.
    indication : str
    kinds : sequence of str
        See :func:`files`.
    """
    made = set[Path]()
    for address, content in files(figures, indication, kinds):
        made.add(path := folder / address)
        if not (path.is_file() and path.read_bytes() == content):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return made
