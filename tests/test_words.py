"""Another word of a template is written without executing a notebook."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import small_book

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

FRONT = small_book.PAGES["plain"].partition("# Plain")[0]
PAGE = f"""{FRONT}# Said

```{{code-cell}} ipython3
from livingreview.render.book import Pages

Pages().statements()
```
"""


@pytest.fixture
def book(tmp_path):
    """A book with a view, built by a copy of the package."""
    folder = tmp_path / "book"
    folder.mkdir()
    small_book.make(folder)
    (folder / "plain.md").write_text(PAGE, encoding="utf-8")
    shutil.copytree(small_book.ROOT / "livingreview", tmp_path / "copy" / "livingreview",
                    ignore=shutil.ignore_patterns("*.pyc.*"))  # compiled, but not half
    return folder


def _build(book) -> str:
    environment = small_book.environment(book) | {"PYTHONPATH": str(book.parent / "copy")}
    done = subprocess.run(small_book.command(book), env=environment, cwd=book, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_another_word_of_a_template_executes_nothing(book):
    page = book / "_build" / "html" / "plain.html"
    template = book.parent / "copy" / "livingreview" / "render" / "templates" / "statements.html"
    assert "to execute: plain" in _build(book)
    assert "In a few words" in page.read_text(encoding="utf-8")
    said = template.read_text(encoding="utf-8")
    template.write_text(said.replace("In a few words", "In brief"), encoding="utf-8")
    assert "to execute" not in _build(book)
    assert "In brief" in page.read_text(encoding="utf-8")
    assert "In a few words" not in page.read_text(encoding="utf-8")
    assert "to execute" not in _build(book)  # and once more there is nothing to do
