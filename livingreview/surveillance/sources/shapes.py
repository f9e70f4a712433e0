"""Answers as JSON and XML, of a shape that is known; what is not is named by its field."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Mapping

from lxml import etree

from ..net import Answer, SourceError

_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:]*(?:\s[^<>]*)?/?>")
_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number",
          bool: "true or false"}


def json_of(source: str, answer: Answer) -> dict:
    """An answer as JSON.

    Raises
    ------
    SourceError
        When it is none, such as a page of HTML, or no object.
    """
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise SourceError(source, _instead(answer, "JSON")) from None
    if not isinstance(found, dict):
        raise SourceError(source, "it answers JSON that is no object")
    return found


def xml_of(source: str, answer: Answer, *roots: str) -> etree._Element:
    """The root of an answer as XML; entities are neither followed nor expanded.

    Parameters
    ----------
    source : str
    answer : Answer
    *roots : str
        Names, without namespace, of which the root has one.

    Raises
    ------
    SourceError
        When it is none, declares entities, or has another root.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                             huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(answer.body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceError(source, f"{_instead(answer, 'XML')} ({error})") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise SourceError(source, "its XML declares entities, which no answer needs")
    name = etree.QName(root).localname
    if name not in roots:
        raise SourceError(source, _instead(answer, " or ".join(roots)) + f" (its root is {name})")
    return root


def _instead(answer: Answer, wanted: str) -> str:
    start = answer.body[:500].lstrip().lower()
    if not start:
        return f"it answers nothing where {wanted} was expected"
    is_page = start.startswith((b"<!doctype html", b"<html"))
    return f"it answers {'a page of HTML' if is_page else 'something else'} in place of {wanted}"


def needed(source: str, of: Mapping, field: str, kind: type):
    """A value that an answer must have.

    Parameters
    ----------
    source : str
    of : mapping
    field : str
        The way to it, with points between names.
    kind : type

    Raises
    ------
    SourceError
        When it is not there, or is something else; its field is named.
    """
    value: object = of
    for name in field.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise SourceError(source, f"its answer has no {field}")
        value = value[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SourceError(source, f"{field} of its answer is not {_KINDS.get(kind, kind)}")
    return value


def plain(text: str | None) -> str:
    """A text without markup, in one line, with composed letters."""
    unescaped = html.unescape(_TAG.sub("", text or ""))
    return unicodedata.normalize("NFC", " ".join(_TAG.sub("", unescaped).split()))


def text_of(element: etree._Element | None) -> str:
    """All text in an element, in one line: titles have markup in them."""
    if element is None:
        return ""
    return unicodedata.normalize("NFC", " ".join("".join(element.itertext()).split()))
