"""A Sphinx extension: no page is built from data that do not validate.

It validates the data before anything is read, writes the bibliography and the public files of the
site from them, links the site to its repository, and makes every executed page outdated when data,
package or pins have changed.
"""

from __future__ import annotations

import hashlib
import html
import os
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

from .. import __version__
from ..checks import counted
from ..dataset import DataError, Dataset, load
from ..review import review
from . import bibliography, site

logger = logging.getLogger(__name__)


def _absolute_data_folder() -> None:
    """Make a relative data folder one that kernels find, which start in the folder of a page."""
    if chosen := os.environ.get("LIVINGREVIEW_DATA"):
        os.environ["LIVINGREVIEW_DATA"] = os.path.abspath(chosen)


def _validated() -> Dataset:
    """The data; with an error in them the whole build ends here, before anything is written."""
    try:
        return load()
    except DataError as error:
        # An exception would reach the reader as a traceback of jupyter-book's.
        sys.exit("\n".join([*map(str, error.problems),
                            f"{counted(error.problems, 'error')} in the data: nothing was built"]))


def _prepare(app: Sphinx, config) -> None:
    """Validate, then write what the build reads: bibliography, results, data files."""
    logger.info("livingreview %s: validating the data", __version__)
    _absolute_data_folder()
    data = _validated()
    # beside the output, so that two builds at once do not share it
    generated = Path(app.outdir).parent / "generated"
    bibliography.write(data, generated / "references.bib")
    config.bibtex_bibfiles = [os.path.relpath(generated / "references.bib", app.srcdir)]
    logger.info("livingreview: computing %d analyses", len(data.records("analyses")))
    extra = generated / "site"
    shutil.rmtree(extra, ignore_errors=True)
    site.write_public(data, review(data), extra)
    config.html_extra_path = [*config.html_extra_path, str(extra)]
    if data.version:
        config.html_title = f"{config.html_title} · data of {data.version}"
    config.livingreview_digest = digest(data, Path(app.srcdir))


def _links(repository: str) -> list[tuple[str, str]]:
    """(text, address) of what readers find in the repository; none where it is not known."""
    if not repository:
        return []
    repository = repository.rstrip("/")
    return [("Source repository", repository), ("Report an error", f"{repository}/issues")]


def _addresses(app: Sphinx, config) -> None:
    """Canonical links, and links to the repository, where their addresses are set."""
    if config.livingreview_site_url:
        config.html_baseurl = config.livingreview_site_url.rstrip("/") + "/"
    links = _links(config.livingreview_repository_url)
    config.myst_substitutions = {
        **config.myst_substitutions,
        "repository_links": " · ".join(f"[{name}]({address})" for name, address in links)}
    if links:
        footer = " · ".join(f'<a href="{html.escape(address)}">{name}</a>'
                            for name, address in links)
        config.html_theme_options = {**config.html_theme_options,
                                     "extra_footer": f"<p>{footer}</p>"}


def digest(data: Dataset, root: Path) -> str:
    """Digest of everything that an executed page depends on: data, package source, pins."""
    total = hashlib.sha256()
    for path, value in sorted(data.digests.items()):
        total.update(f"{path} {value}\n".encode())
    sources = sorted(Path(__file__).resolve().parent.parent.rglob("*.py"))
    pins = root / "requirements.txt"
    for file in [*sources, *([pins] if pins.exists() else [])]:
        total.update(file.read_bytes())
    return total.hexdigest()


def _outdated(app: Sphinx, env, added, changed, removed) -> list[str]:
    """Every executed page, when what it depends on is not what it was built from."""
    now, before = app.config.livingreview_digest, getattr(env, "livingreview_digest", None)
    env.livingreview_digest = now
    if now == before:
        return []
    return [name for name in env.found_docs
            if "{code-cell}" in Path(env.doc2path(name)).read_text(encoding="utf-8")]


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
    app.add_config_value("livingreview_digest", "", "")
    # before the bibliography is read, which is when the environment is made
    app.connect("config-inited", _prepare, priority=100)
    app.connect("config-inited", _addresses, priority=100)
    app.connect("config-inited", _without_thebe, priority=999)
    app.connect("env-get-outdated", _outdated)
    return {"version": __version__, "parallel_read_safe": True}
