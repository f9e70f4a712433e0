"""A Sphinx extension: no page is built from data that do not validate.

It validates the data before anything is read, writes the bibliography and the public files of the
site from them, links the site to its repository, and executes the pages whose outputs were made
from other data, another package or other pins.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from sphinx.application import Sphinx
from sphinx.util import logging

from .. import __version__
from ..data import versions
from ..data.about import about
from ..data.dataset import DataError, Dataset, load
from ..data.parcel import ChangedError, Parcel
from ..data.project import default_folder
from ..data.reads import digest
from ..data.store import VARIABLE, Store
from ..render import languages
from ..render.engine import render
from ..view.glossary import PAGE
from . import (
    addresses,
    ahead,
    chapters,
    executed,
    forked,
    freshness,
    generated,
    heads,
    kept,
    light,
    longtables,
    search,
    terms,
    translated,
    views,
)
from .ahead import Ahead
from .places import remembered
from .translated import Translation
from .workers import Workers, WorkersError

logger = logging.getLogger(__name__)
BIBLIOGRAPHY = "references.bib"
GLOSSARY = PAGE.removesuffix(".html")
_KEPT = "the book was not built: what was finished is kept for the next build"


def _absolute_data_folder() -> None:
    """Make a relative data folder one that kernels find, which start in the folder of a page."""
    if chosen := os.environ.get("LIVINGREVIEW_DATA"):
        os.environ["LIVINGREVIEW_DATA"] = os.path.abspath(chosen)


def _stop(lines: Iterable[object]) -> NoReturn:
    """End the build: an exception would reach the reader as a traceback of jupyter-book's."""
    sys.exit("\n".join(map(str, lines)))


@contextmanager
def _reported() -> Iterator[None]:
    """What can go wrong in the block ends the build in a line: a cell, a worker, a full disk."""
    try:
        yield
    except (freshness.ExecutionError, ChangedError, OSError, WorkersError,
            translated.TranslationError, versions.VersionError) as error:
        _stop([error, _KEPT])


def _validated() -> Dataset:
    """The data; with an error in them the whole build ends here, before anything is written."""
    from ..data.checks import counted

    try:
        return load()
    except DataError as error:
        _stop([*error.problems,
               f"{counted(error.problems, 'error')} in the data: nothing was built"])


