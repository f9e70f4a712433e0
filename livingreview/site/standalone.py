"""An executed notebook as one HTML page that needs no network and no other file."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import nbformat
from markdown_it import MarkdownIt

from ..render.engine import render
from ..view.base import View

# Links to other pages and files of the site lead nowhere from here: their text stays.
_ELSEWHERE = re.compile(r'<a\b[^>]*?\bhref="(?!#|https?:|data:|mailto:)[^"]*"[^>]*>(.*?)</a>',
                        re.DOTALL)
# Trials and figures have pages of their own, to which the parts of other pages lead by an anchor.
_OWN_PAGE = re.compile(r'<a\b[^>]*?\bhref="#((?:study|value|forest|pooled)-[^"]*)"[^>]*>(.*?)</a>',
                       re.DOTALL)
_ID = re.compile(r'\sid="([^"]+)"')
_CITATION = re.compile(r"\{cite:[a-z]+\}`([a-z0-9-]+)`")
_DIRECTIVE = re.compile(r"^(```+|:::+)\{[a-z-]+\}.*?^\1\s*$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>")
_DARK = re.compile(r'html\[data-theme="dark"\] (\{[^}]*\})')


@dataclass(frozen=True)
class Part:
    """Markup, or the text of a kind of block: ``code`` or ``output``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Standalone(View):
    """The page.

    Attributes
    ----------
    title : str
        Empty where the notebook has none.
    headings : tuple of (str, str)
        Anchor and words of each section.
    dark : str
        Colours of the dark theme.
    """

    template = "standalone"

    title: str
    headings: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    css: str
    dark: str
    script: str


def page(notebook: nbformat.NotebookNode, css: str, script: str) -> str:
    """The page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    css, script : str
        Of the site; they are put into the page.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    headings: list[tuple[str, str]] = []
    parts: list[Part] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(Part("markup", _markdown(markdown, cell.source, headings)))
        elif cell.cell_type == "code":
            parts += [Part("code", cell.source), *(_output(markdown, o) for o in cell.outputs)]
    shown = _within(parts)
    titles = (_TITLE.search(p.text) for p in shown if p.kind == "markup")
    title = next((re.sub("<[^>]+>", "", found[1]) for found in titles if found), "")
    return str(render(Standalone(html.unescape(title), tuple(headings), shown, css,
                                 "".join(_DARK.findall(css)[:1]), script)))


def _within(parts: list[Part]) -> tuple[Part, ...]:
    """Parts without links to other pages of the site."""
    there = {i for p in parts if p.kind == "markup" for i in _ID.findall(p.text)}

    def cut(markup: str) -> str:
        return _OWN_PAGE.sub(lambda a: a[0] if a[1] in there else a[2],
                             _ELSEWHERE.sub(r"\1", markup))

    return tuple(Part(p.kind, cut(p.text)) if p.kind == "markup" else p for p in parts)


def _markdown(markdown: MarkdownIt, source: str, headings: list[tuple[str, str]]) -> str:
    """Text as HTML; its sections are collected for the contents."""
    tokens = markdown.parse(_plain(source))
    for token, content in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open":
            name = "-".join(re.findall("[a-z0-9]+", content.content.lower()))
            token.attrSet("id", name)
            if token.tag == "h2":
                headings.append((name, content.content))
    return markdown.renderer.render(tokens, markdown.options, {})


def _plain(source: str) -> str:
    """Markdown without what only the book understands."""
    return _CITATION.sub(r"\1", _DIRECTIVE.sub("", source))


def _output(markdown: MarkdownIt, output: nbformat.NotebookNode) -> Part:
    """An output in the richest form that it has; what was said on stderr is left out."""
    if output.output_type == "stream":
        return Part("output", output.text if output.name == "stdout" else "")
    data = output.get("data", {})
    if "text/markdown" in data and "text/html" not in data:
        return Part("markup", markdown.render(_plain(data["text/markdown"])))
    markup = data.get("text/html") or data.get("image/svg+xml")
    return Part("markup", str(markup)) if markup else Part("output", data.get("text/plain", ""))
