"""An executed notebook as one HTML page that needs no network and no other file."""

from __future__ import annotations

import re
from html import escape

import nbformat
from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt

# Links to other pages and files of the site lead nowhere from here: their text stays.
_ELSEWHERE = re.compile(r'<a\b[^>]*?\bhref="(?!#|https?:|data:|mailto:)[^"]*"[^>]*>(.*?)</a>',
                        re.DOTALL)
# Trials and figures have pages of their own, to which the parts of other pages lead by an anchor.
_OWN_PAGE = re.compile(r'<a\b[^>]*?\bhref="#((?:study|value|forest|pooled)-[^"]*)"[^>]*>(.*?)</a>',
                       re.DOTALL)
_ID = re.compile(r'\sid="([^"]+)"')
_CITATION = re.compile(r"\{cite:[a-z]+\}`([a-z0-9-]+)`")
_DIRECTIVE = re.compile(r"^(```+|:::+)\{[a-z-]+\}.*?^\1\s*$", re.DOTALL | re.MULTILINE)
_DARK = re.compile(r'html\[data-theme="dark"\] (\{[^}]*\})')


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
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(_markdown(markdown, cell.source, headings))
        elif cell.cell_type == "code":
            parts.append(_code(cell) + "".join(_output(markdown, o) for o in cell.outputs))
    body = _within(_ELSEWHERE.sub(r"\1", "\n".join(parts)))
    title = re.search(r"<h1[^>]*>(.*?)</h1>", body)
    dark = "".join(_DARK.findall(css)[:1])
    template = Environment(loader=PackageLoader("livingreview.site", ".")).get_template(
        "standalone.html")
    return template.render(title=re.sub("<[^>]+>", "", title[1]) if title else "Rerun", body=body,
                           headings=headings, css=css, dark=dark, script=script)


def _within(body: str) -> str:
    """A page without links to trials and figures that stand on other pages."""
    there = set(_ID.findall(body))
    return _OWN_PAGE.sub(lambda a: a[0] if a[1] in there else a[2], body)


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


def _code(cell: nbformat.NotebookNode) -> str:
    """The code of a cell, folded."""
    return (f'<details class="lr-details"><summary>Show the code</summary>'
            f"<pre><code>{escape(cell.source)}</code></pre></details>")


def _output(markdown: MarkdownIt, output: nbformat.NotebookNode) -> str:
    """An output in the richest form that it has; what was said on stderr is left out."""
    if output.output_type == "stream":
        return f"<pre>{escape(output.text)}</pre>" if output.name == "stdout" else ""
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    if "text/markdown" in data:
        return markdown.render(_plain(data["text/markdown"]))
    if "image/svg+xml" in data:
        return str(data["image/svg+xml"])
    return f"<pre>{escape(data.get('text/plain', ''))}</pre>"