class _Build:
    """One run of the builder: what it was made from, and the data where they were read."""

    state = ""
    data: Dataset | None = None
    facts: dict[str, str] = {}
    identity = heads.Identity("", "", "")
    glossary: list[dict] = []
    pages: list[freshness.Page] = []
    frame = kept.Frame("", "")
    anew = False  # whether every page is written
    titles: Mapping[str, str] = {}  # of pages, before they are read
    still: Mapping[str, str] = {}
    started: tuple[Ahead | Translation, ...] = ()  # that wait until they are told to begin
    ahead: Ahead | None = None
    translations: Sequence[Translation] = ()
    language = ""
    kept: kept.Kept

    def prepare(self, app: Sphinx, config) -> None:
        """Validate, then write what the build reads: bibliography, results, data files.

        All of it is kept while data, package and pins are the same.
        """
        _absolute_data_folder()
        root = Path(app.srcdir)
        os.environ.setdefault(VARIABLE, str(root / "_build" / "store"))
        with _reported():
            version = versions.here()
        generated, site = _shared(app), config.livingreview_site_url.rstrip("/")
        source = config.language == languages.SOURCE
        # a version has no feed of its own: it would name no later one
        address = "" if version else heads.address(site)
        self.state, made = freshness.state(default_folder(), root), generated / "state.json"
        known = _known(made)
        if (known.get("state"), known.get("address")) != (self.state, address):
            logger.info("livingreview %s: validating the data", __version__)
            if forked.possible():  # pages will be executed
                forked.begin()
            self.start(app)
            with _reported():
                self.data = _validated()
                made.unlink(missing_ok=True)
                _write(self.data, root, generated, Path(app.outdir), site if address else "")
                known = {"state": self.state, "address": address, "date": self.data.version,
                         "facts": about(self.data),
                         "glossary": terms.rows(self.data)}
                made.write_text(json.dumps(known), encoding="utf-8")
            for process in self.started[1:]:
                process.prepare()
        elif not source:  # it was told to begin
            self.start(app)
        self.glossary, self.language = known["glossary"], config.language
        self.facts = known["facts"]
        self.identity = heads.Identity.of(root, known["date"], self.language)
        config.bibtex_bibfiles = [os.path.relpath(generated / BIBLIOGRAPHY, app.srcdir)]
        if source:
            config.html_extra_path = [*config.html_extra_path,
                                      os.path.relpath(generated / "site", app.confdir)]
        config.nb_execution_mode = "off"  # they are read with their outputs

    def dataset(self) -> Dataset:
        """The data, read where they have not been."""
        self.data = self.data or _validated()
        return self.data

    def outdated(self, app: Sphinx, env, added, changed, removed) -> list[str]:
        """Execute what is not fresh; the pages that must be read again because of that.

        After a build that did not end, every page is read and written again: nobody knows which
        of them were written. Where words or templates have changed, all are written again.
        """
        if app.config.livingreview_waits:
            translated.wait()
        unfinished = _generated(app) / "unfinished"
        self.frame, was = self._frame(app), getattr(env, "livingreview_frame", None)
        again = unfinished.exists() or not was or self.frame.read != was.read
        self.anew = again or self.frame != was
        self.kept = kept.Kept(_generated(app) / "kept.json", Path(app.outdir),
                              self.identity.stamps, whole=not unfinished.exists())
        same = self.state == getattr(env, "livingreview_state", None)
        env.livingreview_frame = self.frame
        if same and not (self.anew or added or changed):
            return []
        self.titles = _titles(env)
        data = self.dataset()
        self.pages, store = _pages(app, env), Store.chosen()
        with _reported():
            freshness.execute(self.pages, store, data, Workers.chosen(), logger.info)
        if freshness.state(data.folder, Path(app.srcdir)) != self.state:
            _stop(["the data or the package changed during the build: build again"])
        with _reported():
            now = freshness.keys(self.pages, store, data, _shared(app) / BIBLIOGRAPHY)
            was = getattr(env, "livingreview_keys", {})
            to_read = [page.name for page in self.pages if now[page.name] != was.get(page.name)]
            env.mystnb_config = env.mystnb_config.copy(custom_formats={
                **env.mystnb_config.custom_formats,
                **freshness.readers(self.pages, store, data)})
            unfinished.touch()
            if app.builder.format == "html":
                self.begin(app)
        env.livingreview_state, env.livingreview_keys = self.state, now
        # generated pages may have changed alone: then one page is enough to have them written
        return sorted(env.found_docs if again else {env.config.root_doc, *to_read})

    def _frame(self, app: Sphinx) -> kept.Frame:
        """What stands around the views of pages in this build."""
        return kept.Frame.of(app, (self.identity.form, self.glossary, self.facts, self.labels))

    def rewritten(self, app: Sphinx, env) -> list[str]:
        """The pages that must be written again, read or not."""
        return sorted(env.found_docs) if self.anew else []

    def alone(self, app: Sphinx, env) -> None:
        """Where no page has got another title, those that name it in their contents stay.

        The environment, which tells who names whom, has been saved by now.
        """
        if self.titles == _titles(env):
            env.files_to_rebuild = {}

    def generated(self, app: Sphinx) -> Iterator[tuple[str, dict, str]]:
        """The pages that have no notebook, and their files."""
        with _reported():
            of_trials = self.ahead or self.begin(app)
            source = app.config.language == languages.SOURCE
            of_code = executed.pages(self.pages or _pages(app, app.env), Store.chosen(),
                                     self.dataset(), Path(app.outdir) if source else None,
                                     _titles(app.env), app.env.livingreview_keys)
            own = generated.made(of_code, self.still, self.identity.data_said, self.language)
            yield from generated.collected(self.kept.noted(own))
            made, self.kept.parts = of_trials.result()
            yield from generated.collected(self.kept.noted(made))

    def start(self, app: Sphinx) -> None:
        """Start the processes that work beside this one: they load libraries meanwhile."""
        folder = _generated(app)
        self.started = (Ahead(folder / "pages.pickle"), *(
            Translation(app, language, folder) for language in translated.wanted(app)))

    def begin(self, app: Sphinx) -> Ahead:
        """Have the pages of trials and figures made meanwhile, their files, other languages."""
        self.still = self.kept.still(self.frame.written)
        if not self.started:
            self.start(app)
        self.ahead, *self.translations = self.started
        source = app.config.language == languages.SOURCE
        self.ahead.begin(
            Parcel.of(self.dataset(), with_releases=True), Path(app.outdir) if source else None,
            ahead.Known(app.config.html_baseurl, self.still, self.kept.parts,
                        self.identity.data_said, app.config.language))
        for translation in self.translations:
            translation.begin()
        return self.ahead

    def decorate(self, app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
        """Give a page its version, data for search engines, working links, short tables, terms."""
        self.kept.note(page)
        context["docstitle"] = f"{context['docstitle']} · {self.identity.words}"
        if page in getattr(app.env, "livingreview_keys", {}):
            context["code_page"] = executed.code_page(page)
        if "body" in context:
            body = chapters.linked(context["body"], f"{page}.html", app.env.found_docs)
            if languages.language(self.language).up:
                body = translated.above(body, f"{page}.html")
            context["body"] = longtables.cut(body, f"{page}.html", Path(app.outdir),
                                             longtables.STYLES, self.language,
                                             self._found_by(page))
        heads.decorate(app, self.identity, self.facts, page, context)
        if GLOSSARY in app.env.found_docs and terms.wanted(page, app.config.root_doc):
            context["body"] = terms.explained(context.get("body", ""), f"{page}.html",
                                               self.known_terms)

    def _found_by(self, page: str) -> tuple[str, str]:
        """What a page is, and the name of its indication, for the search."""
        kind, indication = search.kind(page, self.labels.keys())
        return kind, self.labels.get(indication, "")

    @cached_property
    def labels(self) -> dict[str, str]:
        """Names of the indications."""
        return search.labels(default_folder(), languages.language(self.language))

    @cached_property
    def known_terms(self) -> terms.Terms:
        """The glossary as pages are searched for it; a build that writes no page needs none."""
        return terms.Terms.of(self.glossary, self.language)

    def complete(self, app: Sphinx, exception) -> None:
        """Pages that stay say of the site what the new ones say."""
        if exception is None:
            self.kept.finish(translated.pages(app))
            self.front(app)
        for process in self.started if exception or not self.ahead else ():
            process.stop()

    def front(self, app: Sphinx) -> None:
        """The address of the site leads to its first page, where that has another."""
        if app.builder.format == "html" and app.config.root_doc != "index":
            (Path(app.outdir) / "index.html").write_text(heads.leading(
                f"{app.config.root_doc}.html", self.facts.get("title", ""), self.language),
                encoding="utf-8")

    def translate(self, app: Sphinx, exception) -> None:
        """Wait for the pages in other languages."""
        with _reported():
            for translation in self.translations if exception is None else ():
                translation.end()

    @staticmethod
    def finished(app: Sphinx, exception) -> None:
        """A build that ended well leaves no mark of one that did not."""
        if exception is None:
            (_generated(app) / "unfinished").unlink(missing_ok=True)


def _shared(app: Sphinx) -> Path:
    """What a build makes for itself in all languages, beside its output: two builds share none."""
    out = Path(app.outdir)
    return (out if app.config.language == languages.SOURCE else out.parent).parent / "generated"


def _generated(app: Sphinx) -> Path:
    """What it makes for itself in one language."""
    code = app.config.language
    return _shared(app) / ("" if code == languages.SOURCE else languages.language(code).key)


def _titles(env) -> dict[str, str]:
    """Titles of the pages by their names."""
    return {page: title.astext() for page, title in env.titles.items()}


def _pages(app: Sphinx, env) -> list[freshness.Page]:
    """The executed pages of the book; those that are the same as before are not parsed again."""
    pinned, before = freshness.pins(Path(app.srcdir)), getattr(env, "livingreview_pages", {})
    env.livingreview_pages = found = {}
    for name in sorted(env.found_docs):
        path = Path(env.doc2path(name))
        text = path.read_text(encoding="utf-8")
        key = digest([env.livingreview_frame.read, pinned, path, text])
        found[name] = before[name] if before.get(name, ("",))[0] == key else (
            key, freshness.Page.read(name, path, pinned, text))
    return [page for _, page in found.values() if page]


def _known(made: Path) -> dict:
    """What the generated files were made from; empty where that is not known."""
    known = remembered(made)
    return known if {"state", "address", "date", "facts", "glossary"} <= known.keys() else {}


def _write(data: Dataset, root: Path, generated: Path, out: Path, site_url: str) -> None:
    """The bibliography and the public files of the site; a feed where an address is given.

    Those that there are no more go from the folder of the site.
    """
    # what computes and shows takes seconds to load, and most builds do not come here
    from ..review import review
    from . import bibliography, feed
    from . import versioned as site

    bibliography.write(data, generated / BIBLIOGRAPHY)
    logger.info("livingreview: %d analyses", len(data.records("analyses")))
    workers = Workers.chosen()
    results = review(data, run=workers.run, with_files=workers.remote)
    before, extra = generated / "site", generated / "site-new"
    shutil.rmtree(extra, ignore_errors=True)
    site.write_public(data, results, extra)
    for path, page in addresses.redirects(data, root).items():
        (extra / path).parent.mkdir(parents=True, exist_ok=True)
        (extra / path).write_text(page, encoding="utf-8")
    if site_url:
        (extra / "feed.xml").write_text(feed.feed(data, site_url), encoding="utf-8")
    for path in before.rglob("*"):
        if path.is_file() and not (extra / (name := path.relative_to(before))).exists():
            (out / name).unlink(missing_ok=True)
    shutil.rmtree(before, ignore_errors=True)
    extra.rename(before)


def _addresses(app: Sphinx, config) -> None:
    """Canonical links, and links to the repository, where their addresses are set."""
    if config.livingreview_site_url:
        config.html_baseurl = heads.address(config.livingreview_site_url, versions.here(),
                                            config.language) + "/"
    repository = config.livingreview_repository_url.rstrip("/")
    found = {"template": "repository", "data": {"repository": repository}}
    config.myst_substitutions = {
        **config.myst_substitutions,
        "repository_links": render(found, form="txt") if repository else ""}
    if repository:
        config.html_theme_options = {**config.html_theme_options,
                                     "extra_footer": str(render(found))}


def _without_numbers(app: Sphinx, config) -> None:
    """Number figures only where the book asks for it: every page would be looked through.

    An extension for another form of the book asks for it in any case.
    """
    config.numfig = config.overrides.get("numfig", False)


def _without_thebe(app: Sphinx, config) -> None:
    """Take out a script for live code that the book does not use and that fails on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners
                        if not one.handler.__module__.startswith("sphinx_thebe")]
    app.registry.css_files[:] = [one for one in app.registry.css_files if "thebe" not in one[0]]


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.add_config_value("livingreview_site_url", "", "html")
    app.add_config_value("livingreview_repository_url", "", "html")
    app.add_config_value("livingreview_languages", {}, "html")
    app.add_config_value("livingreview_waits", False, "")  # for another language, which runs beside
    build = _Build()
    # before the bibliography is read, which is when the environment is made
    app.connect("config-inited", build.prepare, priority=100)
    app.connect("config-inited", _addresses, priority=100)
    app.connect("config-inited", _without_thebe, priority=999)
    app.connect("config-inited", _without_numbers, priority=999)
    app.connect("config-inited", translated.contents, priority=950)  # when they are read
    app.connect("env-get-outdated", build.outdated)
    app.connect("env-get-updated", build.rewritten)
    app.connect("env-check-consistency", build.alone)
    app.connect("html-collect-pages", build.generated)
    app.connect("html-page-context", build.decorate)
    app.connect("doctree-resolved", addresses.Outputs())
    app.connect("env-get-outdated", addresses.Outputs.forget)
    views.setup(app)
    app.connect("build-finished", build.complete, priority=700)  # before styles are looked for
    app.connect("build-finished", build.translate, priority=850)  # the index has begun
    app.connect("build-finished", build.finished, priority=999)
    light.setup(app)
    search.setup(app)
    return {"version": __version__, "parallel_read_safe": True}
