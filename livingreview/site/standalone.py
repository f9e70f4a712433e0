"""Executed notebooks as one HTML page that needs no network and no other file."""

from __future__ import annotations

import base64
import gzip
import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

import nbformat
from markdown_it import MarkdownIt

from ..render.engine import render
from ..render.languages import SOURCE
from ..view.base import MIME, View
from .bibliography import Cited

_HIDDEN = "remove-input"  # tag of a cell whose code the book does not show
MADE_FROM = "made-from"  # tag of the cell that says what a rerun is made from
# Links to other pages and files of the site lead nowhere from here: their text stays.
_ELSEWHERE = re.compile(r'<a\b[^>]*?\bhref="(?!#|https?:|data:|mailto:)[^"]*"[^>]*>(.*?)</a>',
                        re.DOTALL)
# Trials and figures have pages of their own, to which the parts of other pages lead by an anchor.
_OWN_PAGE = re.compile(r'<a\b[^>]*?\bhref="#((?:study|value|forest|pooled)-[^"]*)"[^>]*>(.*?)</a>',
                       re.DOTALL)
_ID = re.compile(r'\sid="([^"]+)"')
_NAMED = re.compile(r'(\s(?:id|for|aria-labelledby|aria-describedby|aria-controls)="|href="#)'
                    r'([^"]+)"')
_PAGE = re.compile(r'href="(?:notebooks/)?([a-z0-9/-]+)\.(?:html|md)(?:#([^"]*))?"')
# What computes a figure again for a selection of its studies, with its numbers; of that what is
# fetched from other pages.
_CHOICES = re.compile(r'<template class="lr-recompute">(.*?)</template>\s*'
                      r'<script type="application/json">.*?</script>', re.DOTALL)
_FETCHED = re.compile(r'<label>[^<]*<select name="analysis">.*?</select></label>', re.DOTALL)
_TAKEN = re.compile(r'(<p)(><a class="lr-taken" href=")[^"]*(">).*?(</a></p>)', re.DOTALL)
_HERE = r"\1 hidden\2#\3\4"  # a selection has no page of its own to lead to
LARGEST = 2_000_000  # bytes of a page: with a selection of one's own only where that fits
_IMPORT = re.compile(r"^import .*?;$|^export (?=const|function|async)", re.MULTILINE)
_FILE = re.compile(r'download="([^"]*)" href="data:text/csv;charset=utf-8,([^"]*)"')
_BLOCK = re.compile(r"^((?:#+|[-*]|\d+\.) +|)(\S.*(?:\n(?!#|[-*] |\d+\. ).+)*)", re.MULTILINE)
_CITATION = re.compile(r"\{cite:[a-z]+\}`([a-z0-9-]+)`")
_DIRECTIVE = re.compile(r"^(```+|:::+)\{([a-z-]+)\}.*?^\1\s*$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>")
_DARK = re.compile(r'html\[data-theme="dark"\] (\{[^}]*\})')


