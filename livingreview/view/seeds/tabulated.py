"""What a seed review tabulates: mechanisms, and the studies by which it supports its claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...review.claims import Cited
from ..base import Label, Struct, View, label, labels
from ..naming import spoken
from ..sources import Link
from .cited import Given, given
from .seed import Seed, Words


class Mechanism(Struct):
    """A mechanism that a seed review names, with the kinds of what it cites for it."""

    name: str
    given: str
    mediator: str
    effect: str
    direction: Label
    refs: tuple[str, ...]
    kinds: tuple[Label, ...]


class Mechanisms(View, template="seed_mechanisms"):
    """The mechanisms that a seed review names."""

    name: str
    words: Words
    mechanisms: tuple[Mechanism, ...]


class Tabulated(Struct):
    """A study of the table by which a seed review supports its claims, beside the data."""

    ref: str
    title: str
    institution: str
    # year, listed: of its table, and of its list of references
    year: int | None
    listed: int | None
    stated: tuple[str, ...]
    # animal_model, effect: as tabulated
    animal_model: str
    effect: str
    studies: tuple[Link, ...]  # studies of the data that it is
    given: Given
    species: tuple[Label, ...]
    remark: str


class Validation(View, template="seed_validation"):
    """The studies that a seed review tabulates."""

    name: str
    seed: str
    words: Words
    rows: tuple[Tabulated, ...]
    # how many got what: only products are told apart; None is not in the data
    counted: tuple[tuple[Given | None, int], ...]
    people: int  # studies of people among them


def mechanisms(seed: Seed) -> Mechanisms:
    """Its mechanisms, each with the kinds of evidence that it cites for them."""
    return Mechanisms(f"{seed.id}-mechanisms", seed.words, tuple(Mechanism(
        r["mechanism"], r["treatment"] or "", r["mediator"] or "", r["effect"] or "",
        label(seed.data, "mechanism_direction", r["direction"]), tuple(r["cited_refs"]),
        tuple(dict.fromkeys(label(seed.data, "reference_kind", seed.cited[n].row["kind"])
                            for n in r["cited_refs"] if n in seed.cited)))
        for r in seed.own("mechanisms")))


def validation(seed: Seed, indication: str = "") -> Validation:
    """The studies that it tabulates, beside the data: those of one chapter, or all."""
    rows, counted, people = [], Counter(), 0
    for row in seed.own("validation_studies"):
        cited = seed.cited.get(row["cited_ref"])
        found = [(i, s) for i, s in (cited.studies if cited else ())
                 if not indication or i == indication]
        rows.append(_tabulated(seed, row, cited, found))
        got = rows[-1].given
        counted[Given((), got.products, (), (), got.known) if found else None] += 1
        people += any(s["species"] == "human" for _, s in found)
    return Validation(f"{indication or seed.id}-validation", seed.name, seed.words, tuple(rows),
                      tuple(counted.most_common()), people)


def _tabulated(seed: Seed, row: Mapping, cited: Cited | None,
               found: Sequence[tuple[str, Mapping]]) -> Tabulated:
    names = [seed.judged.findings(i).names for i, _ in found]
    species = dict.fromkeys(s["species"] for _, s in found if s["species"])
    return Tabulated(
        row["cited_ref"], row["title_en"] or row["title_zh"] or "", row["institution"] or "",
        row["year"], cited.row["year"] if cited else None,
        tuple(filter(None, (row["treatment_source"], row["product"]))), row["model"] or "",
        row["key_effect"] or "", tuple(seed.judged.link(i, s["study_id"]) for i, s in found),
        given(seed, ((i, s["study_id"]) for i, s in found)),
        labels(seed.data, "species", species),
        " ".join(spoken(s["note"], *names) for _, s in found if s["note"]))
