"""Labels of the data inside a sentence."""

from __future__ import annotations

import re

_HAN = re.compile("[\u4e00-\u9fff]")
_PERSONS = ("Cochrane", "DerSimonian", "Knapp", "Lequesne", "Lysholm", "Mankin", "Nissl", "Paule",
            "Schwann", "Tegner", "Tiedemann")  # whom measures, methods and products are named after


def in_text(name: str) -> str:
    """A label inside a sentence: small first letter unless it is an abbreviation or a name.

    A label with a further capitalised word is a name: Glasgow Coma Scale. So is what begins with
    the name of a person, and with Latin letters in a label of Chinese.
    """
    is_name = name.startswith(_PERSONS) or _HAN.search(name) is not None or any(
        word[0].isupper() and word[1:2].islower() for word in name.split()[1:])
    return name if is_name or not name[1:2].islower() else name[0].lower() + name[1:]
