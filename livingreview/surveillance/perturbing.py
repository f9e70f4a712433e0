"""A set of references with known duplicates, made from screened sets by known perturbations.

Titles, years and DOIs are those of the sets; authors, journals, volumes and pages, which the sets
lack, are made up. The chances below are a part of the benchmark: another value is another set.

A report gets copies, as other sources print it: with typing errors in its title, without its DOI,
volume or pages, with its author's name in another form, its pages shortened, its title in capitals,
and a year that is one later. Beside some reports stand others that are easily taken for them: a
second part, a second length of follow-up, a protocol, an erratum, a congress abstract.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable

from .labelled import Labelled
from .likeness import plain
from .record import Record, doi_of

COPIED = 0.3  # reports that have copies
TWICE = 0.3  # of these, with a second one
TYPING = (0.6, 0.3, 0.1)  # a copy with none, one, two typing errors in its title
WITHOUT = {"doi": 0.4, "volume": 0.1, "pages": 0.1, "first_author": 0.02}
NAMED_OTHERWISE, SHORTENED, CAPITALS, LATER = 0.3, 0.5, 0.1, 0.1
SIBLINGS = 0.05  # reports with another that is easily taken for them
SIBLING_DOI = 0.5  # of these with a DOI of their own
_SYLLABLES = ("ba", "den", "fo", "gar", "hel", "ki", "lun", "mor", "ne", "pas", "rin", "so", "tal",
              "ver", "wen", "zu")
_CAPITALS = string.ascii_uppercase
_JOURNALS = 40
_WORDS = 4  # of a title that can be told from others
_YEAR = 2000  # where a set has none


def perturbed(sets: Iterable[Labelled], seed: int
              ) -> tuple[tuple[Record, ...], dict[str, str], dict[str, str]]:
    """References of every set, their copies and siblings, in an order by chance.

    Parameters
    ----------
    sets : iterable of Labelled
    seed : int
        The same sets and seed give the same references.

    Returns
    -------
    records : tuple of Record
    truth : dict of str to str
        Source and number of each, to unique or duplicate.
    reports : dict of str to str
        Source and number of each, to those of the unique record of its report.
    """
    draw, found, truth, reports = random.Random(seed), [], {}, {}

    def add(of: Record | None = None, **cells) -> Record:
        record = Record("other", str(len(found) + 1), **cells)
        found.append(record)
        truth[record.source_id] = "duplicate" if of else "unique"
        reports[record.source_id] = (of or record).source_id
        return record

    for report in _reports(sets, draw):
        first = add(**report)
        if draw.random() < COPIED:
            for _ in range(1 + (draw.random() < TWICE)):
                add(first, **_copy(first, draw))
        if draw.random() < SIBLINGS:
            for sibling in draw.choice(_KINDS)(first, draw):
                add(**sibling)
    draw.shuffle(found)
    return tuple(found), truth, reports


def _reports(sets: Iterable[Labelled], draw: random.Random):
    """Cells of each report that the sets hold, once, with what they lack made up."""
    seen: set[str] = set()
    journals = [f"Journal of {_name(draw)} Studies" for _ in range(_JOURNALS)]
    for one in sets:
        for title, year, doi in zip(one.titles, one.years, map(doi_of, one.dois), strict=True):
            known = {plain(title), *([doi] if doi else [])}
            if len(plain(title).split()) < _WORDS or known & seen:
                continue
            seen |= known
            page = draw.randint(1, 2000)
            yield {"title": title, "first_author": f"{_name(draw)} {draw.choice(_CAPITALS)}",
                   "year": year or _YEAR, "journal": draw.choice(journals),
                   "volume": str(draw.randint(1, 90)), "pages": f"{page}-{page + 9}", "doi": doi}


def _name(draw: random.Random) -> str:
    return "".join(draw.choice(_SYLLABLES) for _ in range(draw.randint(2, 3))).capitalize()


def _cells(record: Record, **changed) -> dict:
    names = ("title", "first_author", "year", "journal", "volume", "pages", "doi")
    return {name: getattr(record, name) for name in names} | changed


def _copy(record: Record, draw: random.Random) -> dict:
    """The same report as another source prints it."""
    cells = _cells(record)
    for _ in range(draw.choices(range(len(TYPING)), TYPING)[0]):
        cells["title"] = _mistyped(cells["title"], draw)
    if draw.random() < CAPITALS:
        cells["title"] = cells["title"].upper()
    if draw.random() < NAMED_OTHERWISE:
        family = record.first_author.split()[0]
        cells["first_author"] = draw.choice(
            [family, f"{family}, {draw.choice(_CAPITALS)}.", f"{family.upper()} AB"])
    if draw.random() < SHORTENED:
        first, last = cells["pages"].split("-")
        if len(first) == len(last):
            cells["pages"] = f"{first}-{last[-1]}"
    if draw.random() < LATER:
        cells["year"] += 1
    for name, chance in WITHOUT.items():
        if draw.random() < chance:
            cells[name] = ""
    return cells


def _mistyped(title: str, draw: random.Random) -> str:
    """A title with one letter left out, doubled, replaced or changed with the next."""
    places = [i for i, c in enumerate(title[:-1]) if c.isalpha() and title[i + 1].isalpha()]
    if not places:
        return title
    i = draw.choice(places)
    one, other = title[i:i + 2]
    return title[:i] + draw.choice((other, one + one + other, other + one,
                                    draw.choice(string.ascii_lowercase) + other)) + title[i + 2:]


def _elsewhere(record: Record, draw: random.Random, title: str, **changed) -> dict:
    """Another report with a like title, further on in the journal."""
    page = int(record.pages.split("-")[0]) + draw.randint(10, 60)
    own = record.doi and draw.random() < SIBLING_DOI
    return _cells(record, title=title, pages=f"{page}-{page + 9}",
                  doi=f"{record.doi}.{draw.randrange(10**6)}" if own else "", **changed)


def _parts(record: Record, draw: random.Random) -> list[dict]:
    form = draw.choice(("{}: Part {}", "{} ({})", "{}. {}."))
    return [_elsewhere(record, draw, form.format(record.title.rstrip("."), part))
            for part in ("I", "II")]


def _lengths(record: Record, draw: random.Random) -> list[dict]:
    lengths = draw.choice((("12-month", "24-month"), ("1-year", "5-year"),
                           ("two year", "five year")))
    return [_elsewhere(record, draw, f"{record.title.rstrip('.')}: {length} results")
            for length in lengths]


def _protocol(record: Record, draw: random.Random) -> list[dict]:
    return [_elsewhere(record, draw, f"{record.title.rstrip('.')}: study protocol",
                       year=record.year - draw.randint(0, 2))]


def _erratum(record: Record, draw: random.Random) -> list[dict]:
    form = draw.choice(("Erratum to: {}", "Correction: {}", "Corrigendum to {}", "{} [Erratum]"))
    return [_elsewhere(record, draw, form.format(record.title),
                       year=record.year + draw.randint(0, 1))]


def _abstract(record: Record, draw: random.Random) -> list[dict]:
    """An abstract of a congress, under the same title, in another journal two years before."""
    return [_elsewhere(record, draw, record.title, year=record.year - 2,
                       journal=f"Proceedings of {_name(draw)}", volume=str(draw.randint(1, 90)))]


_KINDS: tuple[Callable[[Record, random.Random], list[dict]], ...] = (
    _parts, _lengths, _protocol, _erratum, _abstract)
