"""What the static interface offers to programs."""

from __future__ import annotations

from .html import Column, Html, link, table


def interface() -> Html:
    """Every file of the interface with what it holds."""
    # only this page needs it, and what is published comes after what is shown
    from ..publish.api import BASE, FILES, SCHEMA

    rows = [{"what": what, "json": link(f"../{BASE}/{name}.json", f"{BASE}/{name}.json"),
             "csv": link(f"../{BASE}/{name}.csv", f"{BASE}/{name}.csv")}
            for name, what in FILES.items()]
    rows += [{"what": "Every analysis with its studies, robustness and certainty.",
              "json": link("../results.json", "results.json"), "csv": ""},
             {"what": "What the fields mean (JSON Schema).",
              "json": link(f"../{BASE}/{SCHEMA}", f"{BASE}/{SCHEMA}"), "csv": ""},
             {"what": "List of these files, each with its part of the schema.",
              "json": link(f"../{BASE}/index.json", f"{BASE}/index.json"), "csv": ""}]
    return table("table-interface", "Files for programs",
                 [Column("what", "What it holds"), Column("json", "JSON"), Column("csv", "CSV")],
                 rows, interactive=False)
