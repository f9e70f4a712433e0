"""Pages load what they need: the frame of a page, the scripts it uses, one sheet of used styles.

The frame is the template in ``theme/``. Style sheets of the theme and of extensions are written as
always; when the pages are there, what they use of them is put into one file, and files of the theme
that no page names are removed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import tinycss2
from rjsmin import jsmin
from sphinx.application import Sphinx
from tinycss2 import ast

from ..data.reads import digest
from ..render import languages
from ..render.engine import translations
from . import translated
from .generated import INDICES

THEME = Path(__file__).with_name("theme")
SHEET = "site.css"
# Styles and scripts of pages, in the order in which they are loaded; those of a project follow.
STYLES = ("frame.css", "livingreview.css", "figures.css", "trial.css", "chapter.css",
          "landing.css", "glossary.css", "print.css")
SCRIPTS = ("frame.js", "livingreview.js", "map.js", "glossary.js", "figures.js")
MODULE = "recompute.mjs"
_FRAMED = "sphinx_book_theme"  # the theme whose frame is replaced
# Sheets that the theme's own frame links itself, before those of extensions.
_FIRST = ("basic.css", "styles/pydata-sphinx-theme.css")
# Scripts of the theme and of extensions: what stands in a page that needs them; never, where
# nothing does. A script that is not here is left as it is.
_NEEDED_BY = {
    "doctools": None, "sphinx_highlight": None, "sphinx-book-theme": None, "thebe": None,
    "DOCUMENTATION_OPTIONS.": None, "fontawesome": None, "translations.js": None,
    "documentation_options": 'class="highlight',
    "clipboard": 'class="highlight', "copybutton": 'class="highlight',
    "toggle": re.compile(r'class="[^"]*\b(toggle|dropdown)\b'),
    "design-tabs": 'class="sd-tab', "mathjax": 'class="math', "glossary": 'class="lr-term"',
    "recompute": 'class="lr-recompute"',
}
_THEMES = ("pydata_sphinx_theme", "sphinx_book_theme")
_UNUSED = ("update_and_remove_templates", "set_secondary_sidebar_items", "setup_logo_path",
           "add_launch_buttons", "add_source_buttons", "add_header_buttons", "prep_header_buttons")
_WORDS = re.compile(r"[A-Za-z_][\w-]*")
_VALUE = r"""=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
_CLASSES, _IDS = re.compile(r"\sclass" + _VALUE), re.compile(r"\sid" + _VALUE)
_TAGS = re.compile(r"<([a-zA-Z][\w-]*)")
_STATIC = re.compile(r"""_static/([^"'?#)\s<>]+)""")
_VARIABLE, _URL = re.compile(r"var\(\s*(--[\w-]+)"), re.compile(
    r"""url\(\s*(["']?)(?!data:|https?:|//|#|/)([^"')]+)\1\s*\)""")
_ICON = "--pst-icon"  # begins the names of letters of a font for icons, which is not loaded
_GROUPS = ("media", "supports", "container", "layer")


@dataclass
class Used:
    """What occurs in the pages of a site."""

    # tags, classes, ids: of elements
    tags: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    # all words of scripts: they may be names that a script gives to elements
    words: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)  # custom properties that pages use themselves
    files: set[str] = field(default_factory=set)  # files below ``_static`` that pages name
    attributes: set[str] = field(default_factory=set)  # of `asked_for`, those that occur
    asked_for: frozenset[str] = frozenset()  # attributes that style sheets name

    def add_page(self, html: str) -> None:
        """Take in a page."""
        self.tags.update(map(str.lower, set(_TAGS.findall(html))))
        for found in set(_CLASSES.findall(html)):
            self.classes.update("".join(found).split())
        self.ids.update("".join(found) for found in _IDS.findall(html))
        self.variables.update(_VARIABLE.findall(html))
        self.files.update(_STATIC.findall(html))
        self.attributes.update(name for name in self.asked_for - self.attributes
                               if f" {name}" in html)

    def add_script(self, script: str) -> None:
        """Take in a script."""
        self.words.update(_WORDS.findall(script))
        self.variables.update(re.findall(r"--[\w-]+", script))

    def holds(self, kind: str, name: str) -> bool:
        """Whether a name of a selector can be that of an element."""
        return name in getattr(self, kind) or name in self.words


