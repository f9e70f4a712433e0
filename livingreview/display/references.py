"""The data of a chapter as files, and the reports behind its analyses."""

from __future__ import annotations

from ..effects import Evidence
from .html import Html, link, paragraph
from .provenance import source_link

FILES = ("studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias",
         "published_syntheses", "sources")


def downloads(indication: str) -> Html:
    """The tables of a chapter as files."""
    links = ", ".join(link(f"../data/{indication}/{n}.csv", f"{n}.csv") for n in FILES)
    return Html(f'<p>Tables of this chapter: {links}. All results: '
                f'{link("../results.json", "results.json")}.</p>')


def shares(ev: Evidence, source_id: str) -> Html:
    """How many outcome rows come from one source."""
    rows = ev.data.records("outcomes", ev.indication)
    some = sum(r["source_id"] == source_id for r in rows)
    return paragraph(Html(
        f"{some} of the {len(rows)} outcome rows of this chapter were read in "
        f"{source_link(ev.sources[source_id])}, which is named at each value taken from it."))


def citations(ev: Evidence, results: list[dict]):
    """The reports behind some analyses, as citations of the bibliography."""
    from IPython.display import Markdown

    from ..site.bibliography import citable  # a later layer: not needed to import this one

    pooled = {s["study_id"] for r in results for s in r["studies"]}
    keys = sorted(s for s in pooled if citable(ev.studies[s]))
    if not keys:
        return Markdown("No report is behind an analysis yet.")
    return Markdown("Reports behind the analyses: "
                    + ", ".join(f"{{cite:t}}`{key}`" for key in keys) + ".")
