"""What is given together with cells, and which trials can tell what each part adds."""

from __future__ import annotations

from collections.abc import Callable

from ..effects import Evidence
from ..effects.comparisons import additions
from . import words
from .html import Column, Html, join, paragraph, table

ADDED = "same-co-treatment"


def combinations(ev: Evidence, names: dict[str, str], results: list[dict],
                 show: Callable) -> Html:
    """Trials of cells added to another treatment, and of another treatment added to cells.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
    results : list of dict
        Analyses of the indication.
    show : callable
        Makes a trial's name a link.

    Returns
    -------
    Html
    """
    to_cells = additions(ev.data, ev.indication)
    rows, untested = [], []
    for word, label in ((w, ev.data.label("cointervention", w))
                        for w in ev.data.words("cointervention")):
        added = sorted(ev.contests(ADDED, word), key=names.get)
        given = sorted({ev.trial_of(study) for study, what in to_cells if what == word},
                       key=names.get)
        if not added and not given:
            continue
        usable = {s["trial_id"] for r in results if r["role"] != "check" for s in r["studies"]
                  if s["comparison"] == ADDED and word in s["background"]}
        rows.append({
            "what": label, "added": _listed(added, show), "k": f"{len(usable)} of {len(added)}",
            "usable": _listed(sorted(usable, key=names.get), show),
            "given": _listed(given, show)})
        if added and not given:
            untested.append(words.in_text(label))
    treated = ev.data.wording("intervention")
    if not rows:
        return paragraph(f"No trial gives {treated} together with another treatment.", "lr-empty")
    said = (f"No trial known here gives {treated} with and without {_or(untested)}: what that "
            f"adds to {treated} is not known from any trial." if untested else
            f"For each treatment given with {treated} a trial compares {treated} with it and "
            f"{treated} alone.")
    return join([paragraph(said), table(
        f"{ev.indication}-combinations",
        f"{words.first_capital(treated)} together with another treatment: which comparison which "
        "trial makes",
        [Column("what", f"Given with {treated}"),
         Column("added", f"{words.first_capital(treated)} added to it: it with {treated} against "
                "it alone"),
         Column("k", "Randomised, with a usable number", True),
         Column("usable", "Which"),
         Column("given", f"It added to {treated}: {treated} with it against {treated} alone")],
        rows, interactive=False, cards=True)])


def _listed(trials: list[str], show: Callable) -> Html | str:
    return Html(", ".join(str(show(t)) for t in trials)) if trials else "none"


def _or(labels: list[str]) -> str:
    """Words as a list that ends with "or"."""
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"
