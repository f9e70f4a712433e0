"""A book of four pages on made-up trials of two indications, for tests of builds."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import DATA, append, read_table, write_table
from made_up import KNEE, World

from livingreview.data import tables

ROOT = Path(__file__).resolve().parents[1]
DISC = "disc-degeneration"
_FRONT = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

"""
_CODE = """```{{code-cell}} ipython3
from livingreview.data.dataset import load
from livingreview.review import review
found = review(load(){only}).document["analyses"]
print("estimates", *(round(a["pooled"]["estimate"], 4) for a in found.values() if a["pooled"]))
```
"""
PAGES = {
    "index": "# A book\n\nWithout any code.\n",
    "plain": f"{_FRONT}# Plain\n\n```{{code-cell}} ipython3\nprint('no data')\n```\n",
    "knee": f"{_FRONT}# Knee\n\n" + _CODE.format(only=f', only=["{KNEE}"]'),
    "disc": f"{_FRONT}# Disc\n\n" + _CODE.format(only=f', only=["{DISC}"]'),
    "cross": f"{_FRONT}# All\n\n" + _CODE.format(only=""),
}
_CONFIG = """title: Small
author: Nobody
only_build_toc_files: true
exclude_patterns: [".*", "_build"]
execute: {execute_notebooks: force, timeout: 300, raise_on_error: true}
bibtex_bibfiles: [_build/generated/references.bib]
sphinx:
  recursive_update: true
  extra_extensions: [livingreview.site.extension]
"""


def make(folder: Path) -> Path:
    """Write the book with its data; return its folder."""
    world = World(folder / "data")
    for i, name in enumerate(("one-2020", "two-2021", "three-2022")):
        world.trial(name).pair(name, 30 + 3.7 * i, 41.3)
    world.analysis().write()
    _second_indication(folder / "data")
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "_config.yml").write_text(_CONFIG, encoding="utf-8")
    chapters = "".join(f"  - file: {name}\n" for name in PAGES if name != "index")
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}")
    return folder


def _second_indication(data: Path) -> None:
    """The trials of the first once more, for an indication without an analysis."""
    shutil.copytree(data / KNEE, data / DISC)
    word = next(r for r in read_table(DATA / "vocabularies.csv")
                if r["list"] == "indication" and r["value"] == DISC)
    append(data, "vocabularies.csv", word)
    with (data / "instruments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    more = [{**r, "indication": DISC} for r in rows if r["indication"] == KNEE]
    write_table(data / "instruments.csv", tables.INSTRUMENTS.names, [*rows, *more])
    analysis = read_table(data / "analyses.csv")[0]
    append(data, "analyses.csv", {**analysis, "analysis_id": "disc", "indication": DISC})


def environment(book: Path) -> dict[str, str]:
    """Variables for a build of the book with this package."""
    return {**os.environ, "LIVINGREVIEW_DATA": str(book / "data"),
            "PYTHONPATH": str(ROOT), "LIVINGREVIEW_STORE": str(book / "_build" / "store")}


def command(book: Path) -> list[str]:
    """The plain build of the book."""
    return [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
            str(book)]


def gated(book: Path) -> list[str]:
    """The build that takes the place of the site only when it is whole."""
    return [sys.executable, "-c", "import sys\nfrom pathlib import Path\n"
            "from livingreview.site.build import BuildError, build\nbook = Path(sys.argv[1])\n"
            "try:\n    build(book, book / '_build' / 'html')\n"
            "except BuildError as error:\n    sys.exit(str(error))\n", str(book)]


def build(book: Path, command=command) -> str:
    """Build the book; what the build said."""
    done = subprocess.run(command(book), env=environment(book), cwd=book, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(book: Path, page: str) -> str:
    """The numbers that a built page shows."""
    html = (book / "_build" / "html" / f"{page}.html").read_text(encoding="utf-8")
    return html.partition("estimates ")[2].partition("\n")[0]


def site(book: Path) -> dict[str, str]:
    """The pages and public data of the built book, as text."""
    html = book / "_build" / "html"
    return {str(p.relative_to(html)): p.read_text(encoding="utf-8")
            for p in sorted(html.rglob("*")) if p.suffix in (".html", ".json", ".csv")}
