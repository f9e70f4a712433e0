"""Where each number comes from: an anchor per trial and value, and one per study."""

from __future__ import annotations

from ..dataset import Dataset
from ..effects import Evidence
from ..effects.values import reading
from ..review import Review
from ..view.naming import arm_names, of_study, seed_names, spoken
from . import weights, words
from .forest import anchor, pooled_anchor
from .html import Html, count, link, number, text
from .subgroups import group_label


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


def _reading_item(ev: Evidence, arms: dict, reading: dict) -> str:
    """One row: arm, printed values, source with its locator, line of the file."""
    source = ev.sources[reading["source_id"]]
    printed = words.printed(reading["printed"]) or "no number"
    name = arms.get(reading["arm_id"], reading["arm_id"])
    arm = f"<strong>{reading.get('when', '')}{text(name)}</strong>: " if name else ""
    note = f' <span class="lr-sub">{text(reading["note"])}</span>' if reading["note"] else ""
    where = f", {text(reading['locator'])}" if reading["locator"] else ""
    kind = text(ev.data.label("source_kind", source["kind"]))
    return (f"<li>{arm}printed {text(printed)} — {source_link(source)} ({kind}{where}); row "
            f"{reading['row']} of {ev.indication}/{reading['table']}.csv.{note}</li>")


def _arm_words(result: dict, study: dict, side: str) -> str:
    """An arm as it entered the analysis."""
    arm, d = study[side], words.decimals(result)
    if arm["events"] is not None:
        return f"{count(arm['events'])} of {count(arm['n'])}"
    if words.uncontrolled(result):
        return (f"mean change {words.signed(arm['mean'], d)}, SD {number(arm['sd'], d)}, "
                f"n {count(arm['n'])}")
    return f"mean {number(arm['mean'], d)}, SD {number(arm['sd'], d)}, n {count(arm['n'])}"


def _entry(review: Review, ev: Evidence, names: dict, result: dict, study: dict) -> str:
    """The entry of one trial's effect."""
    arms = of_study(arm_names(ev.data, ev.indication), study["study_id"])
    items, steps = [], [spoken(step, arms) for step in study["derivation"]]
    alone = words.uncontrolled(result)
    for side, label in (("cells", "Treated patients" if alone else
                         words.first_capital(words.treated(result))),
                        ("comparator", "Control")):
        if study[side]:
            items += [_reading_item(ev, arms, r) for r in study[side]["readings"]]
            steps.append(f"{label.lower()} as analysed: {_arm_words(result, study, side)}")
    items += [_reading_item(ev, arms, r) for r in study["readings"]]
    effect = words.shown_estimate(result, study) if study["yi"] is not None else study["no_ratio"]
    month = "" if study["months"] is None else f", month {study['months']:g}"
    over = "".join(f"<li>not taken: {text(spoken(what, arms))} — {text(spoken(why, arms))}</li>"
                   for what, why in study["passed_over"])
    outcome = review.data.label("event", study["outcome"])
    outcome = review.data.label("outcome", outcome)
    kind = (words.kind_alone(result) if alone
            else review.data.label("comparison_class", study["comparison"]))
    return (f'<div class="lr-entry" id="{anchor(result, study)}">'
            f"<p><strong>{text(names[study['trial_id']])}</strong>, {text(words.in_text(outcome))}"
            f"{text(month)}, {text(words.in_text(kind))}: {text(effect)}. Quality of the values: "
            f"{text(words.in_text(review.data.label('quality', study['quality'])))}.</p>"
            f"<ul>{''.join(items)}<li>{text('; '.join(steps))}.</li>{over}</ul></div>")


def _weight(result: dict, study: dict) -> str:
    """The weight of a trial, with what it does where the weight does not tell."""
    note = weights.note(result, study)
    return text(f"0% ({note})" if note else weights.shown(result, study))


def _pooled_entry(data: Dataset, names: dict, result: dict) -> str:
    """The entry of a pooled estimate: model, and the trials it is made of."""
    pooled = result["pooled"]
    trials = "; ".join(
        f"{link('#' + anchor(result, s), names[s['trial_id']])} weight {_weight(result, s)}"
        for s in result["studies"] if s["yi"] is not None)
    groups = "".join(
        f"<li>{text(data.label('subgroup', subgroup['by']))}, "
        f"{text(group_label(data, subgroup['by'], group['value']))}: "
        f"{words.shown_estimate(result, group)}, "
        f"{words.trials(group['k'], words.noun(result))}</li>"
        for subgroup in result["subgroups"] for group in subgroup["groups"])
    return (f'<div class="lr-entry" id="{pooled_anchor(result)}"><p><strong>'
            f"{text(result['title'])}</strong>: {words.shown_estimate(result, pooled)}. Method: "
            f"{text(words.method(data, pooled))}.</p>"
            f"<ul><li>computed from {trials}</li>{groups}<li>all its numbers: "
            f"<code>{text(result['id'])}</code> in {link('../results.json', 'results.json')}</li>"
            "</ul></div>")


