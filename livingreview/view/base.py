"""The form of a view, and how an executed notebook keeps one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, ClassVar, dataclass_transform

from ..review.written import rounded

if TYPE_CHECKING:
    from ..data.dataset import Dataset

MIME = "application/vnd.livingreview.view+json"


@dataclass_transform(frozen_default=True)
class Struct:
    """A part of a view: every subclass is a frozen dataclass."""

    def __init_subclass__(cls):
        super().__init_subclass__()
        dataclass(frozen=True)(cls)


@dataclass_transform(frozen_default=True)
@dataclass(frozen=True)
class View:
    """What one part of a page says.

    A subclass is a frozen dataclass. It is declared with the template that writes it, without
    folder and ending: ``class Harms(View, template="harms")``.
    """

    template: ClassVar[str] = ""

    def __init_subclass__(cls, template: str = ""):
        super().__init_subclass__()
        if template:
            cls.template = template
            dataclass(frozen=True)(cls)


class Label(Struct):
    """A label of the data in the languages that the data have it in."""

    en: str
    zh: str = ""


def label(data: Dataset, vocabulary: str, value: str | None) -> Label:
    """The label of a word; the word itself where the vocabulary does not have it."""
    return Label(data.label(vocabulary, value), data.label(vocabulary, value, "zh") or "")


def stated(data: Dataset, vocabulary: str, value: str | None) -> Label | None:
    """The label of a word; None where the cell is empty."""
    return label(data, vocabulary, value) if value else None


def labels(data: Dataset, vocabulary: str, values: Iterable[str | None]) -> tuple[Label, ...]:
    """The labels of several words of one list."""
    return tuple(label(data, vocabulary, value) for value in values)


def wording(data: Dataset, key: str) -> Label:
    """What the review calls a thing of its field, such as its intervention."""
    word = data.words("wording").get(key)
    return Label(data.wording(key), (word["label_zh"] or "") if word else "")


class Remark(View, template="remark"):
    """Stands in the place of a part that a page does not show, and says why."""

    # ``above`` (it stands there already), ``unasked`` (nothing asks what was asked for),
    # ``undivided`` (the trials are of no two groups) or ``undeclared``
    why: str
    title: str | Label = ""  # of the analysis, or the outcome
    target: str = ""  # identifier of the part that stands above; empty where it has none
    asked: str = ""  # what was asked for

    @property
    def anchor(self) -> str:
        """A remark has no identifier on a page."""
        return ""


def grouped(items: Iterable, key: Callable[..., Hashable]) -> dict[Hashable, list]:
    """Items with an equal key together, in their order; nothing at a key that none has."""
    found = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def packed(view: View) -> dict:
    """A view as JSON, with the name of its template.

    Returns
    -------
    dict
        ``template`` and ``data``; numbers have the digits of ``results.json``.
    """
    return {"template": view.template, "data": _plain(view)}


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _plain(value):
    """What a view holds, as JSON has it."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return rounded(value)


def shown(value: View | Mapping) -> Mapping:
    """What a template is given: the packed form, also of a view that is not packed yet."""
    return packed(value) if isinstance(value, View) else value