@dataclass
class _Rule:
    """A rule of a style sheet: its head, and either what it declares or the rules inside it."""

    head: str
    declared: list[ast.Declaration] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    text: str = ""  # of what is kept as it is

    def all(self) -> Iterator[_Rule]:
        yield self
        for rule in self.rules:
            yield from rule.all()

    def css(self) -> str:
        """The rule as text; empty where nothing is left in it."""
        body = self.text or ";".join(one.serialize().rstrip("; \n") for one in self.declared) or (
            "\n".join(filter(None, (rule.css() for rule in self.rules))))
        return f"{self.head}{{{body}}}" if body else ""


def _split(tokens: Iterable) -> list[list]:
    """The parts of a list with commas."""
    parts: list[list] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _names(selector: list) -> Iterator[tuple[str, str | list]]:
    """(kind, name) of what an element must have; for ``:is`` and its like, their alternatives."""
    before = ""
    for token in selector:
        if token.type == "ident" and before != ":":
            yield ("classes", token.value) if before == "." else ("tags", token.lower_value)
        elif token.type == "hash":
            yield "ids", token.value
        elif token.type == "[] block":
            name = next((one.lower_value for one in token.content if one.type == "ident"), "")
            yield "attributes", name
        elif token.type == "function" and token.lower_name in ("is", "where", "has"):
            yield "any", _split(token.arguments)
        before = token.value if token.type == "literal" else ""


def _fits(selector: list, used: Used) -> bool:
    """Whether elements of the site can fit a selector."""
    return all(any(_fits(one, used) for one in name) if kind == "any" else used.holds(kind, name)
               for kind, name in _names(selector))


def _read(rules: Iterable, used: Used) -> Iterator[_Rule]:
    """The rules that an element of the site can fit."""
    for rule in rules:
        if rule.type == "qualified-rule":
            fitting = [one for one in _split(rule.prelude) if _fits(one, used)]
            if fitting:
                head = ",".join(tinycss2.serialize(one).strip() for one in fitting)
                yield _declaring(head, rule.content)
        elif rule.type == "at-rule" and rule.content is not None:
            yield from _at_rule(rule, used)


def _at_rule(rule, used: Used) -> Iterator[_Rule]:
    """A rule with ``@``: fonts are those of the system, so none is loaded."""
    head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude).rstrip()}"
    if rule.lower_at_keyword in _GROUPS:
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        yield _Rule(head, rules=list(_read(inner, used)))
    elif rule.lower_at_keyword != "font-face":
        yield _Rule(head, text=tinycss2.serialize(rule.content).strip())


def _declaring(head: str, content: list) -> _Rule:
    """A rule of declarations; kept as it is where other rules stand among them."""
    inner = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    if any(one.type == "qualified-rule" for one in inner):
        return _Rule(head, text=tinycss2.serialize(content).strip())
    return _Rule(head, [one for one in inner if one.type == "declaration"
                        and not (one.name == "content" and _ICON in one.serialize())])


def _without_unused(rules: list[_Rule], used: Used) -> None:
    """Take out custom properties that nothing asks for, and then those that only they asked for."""
    every = [rule for one in rules for rule in one.all()]
    while True:
        text = "\n".join(rule.text or ";".join(d.serialize() for d in rule.declared)
                         for rule in every)
        asked = used.variables | set(_VARIABLE.findall(text))
        gone = 0
        for rule in every:
            kept = [d for d in rule.declared if not d.name.startswith("--") or d.name in asked]
            gone += len(rule.declared) - len(kept)
            rule.declared = kept
        if not gone:
            return


def _without_motions(rules: list[_Rule]) -> list[_Rule]:
    """The rules without movements that none of them names."""
    motions = [rule for rule in rules if "keyframes" in rule.head.split()[0]]
    others = "\n".join(rule.css() for rule in rules if rule not in motions)
    return [rule for rule in rules if rule not in motions
            or re.search(rf"\b{re.escape(rule.head.split()[1])}\b", others)]


