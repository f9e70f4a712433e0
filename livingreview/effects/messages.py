"""What is said of the numbers of a trial: a key for each message, and its words in results.json.

Results hold the words, which are in the file beside this module; :func:`understood` finds the key
and what is named again, also in results of earlier versions, so that readers get the message in
the words, and the language, of the page.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

WORDS: dict[str, str] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_NESTED = ("of", "source")  # names of what is a message itself
# What a name stands for where it is not any text: a word, or one of a list.
_FORMS = dict.fromkeys(("quality", "low", "high", "months", "n", "r", "df", "percent", "total",
                        "effect"), "[^ ]+") | {"statistic": "final|change|percent-change"}


@dataclass(frozen=True)
class Message:
    """A message and what it names.

    Attributes
    ----------
    key : str
        Of :data:`WORDS`; empty for words that are in no list, which `of` then holds as ``text``.
    of : dict
        Texts by name; under some names another message, or several.
    """

    key: str
    of: dict = field(default_factory=dict)

    def chain(self) -> Iterator[Message]:
        """The message, the one that it is about, and so on."""
        yield self
        if isinstance(about := self.of.get("of"), Message):
            yield from about.chain()


def said(key: str, **of: object) -> str:
    """A message in the words that results hold.

    >>> said("late", months="6")
    'visits after month 6 follow unblinding, cross-over or rescue'
    """
    return WORDS[key].format(**of)


@cache
def _patterns() -> dict[str, re.Pattern]:
    """How each message with a name in it is found."""
    parts = {key: re.split(r"\{(\w+)\}", words) for key, words in WORDS.items() if "{" in words}
    return {key: re.compile("".join(
        re.escape(part) if i % 2 == 0 else f"(?P<{part}>{_FORMS.get(part, '.+')})"
        for i, part in enumerate(found))) for key, found in parts.items()}


@cache
def _plain() -> dict[str, str]:
    return {words: key for key, words in WORDS.items() if "{" not in words}


@cache
def understood(text: str) -> Message:
    """The message that a text of a result is.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> understood("value doubtful: only in robustness")
    Message(key='only-robustness', of={'of': Message(key='quality', of={'quality': 'doubtful'})})
    """
    if key := _plain().get(text):
        return Message(key)
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(text):
            return Message(key, {name: understood(part) if name in _NESTED else part
                                 for name, part in found.groupdict().items()})
    return Message("", {"text": text})
