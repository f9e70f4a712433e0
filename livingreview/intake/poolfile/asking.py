"""How a file is to be read, where the caller says more than its name."""

from __future__ import annotations

from dataclasses import dataclass, field

from .columns import KNOWN
from .question import CallError

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DECIMALS = {"point": ".", "comma": ","}
OF_NETWORKS = ("treatment", "treat1", "treat2", "mean", "events")  # columns of --network alone


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Parameters
    ----------
    columns : tuple of str
        Columns named by hand, each as ``m1=Mean_T``: our name, and that of the file.
    strict : bool
        Whether a row that no effect can be computed from refuses the file.
    separator : str, optional
        A key of `SEPARATORS`; what divides the fields of a text file.
    decimal : str, optional
        A key of `DECIMALS`.
    sheet : str, optional
        Name of a sheet of a workbook, or of an object of a file with several.
    treated : str, optional
        In a file with a row for each arm: the arm that becomes arm 1.

    Attributes
    ----------
    named : dict of str to str
        The columns named by hand.

    Raises
    ------
    CallError
        If an option is none of these.
    """

    columns: tuple[str, ...] = ()
    strict: bool = False
    separator: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    treated: str | None = None
    named: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        for option, value, allowed in (("separator", self.separator, SEPARATORS),
                                       ("decimal", self.decimal, DECIMALS)):
            if value is not None and value not in allowed:
                raise CallError(f"--{option} must be one of {', '.join(allowed)}, not {value!r}")
        named: dict[str, str] = {}
        for text in self.columns:
            ours, equals, theirs = (part.strip() for part in text.partition("="))
            if not (ours and equals and theirs):
                raise CallError(f"--column is NAME=HEADER, as m1=Mean_T, not {text!r}")
            if ours not in (*KNOWN, *OF_NETWORKS):
                raise CallError(f"--column {ours}=… names no column of ours: expected one of "
                                f"{', '.join(KNOWN)}")
            if ours in named:
                raise CallError(f"--column {ours}=… is given twice")
            named[ours] = theirs
        object.__setattr__(self, "named", named)
