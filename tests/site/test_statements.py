"""The built site says of one result the same on every page, in its data and in its interface."""

from __future__ import annotations

import json
from collections import defaultdict

from stated import stating, wrong_statements


def _pages(html):
    """Pages that state a result, without those of other versions."""
    for path in sorted(html.rglob("*.html")):
        if html / "zh" in path.parents:  # their numbers are compared with these
            continue
        if "versions" not in path.relative_to(html).parts[:-1]:
            text = path.read_text(encoding="utf-8")
            if "data-result=" in text:
                yield path.relative_to(html).as_posix(), text


def test_every_page_says_what_results_json_says(html):
    found = json.loads((html / "results.json").read_text(encoding="utf-8"))["analyses"]
    seen = defaultdict(set)
    for name, text in _pages(html):
        wrong = wrong_statements(text, found)
        assert not wrong, f"{name}\n" + "\n".join(wrong)
        seen[name] |= {element.get("data-result") for element in stating(text)}
    assert {"book/index.html", "notebooks/harms.html", "notebooks/evidence-map.html"} <= set(seen)
    stated = set().union(*seen.values())
    assert {r for r, result in found.items() if result["pooled"]} <= stated


def test_the_interface_says_what_the_pages_say(html):
    records = {r["id"]: r for r in json.loads(
        (html / "api" / "v1" / "analyses.json").read_text(encoding="utf-8"))}
    for name, text in _pages(html):
        for element in stating(text):
            record = records[element.get("data-result")]
            assert element.get("data-k") == f"{record['k']}", name
            if record["n"]:
                assert element.get("data-n") == f"{round(record['n'])}", name
            assert element.get("data-certainty") == (record["certainty"] or ""), name
            shown = [float(part) for part in element.get("data-estimate").split()]
            assert shown == [record[key] for key in ("estimate", "ci_low", "ci_high")
                             if record[key] is not None], name
