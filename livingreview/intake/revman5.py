"""A review of RevMan 5 (.rm5) as the data package that RevMan Web would make of it.

The file is XML: numbers are attributes, studies stand apart and are named by identifiers. Taken are
the analyses of counts and means and those of effects with standard errors (``DICH_OUTCOME``,
``CONT_OUTCOME``, ``IV_OUTCOME``, with subgroups or without), the judgements of risk of bias, and
what the primary reference of a study says of it. Analyses of other kinds stand in the list and
cannot be filled in; characteristics are texts for which the tables have no column, and are named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from .incoming import IntakeError
from .revman import JUDGEMENT, Package, Table, study_id

_TYPES = {"DICH": "Dichotomous", "CONT": "Continuous", "IV": "Contrast level",
          "IPD": "O-E and variance"}
_NUMBERS = {
    "EVENTS_1": "Experimental cases", "TOTAL_1": "Experimental N", "MEAN_1": "Experimental mean",
    "SD_1": "Experimental SD", "EVENTS_2": "Control cases", "TOTAL_2": "Control N",
    "MEAN_2": "Control mean", "SD_2": "Control SD", "EFFECT_SIZE": "Mean", "ESTIMATE": "GIV Mean",
    "SE": "GIV SE", "O_E": "O-E", "VAR": "Variance", "CI_START": "CI start", "CI_END": "CI end"}
_ESTIMATES = {"EFFECT_SIZE": "Mean", "CI_START": "CI start", "CI_END": "CI end",
              "TAU2": "Heterogeneity Tau²", "I2": "Heterogeneity I²"}
_MODELS = {"YES": "Random effect", "NO": "Fixed effect"}
_JUDGED = {"YES": "Low risk", "NO": "High risk", "UNKNOWN": "Unclear risk"}
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def read(file: Path) -> Package:
    """Open a review.

    Raises
    ------
    IntakeError
        When it is no such review, or holds no analysis.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(file.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise IntakeError([f"{file.name}: this XML cannot be read ({error})"]) from error
    if root.tag != "COCHRANE_REVIEW":
        raise IntakeError([f"{file.name}: expected a review of RevMan 5, not XML that begins with "
                           f"{root.tag}"])
    studies = {one.get("ID"): one for one in root.iterfind(".//INCLUDED_STUDIES/STUDY")}
    settings, rows, subgroups = [], [], []
    outcomes = [one for one in root.iterfind("ANALYSES_AND_DATA/COMPARISON/*[@NO]")
                if one.tag.endswith("_OUTCOME")]
    for outcome in outcomes:
        settings.append((outcome.sourceline, _setting(outcome)))
        rows += _rows(outcome, studies)
        subgroups += _subgroups(outcome)
    if not settings:
        raise IntakeError([f"{file.name}: the review holds no analysis of an intervention"])
    bias = Table(file.name, list(_judgements(root, studies)))
    package = Package(f"RevMan 5 review {root.get('ID') or file.stem}", Table(file.name, settings),
                      Table(file.name, rows), bias if bias.records else None,
                      Table(file.name, subgroups))
    for one in studies.values():
        package.studies[study_id(one.get("NAME", ""))] = _reference(one)
    package.astray += _astray(file.name, root, outcomes)
    package.passed += _unjudged(file.name, root, studies)
    package.passed += _characteristics(file.name, root, studies)
    package.passed += _not_included(file.name, root)
    return package


def _text(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _setting(outcome: etree._Element) -> dict[str, str]:
    """An analysis, in the words of a data package."""
    kind, comparison = outcome.tag.removesuffix("_OUTCOME"), outcome.getparent()
    return {
        "Analysis group": comparison.get("NO", ""), "Analysis number": outcome.get("NO", ""),
        "Analysis group name": _text(comparison.find("NAME")),
        "Analysis name": _text(outcome.find("NAME")),
        "Data type": _TYPES.get(kind, kind), "Effect measure": outcome.get("EFFECT_MEASURE", ""),
        "Experimental group label": _text(outcome.find("GROUP_LABEL_1")),
        "Control group label": _text(outcome.find("GROUP_LABEL_2")),
        "Swap event and non-event": outcome.get("SWAP_EVENTS", "NO"),
        "Statistical method": outcome.get("METHOD", ""),
        "Analysis model": _MODELS.get(outcome.get("RANDOM", ""), ""),
        "Estimate CI": outcome.get("CI_TOTAL", ""),
        "Overall estimates": str(outcome.get("TOTALS", "YES") == "YES").upper(),
        **_estimate(outcome)}


def _estimate(element: etree._Element) -> dict[str, str]:
    """The pool of an analysis or a subgroup, as the file states it."""
    return {ours: element.get(theirs, "") for theirs, ours in _ESTIMATES.items()}


def _subgroups(outcome: etree._Element) -> Iterator[tuple[int, dict[str, str]]]:
    """The pools of the subgroups of an analysis."""
    for group in outcome.iterfind(f"{outcome.tag.removesuffix('_OUTCOME')}_SUBGROUP"):
        yield group.sourceline, {
            "Analysis group": outcome.getparent().get("NO", ""),
            "Analysis number": outcome.get("NO", ""), "Subgroup": _text(group.find("NAME")),
            **_estimate(group)}


def _rows(outcome: etree._Element, studies: dict) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of an analysis, those of subgroups with their name."""
    kind, comparison = outcome.tag.removesuffix("_OUTCOME"), outcome.getparent()
    for data in outcome.iter(f"{kind}_DATA"):
        parent = data.getparent()
        study = studies.get(data.get("STUDY_ID"))
        yield data.sourceline, {
            "Analysis group": comparison.get("NO", ""), "Analysis number": outcome.get("NO", ""),
            "Subgroup": "" if parent is outcome else _text(parent.find("NAME")),
            "Study": data.get("STUDY_ID", "") if study is None else study.get("NAME", ""),
            "Study year": "" if study is None else study.get("YEAR", ""),
            "Footnotes": _text(data.find("FOOTNOTE")),
            **{ours: data.get(theirs, "") for theirs, ours in _NUMBERS.items()},
            "Mean": data.get("EFFECT_SIZE") or _effect(data.get("ESTIMATE", ""), outcome)}


def _effect(estimate: str, outcome: etree._Element) -> str:
    """The effect of an estimate as the file would show it: ratios are entered as logarithms."""
    measure = outcome.get("EFFECT_MEASURE", "").upper()
    if not (measure.endswith("RATIO") or measure in ("OR", "RR", "HR", "PETO_OR")):
        return estimate
    try:
        return f"{math.exp(float(estimate)):.10g}" if estimate else ""
    except (ValueError, OverflowError):
        return estimate  # the check names the cell


def _judgements(root: etree._Element, studies: dict) -> Iterator[tuple[int, dict[str, str]]]:
    """The judgements of risk of bias; a domain that is judged by group has several of a study."""
    for item in root.iter("QUALITY_ITEM"):
        name = _text(item.find("NAME"))
        for entry in item.iter("QUALITY_ITEM_DATA_ENTRY"):
            study = studies.get(entry.get("STUDY_ID"))
            if study is not None and entry.get("RESULT") in _JUDGED:
                yield entry.sourceline, {"Study": study.get("NAME", ""),
                                         f"{JUDGEMENT}{name}": _JUDGED[entry.get("RESULT")]}


def _astray(file: str, root: etree._Element, outcomes: list) -> Iterator[str]:
    """A line for each analysis that stands in no comparison or has no number."""
    for one in root.iter(etree.Element):
        if one.tag.endswith("_OUTCOME") and one not in outcomes:
            yield (f"{file}:{one.sourceline}: {_text(one.find('NAME')) or one.tag}: an analysis "
                   "that stands in no comparison of ANALYSES_AND_DATA, or has no number (NO)")


def _unjudged(file: str, root: etree._Element, studies: dict) -> Iterator[str]:
    """A line for each judgement of no included study, or that is none of the three."""
    for entry in root.iter("QUALITY_ITEM_DATA_ENTRY"):
        study, result = studies.get(entry.get("STUDY_ID")), entry.get("RESULT")
        if study is None:
            yield (f"{file}:{entry.sourceline}: judgement of {entry.get('STUDY_ID') or '(empty)'}: "
                   "no included study has this ID")
        elif result not in _JUDGED:
            yield (f"{file}:{entry.sourceline}: {study.get('NAME', '')}: judgement "
                   f"{result or '(empty)'}: expected one of {', '.join(_JUDGED)}")


def _not_included(file: str, root: etree._Element) -> Iterator[str]:
    """A line for each list of studies that are not included."""
    for part in root.iterfind("STUDIES_AND_REFERENCES/STUDIES/*"):
        names = [one.get("NAME", "") for one in part.iterfind("STUDY")]
        if part.tag != "INCLUDED_STUDIES" and names:
            yield (f"{file}:{part.sourceline}: {part.tag.replace('_', ' ').lower()} "
                   f"({', '.join(names)}): only included studies are taken")


def _reference(study: etree._Element) -> dict[str, str]:
    """What the primary reference of a study says of it, or the only one."""
    found = study.findall("REFERENCE")
    primary = [one for one in found if one.get("PRIMARY") == "YES"] or (
        found if len(found) == 1 else [])
    if not primary:
        return {}
    one = primary[0]
    identifiers = {i.get("TYPE", "").upper(): i.get("VALUE", "") for i in one.iter("IDENTIFIER")}
    doi = _DOI.search(identifiers.get("DOI", ""))
    pmid = identifiers.get("PUBMED") or identifiers.get("PMID") or ""
    author = re.sub(r"\s+[A-Z][A-Z.\-]*$", "", _text(one.find("AU")).split(",")[0])
    return {"title": _text(one.find("TI")), "journal": _text(one.find("SO")),
            "first_author": author, "doi": doi[0] if doi else "",
            "pmid": pmid if re.fullmatch(r"[1-9]\d{0,8}", pmid) else ""}


def _characteristics(file: str, root: etree._Element, studies: dict) -> Iterator[str]:
    """A line for each study whose characteristics are told."""
    for one in root.iter("INCLUDED_CHAR"):
        told = [part.tag.removeprefix("CHAR_").lower() for part in one
                if part.tag.startswith("CHAR_") and _text(part)]
        study = studies.get(one.get("STUDY_ID"))
        if told and study is not None:
            yield (f"{file}:{one.sourceline}: {study.get('NAME', '')}: characteristics "
                   f"({', '.join(told)}): texts, for which the tables have no column")
