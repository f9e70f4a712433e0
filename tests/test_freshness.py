"""A page is executed when something that it read has changed, and only then."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbclient
import nbformat
import pandas as pd
import pytest
import small_book
from conftest import append, built_of, edit, read_table, write_table
from made_up import KNEE, World
from small_book import DISC

from livingreview.data import dataset, reads, store
from livingreview.data.dataset import load
from livingreview.data.problems import DataError
from livingreview.data.store import VARIABLE, Store
from livingreview.render.shown import VIEWS, Shown
from livingreview.review import review, whole
from livingreview.site import freshness, generated, notebooks
from livingreview.site.executed import LongOutput, _public
from livingreview.site.executed import pages as code_pages
from livingreview.site.workers import Workers
from livingreview.view.base import MIME

pytestmark = pytest.mark.xdist_group("freshness")  # they share a book

CELL = {"study_id": "one-2020", "arm_id": "msc"}
# What a build says, in order, as regular expressions.
MOMENTS = ("to execute", "writing output.*%")


@contextmanager
def _built(book: Path) -> Iterator[None]:
    """This process is one of a build of the book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(book / "_build" / "store"))
        patch.setenv("LIVINGREVIEW_DATA", str(book / "data"))
        yield


def _execute(book: Path, say=lambda said: None, jobs: int = 2) -> set[str]:
    """Execute what is not fresh, and return its names."""
    said = []

    def hear(line: str) -> None:
        said.append(line)
        say(line)

    pages = [page for name in small_book.PAGES
             if (page := freshness.Page.read(name, book / f"{name}.md", "pins"))]
    with _built(book):
        freshness.execute(pages, Store.chosen(), load(), Workers(jobs), hear)
    return {line.split()[2] for line in said if line.startswith("to execute: ")}


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Path:
    """The small book with all its pages executed."""
    book = small_book.make(tmp_path_factory.mktemp("book"))
    with _built(book):
        review(load())  # as a build does before it executes
    assert _execute(book) == {"plain", "knee", "disc", "cross"}
    return book


@pytest.fixture
def book(executed, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(executed, tmp_path / "book"))


