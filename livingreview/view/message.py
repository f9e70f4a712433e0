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
    return named(understood(text), *names)


def named(found: Message, *names: Mapping[str, str]) -> Message:
    """A message with names in place of identifiers.

    Parameters
    ----------
    found : Message
    names : mapping of str to str
        Names by identifier.
    """
    def of(part: Message | tuple | str) -> Message | tuple | str:
        if isinstance(part, tuple):
            return tuple(map(of, part))
        return named(part, *names) if isinstance(part, Message) else spoken(part, *names)

    return replace(found, of={key: of(part) for key, part in found.of.items()})
