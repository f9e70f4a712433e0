"""Dose and effect as readers see it: between trials, and between the dose arms of a trial."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review.dose import FEWEST
from . import figures, words
from .html import Column, Html, count, interval, join, number, paragraph, table

ENOUGH = 10  # trials that the Cochrane Handbook (10.11.4) asks for before a meta-regression


def cells(dose: float) -> str:
    """A number of cells: millions from one million on."""
    return f"{dose / 1e6:,.4g} million" if dose >= 1e6 else f"{dose:,.0f}"


def dose(data: Dataset, names: dict[str, str], result: dict, sources: dict[str, str]) -> Html:
    """Both looks at dose and effect in one analysis, each with what it cannot say.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
    result : dict
        One analysis of ``results.json``.
    sources : dict of str to str
        Tissue of origin, by trial.

    Returns
    -------
    Html
    """
    found = result["dose_response"]
    if found is None:
        return paragraph(f"{result['title']}: no trial has an effect.", "lr-empty")
    k = sum(dose is not None for dose in found["trials"].values())
    if not k:
        return join([paragraph(f"No trial of this analysis states one {data.wording('amount')}.",
                               "lr-empty"), _within(names, result)])
    said = _regression_words(names, result, k)
    if k == 1:
        return join([paragraph(f"{_alone(names, result)} {said}"), _within(names, result)])
    caption = (f"{k} of {result['k']} trials state one {data.wording('amount')}"
               f"{_without(names, found)}. "
               f"{said} {_caution(data)} Marks are "
               "trials, their size is the weight in the pool, lines are 95% intervals."
               + (" Dashed: the line of the regression." if found["across"] else ""))
    return join([figures.dose(data, names, result, sources, said, caption),
                 _predicted(data, result), _within(names, result)])


def _alone(names: dict[str, str], result: dict) -> str:
    """The one trial that states a dose: a single mark is no figure."""
    doses = result["dose_response"]["trials"]
    study = next(s for s in result["studies"] if doses.get(s["trial_id"]))
    of = "The one trial" if result["k"] == 1 else f"One of {result['k']} trials"
    return (f"{result['title']}. {of} states its dose: {names[study['trial_id']]}, "
            f"{cells(doses[study['trial_id']])}, with {words.shown_estimate(result, study)}.")


def slope_words(result: dict, slope: float, low: float, high: float) -> str:
    """A change of the effect per tenfold dose, with its interval."""
    d = words.decimals(result)
    if words.ratio(result):
        return (f"the ratio is multiplied by {number(slope, d)} per tenfold dose (95% interval "
                f"{words.spread_interval(result, {'ci_low': low, 'ci_high': high})})")
    return (f"the difference changes by {words.signed(slope, d)} {words.unit(result)} per tenfold "
            f"dose (95% interval {interval(low, high, d)})")


def _without(names: dict[str, str], found: dict) -> str:
    """The trials that are not on the line."""
    rest = ", ".join(names[t] for t, dose in found["trials"].items() if dose is None)
    return f"; not among them: {rest}" if rest else ""


def _more_cells(result: dict, slope: float) -> str:
    """What a slope means: on which side trials of more cells lie."""
    null = words.measure(result).null
    if slope == null:
        return ""
    better = (slope < null) == (result["question"]["favourable"] == "lower")
    return (f" Among these trials, higher doses went with results "
            f"{'more' if better else 'less'} favourable to {words.treated(result)}.")


def _one_left_out(names: dict[str, str], result: dict) -> str:
    """How far the slope hangs on single trials."""
    rows, d = result["dose_response"]["across"]["leave_one_out"], words.decimals(result)
    if not rows:
        return ""
    null = words.measure(result).null
    low, high = (pick(rows, key=lambda r: r["slope"]) for pick in (min, max))
    open_ = sum(r["slope_ci_low"] < null < r["slope_ci_high"] for r in rows)
    form = number if words.ratio(result) else words.signed
    return (f" Without one trial at a time it is between {form(low['slope'], d)} (without "
            f"{names[low['trial_id']]}) and {form(high['slope'], d)} (without "
            f"{names[high['trial_id']]}); the interval of the slope then includes no "
            f"association in {open_} of {words.trials(len(rows), 'case')}.")


def _regression_words(names: dict[str, str], result: dict, k: int) -> str:
    """What the regression over trials says, or why there is none."""
    across = result["dose_response"]["across"]
    if across is None:
        return (f"No line is fitted: it needs {FEWEST} trials or more, not all of one dose; here "
                f"{'is' if k == 1 else 'are'} {k}.")
    r2 = (" There is no variance between trials for the dose to explain." if across["r2"] is None
          else f" The dose accounts for {number(across['r2'], 0)}% of the variance between trials "
          "(R²), a share that few trials hardly determine.")
    slope = slope_words(result, across["slope"], across["slope_ci_low"], across["slope_ci_high"])
    few = (f" Fewer than {ENOUGH} trials: an exploration." if across["k"] < ENOUGH else "")
    return (f"Over {words.trials(across['k'])} with {words.participants(across['n'])} and doses "
            f"from {cells(across['dose_low'])} to {cells(across['dose_high'])}, {slope}."
            f"{_more_cells(result, across['slope'])}{_one_left_out(names, result)}{r2}{few}")


def _caution(data: Dataset) -> str:
    """Why a line over trials is no effect of the dose."""
    return ("This compares trials, not patients: trials of different doses also differ in "
            f"{words.in_text(data.wording('source'))}, product, control and patients, so that a "
            "line shows no effect of the dose.")


def _predicted(data, result: dict) -> Html | None:
    """The average effect that the line gives at round doses and at both ends."""
    across = result["dose_response"]["across"]
    if across is None:
        return None
    d = words.decimals(result)
    return table(
        f"dose-line-{result['id']}", "Average effect that the line over trials gives at a dose",
        [Column("dose", words.first_capital(data.wording("dose"))),
         Column("estimate", "Effect", True), Column("ci", "95% interval", True)],
        [{"dose": cells(p["dose"]), "estimate": number(p["estimate"], d),
          "ci": words.spread_interval(result, p)} for p in across["line"]],
        interactive=False, cards=True)


def _within(names: dict[str, str], result: dict) -> Html | None:
    """Dose arms of one trial against the control that they share."""
    found, d = result["dose_response"]["within"], words.decimals(result)
    rows = [{"trial": names[t["trial_id"]], "dose": cells(a["dose"]), "n": count(a["n"]),
             "effect": f"{number(a['estimate'], d)} ({interval(a['ci_low'], a['ci_high'], d)})",
             "slope": f"{words.signed(t['slope'], d)} ({interval(t['ci_low'], t['ci_high'], d)})"}
            for t in found["trials"] for a in t["arms"]]
    reasons = {why: ", ".join(names[t] for t, w in found["unusable"].items() if w == why)
               for why in found["unusable"].values()}
    left = "; ".join(f"{trials}: {why}" for why, trials in reasons.items())
    listed = paragraph(f"Trials with several doses that give no slope — {left}.") if left else None
    if not rows:
        if not left:
            return paragraph("No trial of this analysis gave several doses against one control, "
                             "or its effect is no difference of means.")
        return join([paragraph("No trial of this analysis reports each of several doses against "
                               "the control that they share."), listed])
    pooled = found["pooled"]
    k = len(found["trials"])
    said = (f"Pooled over {words.trials(pooled['k'])} in two stages, "
            + slope_words(result, pooled["slope"], pooled["ci_low"], pooled["ci_high"]) + "."
            if pooled else "One trial is no meta-analysis: its own slope is shown.")
    return join([
        table(f"dose-within-{result['id']}",
              f"Dose arms inside {words.trials(k)}, each against the control that they share",
              [Column("trial", "Trial"), Column("dose", "Dose"),
               Column("n", "n", True), Column("effect", "Effect (95% CI)", True),
               Column("slope", "Trial's change per tenfold dose (95% CI)", True)], rows,
              interactive=False, cards=True),
        paragraph("Inside a trial, doses are compared between patients of one study: the better "
                  f"evidence on dose. {said}"), listed])
