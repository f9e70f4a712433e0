"""What the static interface offers to programs."""

from __future__ import annotations

from .html import Column, Html, link, table


def interface() -> Html:
    """Every file of the interface with what it holds."""
    # only this page needs it, and what is published comes after what is shown
    from ..site.api import BASE, FILES, SCHEMA

    def files(what: str, json: str, csv: str = "", schema: str = "") -> dict:
        return {"what": what, **{kind: link(f"../{path}", path) if path else "" for kind, path in (
            ("json", json), ("csv", csv), ("schema", schema))}}

    rows = [files(what, f"{BASE}/{name}.json", f"{BASE}/{name}.csv", f"{BASE}/schema/{name}.json")
            for name, what in FILES.items()]
    rows += [files("Every analysis with its studies, robustness and certainty.", "results.json"),
             files("What the fields mean (JSON Schema), in one file.", f"{BASE}/{SCHEMA}"),
             files("List of these files, each with its schema.", f"{BASE}/index.json",
                   schema=f"{BASE}/schema/index.json")]
    return table("table-interface", "Files for programs",
                 [Column("what", "What it holds"), Column("json", "JSON"), Column("csv", "CSV"),
                  Column("schema", "Schema")], rows, interactive=False)
