"""How far an estimate hangs on the choices behind it."""

from __future__ import annotations

from ..data.dataset import Dataset
from . import figures, words
from .html import Html, details, join, paragraph
from .statement import statement


def robustness(data: Dataset, names: dict[str, str], result: dict, results: list[dict]) -> Html:
    """Every combination of choices, one choice at a time, and small-study effects.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Names of the studies.
    result : dict
        One analysis of ``results.json``.
    results : list of dict
        Analyses of the indication: those that ask another question of the same outcome are shown
        beside it.

    Returns
    -------
    Html
    """
    if result["pooled"] is None:
        return paragraph(words.no_pool(data, result), "lr-empty")
    parts = [figures.specification_curve(data, result), figures.one_at_a_time(names, result)]
    if not any(parts):
        said = statement(result)
        parts.append(paragraph(f"{result['title']}: {said.estimate} ({said.k}). No other choice "
                               "gives another estimate, so that none is drawn."))
    siblings = [r for r in results if r["id"] != result["id"] and r["role"] != "check"
                and all(r["question"][k] == result["question"][k] for k in ("target", "measure"))]
    if drawn := figures.other_questions(result, siblings):
        parts.append(details("Other questions", drawn))
    test = result["small_study"]
    if test["done"]:
        parts.append(figures.funnel(names, result))
    elif not words.uncontrolled(result):
        parts.append(paragraph(f"Small-study effects were not tested: {test['reason']}."))
    return join(parts)
