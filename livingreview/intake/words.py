"""Words that the open lists do not have yet: proposed with the rows that use them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from ..data.dataset import Dataset
from ..data.declaring import IDENTIFIER
from ..data.problems import Problem
from ..data.tables import OPEN_LISTS, VOCABULARIES
from .incoming import Row

_ALIKE = 0.85  # of a word and a known one, above which it may be a slip


def proposed(data: Dataset, rows: Iterable[Row]) -> list[Row]:
    """Rows of the vocabularies for new words of open lists.

    Each bears a label made of the word, in both languages: what is to be completed. A word that
    is no identifier is not proposed, so that validation refuses it.

    Parameters
    ----------
    data : Dataset
    rows : iterable of Row
        Of which some may be rows of the vocabularies that come in.
    """
    rows = list(rows)
    known = {name: set(data.words(name)) for name in OPEN_LISTS}
    for row in rows:
        if row.table is VOCABULARIES and row.values.get("list") in known:
            known[row.values["list"]].add(row.values.get("value", ""))
    out = []
    for row in rows:
        for column in row.table.columns:
            if column.vocabulary not in known:
                continue
            text = row.values.get(column.name, "")
            for word in text.split(";") if column.many else [text]:
                word = word.strip()
                if re.fullmatch(IDENTIFIER, word) and word not in known[column.vocabulary]:
                    known[column.vocabulary].add(word)
                    label = word.replace("-", " ").capitalize()
                    out.append(Row(VOCABULARIES, {
                        "list": column.vocabulary, "value": word, "label_en": label,
                        "label_zh": label}, row.place, made=True))
    return out


def remark(data: Dataset, row: Row) -> str:
    """What is said of a proposed word: what is to be completed, and which word it may stand for."""
    word = row.values
    alike = get_close_matches(word["value"], data.words(word["list"]), 1, _ALIKE)
    return "".join((
        f"a new word: complete label_en and label_zh ({word['label_en']}), and kind where the "
        "list has kinds, in vocabularies.csv",
        ", and add it to instruments.csv and hierarchy.csv" if word["list"] == "outcome" else "",
        f"; or is {alike[0]} meant?" if alike else ""))


def closed(rows: Iterable[Row]) -> list[Problem]:
    """Rows of the vocabularies that add to a closed list."""
    return [Problem(row.place, 0, "list", row.values.get("list", ""), "words are not added to "
                    "this list by import", f"one of {', '.join(OPEN_LISTS)}", rule="closed-list")
            for row in rows if row.table is VOCABULARIES
            and row.values.get("list") not in OPEN_LISTS]
