"""Views in executed notebooks, written when the book is: another word or template executes nothing.

MyST-NB hands every output of the type of a view to `Plugin`, which puts the view itself into the
page's tree; it becomes HTML when the page is written, for that page and language
(`addresses.Outputs`).
"""

from __future__ import annotations

import json
from types import SimpleNamespace

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

from ..view.base import MIME
from .notebooks import text_of


class view(nodes.General, nodes.Element):  # noqa: N801 - names of nodes are written small
    """A view in the tree of a page, as its notebook keeps it."""


class Plugin:
    """The renderer of views among those of MyST-NB."""

    mime_priority_overrides = (("html", MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline: bool) -> list[nodes.Element] | None:
        """The node of a view; None for any other output."""
        if data.mime_type != MIME or inline:
            return None
        found = data.content
        return [view(packed=json.loads(found) if isinstance(found, str) else found)]


def _leave_out(translator: SphinxTranslator, node: view) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the node, and have MyST-NB write its copies of notebooks for programs.

    It writes one of every page that it reads, into a folder beside the site, for people: that took
    a third of the reading.
    """
    from myst_nb import sphinx_  # takes a while to load

    sphinx_.nbformat = SimpleNamespace(writes=text_of)
    app.add_node(view, **{form: (_leave_out, None)
                          for form in ("html", "latex", "text", "man", "texinfo")})
