"""The summary of findings in the form that guideline panels know."""

from __future__ import annotations

from ..dataset import Dataset
from . import words
from .certainty import symbol, why
from .html import Column, Html, count, interval, join, link, number, paragraph, table, text
from .statement import mark, statement

NO_COMPARISON = "no comparison"


def summary_of_findings(data: Dataset, results: list[dict]) -> Html:
    """Outcomes with relative and absolute effects, certainty and its trace.

    Parameters
    ----------
    data : Dataset
    results : list of dict
        Analyses of one indication, each a row.

    Returns
    -------
    Html
    """
    compared = list(dict.fromkeys(against(data, r) for r in results))
    rows = [{"outcome": _outcome(data, r, named=len(compared) > 1),
             "attributes": mark(r), "n": _participants(data, r),
             "relative": _relative(r), "absolute": _absolute(data, r),
             "certainty": certainty(data, r),
             "plain": Html(text(words.plain(data, r)))} for r in results]
    identifier = f"{results[0]['indication']}-summary-of-findings"
    return join([
        table(identifier, f"Summary of findings: {'; '.join(compared)}",
              [Column("outcome", "Outcome and follow-up"),
               Column("n", "Participants (studies)"),
               Column("relative", "Relative effect (95% CI)"),
               Column("absolute", "Absolute effect (95% CI)"),
               Column("certainty", "Certainty and why"), Column("plain", "In plain language")],
              rows, interactive=False, cards=True),
        paragraph(_footnote(data, results))])


def _participants(data: Dataset, result: dict) -> Html:
    """Participants and trials of the estimate; those apart from it, and what it rests on."""
    said = statement(result)
    more = [f"and {said.without}" if said.without else "", words.rests_on(data, result)]
    return Html(f"{text(said.number)} ({text(said.k)})"
                + "".join(f' <span class="lr-sub">{text(m)}</span>' for m in more if m))


def _uncontrolled(result: dict) -> bool:
    return result["question"]["comparison"] == "uncontrolled"


def against(data: Dataset, result: dict) -> str:
    """What is compared, as the table's heading says it."""
    if _uncontrolled(result):
        return "treated patients without a comparison"
    return f"{words.given(data, result)} against {words.comparator(data, result)}"


def _outcome(data: Dataset, result: dict, named: bool) -> Html:
    """The outcome with its window and scale, linked to its figure."""
    name = words.outcome_name(data, result)
    shown = link(f"#forest-{result['id']}", name) if result["studies"] else text(name)
    parts = [words.window(result), _scale(result)]
    if named:
        parts.append(against(data, result))
    return Html(f'{shown}<span class="lr-sub">{text("; ".join(p for p in parts if p))}</span>')


def _scale(result: dict) -> str:
    """What the numbers of a mean are, and which side is better."""
    question = result["question"]
    if words.measure(result).binary or question["measure"] == "proportion":
        return ""
    unit = "on 0 to 100" if question["rescaled_0_100"] else (
        f"in {question.get('unit') or 'points of its scale'}")
    if question["measure"] == "SMD":
        unit = "in standard deviations"
    return f"{unit}, {question['favourable']} is better"


def _relative(result: dict) -> str:
    """The relative effect; a difference of means has none, an uncontrolled result never."""
    if _uncontrolled(result):
        return NO_COMPARISON
    pooled = result["pooled"]
    if pooled is None:
        return "not estimable"
    if not words.ratio(result):
        return "none (means)"
    return f"{words.measure(result).short} {statement(result).estimate}" + _spread(result)


def _spread(result: dict) -> str:
    """For two trials, the interval that lets them differ."""
    if result["pooled"]["model"] != "common" or not result["random_effects"]:
        return ""
    return (", one common effect; an interval that lets the two trials differ: "
            f"{words.spread_interval(result, result['random_effects'])}")


def _absolute(data: Dataset, result: dict) -> Html:
    """Risks per thousand or means: with the comparator, with cells, and the difference."""
    return Html("<br>".join(text(line) for line in _absolute_lines(data, result)))


