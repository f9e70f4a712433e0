"""What results say of the numbers of a trial, with names in place of identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..effects.messages import Message, understood
from .naming import spoken


def message(text: str, *names: Mapping[str, str]) -> Message:
    """A text of a result as a key and what it names.

    Parameters
    ----------
    text : str
    names : mapping of str to str
        Names by identifier.
    """
    return _named(understood(text), names)


def _named(found: Message, names: tuple[Mapping[str, str], ...]) -> Message:
    return replace(found, of={
        key: _named(part, names) if isinstance(part, Message) else spoken(part, *names)
        for key, part in found.of.items()})
