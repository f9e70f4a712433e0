"""Names that a review's own files have for columns, lists and words of the package.

A review that has published its files keeps the names in them: its table ``own_names.csv`` says what
the package calls each. They are translated where a file is read and where something is written or
told, so that all between knows the package's names only. A review without the table has those.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .declaring import Column, Table

# What a row of the table is of: a column of a table; a list; a word of a list, or a kind of one
# (``of``, by the package's name); a key of the results, or a value, at the key ``of``, which has
# one name, or where that is empty at all keys of which no row speaks.
COLUMN, LIST, WORD, KIND, KEY, VALUE = KINDS = ("column", "list", "word", "kind", "key", "value")
_OF_NOTHING, _OF_ONE = (LIST,), (COLUMN, WORD, KIND)
_TOKEN = re.compile(r"""("[^"]*"|'[^']*')|\b([A-Za-z_]\w*)""")  # of a rule: a text, or a name


@dataclass(frozen=True)
class Names:
    """One direction of translation.

    Attributes
    ----------
    of : mapping of (str, str) to mapping of str to str
        For each kind and what it is of, a name there and the name it becomes.
    lists : mapping of str to str
        The package's name of a list by the name that a row in this direction has.
    """

    of: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)

    def _named(self, kind: str, of: str, name: str) -> str:
        return self.of.get((kind, of), {}).get(name, name)

    def column(self, table: Table, name: str) -> str:
        """A column of a table."""
        return self._named(COLUMN, table.name, name)

    def header(self, table: Table, names: Iterable[str]) -> list[str]:
        """Columns of a table."""
        return [self.column(table, name) for name in names]

    def list(self, name: str) -> str:
        """A list of the vocabularies."""
        return self._named(LIST, "", name)

    def word(self, vocabulary: str, word: str) -> str:
        """A word of a list, which has the package's name."""
        return self._named(WORD, vocabulary, word)

    def changes(self, column: Column) -> bool:
        """Whether a cell of a column can become another one, in any table but the vocabularies."""
        return bool(self._columns if column.rule else
                    column.vocabulary and (WORD, column.vocabulary) in self.of)

    def cell(self, column: Column, text: str) -> str:
        """A cell of any table but the vocabularies."""
        if column.rule:
            return _TOKEN.sub(lambda found: found[1] or self._columns.get(found[2], found[2]), text)
        if not self.changes(column):
            return text
        parts = text.split(";") if column.many else [text]
        return ";".join(part.replace(part.strip(), self.word(column.vocabulary, part.strip()))
                        if part.strip() else part for part in parts)

    @cached_property
    def _columns(self) -> dict[str, str]:
        """Columns of all tables: a rule may join several."""
        return {one: other for (kind, _), names in self.of.items() if kind == COLUMN
                for one, other in names.items()}

    def entry(self, name: str, value: str, kind: str) -> tuple[str, str, str]:
        """A row of the vocabularies: list, value and kind."""
        general = self.lists.get(name, name)
        return (self.list(name), self.word(general, value), self._named(KIND, general, kind))

    def row(self, table: Table, values: Mapping[str, object],
            also: Mapping[str, object] | None = None) -> dict[str, object]:
        """Cells of a row by column; a cell that is no text stays.

        Parameters
        ----------
        table : Table
        values : mapping of str to object
        also : mapping of str to object, optional
            More of the row, which decides what the cells of a vocabulary are.
        """
        out = dict(values)
        if {"list", "value"} <= set(table.names):
            names = ("list", "value", "kind")
            found = self.entry(*(str({**(also or {}), **values}.get(name) or "") for name in names))
            out |= {name: cell for name, cell in zip(names, found, strict=True) if values.get(name)}
        else:
            for name, cell in values.items():
                known = name if name in table.names else self.column(table, name)
                if known in table.names and isinstance(cell, (str, tuple)):
                    column = table.column(known)
                    out[name] = (self.cell(column, cell) if isinstance(cell, str) else
                                 tuple(self.cell(column, part) for part in cell))
        return {self.column(table, name): cell for name, cell in out.items()}

    def _at(self, kind: str, key: str) -> Mapping[str, str]:
        """What is called otherwise at a key: there alone, where rows speak of it, or anywhere."""
        return self.of.get((kind, key)) or self.of.get((kind, ""), {})

    def value(self, text: str, at: str = "") -> str:
        """A word in the results, at a key."""
        return self._at(VALUE, at).get(text, text)

    def result(self, found, at: str = ""):
        """Results, or the part of them at a key: names of keys, and values that are words."""
        if not self.of:
            return found
        if isinstance(found, dict):
            names = self._at(KEY, at)
            return {names.get(key, key): self.result(value, key) for key, value in found.items()}
        if isinstance(found, (list, tuple)):
            return [self.result(value, at) for value in found]
        return self.value(found, at) if isinstance(found, str) else found


@dataclass(frozen=True)
class OwnNames:
    """What a review calls things, in both directions.

    Attributes
    ----------
    pairs : tuple of (str, str, str, str)
        Kind, what it is of, the package's name and the review's own.
    """

    pairs: tuple[tuple[str, str, str, str], ...] = ()

    @cached_property
    def package(self) -> Names:
        """From the review's names to the package's; the package's stay."""
        return Names(self._mapping(own_first=True),
                     {own: name for kind, _, name, own in self.pairs if kind == LIST})

    @cached_property
    def own(self) -> Names:
        """From the package's names to the review's."""
        return Names(self._mapping(own_first=False))

    def _mapping(self, own_first: bool) -> dict[tuple[str, str], dict[str, str]]:
        out = defaultdict(dict)
        for kind, of, name, own in self.pairs:
            one, other = (own, name) if own_first else (name, own)
            out[kind, of][one] = other
        return dict(out)

    def twice(self, table: Table, header: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Columns that a header has by both names: the review's own, and the package's."""
        header = set(header)
        for own, name in self.package.of.get((COLUMN, table.name), {}).items():
            if {own, name} <= header:
                yield own, name


NONE = OwnNames()


def wrong(pairs: Iterable[tuple[str, str, str, str]], tables: Mapping[str, Table]
          ) -> Iterator[tuple[int, str, str, str]]:
    """What is wrong with rows of the table.

    Parameters
    ----------
    pairs : iterable of (str, str, str, str)
        As of `OwnNames`.
    tables : mapping of str to Table

    Yields
    ------
    (int, str, str, str)
        Position of the row, column, what is wrong, what is expected.
    """
    pairs = list(pairs)
    taken = {(kind, of, name): i for i, (kind, of, name, _) in enumerate(pairs)}
    names: dict[tuple[str, str, str], int] = {}
    for i, (kind, of, name, own) in enumerate(pairs):
        if kind not in KINDS:
            yield i, "kind", "no kind of name", f"one of {', '.join(KINDS)}"
        elif kind in (_OF_NOTHING if of else _OF_ONE):
            yield i, "of", f"a {kind} is of {'nothing' if of else 'something'}", (
                "the table of a column, the list of a word, the key of a value, else nothing")
        elif kind == COLUMN and of not in tables:
            yield i, "of", "no such table", f"one of {', '.join(tables)}"
        elif kind == COLUMN and name not in tables[of].names:
            yield i, "name", f"no column of {of}", f"one of {', '.join(tables[of].names)}"
        elif (kind, of, own) in taken or (kind == COLUMN and own in tables[of].names):
            yield i, "own", "the package calls something else so", "another name"
        elif names.setdefault((kind, of, own), i) != i:
            yield i, "own", "it stands for something else already", "another name"