def _absolute_lines(data: Dataset, result: dict) -> list[str]:
    if result["absolute"]:
        return _risks(data, result)
    if _uncontrolled(result):
        return [words.estimate_words(result) if result["pooled"] else words.no_pool(data, result)]
    if result["none_seen"]:
        seen = result["none_seen"]
        return [f"None seen among {count(round(seen['n']))} with "
                f"{words.given(data, result)}: at most "
                f"{number(seen['upper_percent'])} in 100"]
    if result["pooled"] is None or words.ratio(result):
        return ["not estimable"]
    return _means(data, result)


def _risks(data: Dataset, result: dict) -> list[str]:
    a = result["absolute"]
    usual = a["comparator_per_1000"]
    more = [a[f"cells_{key}_per_1000"] - usual for key in ("estimate", "ci_low", "ci_high")]
    return [f"With {words.comparator(data, result)}: {number(usual, 0)} per 1,000 (median risk of "
            f"{words.trials(len(a['trials_of_median']))})",
            f"With {words.given(data, result)}: {number(a['cells_estimate_per_1000'], 0)} per "
            f"1,000 ({interval(a['cells_ci_low_per_1000'], a['cells_ci_high_per_1000'], 0)})",
            f"Difference: {_fewer(more[0])} per 1,000 ({_fewer(more[1])} to {_fewer(more[2])})"]


def _fewer(value: float) -> str:
    return f"{number(abs(value), 0)} {'fewer' if value < 0 else 'more'}"


def _means(data: Dataset, result: dict) -> list[str]:
    """Range of the comparator's means, the difference, and what difference matters."""
    pooled, d, lines = result["pooled"], words.decimals(result), []
    means = [s["comparator"]["mean"] for s in result["studies"]
             if s["yi"] is not None and s["statistic"] == "final" and s["comparator"]]
    if means and result["question"]["measure"] == "MD":
        low, high = number(min(means)), number(max(means))
        ranged = f"a mean of {low}" if low == high else f"means from {low} to {high}"
        lines.append(f"With {words.comparator(data, result)}: {ranged}")
    side = "lower" if pooled["estimate"] < 0 else "higher"
    lines.append(f"With {words.given(data, result)}: {number(abs(pooled['estimate']), d)} "
                 f"{words.unit(result)} {side} on average "
                 f"(difference {interval(pooled['ci_low'], pooled['ci_high'], d)})"
                 f"{_spread(result)}")
    mid = result["minimal_important_difference"]
    lines.append(f"Minimal important difference: {number(mid['value'])}, a change within a patient"
                 if mid else "No minimal important difference is known")
    return lines


def certainty(data: Dataset, result: dict) -> Html:
    """The level as signs and a word, with the reasons by domain to open."""
    found = result["certainty"]
    if found is None:
        return Html("not rated: no estimate")
    return Html(f'<span aria-hidden="true">{symbol(found["level"])}</span> '
                f"<strong>{text(found['level'])}</strong>{why(data, result, 'why')}")


def _footnote(data: Dataset, results: list[dict]) -> str:
    """Comparator, follow-up and how the absolute numbers were made."""
    said = []
    kinds = dict.fromkeys(r["question"]["comparison"] for r in results)
    labels = "; ".join(words.in_text(data.label("analysis_comparison", k)) for k in kinds)
    months = [s["months"] for r in results for s in r["studies"]
              if s["yi"] is not None and s["months"] is not None]
    said.append(f"Comparison: {labels}.")
    if months:
        said.append(f"Follow-up of the values used: month {min(months):g} to month "
                    f"{max(months):g}.")
    if any(r["absolute"] for r in results):
        said.append(f"Risks with {words.treated(results[0])} apply the risk ratio and its interval "
                    "to the median risk in the comparator arms of the trials of that row.")
    if any(_uncontrolled(r) for r in results):
        said.append("Rows without a comparison tell what happened to treated patients; how they "
                    "would have fared otherwise is not known.")
    said.append(f"Certainty: {symbol('high')} high, {symbol('moderate')} moderate, "
                f"{symbol('low')} low, {symbol('very low')} very low.")
    return " ".join(said)
