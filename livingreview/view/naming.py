"""How studies, arms and reviews are called: never by their identifier.

A name is composed from what the data say, and is told from an equal one by something that is true
of the data. Identifiers stay in addresses, data and downloads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import reduce

from ..data.dataset import Dataset
from ..data.phrases import phrases
from ..effects.comparisons import is_treated
from .base import grouped
from .inside import in_text

# What names are composed with; a study of which nothing is given is called by its kind alone.
_WORDS = phrases(__package__, "names.csv")
_ALONE = "-alone"
_LONG = 32  # characters of an arm's own label that stands for what was given
_TITLE = 70  # characters of a title that stands for a name
_IDENTIFIER = re.compile(r"(?<![\w./-])[a-z0-9]+(?:-[a-z0-9]+)+(?![\w-])")


def shortened(words: str, length: int = _TITLE) -> str:
    """A text that ends at a word where it is too long."""
    if len(words) <= length:
        return words
    return f"{words[:length].rsplit(' ', 1)[0].rstrip(' ,;:')} …"


# --- studies ----------------------------------------------------------------------------------


class _Studies:
    """The studies of an indication with what their names are made of."""

    def __init__(self, data: Dataset, indication: str):
        self.data = data
        self.studies = {s["study_id"]: s for s in data.records("studies", indication)}
        self.arms = grouped(data.records("arms", indication), lambda arm: arm["study_id"])

    def plain(self, study: Mapping) -> str:
        """Author and year, else a registration, else the author; empty where nothing is known."""
        identifier = study["study_id"]
        letter = identifier[-1] if identifier[-2:-1].isdigit() and identifier[-1].isalpha() else ""
        if study["first_author"] and study["year"]:
            return f"{study['first_author']} {study['year']}{letter}"
        if study["registration"]:
            return study["registration"][0]
        author = study["first_author"]
        return _WORDS["no-year"].format(author=author) if author else ""

    def described(self, study: Mapping) -> str:
        """What a study is, as its design, arms and size say."""
        main = self.studies.get(study["companion_of"] or "")
        if main is not None and main is not study and self.plain(main):
            return _WORDS["later-year" if study["year"] else "later"].format(
                first=self.plain(main), year=study["year"])
        what = self._of_kind(study, self.given(study))
        return ", ".join(filter(None, (what, self.size(study))))

    def _of_kind(self, study: Mapping, given: str) -> str:
        """The kind of a study with what was given in it; its kind alone where that is not known."""
        kind = study["design"] if study["design"] in _WORDS else "study"
        species = ""
        if kind == "animal-experiment":
            species = self.data.label("species", study["species"])
            kind = "of-species" if species else kind
        return _WORDS[kind if given else f"{kind}{_ALONE}"].format(
            species=species, given=self.with_besides(study, given))

    def _treated(self, study: Mapping) -> list[Mapping]:
        return [a for a in self.arms[study["study_id"]] if is_treated(a) and not a["combines"]]

    def given(self, study: Mapping) -> str:
        """What the treated arms got, the intervention of the review where they are not alike.

        Of a study without such arms what its own labels say; empty where they say nothing.
        """
        found = list(dict.fromkeys(self._product(a) for a in self._treated(study)))
        if not found:
            return next((shortened(a["label"], _LONG)
                         for a in self.arms[study["study_id"]] if a["label"]), "")
        return _either(found) if len(found) <= 2 else self.data.wording("intervention")

    def _product(self, arm: Mapping) -> str:
        if label := _label(self.data, "treatment_product", arm["treatment_product"]):
            return label
        from_where = _label(self.data, "treatment_source", arm["treatment_source"])
        of = self.data.wording("intervention")
        if not from_where or from_where.endswith(of):
            return from_where or of
        return f"{from_where} {of}"

    def with_besides(self, study: Mapping, given: str) -> str:
        """What was given, with what every treated arm got besides; usual care is left out."""
        arms = self._treated(study)
        every = set.intersection(*(set(a["cointervention"]) for a in arms)) if arms else set()
        named = [in_text(self.data.label("cointervention", w)) for w in sorted(every)
                 if self.data.kind("cointervention", w) != "usual care"]
        if not named:
            return given
        first, last = ", ".join(named[:-1]), named[-1]
        return _WORDS["given-with"].format(given=given, besides=_WORDS["list-end"].format(
            list=first, last=last) if first else last)

    def size(self, study: Mapping) -> str:
        """How many units were enrolled."""
        n = study["n_enrolled"]
        if n is None:
            return ""
        unit = in_text(self.data.label("unit", study["unit"])) if study["unit"] else (
            _WORDS["participant"])
        return _WORDS["one-unit" if n == 1 else "units"].format(n=n, unit=unit)

    def told_by(self) -> list[Callable[[Mapping], str]]:
        """What tells studies of one name apart, the first that does."""
        def control(study):
            return _either(dict.fromkeys(
                _WORDS["against"].format(
                    control=in_text(self.data.label("comparator_type", a["comparator_type"])))
                for a in self.arms[study["study_id"]]
                if a["comparator_type"] and not is_treated(a)))

        def months(study):
            found = study["followup_months"]
            return "" if found is None else _WORDS["months"].format(n=f"{found:g}")

        return [lambda s: s["registration"][0] if s["registration"] else "",
                lambda s: str(s["year"] or ""), lambda s: ", ".join(s["country"]), self.size,
                control, months, self.given, lambda s: s["journal"] or "",
                self.described,
                lambda s: shortened(s["population"] or "", 45),
                lambda s: shortened(s["title"] or "", 45)]


def _either(names: Iterable[str]) -> str:
    """One name or another; empty where there is none."""
    return reduce(lambda one, other: _WORDS["either"].format(one=one, other=other), names or [""])


def _label(data: Dataset, vocabulary: str, word: str | None) -> str:
    """A label in a sentence, without what explains it; empty where nothing is given."""
    if not word or data.kind(vocabulary, word) == "none":
        return ""
    return in_text(re.sub(r"\s*[(,].*$", "", data.label(vocabulary, word)))


def study_names(data: Dataset, indication: str) -> dict[str, str]:
    """The name of every study of an indication, no two of them equal.

    Returns
    -------
    dict of str to str
        By identifier: author and year, else a registration, else what the study is.
    """
    known = _Studies(data, indication)
    return told_apart({s: known.plain(row) or known.described(row)
                       for s, row in known.studies.items()}, known.studies, known.told_by())


def told_apart(names: Mapping[str, str], rows: Mapping[str, Mapping],
               ways: Iterable[Callable[[Mapping], str]]) -> dict[str, str]:
    """Names of which no two are equal.

    Parameters
    ----------
    names : mapping of str to str
        By identifier.
    rows : mapping of str to mapping
        What is known of each.
    ways : iterable of callable
        What may tell two apart. Where nothing does, the order of the table: first, second.
    """
    out = dict(names)
    for way in ways:
        double = _double(out)
        for group in double.values():
            said = {s: way(rows[s]) for s in group}
            if len(set(said.values())) > 1:
                out |= {s: f"{out[s]} ({word})" if word else out[s] for s, word in said.items()}
    for group in _double(out).values():
        out |= {s: _WORDS["number"].format(name=out[s], i=i) for i, s in enumerate(group, 1)}
    return out


def _double(names: Mapping[str, str]) -> dict[str, list[str]]:
    """Identifiers of each name that several have."""
    return {name: group for name, group in grouped(names, names.get).items() if len(group) > 1}


# --- arms -------------------------------------------------------------------------------------


def arm_names(data: Dataset, indication: str) -> dict[tuple[str, str], str]:
    """How each arm of each study is called: by its label, else by what it got.

    Returns
    -------
    dict of (str, str) to str
        By study and arm, no two of a study equal.
    """
    by_study, studies, out = defaultdict(dict), study_names(data, indication), {}
    for arm in data.records("arms", indication):
        by_study[arm["study_id"]][arm["arm_id"]] = arm
    for study, arms in by_study.items():
        names = {a: spoken(arm["label"], studies) or _arm(data, arm) for a, arm in arms.items()}
        names = told_apart(names, arms, (
            lambda arm: "" if arm["n_allocated"] is None else _WORDS["arm-size"].format(
                n=arm["n_allocated"]),
            lambda arm: _arm(data, arm)))
        out |= {(study, arm): name for arm, name in names.items()}
    return out


def _arm(data: Dataset, arm: Mapping) -> str:
    """What an arm got, as its vocabularies say."""
    if is_treated(arm):
        return (_label(data, "treatment_product", arm["treatment_product"])
                or _label(data, "treatment_source", arm["treatment_source"])
                or data.wording("intervention"))
    kind = arm["comparator_type"]
    return in_text(data.label("comparator_type", kind)) if kind else (
        in_text(data.label("role", arm["role"])))


# --- reviews ----------------------------------------------------------------------------------


def seed_names(data: Dataset) -> dict[str, str]:
    """How the seed reviews are called: first author and year, else title, else journal and year.

    Returns
    -------
    dict of str to str
        By identifier, no two equal.
    """
    rows = {r["review_id"]: r for r in data.records("reviews")}
    return told_apart({name: _seed(row) for name, row in rows.items()}, rows, (
        lambda r: shortened(r["title_en"] or r["title_zh"] or "", 45), lambda r: r["doi"] or ""))


def _seed(row: Mapping) -> str:
    year = str(row["year"] or _WORDS["year"])
    if row["authors"]:
        # a name in brackets is the one in Latin letters: 沈昌辉 (Changhui Shen, ...)
        latin = re.search(r"\(([^()]*[A-Za-z][^()]*)\)", row["authors"])
        own = row["authors"].split("(")[0]
        authors = latin[1] if latin and not re.search(r"[A-Za-z]", own) else own
        return f"{re.split('[,;]', authors)[0].strip()} {year}"
    title = row["title_en"] or row["title_zh"]
    if title:
        return _WORDS["review-title"].format(title=shortened(title), year=year)
    journal = re.search(r"\(([^()]*[A-Za-z][^()]*)\)", row["journal"] or "")
    named = journal[1] if journal else row["journal"]
    key = "review-journal" if named else "review-year" if row["year"] else "review"
    return _WORDS[key].format(journal=named, year=year)


def review_names(data: Dataset, indication: str) -> dict[str, str]:
    """How published syntheses are called: by their title, else by that of what was read.

    Returns
    -------
    dict of str to str
        By identifier, no two equal.
    """
    sources = {s["source_id"]: s for s in data.records("sources", indication)}
    rows: dict[str, Mapping] = {}
    for row in data.records("published_syntheses", indication):
        rows.setdefault(row["review_id"], row)
    names = {name: row["title"] or _WORDS["review-source"].format(
                title=sources[row["source_id"]]["title"]) for name, row in rows.items()}
    return told_apart(names, rows, (lambda r: r["doi"] or "", lambda r: r["locator"] or "",
                                    lambda r: r["population"] or ""))


# --- sentences --------------------------------------------------------------------------------


def spoken(words: str | None, *names: Mapping[str, str]) -> str:
    """A text in which each identifier that one of the mappings knows is replaced by its name."""
    return _IDENTIFIER.sub(lambda found: next(
        (str(known[found[0]]) for known in names if found[0] in known), found[0]), words or "")


def of_study(arms: Mapping[tuple[str, str], str], study: str) -> dict[str, str]:
    """The names of one study's arms, by identifier of the arm."""
    return {arm: name for (of, arm), name in arms.items() if of == study}