@dataclass(frozen=True)
class Part:
    """Markup, or the text of a kind of block: ``code`` or ``output``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Section:
    """What a notebook becomes."""

    anchor: str
    title: str  # empty where the notebook has none
    headings: tuple[tuple[str, str], ...]  # anchor and words of each of its sections
    parts: tuple[Part, ...]

    def with_markup(self, changed: Callable[[str], str]) -> Section:
        """With other markup."""
        return replace(self, parts=tuple(
            Part(p.kind, changed(p.text)) if p.kind == "markup" else p for p in self.parts))

    @property
    def ids(self) -> set[str]:
        """Identifiers in it."""
        return {i for p in self.parts if p.kind == "markup" for i in _ID.findall(p.text)}


class Standalone(View, template="standalone"):
    """The page."""

    sections: tuple[Section, ...]
    css: str
    dark: str  # colours of the dark theme
    script: str  # of the site
    module: str = ""  # what computes selections; empty where the page has none


@dataclass(frozen=True)
class Frame:
    """What a page has besides its notebooks."""

    # css, script: of the site; they are put into the page
    css: str = ""
    script: str = ""
    # scripts that compute selections, each after those that it imports
    modules: tuple[str, ...] = ()
    # the references of some keys of the bibliography
    cited: Callable[[Iterable[str]], list[Cited]] = lambda keys: []
    language: str = SOURCE
    told: Callable[[str], str] = str  # a paragraph of prose in that language


def page(notebooks: Mapping[str, nbformat.NotebookNode], frame: Frame | None = None) -> str:
    """The page, in which readers can select studies where that fits into `LARGEST`.

    Parameters
    ----------
    notebooks : mapping of str to NotebookNode
        Executed, in their order, by name: the address in the folder of notebooks, without its end.
    frame : Frame, optional
    """
    frame = frame or Frame()
    sections = _apart([_section(name, notebook, frame, first=not at)
                       for at, (name, notebook) in enumerate(notebooks.items())])
    there = {i for s in sections for i in {s.anchor, *s.ids}}
    names = {key: section.anchor for name, section in zip(notebooks, sections, strict=True)
             for key in (name, _stem(name))}
    dark = " ".join(f":root {colours}" for colours in _DARK.findall(frame.css))
    module = "\n".join(_IMPORT.sub("", text) for text in frame.modules)
    for selects in (module, ""):
        shown = tuple(s.with_markup(lambda m, own=bool(selects): _within(m, names, there, own))
                      for s in sections)
        made = str(render(Standalone(shown, frame.css, dark, frame.script, selects),
                          language=frame.language))
        if len(made.encode()) <= LARGEST:
            break
    return made


def _stem(name: str) -> str:
    return name.rpartition("/")[2]


def _section(name: str, notebook: nbformat.NotebookNode, frame: Frame, first: bool) -> Section:
    """A notebook as a part of the page; only the first says what all are made from."""
    texts = [c.source for c in notebook.cells] + [
        o.get("data", {}).get("text/markdown", "") for c in notebook.cells
        for o in c.get("outputs", ())]
    keys = dict.fromkeys(_CITATION.findall("\n".join(texts)))
    references = {c.key: c for c in frame.cited(keys)} if keys else {}
    markdown = MarkdownIt("commonmark").enable("table")
    headings: list[tuple[str, str]] = []
    parts: list[Part] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if first or MADE_FROM not in cell.metadata.get("tags", ()):
                parts.append(Part("markup", _markdown(
                    markdown, _told(cell.source, frame.told), headings, references)))
        elif cell.cell_type == "code":
            parts += [*([Part("code", cell.source)] if _HIDDEN not in cell.metadata.get(
                "tags", ()) else ()), *(_output(markdown, o, references, frame.language)
                          for o in cell.outputs)]
    titles = (_TITLE.search(p.text) for p in parts if p.kind == "markup")
    title = next((re.sub("<[^>]+>", "", t[1]) for t in titles if t), "")
    return Section(f"page-{_stem(name)}", html.unescape(title), tuple(headings), tuple(parts))


def _apart(sections: Iterable[Section]) -> list[Section]:
    """Sections in which what an earlier one has named has another name."""
    taken: set[str] = set()
    out = []
    for section in sections:
        new = {i: _other(section.anchor, i) for i in section.ids & taken}
        taken |= section.ids

        def named(found: re.Match, new: Mapping[str, str] = new) -> str:
            return f'{found[1]}{" ".join(new.get(w, w) for w in found[2].split())}"'

        out.append(replace(section.with_markup(lambda m, named=named: _NAMED.sub(named, m)),
                           headings=tuple((new.get(a, a), w) for a, w in section.headings))
                   if new else section)
    return out


def _other(section: str, anchor: str) -> str:
    """The name of what has one that an earlier section has."""
    return f"{section}-{anchor}"


def _told(source: str, told: Callable[[str], str]) -> str:
    """Prose in another language, block by block: a heading, a paragraph, an item of a list."""
    def block(found: re.Match) -> str:
        text = " ".join(found[2].split())
        other = told(text)
        return found[0] if other == text else found[1] + other  # lines may be a directive's

    return _BLOCK.sub(block, source)


def _chosen(found: re.Match) -> str:
    """What selects studies, without what leads to other pages."""
    return _TAKEN.sub(_HERE, _FETCHED.sub("", found[0]))


def _within(markup: str, names: Mapping[str, str], there: set[str], selects: bool) -> str:
    """Markup whose links to what is on this page lead there, without those to other pages."""
    def here(found: re.Match) -> str:
        section, anchor = names.get(found[1]), found[2]
        if not section:
            return found[0]
        to = (name for name in (_other(section, anchor), anchor, section) if name in there)
        return f'href="#{next(to)}"'

    markup = _ELSEWHERE.sub(r"\1", _PAGE.sub(
        here, _CHOICES.sub(_chosen if selects else "", markup)))
    markup = _OWN_PAGE.sub(lambda a: a[0] if a[1] in there else a[2], markup)
    return _FILE.sub(_packed, markup)


def _packed(found: re.Match) -> str:
    """A table for programs as gzip: half of a page would be such tables. A script unpacks it."""
    data = gzip.compress(unquote_to_bytes(html.unescape(found[2])), mtime=0)
    return (f'download="{found[1]}.gz" href="data:application/gzip;base64,'
            f'{base64.b64encode(data).decode()}"')


def _markdown(markdown: MarkdownIt, source: str, headings: list[tuple[str, str]],
              references: Mapping[str, Cited]) -> str:
    """Text as HTML; its sections are collected for the contents."""
    tokens = markdown.parse(_plain(source, references))
    for token, content in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open":
            name = "-".join(re.findall("[a-z0-9]+", content.content.lower()))
            token.attrSet("id", name)
            if token.tag == "h2":
                headings.append((name, content.content))
    return markdown.renderer.render(tokens, markdown.options, {})


def _plain(source: str, references: Mapping[str, Cited]) -> str:
    """Markdown without what only the book understands; citations lead to the references."""
    def listed(found: re.Match) -> str:
        return str(render({"template": "references", "data": {
            "references": list(references.values())}})) if found[2] == "bibliography" else ""

    def short(found: re.Match) -> str:
        reference = references.get(found[1])
        return f"[{reference.short}](#{reference.anchor})" if reference else found[1]

    return _CITATION.sub(short, _DIRECTIVE.sub(listed, source))


def _output(markdown: MarkdownIt, output: nbformat.NotebookNode,
            references: Mapping[str, Cited], language: str) -> Part:
    """An output in the richest form that it has; what was said on stderr is left out."""
    if output.output_type == "stream":
        return Part("output", output.text if output.name == "stdout" else "")
    data = output.get("data", {})
    if language != SOURCE and MIME in data:
        return Part("markup", str(render(data[MIME], language=language)))
    if "text/markdown" in data and "text/html" not in data:
        return Part("markup", markdown.render(_plain(data["text/markdown"], references)))
    markup = data.get("text/html") or data.get("image/svg+xml")
    return Part("markup", str(markup)) if markup else Part("output", data.get("text/plain", ""))
