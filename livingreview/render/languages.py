"""The languages that the book can be read in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..data.phrases import rows

SOURCE = "en"  # the language that templates are written in


@dataclass(frozen=True)
class Language:
    """A language."""

    code: str  # of its catalogues of messages, such as ``zh_CN``
    key: str  # of its labels in the data, and folder of its pages below the site
    tag: str  # by which browsers and search engines know it (BCP 47)
    name: str  # what it calls itself
    # whether its script has no spaces between words, and signs as wide as its letters; empty where
    # not
    wide: str = ""

    @property
    def up(self) -> str:
        """From the root of its pages to the root of the site, where the files stand."""
        return "" if self.code == SOURCE else "../"


@cache
def known() -> dict[str, Language]:
    """All languages by their codes, the source first."""
    return {row["code"]: Language(**row) for row in rows(Path(__file__).with_suffix(".csv"))}


def language(name: str) -> Language:
    """A language by its code, key or tag; of one that is not in the table that is all one knows.

    Parameters
    ----------
    name : str
        Such as ``zh_CN``, ``zh`` or ``zh-Hans``.
    """
    code = name.replace("-", "_")
    found = (one for one in known().values() if code == one.code or name in (one.key, one.tag))
    return next(found, None) or Language(code, code.partition("_")[0], code.replace("_", "-"), name)