def pools(review: Review, indication: str, names: dict[str, str]) -> Html:
    """Every pooled estimate of an indication with its method and its trials.

    A trial alone is not pooled: its numbers have an entry of their own.
    """
    entries = [_pooled_entry(review.data, names, r) for r in review.analyses(indication)
               if r["pooled"] and r["k"] > 1]
    return Html(f'<div class="lr-provenance">{"".join(entries)}</div>')


def values(review: Review, indication: str, names: dict[str, str]) -> Html:
    """Every effect of an indication's analyses with its rows, sources and derivation.

    Parameters
    ----------
    review : Review
    indication : str
    names : dict of str to str

    Returns
    -------
    Html
    """
    ev, entries = review.evidence[indication], {}
    for result in review.analyses(indication):
        for study in result["studies"]:
            key = anchor(result, study)
            if key not in entries:
                entries[key] = (names[study["trial_id"]], study["trial_id"],
                                _entry(review, ev, names, result, study))
    ordered = sorted(entries.values(), key=lambda e: (e[0], e[1]))
    return Html('<div class="lr-provenance">' + "".join(e[2] for e in ordered) + "</div>")


def baseline_family(data: Dataset) -> str:
    """The family of outcomes that is shown at baseline: the first of the hierarchy, if any."""
    return next((r["family"] for r in data.records("hierarchy")), "")


def baseline_rows(ev: Evidence, trial: str) -> list:
    """Rows of a trial's baseline: of the first instrument of the family that has one."""
    family = baseline_family(ev.data)
    order = [r for r in ev.data.records("hierarchy") if r["family"] == family]
    for outcome in (r["outcome"] for r in sorted(order, key=lambda r: r["position"])):
        found = [row for (study, _), rows in ev.outcomes.items() if ev.trial_of(study) == trial
                 for row in rows if row["outcome"] == outcome and row["timepoint_months"] == 0
                 and row["statistic"] == "final"
                 and (row["mean"] is not None or row["median"] is not None)]
        if found:
            return found
    return []


def _months(value: float) -> str:
    return f"{value:g} month{'' if value == 1 else 's'}"


def _baseline_items(ev: Evidence, names: dict, trial: str) -> str:
    arms = arm_names(ev.data, ev.indication)
    return "".join(_reading_item(ev, of_study(arms, r.study_id), {
        "source_id": r.source_id, "printed": r.printed, "arm_id": r.arm_id, "when": "baseline, ",
        "note": spoken(r.note, names), "locator": r.locator, "row": r.row, "table": r.table})
        for r in (reading("outcomes", row) for row in baseline_rows(ev, trial)))


def studies(data: Dataset, ev: Evidence, names: dict[str, str]) -> Html:
    """One entry per study: its report, registration and the source of its row."""
    out, seeds = [], seed_names(data)
    for study_id, study in sorted(ev.studies.items(), key=lambda item: names[item[0]]):
        links = []
        if study["doi"]:
            links.append(link(f"https://doi.org/{study['doi']}", f"doi:{study['doi']}"))
        if study["pmid"]:
            links.append(link(f"https://pubmed.ncbi.nlm.nih.gov/{study['pmid']}/",
                              f"PMID {study['pmid']}"))
        links += [Html(text(r)) for r in study["registration"]]
        source = ev.sources[study["source_id"]]
        title = f" {text(study['title'])}." if study["title"] else " Title not read."
        title += "" if study["first_author"] else " Authors not known."
        journal = f" {text(study['journal'])}." if study["journal"] else ""
        enrolled = ("number enrolled not stated" if study["n_enrolled"] is None
                    else f"{count(study['n_enrolled'])} enrolled")
        said = text(spoken(study["note"], names, seeds))
        note = f' <span class="lr-sub">{said}</span>' if said else ""
        months = ("" if study["followup_months"] is None
                  else f", followed for {_months(study['followup_months'])}")
        out.append(
            f'<div class="lr-entry" id="study-{study_id}"><p><strong>{text(names[study_id])}'
            f"</strong>.{title}{journal} {' · '.join(links) or 'No identifier known'}.</p>"
            f"<ul><li>printed: {text(enrolled + months)} — {source_link(source)} "
            f"({text(data.label('source_kind', source['kind']))}); row {study['row']} of "
            f"{ev.indication}/studies.csv.{note}</li>"
            f"{_baseline_items(ev, names, study_id)}</ul></div>")
    return Html('<div class="lr-provenance">' + "".join(out) + "</div>")
