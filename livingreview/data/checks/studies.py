"""Rules on studies that are, or may be, of the same patients, and on those without a name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from ..dataset import Dataset, Problem
from ..identified import is_named
from .problem import problem


def overlap_unknown(data: Dataset, indication: str) -> Iterator[Problem]:
    """A listed overlap of a study that the indication does not have."""
    if not data.knows("studies", indication):
        return
    known = {s["study_id"] for s in data.records("studies", indication)}
    for overlap in data.records("cohort_overlaps"):
        if overlap["indication"] != indication:
            continue
        for column in ("study_id", "other_study_id", "keep"):
            if overlap[column] and overlap[column] not in known:
                yield problem("cohort_overlaps.csv", overlap["row"], column, overlap[column],
                              f"no such study_id in {indication}/studies.csv",
                              f"one that {indication}/studies.csv lists", "error", "foreign-key")


def shared_patients(data: Dataset, indication: str) -> Iterator[Problem]:
    """Studies that are, or may be, of the same patients."""
    for study in data.records("studies", indication):
        if study["companion_of"]:
            yield problem(f"{indication}/studies.csv", study["row"], "companion_of",
                          study["companion_of"], "a later report of the same patients",
                          "never counted twice", "warning", "companion")
    for overlap in data.records("cohort_overlaps"):
        if overlap["indication"] == indication:
            yield problem("cohort_overlaps.csv", overlap["row"], "study_id",
                          f"{overlap['study_id']} + {overlap['other_study_id']}",
                          f"patients may be shared ({overlap['kind']})",
                          overlap["rule"] or "never counted twice", "warning", "overlap")


def nameless(data: Dataset, indication: str) -> Iterator[Problem]:
    """Studies that nothing names: they are in no analysis."""
    for study in data.records("studies", indication):
        if study["study_id"] and not is_named(study):
            yield problem(f"{indication}/studies.csv", study["row"], "first_author", "",
                          "nothing names the study, so that it is in no analysis",
                          "an author, a title, a registration, a DOI or a PMID", "warning",
                          "nameless")


def same_report(data: Dataset, indication: str) -> Iterator[Problem]:
    """Studies of one DOI, PMID, registration or title that nothing says to share their patients.

    Within an indication only: no pool holds trials of two, and a registry entry may be of both.
    """
    path, studies = f"{indication}/studies.csv", data.records("studies", indication)
    main = {s["study_id"]: s["companion_of"] for s in studies}

    def trial(study: str | None) -> str | None:
        seen = set()
        while main.get(study) and study not in seen:
            seen.add(study)
            study = main[study]
        return study

    linked = {frozenset((trial(o["study_id"]), trial(o["other_study_id"])))
              for o in data.records("cohort_overlaps") if o["indication"] == indication}
    found: set[frozenset] = set()
    for column in ("doi", "pmid", "registration", "title"):
        earlier = defaultdict(list)
        for study in studies:
            cell = study[column] or ()
            for value in cell if isinstance(cell, tuple) else (cell,):
                form = _letters(value) if column == "title" else value.casefold()
                having = earlier[form] if form else []
                for other in having:
                    pair = frozenset((trial(study["study_id"]), trial(other["study_id"])))
                    if len(pair) > 1 and pair not in linked | found:
                        found.add(pair)
                        yield problem(path, study["row"], column, value,
                                      f"{other['study_id']} (row {other['row']}) has it too: "
                                      "the same patients may count twice",
                                      "one study, companion_of, or a row of "
                                      "cohort_overlaps.csv", "warning", "same-report")
                        break
                having.append(study)


def _letters(title: str) -> str:
    """A title without case, spaces and punctuation; one of other signs alone is nothing."""
    text = unicodedata.normalize("NFKC", title).casefold()
    return "".join(c for c in text if c.isalnum())


# Facts of a registration that are the same for whoever reads it, and those of them whose absence
# in one of two places is worth a look too.
_REGISTERED = ("design", "species", "blinding", "allocation", "n_enrolled", "country", "progress")
_NEEDED = ("design",)


def registration_differs(data: Dataset) -> Iterator[Problem]:
    """A registration of which two indications state different facts.

    Later reports of a trial state other numbers than the registry entry, and are not compared.
    """
    found = defaultdict(list)
    for indication in data.indications:
        for study in data.records("studies", indication):
            for number in study["registration"] if not study["companion_of"] else ():
                found[number.casefold()].append((f"{indication}/studies.csv", study))
    for places in found.values():
        for (path, study), (other, there) in combinations(places, 2):
            if path != other:
                yield from _facts_differ(path, study, other, there)


def _facts_differ(path: str, study, other: str, there) -> Iterator[Problem]:
    """The facts in which two rows of one registration contradict each other."""
    shared = ";".join(r for r in study["registration"]
                      if r.casefold() in {x.casefold() for x in there["registration"]})
    for column in _REGISTERED:
        one, two = study[column], there[column]
        if not one and not two or _agree(one, two):
            continue
        if not (one and two):
            if column not in _NEEDED:
                continue
            if one:  # said at the row that lacks it
                path, study, other, there, one, two = other, there, path, study, two, one
        yield problem(path, study["row"], column, _cell(one),
                      f"{there['study_id']} ({other}:{there['row']}) is of the same registration, "
                      f"{shared}, and has {_cell(two) or 'none'}",
                      "the same fact, where both are the same patients", "warning",
                      "registration-differs")


def _agree(one, two) -> bool:
    """Whether two cells can both be true: of two lists one may be the shorter."""
    if isinstance(one, tuple):
        return bool(one and two) and (set(one) <= set(two) or set(two) <= set(one))
    return one == two


def _cell(value) -> str:
    return ";".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


RULES = (overlap_unknown, shared_patients, nameless, same_report)
