"""What changed in a chapter: its results since the version before, and its data, line by line."""

from __future__ import annotations

from ..effects import Evidence
from ..view.naming import arm_names, of_study, review_names, spoken
from .html import Column, Html, details, join, paragraph, table
from .provenance import source
from .releases import since_last


def changes(ev: Evidence, names: dict[str, str], results: list[dict]) -> Html:
    """What changed since the version before, and the dated changes of the data, latest first.

    Of one day, the later line of the file is the later change.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
        Names of the studies.
    results : list of dict
        Analyses of the indication.

    Returns
    -------
    Html
    """
    rows = sorted((r for folder in (ev.indication, "*")
                   for r in ev.data.having("changelog", "file", folder)),
                  key=lambda r: (r["date"], r["row"]))
    arms, reviews = arm_names(ev.data, ev.indication), review_names(ev.data, ev.indication)

    def said(words: str, row) -> str:
        of = reviews if "published_syntheses" in row["file"] else names
        return spoken(words, of, of_study(arms, row["study_id"]), names, reviews)

    shown = [{"date": r["date"], "file": r["file"].rpartition("/")[2],
              "study": (names | reviews).get(r["study_id"], r["study_id"]), "column": r["column"],
              "change": said(f"{r['old'] or 'empty'} → {r['new'] or 'empty'}", r),
              "reason": said(r["reason"], r), "source": source(ev, r["source_id"])}
             for r in reversed(rows)]
    return join([
        since_last(ev, {r["id"]: r for r in results}),
        paragraph(f"{len(rows)} changes of the data are logged for this chapter."),
        details("Changes of the data", table(
            f"{ev.indication}-changes", "Changes of the data of this chapter",
            [Column("date", "Date"), Column("file", "File"), Column("study", "Study"),
             Column("column", "Column"),
             Column("change", "Change"), Column("reason", "Reason"),
             Column("source", "Source")], shown))])
