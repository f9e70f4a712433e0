"""What a data table is declared by: its columns, its key, and what it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field

IDENTIFIER = r"[a-z0-9]+(?:-[a-z0-9]+)*"
DOI = r"10\.\d{4,9}/\S+"
PMID = r"[1-9]\d{0,8}"
URL = r"https?://\S+"
REGISTRATION = (
    r"NCT\d{8}|ChiCTR[-A-Z]*\d{8,10}|EudraCT \d{4}-\d{6}-\d{2}|ISRCTN\d{8}|ACTRN\d{14}"
    r"|jRCT[a-z]?\d{9,10}|IRCT\w+|UMIN\d{9}|CTRI/\d{4}/\d{2,3}/\d{6}|DRKS\d{8}|KCT\d{7}"
    r"|(?!NCT|ISRCTN|ACTRN|DRKS|KCT|UMIN)[A-Z-]+\d{4,}"  # registries that are not listed above
)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    type : {'string', 'identifier', 'number', 'integer', 'date'}
    required : bool
        An empty cell is an error. Elsewhere empty means "not stated".
    vocabulary : str or None
        Name of the list in ``vocabularies.csv`` whose values are allowed.
    many : bool
        Several values in one cell, separated by ``;``.
    minimum, maximum : float or None
        Allowed range, ends included.
    form : str or None
        Regular expression for the usual form; another form is a warning, not an error.
    optional : bool
        A file without the column is read as if all its cells were empty.
    rule : bool
        Its cells are expressions of columns of other tables.
    """

    name: str
    type: str = "string"
    required: bool = False
    vocabulary: str | None = None
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    form: str | None = None
    optional: bool = False
    rule: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table that must name a row of another table (or of the same one)."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One CSV file: where it is, its columns, its key and what it refers to."""

    name: str
    folder: str  # "indication": one file in each indication's folder; else a folder of `data/`
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    optional: bool = False
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(c.name for c in self.columns))

    def column(self, name: str) -> Column:
        """The column called `name`."""
        return self.columns[self.names.index(name)]

    def path(self, indication: str = "") -> str:
        """Path of the file below the data folder."""
        folder = indication if self.folder == "indication" else self.folder
        return f"{folder}/{self.name}.csv" if folder else f"{self.name}.csv"


def identifier(name: str, **more) -> Column:
    """A column that names something, in every row."""
    return Column(name, type="identifier", required=True, **more)


def number(name: str, **more) -> Column:
    """A column of numbers."""
    return Column(name, type="number", **more)


def count(name: str) -> Column:
    """A column of whole numbers from zero."""
    return Column(name, type="integer", minimum=0)


def word(name: str, vocabulary: str | None = None, **more) -> Column:
    """A column whose words are in a list, which has its name where none is given."""
    return Column(name, vocabulary=vocabulary or name, **more)
