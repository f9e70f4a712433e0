"""Sources as readers see them."""

from __future__ import annotations

from ..effects import Evidence
from .html import Html, link, text


def source_link(source) -> Html:
    """A source by its title, linked by DOI, PubMed or its own address."""
    label = source["title"] or source["source_id"]
    if source["doi"]:
        return link(f"https://doi.org/{source['doi']}", label)
    if source["pmid"]:
        return link(f"https://pubmed.ncbi.nlm.nih.gov/{source['pmid']}/", label)
    if source["url"]:
        return link(source["url"], label)
    return Html(text(label))


def source(ev: Evidence, source_id: str | None) -> Html | str:
    """A source as a link; the identifier where it is none of the indication."""
    found = ev.sources.get(source_id or "")
    return source_link(found) if found else (source_id or "")
