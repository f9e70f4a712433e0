"""Each analysis as a table that R's package metafor takes, and a script that pools it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ...render.engine import render
from ...review.measure import uncontrolled
from ...view.base import View
from ...view.figure import Figures, files_of
from ...view.forest import axis_of
from ...view.recompute import Recompute, recompute
from .written import csv_text, number

# What metafor calls the numbers of the treated arm, of the other one, and of one arm alone.
_MEANS = {"n": ("n1i", "n2i", "ni"), "mean": ("m1i", "m2i", "mi"), "sd": ("sd1i", "sd2i", "sdi")}
_COUNTS = {"n": ("n1i", "n2i", "ni"), "events": ("ai", "ci", "xi")}


class Script(View, template="script"):
    """A script that pools the trials of an analysis where the book is not."""

    title: str
    file: str  # with the effects of the trials, beside the script
    recompute: Recompute


def files(figures: Figures, indication: str) -> Iterator[tuple[str, bytes]]:
    """The table and the script of each analysis that has an effect.

    Yields
    ------
    (str, bytes)
        Address below the site and content. An analysis of which the script would need a method
        that it does not have comes without one.
    """
    for result in figures.results([indication]):
        addresses, forests = files_of(result), figures.forests(indication)
        if not addresses.metafor:
            continue
        yield addresses.metafor, table(result, forests.names).encode()
        found = recompute(forests.data, result, axis_of(result), forests.names, least=1)
        if found:
            script = Script(result["title"], PurePosixPath(addresses.metafor).name, found)
            yield addresses.script, f"{render(script, form='code')}\n".encode()


def table(result: dict, names: dict) -> str:
    """The trials of an analysis that have an effect, in metafor's names of columns.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json``.
    names : dict of str to str
        Of its trials.

    Returns
    -------
    str
        ``slab``, the numbers of each arm as they were analysed (means on the scale of the
        analysis), the effect ``yi`` and its variance ``vi``, ratios and shares on their logarithms.
        Numbers of arms are there where all trials have them.
    """
    studies = [s for s in result["studies"] if s["yi"] is not None]
    return csv_text([{"slab": names[s["trial_id"]], "study_id": s["study_id"],
                      **_arms(s, _columns(result, studies)),
                      "yi": number(s["yi"]), "vi": number(s["vi"])} for s in studies])


def _columns(result: dict, studies: list[dict]) -> dict[str, tuple[str, ...]]:
    """The numbers of arms that all trials state."""
    sides = ("intervention",) if uncontrolled(result) else ("intervention", "comparator")
    for columns in (_COUNTS, _MEANS):
        if all(s[side] and s[side][ours] is not None
               for s in studies for side in sides for ours in columns):
            return {ours: names[2:] if uncontrolled(result) else names[:2]
                    for ours, names in columns.items()}
    return {}


def _arms(study: dict, columns: dict[str, tuple[str, ...]]) -> dict[str, object]:
    return {name: number(study[side][ours]) for ours, names in columns.items()
            for side, name in zip(("intervention", "comparator"), names, strict=False)}
