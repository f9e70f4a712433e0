"""Templates with their filters, for a page of the site and a language."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.bccache import Bucket
from markupsafe import Markup

from ..data.asking import here
from ..data.project import has_page
from ..data.reads import digest
from ..view.addresses import relative
from ..view.base import View, shown
from ..view.inside import in_text
from ..view.pooled import decimals
from . import languages
from .files import csv_address
from .languages import SOURCE
from .numbers import aligned, bare, count, fixed, number, percent, short, significant
from .told import CATALOGUES, texts

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = Path(__file__).parent / "__pycache__" / "templates"
ASKING = Path(__file__).parent / "asking"  # words of kinds of questions, a folder for each
_IDEOGRAPH = "\u4e00-\u9fff"
_FULL = dict(zip(",;:.?!", "，；：。？！", strict=True))
_TAG = r"<{}(?:a|abbr|b|em|span|strong)\b[^<>]*>"  # inside a sentence
_ENDS, _BEGINS = f"((?:{_TAG.format('/')})*)", f"((?:{_TAG.format('')})*)"
_NO_ENTITY = "".join(f"(?<!&{e})" for e in (r"#\d\d", r"#\d{4}", "amp", "lt", "gt", "nbsp"))
# A sign after Chinese, also at the end of a text, and one before it.
_SIGNS = (re.compile(rf"(?<=[{_IDEOGRAPH}）”]){_ENDS}([,;:.?!])()(?=\s|<|$)"),
          re.compile(rf"(?<=[A-Za-z0-9%)]){_ENDS}{_NO_ENTITY}([,;:]) {_BEGINS}(?=[{_IDEOGRAPH}])"))
# What stands in brackets after Chinese, and Chinese in brackets, but for an interval.
_BRACKETS = (re.compile(rf"(?<=[{_IDEOGRAPH}]){_ENDS} \(([^()\n]+)\)"),
             re.compile(rf"(?<=[0-9%]){_ENDS} \((?!\W?[0-9.,]+%? 至)"
                        rf"([^()\n]*[{_IDEOGRAPH}][^()\n]*)\)"))
_AFTER_FULL = re.compile(r"(?<=[，。；：、？！（）]) +(?=\S)")
_PAGE = re.compile(r"\.html(#|$)")


def translations(language: str) -> NullTranslations:
    """The messages of a language; those of the templates where it has no catalogue.

    What the kind of question of the review says in its own words goes before the others.
    """
    general = _catalogue(CATALOGUES / language / "LC_MESSAGES" / "livingreview.po", language)
    own = _catalogue(asking_words(here().name, language), language)
    own.add_fallback(general)
    return own


def asking_words(question: str, language: str) -> Path:
    """Where the words of a kind of question are, in a language; there may be none."""
    return ASKING / question / f"{language}.po"


def _catalogue(path: Path, language: str) -> NullTranslations:
    """The messages of a file; none where it is not there."""
    if not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo  # pages in another language only
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@pass_context
def _href(context, target: str) -> str:
    """An address from the root of the site as the page being written needs it.

    Every language has pages of its own; the files are those of the source language.
    """
    if target.startswith(("http://", "https://", "mailto:")):
        return target
    up = "" if _PAGE.search(target) else languages.language(context["language"]).up
    return relative(up + target, context["page"])


@pass_context
def _said(context, label) -> str:
    """A label of the data in the language of the page, else in English."""
    if not label:
        return ""
    if isinstance(label, str):
        return label
    return label.get(languages.language(context["language"]).key) or label["en"]


@pass_context
def _inline(context, label) -> str:
    """A label inside a sentence."""
    return in_text(_said(context, label))


def _full(text: str) -> str:
    """Text of a script without spaces between words, with the signs of that script."""
    for brackets in _BRACKETS:
        text = brackets.sub(r"\1（\2）", text)
    for sign in _SIGNS:
        text = sign.sub(lambda found: found[1] + _FULL[found[2]] + found[3], text)
    return _AFTER_FULL.sub("", text)


def _first_capital(text: str) -> str:
    """A text that begins a sentence; markup stays markup."""
    made = text[:1].upper() + text[1:]
    return Markup(made) if isinstance(text, Markup) else made


def _markup(template: str | None) -> bool:
    """Whether what a template writes is markup, in which text is escaped."""
    return not (template or "").endswith((".txt", ".code"))


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, kept as compiled modules are: compiling all of them takes seconds.

    How a filter is called is compiled with a template, and the modules here say how.
    """

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """A name for the compiled form of a template."""
        return super().get_cache_key(f"{_engine()} {name}", filename)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, where that is possible."""
        with suppress(OSError):
            os.makedirs(self.directory, exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def _engine() -> str:
    """Digest of the modules with what templates call."""
    return digest(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


@cache
def environment(language: str = SOURCE) -> Environment:
    """The templates in a language."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=_markup, trim_blocks=True,
                      lstrip_blocks=True, undefined=StrictUndefined,
                      bytecode_cache=_Compiled(str(COMPILED)),
                      extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    env.install_gettext_translations(translations(language), newstyle=True)
    env.globals |= {"tag": languages.language(language).tag, "has_page": cache(has_page)}
    env.filters |= {"number": number, "bare": bare, "count": count, "short": short,
                    "percent": percent, "significant": significant, "fixed": fixed,
                    "aligned": aligned, "decimals": decimals,
                    "href": _href, "said": _said, "inline": _inline, "capital": _first_capital,
                    "in_text": in_text, "csv_address": csv_address}
    return env


def render(view: View | Mapping, page: str = "", language: str = SOURCE,
           form: str = "html") -> str:
    """A view as HTML, or in another form that its template is written in.

    Parameters
    ----------
    view : View or mapping
        Also as an executed notebook keeps it (:func:`livingreview.view.base.packed`).
    page : str
        Address of the page from the root of the site: links are made relative to it.
    language : str
    form : str
        Ending of the template.

    Returns
    -------
    Markup
        Plain text where the form is ``txt``.
    """
    value = shown(view)
    if known := texts(language):
        value = {**value, "data": known.told(value["data"])}
    name = f"{value['template']}.{form}"
    text = environment(language).get_template(name).render(
        v=value["data"], page=page, language=language).strip()
    if languages.language(language).wide:
        text = _full(text)
    return Markup(text) if _markup(name) else text