def cut(css: str, used: Used) -> str:
    """The rules of a style sheet that a site uses.

    Parameters
    ----------
    css : str
        Style sheets, one after the other.
    used : Used
        What occurs in the pages.
    """
    rules = list(_read(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True),
                       used))
    _without_unused(rules, used)
    return "\n".join(filter(None, (rule.css() for rule in _without_motions(rules)))) + "\n"


def _joined(static: Path, sheets: Iterable[str]) -> str:
    """Style sheets as one, whose addresses are those from the folder of static files."""
    parts = []
    for name in sheets:
        if (static / name).is_file():
            def moved(found: re.Match, folder: str = posixpath.dirname(name)) -> str:
                return f'url("{posixpath.normpath(posixpath.join(folder, found[2]))}")'
            parts.append(_URL.sub(moved, (static / name).read_text(encoding="utf-8")))
    return "\n".join(parts)


def _looked_through(pages: Iterable[Path], static: Path, css: str) -> Used:
    """What the pages of a site and their scripts use."""
    used = Used(asked_for=frozenset(re.findall(r"\[\s*([a-zA-Z][\w-]*)", css)))
    for page in pages:
        if static not in page.parents:
            used.add_page(page.read_text(encoding="utf-8"))
    for name in sorted(used.files):
        if name.endswith((".js", ".mjs")) and (static / name).is_file():
            used.add_script((static / name).read_text(encoding="utf-8"))
    # what a reader does to an element, and what depends on the reader's browser
    used.attributes |= {"open", "hidden", "disabled", "checked"}
    return used


def _tidy(static: Path, named: set[str], own: set[str]) -> None:
    """Remove the static files that neither a page names nor the project brings along."""
    for path in sorted(static.rglob("*"), reverse=True):
        name = path.relative_to(static).as_posix()
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in named and (name not in own or path.suffix == ".css"):
            path.unlink()


# What programs that read pages aloud need: an item of a list is one, a header says of what.
_HEARD = ((re.compile('role="doc-biblioentry"'), 'role="listitem"'),
          (re.compile('class="head(?=[ "])'), r'scope="col" \g<0>'))