def _to_execute(book: Path) -> set[str]:
    """What would be executed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workers, "run", lambda *_, **__: (nothing for nothing in ()))
        return _execute(book)


def test_nothing_changed_executes_nothing(book):
    assert _execute(book) == set()


def test_a_changed_cell_executes_its_indication_and_the_cross_pages(book):
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "20")
    assert _execute(book) == {"disc", "cross"}
    assert _execute(book) == set()


@pytest.mark.parametrize(("table", "column", "value", "pages"), [
    ("instruments.csv", "label_zh", "changed", {"knee", "disc", "cross"}),
    ("certainty_rules.csv", "levels", None, {"knee", "disc", "cross"}),
    ("sources.csv", "title", "changed", {"knee", "cross"}),
])
def test_a_table_executes_what_read_it(book, table, column, value, pages):
    path = book / "data" / (f"{KNEE}/{table}" if table == "sources.csv" else table)
    rows = read_table(path)
    rows[-1][column] = value or str(3 - int(rows[-1][column]))
    write_table(path, tuple(rows[0]), rows)
    assert _to_execute(book) == pages


def test_pages_of_results_stay_while_these_are_the_same_whatever_they_were_made_from(book):
    rows = read_table(path := book / "data" / KNEE / "sources.csv")
    write_table(path, tuple(rows[0]), [*rows[:-1], {**rows[-1], "title": "changed"}])
    with _built(book):
        review(load())
    assert _to_execute(book) == set()
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "20")
    with _built(book):
        review(load())
    assert _to_execute(book) == {"disc", "cross"}


def test_the_first_analysis_of_an_indication_executes_its_page(tmp_path):
    book = small_book.make(tmp_path)
    rows = read_table(book / "data" / "analyses.csv")
    write_table(book / "data" / "analyses.csv", tuple(rows[0]), rows[:1])
    _execute(book)
    append(book / "data", "analyses.csv", rows[1])
    assert _execute(book) == {"disc", "cross"}
    reads_of = json.loads((book / "_build/store/pages/disc/reads.json").read_text())["reads"]
    assert not [read for read in reads_of if KNEE in read]
    assert {f"{DISC}/outcomes.csv", f"results?{DISC}"} & {*reads_of}


def test_a_module_executes_the_pages_that_loaded_it(book, monkeypatch):
    real = reads.module_digest

    def change(name: str) -> None:
        monkeypatch.setattr(reads, "module_digest",
                            lambda asked: "changed" if asked == name else real(asked))

    assert (reads.PACKAGE / "site" / "extension.py").is_file()
    change("package/site/extension.py")
    assert _to_execute(book) == set()
    for name in ("synthesis/pooling.py", "synthesis/notes.csv", "review/choices.csv"):
        change(f"package/{name}")
        # a page depends on what its kernel had loaded when it began, used or not
        assert _to_execute(book) == {"plain", "knee", "disc", "cross"}
    change("package/render/book.py")
    assert _to_execute(book) == set()


def test_prose_executes_nothing_and_code_executes_its_page(book):
    page = book / "plain.md"
    page.write_text(page.read_text() + "\nMore words.\n")
    assert _to_execute(book) == set()
    page.write_text(page.read_text().replace("no data", "none"))
    assert _to_execute(book) == {"plain"}


def test_a_page_that_fails_is_named_with_its_cell_and_the_others_are_kept(book):
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "20")
    whole = (book / "disc.md").read_text()
    (book / "disc.md").write_text(whole + "\n```{code-cell} ipython3\n1 / 0\n```\n")
    with pytest.raises(freshness.ExecutionError) as caught:
        _execute(book)
    assert str(caught.value) == (f"{book}/disc.md: code cell 2 (1 / 0): "
                                 "ZeroDivisionError: division by zero")
    (book / "disc.md").write_text(whole)
    assert _execute(book) == {"disc"}


def test_outputs_that_another_build_has_replaced_are_asked_for_by_name(book):
    page = freshness.Page.read("disc", book / "disc.md", "pins")
    with _built(book):
        store, data = Store.chosen(), load()
        freshness.outputs(page, store, data.fingerprint).unlink()
        with pytest.raises(OSError, match="disc: its outputs are no longer in .*another build"):
            freshness.readers([page], store, data)


def _keys(book: Path, works: str = "") -> dict[str, str]:
    """What the pages are made from, executed where that is needed."""
    _execute(book)
    pages = [page for name in small_book.PAGES
             if (page := freshness.Page.read(name, book / f"{name}.md", "pins"))]
    (book / "references.bib").write_text(works)
    with _built(book):
        return dict(freshness.keys(pages, Store.chosen(), load(), book / "references.bib"))


def _others(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name, key in one.items() if other[name] != key}


def test_a_page_is_another_one_only_when_it_shows_something_else(book, monkeypatch):
    before = _keys(book)
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "note", "Read off a figure.")
    assert _to_execute(book) == {"disc", "cross"}
    assert _keys(book) == before
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "25")
    assert _others(before, after := _keys(book)) == {"disc", "cross"}
    # a module that the page has loaded may write it too, whatever the page shows
    asked = reads.module_digest
    monkeypatch.setattr(reads, "module_digest", lambda name: asked(name) + "!" * (
        name == "package/view/naming.py"))
    assert _others(after, _keys(book)) == {"plain", "knee", "disc", "cross"}


def test_works_are_a_part_of_the_pages_that_cite_them(book):
    page = book / "knee.md"
    page.write_text(f"{page.read_text()}\n{{cite}}`one-2020`\n")
    assert _others(_keys(book), _keys(book, "@article{one-2020}")) == {"knee"}


def test_a_book_keeps_views_alone_and_writes_them_into_the_notebooks_that_it_offers(monkeypatch):
    shown = Shown(LongOutput("a.html"))
    html = shown._repr_mimebundle_()["text/html"]
    assert 'href="a.html"' in html
    monkeypatch.setenv(VIEWS, "yes")
    kept = nbformat.v4.new_output("display_data", data=shown._repr_mimebundle_())
    assert list(kept.data) == [MIME]
    public = _public(nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell("x", outputs=[kept])]), "b.html")
    assert nbformat.reads(public, as_version=4).cells[0].outputs[0].data == {"text/html": html}


def test_a_notebook_that_is_offered_stays_until_its_page_is_another_one(book, tmp_path):
    keys, name = _keys(book), "disc"
    file = tmp_path / "code" / f"{name}.ipynb"

    def made(still: dict[str, str], key: str = "") -> generated.Made:
        page = freshness.Page.read(name, book / f"{name}.md", "pins")
        with _built(book):
            one, = generated.made(code_pages(
                [page], Store.chosen(), load(), tmp_path, {name: "Disc"},
                {name: key or keys[name]}), still, "", "en")
        return one

    first = made({})
    assert first.body and file.is_file()
    still = {first.name: first.key}
    assert made(still).body is None
    assert made(still, "another").body
    file.unlink()
    again = made(still)
    assert again.body and again.key == first.key and file.is_file()


def test_an_interrupted_run_goes_on_with_what_is_missing(tmp_path):
    book = small_book.make(tmp_path)

    def interrupt(line: str) -> None:
        if line.startswith("executed 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _execute(book, interrupt, jobs=1)
    assert _execute(book, jobs=1) == {"disc", "cross"}


def test_a_build_looks_at_its_pages_again_when_any_file_of_the_package_changes(
        tmp_path, monkeypatch, data_copy):
    monkeypatch.setattr(reads, "PACKAGE", tmp_path)
    states = set()
    for name in ("data/tables.py", "data/columns.csv", "view/trial.py", "view/trial.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{len(states)}")
        states.add(freshness.state(data_copy, tmp_path))
    assert len(states) == 4


# --- what a process loads ---------------------------------------------------------------------


def test_a_page_that_draws_nothing_loads_nothing_that_draws_or_validates(executed):
    done = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom livingreview.render.book import Pages\n"
         "from livingreview.data.dataset import load\nprint(len(load().frames))\n"
         "print(*(m for m in ('matplotlib', 'seaborn', 'scipy.stats', 'pandera', "
         "'livingreview.data.checks') if m in sys.modules))"],
        env=small_book.environment(executed), capture_output=True, text=True, check=True)
    frames, loaded = done.stdout.split("\n")[:2]
    assert int(frames) == len(load(executed / "data").frames)
    assert loaded == ""


def test_other_data_than_those_of_a_build_keep_nothing_in_its_store(tmp_path, monkeypatch):
    own = World(tmp_path / "own" / "data").trial("doe-2020").pair("doe-2020").analysis().write()
    built_of(own, monkeypatch)
    monkeypatch.setattr(store, "KEPT", 1)
    first = review(load(own)).document
    other = World(tmp_path / "data").trial("roe-2021").pair("roe-2021").analysis()
    assert review(load(other.write())).document["analyses"] != first["analyses"]
    monkeypatch.setattr(dataset, "_examined", None)  # whoever examines or computes again, fails
    monkeypatch.setattr(whole, "analyse", None)
    assert review(load(own)).document == first


def test_data_that_a_build_has_read_are_read_again_when_they_change(tmp_path, monkeypatch):
    book = small_book.make(tmp_path)
    built_of(book / "data", monkeypatch)
    first = load(book / "data")
    monkeypatch.setattr(dataset, "_examined", None)  # whoever examines again, fails
    kept = load(book / "data")
    assert kept.digests == first.digests and kept.warnings == first.warnings
    for path, frame in first.frames.items():
        pd.testing.assert_frame_equal(kept.frames[path], frame)
    monkeypatch.undo()
    built_of(book / "data", monkeypatch)
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "20")
    assert next(r for r in load(book / "data").records("outcomes", DISC)
                if r.items() >= CELL.items())["mean"] == 20
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "many")
    for _ in range(2):  # errors are found anew each time
        with pytest.raises(DataError):
            load(book / "data")


def test_results_follow_a_word_that_was_looked_up_before_they_were_computed(tmp_path, monkeypatch):
    folder = World(tmp_path / "data").trial("doe-2020").pair("doe-2020").analysis().write()
    built_of(folder, monkeypatch)
    data = load(folder)
    assert data.label("indication", KNEE) != "Knees"
    review(data)
    edit(folder, "vocabularies.csv", {"list": "indication", "value": KNEE}, "label_en", "Knees")
    found, = review(load(folder)).analyses(KNEE)
    assert found["question"]["population"] == "Knees"


# --- whole builds -----------------------------------------------------------------------------


def _last(book: Path) -> Path:
    """The book with the last data of the tests."""
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "25")
    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "note", "Read off a figure.")
    return book


def _with_a_term(folder: Path) -> Path:
    """The small book with a word of a glossary, whose page it does not have."""
    book = small_book.make(folder)
    append(book / "data", "glossary.csv", {
        "term": "code", "kind": "evidence", "label_en": "code", "label_zh": "代码",
        "explanation_en": "What is run.", "explanation_zh": "要运行的内容。"})
    return book


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> dict[str, str]:
    """The site of the last data, built where nothing was built before."""
    book = _last(_with_a_term(tmp_path_factory.mktemp("fresh")))
    small_book.build(book)
    return small_book.site(book)


def test_builds_show_the_data_as_they_are_even_after_one_was_killed(tmp_path, fresh):
    book = _with_a_term(tmp_path)
    first = small_book.build(book)
    assert first.count("to execute:") == 4
    assert "lr-term" not in small_book.site(book)["index.html"]
    before = small_book.shown(book, "disc")
    assert before == small_book.shown(book, "knee")

    assert list(_killed(small_book.command, book, MOMENTS)) == list(MOMENTS)

    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "25")
    last = small_book.build(book)
    noted = small_book.build(_last(book))
    assert "to execute: disc" in noted and not re.search(r"(reading|writing).*disc", noted)
    assert "to execute: knee" not in last
    assert small_book.shown(book, "disc") != before == small_book.shown(book, "knee")
    assert small_book.site(book) == fresh


def _kill(command: list[str], book: Path, moment: str) -> None:
    """Start a build, and kill it with all that it started when it says something."""
    build = subprocess.Popen(command, cwd=book, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env={**small_book.environment(book), "PYTHONUNBUFFERED": "1"},
                             text=True, start_new_session=True)
    said = ""
    while not re.search(moment, said):
        line = build.stdout.readline()
        assert line, f"it never said {moment!r}:\n{said}"
        said += line
    os.killpg(build.pid, signal.SIGKILL)
    build.communicate()


def _killed(command, book: Path, moments: Sequence[str]) -> Iterator[str]:
    """Change the data and kill the build of it, for each of the moments."""
    for mean, moment in enumerate(moments, 21):
        edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", str(mean))
        _kill(command(book), book, moment)
        yield moment


def test_whatever_ends_a_gated_build_leaves_the_last_good_site(tmp_path, fresh):
    book = _with_a_term(tmp_path)
    small_book.build(book, small_book.gated)
    before = small_book.site(book)
    for moment in _killed(small_book.gated, book, MOMENTS[1:]):
        assert small_book.site(book) == before, moment

    _last(book)
    size = 20_000  # files past it cannot be written
    full = subprocess.run(
        small_book.gated(book), env=small_book.environment(book), cwd=book, check=False,
        capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert full.returncode == 1 and "before is untouched" in full.stderr
    assert small_book.site(book) == before

    edit(book / "data", f"{DISC}/outcomes.csv", CELL, "mean", "20.5")
    small_book.build(book, small_book.gated)  # after those that were killed: anew
    assert [p.name for p in (book / "_build").iterdir() if p.name.startswith(".")] == []
    after, shown = small_book.site(book), small_book.shown(book, "disc")
    assert shown != small_book.shown(book, "knee") and after != before

    noted = small_book.build(_last(book), small_book.gated)  # only data have changed: it goes on
    assert not re.search(r"(?:reading|writing).*knee", noted)
    assert small_book.shown(book, "disc") != shown and small_book.site(book) == fresh


@pytest.mark.parametrize(("dead", "failed"), [(2, False), (3, True)])
def test_a_kernel_that_ends_before_it_begins_is_started_again(tmp_path, monkeypatch, dead, failed):
    starts = []

    def execute(client, **_):
        starts.append(client)
        if len(starts) <= dead:
            raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(nbclient.NotebookClient, "execute", execute)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    found = notebooks._run(str(tmp_path / "page.md"), notebook, {})
    assert len(starts) == 3 and bool(found) == failed
    assert not failed or "Kernel died" in str(found)
