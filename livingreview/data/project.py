"""Where the project and its data are: it needs no library, so that commands begin at once."""

from __future__ import annotations

import os
from pathlib import Path


def project_folder() -> Path:
    """The folder of the project: that of the working directory, else that beside the package."""
    here = Path.cwd()
    beside = Path(__file__).resolve().parents[2]
    return next((folder for folder in (here, *here.parents, beside)
                 if (folder / "_config.yml").is_file()
                 and (folder / "data" / "vocabularies.csv").is_file()), here)


def default_folder() -> Path:
    """The folder in ``LIVINGREVIEW_DATA``, else the project's own."""
    return Path(os.environ.get("LIVINGREVIEW_DATA") or project_folder() / "data")


def has_page(address: str) -> bool:
    """Whether the project has the source of a page.

    Parameters
    ----------
    address : str
        From the root of the site, such as ``book/methods.html``.
    """
    return (project_folder() / address.partition("#")[0]).with_suffix(".md").is_file()
