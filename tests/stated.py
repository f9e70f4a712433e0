"""What a page says of a result, read from the page and from ``results.json``."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from livingreview.render.numbers import number
from livingreview.review.measure import measure as read_as

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SAID = etree.XPath(".//text()[not(ancestor::script or ancestor::style or ancestor::template)]")
POINTS = ("MD", "mean-change", "proportion")  # one decimal, or as a natural unit asks


def uncontrolled(result: dict) -> bool:
    """Whether nothing is compared."""
    return result["question"]["comparison"] == "uncontrolled"


def value(result: dict, number_: float) -> str:
    """An effect as pages show it: of treated patients alone with its sign, or as a share."""
    measure = result["question"]["measure"]
    shown = number(number_, read_as(result).decimals if measure in POINTS else 2)
    if measure == "proportion" and uncontrolled(result):
        return f"{shown}%"
    return f"+{shown}" if uncontrolled(result) and number_ > 0 and shown.strip("0.") else shown


def estimate(result: dict, values: dict | None = None) -> str:
    """An estimate, if not the pooled one, with its interval as pages show it."""
    shown = [value(result, (values or result["pooled"])[key])
             for key in ("estimate", "ci_low", "ci_high")]
    return "{} ({} to {})".format(*shown)


def participants(result: dict) -> str:
    """Participants of an estimate as pages write them."""
    return f"{round(result['n']):,}"


def marks(result: dict) -> dict[str, str]:
    """The attributes of an element that states a result."""
    pooled, k, n = result["pooled"], result["k"], round(result["n"])
    return {
        "k": f"{k}", "n": "" if k and not n else f"{n}",
        "unstated": f"{result.get('k_without_n') or ''}",
        "without": f"{round(result['n_without_ratio'])}" if result["k_without_ratio"] else "",
        "estimate": " ".join(f"{pooled[key]:.10g}" for key in ("estimate", "ci_low", "ci_high"))
        if pooled else "",
        "certainty": result["certainty"]["level"] if result["certainty"] else ""}


def _numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


def _asked(result: dict, sentence: bool) -> set[str]:
    """Numbers that a statement must have; a sentence may say what is known instead."""
    without = ({f"{round(result['n_without_ratio']):,}", f"{result['k_without_ratio']}"}
               if result["k_without_ratio"] else set())
    if not result["pooled"] and sentence:
        return {f"{result['k_without_ratio']}"} if without else set()
    sizes = {f"{result['k']}"} if result["k"] else set()
    sizes |= {participants(result)} if result["k"] and result["n"] else set()
    return sizes | without | (_numbers(estimate(result)) if result["pooled"] else set())


def _wrong(element, result: dict) -> list[str]:
    """What an element that states a result does not say of it as ``results.json`` does."""
    text = " ".join(" ".join(SAID(element)).split())
    wrong = [f"{key}: {element.get(f'data-{key}')!r}, not {said!r}"
             for key, said in marks(result).items() if element.get(f"data-{key}") != said]
    missing = _asked(result, element.tag != "tr") - _numbers(text) - (
        {"2"} if "two trials" in text or "two studies" in text else set())
    if missing:
        wrong.append(f"not shown: {sorted(missing)}")
    level = result["certainty"]["level"] if result["certainty"] else ""
    if element.tag != "figure" and level not in text and "no comparison" not in text:
        wrong.append(f"certainty not shown: {level}")
    return [f"{result['id']}: {w}: {text[:200]}" for w in wrong]


def stating(html: str) -> list:
    """The elements of a page that state a result."""
    return lxml.html.document_fromstring(html).xpath("//*[@data-result]")


def wrong_statements(html: str, found: dict) -> list[str]:
    """What a page says of results that differs from what is to be said of them.

    Parameters
    ----------
    html : str
    found : dict
        Analyses as ``results.json`` holds them, by identifier.
    """
    return [w for e in stating(html) for w in _wrong(e, found[e.get("data-result")])]
