"""What a chapter lacks."""

from __future__ import annotations

from .html import Html, details, join, paragraph, text


def gaps(results: list[dict]) -> Html:
    """The analyses without an estimate, of all those of a chapter."""
    asked = [r for r in results if r["role"] != "check"]
    empty = [r for r in asked if r["pooled"] is None]
    items = "".join(f"<li>{text(r['title'])}</li>" for r in empty)
    return join([
        paragraph(f"{len(empty)} of {len(asked)} analyses of this chapter have no "
                  "estimate."),
        details("Analyses without an estimate", Html(f"<ul>{items}</ul>"))])