class _Light:
    """One run of the builder: the style sheets its pages would have linked."""

    def __init__(self) -> None:
        self.written = False
        self.navigation: dict[str, str] = {}

    def collect(self, app: Sphinx) -> list:
        """Note that pages and static files are written in this run; there is no page to add."""
        self.written = True
        return []

    def decorate(self, app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
        """Give the frame of a page what it asks for."""
        body = str(context.get("body", ""))
        for heard, said in _HEARD if body else ():
            context["body"] = heard.sub(said, context["body"])
        context["script_files"] = [js for js in context.get("script_files", [])
                                   if _needed(js, body)]
        written_in = languages.language(app.config.language)
        context["tag"], context["up"] = written_in.tag, written_in.up
        context["in_languages"] = list(translated.addresses(app, page))
        context["wide"] = page == app.config.root_doc or page.startswith(
            ("notebooks/", "trials/", "figures/"))
        context["is_page"] = lambda name: name in app.env.found_docs or name in INDICES
        context["book_navigation"] = lambda: self._navigation(app, page, context["toctree"])

    def _navigation(self, app: Sphinx, page: str, toctree: Callable) -> str:
        """The pages of the book, for a page; of pages outside its contents all see the same."""
        key = page if page in app.env.found_docs else posixpath.dirname(page) + "/"
        if key not in self.navigation:
            html = toctree(collapse=True, includehidden=True, maxdepth=4, titles_only=True) or ""
            # the captions are no headings of the page
            self.navigation[key] = re.sub(r' (?:role="heading"|aria-level="\d")', "", html)
        return self.navigation[key]

    def finish(self, app: Sphinx, exception) -> None:
        """Put the styles that pages use into one file, and remove what no page loads."""
        static = Path(app.outdir) / "_static"
        if exception is not None:
            return
        if languages.language(app.config.language).up:  # its pages load those of the source
            return
        own = _own(app)
        _short(own, static)
        if not self.written:  # extensions write some of their styles in any case
            for path in static.glob("*.css"):
                if path.name != SHEET:
                    path.unlink()
            return
        css = _joined(static, [*_FIRST, *(str(one.filename).removeprefix("_static/")
                                          for one in app.builder._css_files)])
        used = _looked_through(translated.pages(app), static, css)
        sheet, head = static / SHEET, f"/* {_made_from(css, used)} */\n"
        was = sheet.read_text(encoding="utf-8") if sheet.is_file() else ""
        css = was if was.startswith(head) else head + cut(css, used)
        sheet.write_text(css, encoding="utf-8")
        named = used.files | {found[1] for found in _URL.findall(css)} | {SHEET}
        _tidy(static, named, set(own))


def _made_from(css: str, used: Used) -> str:
    """Digest of what a cut sheet depends on: it begins with it, and is cut again for another."""
    return digest([Path(__file__).read_bytes(), tinycss2.__version__, css,
                   *map(sorted, vars(used).values())])


def _own(app: Sphinx) -> dict[str, Path]:
    """Static files of the project, and modules of the package, which other modules load.

    Extensions name their folders from the root.
    """
    folders = [Path(app.confdir) / entry for entry in app.config.html_static_path
               if not Path(entry).is_absolute()]
    found = {path.relative_to(folder).as_posix(): path for folder in folders if folder.is_dir()
             for path in folder.rglob("*") if path.is_file()}
    return {path.name: path for path in (THEME / "static").glob("*.mjs")} | found


def _short(own: dict[str, Path], static: Path) -> None:
    """Leave out of scripts what only people need who change them: comments and room."""
    for name, source in {**own, **{p.name: p for p in (THEME / "static").iterdir()}}.items():
        if source.suffix in (".js", ".mjs") and (static / name).is_file():
            (static / name).write_text(jsmin(source.read_text(encoding="utf-8")) + "\n",
                                       encoding="utf-8")


def _needed(script, body: str) -> bool:
    """Whether a page needs a script."""
    name = f"{script.filename or ''} {script.attributes.get('body') or ''}"
    for part, marker in _NEEDED_BY.items():
        if part in name:
            return marker is not None and bool(
                marker.search(body) if isinstance(marker, re.Pattern) else marker in body)
    return True


def _shared(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Lead to the files of the site from the pages of another language, which have none."""
    up, inside = languages.language(app.config.language).up, context["pathto"]

    def pathto(other: str, resource: bool = False, **more) -> str:
        return (up if resource else "") + inside(other, resource, **more)

    context["pathto"] = pathto


def speak(app: Sphinx) -> None:
    """Let the frame say the messages of the package's catalogue, as all templates do.

    What it does not have, of templates that are not the package's, is said as the builder does.
    """
    messages = translations(app.config.language)
    messages.add_fallback(app.translator)
    app.builder.templates.environment.install_gettext_translations(messages)


def _without_parts_of_the_theme(app: Sphinx) -> None:
    """Take out what the theme draws for each page and the frame does not show.

    It would render the navigation, five lists of parts and all buttons of every page twice.
    """
    for listener in list(app.events.listeners["html-page-context"]):
        handler = listener.handler
        if handler.__module__.split(".")[0] in _THEMES and handler.__name__ in _UNUSED:
            app.disconnect(listener.id)


def _prepare(app: Sphinx, config) -> None:
    """Take the place of the theme's frame, where it is the theme's."""
    if config.html_theme != _FRAMED:
        return
    light = _Light()
    config.templates_path = [*config.templates_path, str(THEME)]
    config.html_static_path = [str(THEME / "static"), *config.html_static_path]
    config.html_use_index = False
    for name in STYLES:
        app.add_css_file(name, priority=600)  # after extensions, before the project's own
    for name in SCRIPTS:
        app.add_js_file(name, priority=600, loading_method="defer")
    app.add_js_file(MODULE, priority=600, type="module")
    app.connect("builder-inited", _without_parts_of_the_theme, priority=999)
    app.connect("builder-inited", speak)
    app.connect("html-collect-pages", light.collect)
    app.connect("html-page-context", _shared, priority=100)  # before files are linked
    app.connect("html-page-context", light.decorate, priority=999)
    app.connect("build-finished", light.finish, priority=800)


def setup(app: Sphinx) -> None:
    """Register what makes pages light."""
    app.connect("config-inited", _prepare, priority=900)
