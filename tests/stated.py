"""What a page says of a result, read from the page."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

from livingreview.display.statement import NO_ESTIMATE, NOT_RATED, statement

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


def _wrong(element, said) -> list[str]:
    """What an element that states a result does not say of it as the one function does."""
    text = " ".join(element.get_text(" ").split())
    stated = {k: element[f"data-{k}"] for k in ("k", "n", "without", "estimate", "certainty")}
    wrong = [f"{k}: {v!r}, not {getattr(said, k)!r}" for k, v in stated.items()
             if v != getattr(said, k)]
    parts = [said.k, said.n, said.estimate, said.without]
    if said.estimate == NO_ESTIMATE and element.name != "tr":
        parts = [said.without.partition(" in ")[2]]  # a sentence says what is known instead
    missing = set().union(*(_numbers(p) for p in parts)) - _numbers(text) - (
        {"2"} if "two trials" in text or "two studies" in text else set())
    if missing:
        wrong.append(f"not shown: {sorted(missing)}")
    certain = element.name != "figure" and said.certainty != NOT_RATED
    if certain and said.certainty not in text and "no comparison" not in text:
        wrong.append(f"certainty not shown: {said.certainty}")
    return [f"{said.result}: {w}: {text[:200]}" for w in wrong]


def wrong_statements(html: str, found: dict) -> list[str]:
    """What a page says of results that differs from what is to be said of them.

    Parameters
    ----------
    html : str
    found : dict
        Analyses of ``results.json`` by identifier.
    """
    marked = BeautifulSoup(html, "lxml").select("[data-result]")
    return [w for e in marked for w in _wrong(e, statement(found[e["data-result"]]))]
