"""The page of the glossary."""

from __future__ import annotations

from ..data.dataset import Dataset
from .base import Label, Struct, View, label

PAGE = "book/glossary.html"


def address(term: str) -> str:
    """Where a term is explained, from the root of the site."""
    return f"{PAGE}#term-{term}"


class Term(Struct):
    """A term with its explanation."""

    id: str  # identifier, for the address
    name: Label
    explanation: Label
    # further English names that are not the first with another ending, such as its abbreviation
    others: tuple[str, ...]
    # source, href: where it may be checked, and its address where it has one
    source: str
    href: str


class Group(Struct):
    """The terms of one kind, in the order of their English names."""

    id: str
    name: Label
    terms: tuple[Term, ...]


class Glossary(View, template="glossary"):
    """All terms."""

    groups: tuple[Group, ...]

    @classmethod
    def of(cls, data: Dataset) -> Glossary:
        """The glossary of a data folder; without groups where it has none.

        Parameters
        ----------
        data : Dataset
        """
        groups = (Group(kind, label(data, "glossary_kind", kind), tuple(sorted(
            (_term(row) for row in data.having("glossary", "kind", kind)),
            key=lambda term: term.name.en.casefold()))) for kind in data.words("glossary_kind"))
        return cls(tuple(group for group in groups if group.terms))


def _term(row) -> Term:
    source = row["source"] or ""
    doi = source.removeprefix("doi ")
    href = f"https://doi.org/{doi}" if doi != source else source if "://" in source else ""
    return Term(row["term"], Label(row["label_en"], row["label_zh"]),
                Label(row["explanation_en"], row["explanation_zh"]),
                tuple(form for form in row["forms_en"] or () if not _inflected(form, row)),
                source, href)


def _inflected(form: str, row) -> bool:
    """Whether a form is the label, or an earlier one, with another ending or hyphen."""
    stem = _stem(form)
    forms = row["forms_en"]
    return any(_stem(other) == stem for other in (row["label_en"], *forms[:forms.index(form)]))


def _stem(form: str) -> str:
    return form.casefold().replace("-", "").replace(" ", "").removesuffix("s").removesuffix("ie")
