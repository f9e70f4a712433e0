"""Chapters on other data and with other questions: refused, executed, or named where they fail."""

from __future__ import annotations

import ast
import gzip
import re
from base64 import b64decode
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner, Result
from conftest import DATA, built_of
from IPython.display import Markdown
from made_up import KNEE, World
from rendered import plain, soup

from livingreview.__main__ import main
from livingreview.data import dataset
from livingreview.render import chapter as chapter_module
from livingreview.render import chapter as chapter_views
from livingreview.render.chapter import Chapter
from livingreview.review.asked import Asked, AskedError, possible
from livingreview.site import notebooks, rerun, standalone
from livingreview.view import answer
from livingreview.view.addresses import COMPARE, PAGES
from livingreview.view.base import MIME, Remark
from livingreview.view.robustness import Robustness

NOTEBOOK = """---
kernelspec:
  name: python3
  display_name: Python 3
---

# A made-up chapter

See the [methods](../book/methods.md).

```{code-cell} ipython3
:tags: [parameters]

data_folder = None
window = None
comparator = None
```

```{code-cell} ipython3
from livingreview.render.chapter import Chapter

chapter = Chapter("knee-osteoarthritis", data_folder, window, comparator)
```

## Answer

```{code-cell} ipython3
chapter.answer()
```

```{code-cell} ipython3
chapter.robustness("pain-early")
```

```{bibliography}
:style: unsrt
```
"""


@pytest.fixture()
def folder(tmp_path) -> Path:
    """Two windows and two controls, each with a trial of its own."""
    world = World(tmp_path / "data")
    for n, (comparator, months) in enumerate([("saline", 3), ("saline", 6), ("hyaluronic-acid", 3),
                                              ("hyaluronic-acid", 3)]):
        world.trial(f"doe-202{n}", comparator, year=2020 + n, first_author=f"Doe{n}", title="T")
        world.pair(f"doe-202{n}", cells=30 + n, timepoint_months=months)
    world.analysis(analysis_id="pain-early", title="Pain early", window_from=0, window_to=3)
    world.analysis(analysis_id="pain-late", title="Pain late", window_from=3, window_to=6)
    world.analysis(analysis_id="pain-ha", title="Pain HA", window_from=0, window_to=3,
                   comparison="hyaluronic-acid", role="further")
    world.analysis(analysis_id="harm", title="Harm", target_type="event", target="any-ae",
                   measure="RR", window_from="", window_to="", rescale="", section="harms")
    world.analysis(analysis_id="alone", title="Alone", target_type="event", target="any-ae",
                   measure="proportion", window_from="", window_to="", rescale="",
                   comparison="uncontrolled", section="uncontrolled", role="further")
    return world.write()


def _call(*arguments) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def _notebook(tmp_path: Path, text: str = NOTEBOOK) -> Path:
    path = tmp_path / "made-up.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("parameters, said", [
    (["window=7"], "comparator=placebo with window=3, 6"),
    (["comparator=corticosteroid"], "comparator=hyaluronic-acid with window=3"),
    (["window=6", "comparator=hyaluronic-acid"], "possible are"),
    (["window=soon"], "window=soon is no number of months; possible are\n  comparator=placebo"),
    (["window=3", "window=6"], "window has the value 3 already"),
    (["comparator=uncontrolled"], "possible are"),
    (["windw=3"], "it takes window, comparator"),
    (["window"], "expected name=value"),
    (["data_folder=x"], "--data"),
])
def test_parameters_without_sense_are_refused_before_anything_runs(folder, tmp_path, parameters,
                                                                   said):
    options = [o for p in parameters for o in ("-p", p)]
    done = _call("rerun", _notebook(tmp_path), "--data", folder, "--out", tmp_path / "out",
                 *options)
    assert done.exit_code == 2 and said in done.stderr, done.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_notebook_and_data_with_errors(folder, tmp_path):
    unknown = _call("rerun", "elbow", "--data", folder, "--out", tmp_path / "out")
    assert unknown.exit_code == 2 and KNEE in unknown.stderr and "data-quality" in unknown.stderr
    prose = _call("rerun", DATA.parent / "README.md", "--data", folder, "--out", tmp_path / "out")
    assert prose.exit_code == 2 and "has no code to run" in prose.stderr
    arms = folder / KNEE / "arms.csv"
    arms.write_text(arms.read_text().replace(",intervention,", ",other,"))
    wrong = _call("rerun", _notebook(tmp_path), "--data", folder, "--out", tmp_path / "out")
    assert wrong.exit_code == 1 and "arms.csv:2:role: other" in wrong.stderr
    assert not (tmp_path / "out").exists()


def test_a_rerun_names_its_data_and_needs_nothing_beside_it(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a relative data folder is one of the reader's
    out = tmp_path / "out"
    done = _call("rerun", _notebook(tmp_path), "--data", "data", "-p", "comparator=hyaluronic-acid",
                 "--out", out)
    assert done.exit_code == 0, done.output
    page = (out / "made-up.html").read_text(encoding="utf-8")
    read = BeautifulSoup(page, "lxml")
    text = read.get_text(" ")
    assert "folder data" in text and "comparator = hyaluronic-acid" in text
    assert read.title.text == "A made-up chapter"
    said = [text.index(s) for s in ("A made-up chapter", "A rerun of", "See the methods")]
    assert said == sorted(said)
    assert "studies.csv" in read.select_one("details.lr-details").text  # digests of files, folded
    assert str(tmp_path) not in page
    assert read.select("figure#forest-pain-ha") and not read.select("#forest-pain-early")
    assert "Pain HA" in text and "Asked for: against hyaluronic acid." in " ".join(text.split())
    for link in read.find_all("a", href=True):
        assert link["href"].startswith(("http", "data:", "#")), link
    assert not _wrong_in(page)
    assert not read.find_all(src=True) and not read.find_all("link")
    assert "prefers-color-scheme: dark" in page and "{bibliography}" not in page
    notebook = nbformat.read(out / "made-up.ipynb", as_version=4)
    assert any("injected-parameters" in c.metadata.get("tags", []) for c in notebook.cells)
    assert {p.name for p in out.iterdir()} == {"made-up.html", "made-up.ipynb"}


def test_a_rerun_without_a_folder_is_of_the_projects_own_data(folder, tmp_path, monkeypatch):
    built_of(folder, monkeypatch)
    done = _call("rerun", _notebook(tmp_path), "-p", "window=6", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "made-up.html").read_text(encoding="utf-8")
    assert "folder data" in page and "window = 6" in page
    first = BeautifulSoup(page, "lxml").select_one("[data-result]")
    assert first["data-result"] == "pain-late"


@pytest.mark.parametrize("options", [(), ("-p", "window=6")])
def test_a_failing_cell_is_named_and_nothing_is_written(folder, tmp_path, options):
    path = _notebook(tmp_path, NOTEBOOK.replace('chapter.robustness("pain-early")', "1 / 0"))
    done = _call("rerun", path, "--data", folder, "--out", tmp_path / "out", *options)
    assert done.exit_code == 1 and "(1 / 0): ZeroDivisionError" in done.stderr
    assert "code cell 4" in done.stderr and not (tmp_path / "out").exists()


def test_a_chapter_shows_what_it_is_asked_for(folder):
    asked, own = (Chapter(KNEE, folder, window=w).answer().view for w in (6, None))
    assert (asked.wish.window, asked.headline.id, asked.headline.question.window) == (
        6, "pain-late", (3, 6))
    assert (own.wish, own.headline.id) == (None, "pain-early")
    said = plain(soup(asked))
    assert "Asked for: to 6 months." in said and "fter 3 to 6 months" in said


def test_what_is_possible_comes_from_the_analyses(folder):
    data = Chapter(KNEE, folder).data
    assert possible(data, KNEE) == [("placebo", 3), ("placebo", 6), ("hyaluronic-acid", 3),
                                    ("placebo", None), (None, None)]
    assert not Asked.of(data, KNEE)
    with pytest.raises(AskedError, match="window=6, comparator=any"):
        Asked.of(data, KNEE, 6, "any")


def test_parts_without_an_answer_say_so(folder):
    chapter = Chapter(KNEE, folder, comparator="hyaluronic-acid")
    view = chapter.answer().view
    assert view.headline.id == "pain-ha" and view.harm is None
    assert "harm" not in {line.row.finding.id for line in view.lines}
    # Nothing can stand in the place of what has no control.
    assert isinstance(chapter.robustness("alone").view, Robustness)
    remark = chapter.robustness("harm")
    assert remark.view.why == "unasked"
    assert "no analysis asks the same with comparator=hyaluronic-acid" in remark._repr_html_()


def test_what_two_questions_became_stands_on_the_page_once(folder):
    chapter = Chapter(KNEE, folder, window=6)
    first, second = (chapter.subgroups(name) for name in ("pain-early", "pain-late"))
    assert first.view.anchor == "divided-pain-late" or first.view.why == "undivided"
    title = chapter.review.analysis("pain-late")["title"]
    assert second.view == Remark("above", title, first.view.anchor)
    assert chapter.subgroups("pain-early") == first  # a cell may be run again
    for part in (chapter.robustness, chapter.dose):
        shown = part("pain-early")
        again = part("pain-late")
        assert again.view.why == "above" and "shown above" in again._repr_html_()
        assert again.view.target == shown.view.anchor
        assert not shown.view.anchor or f'id="{shown.view.anchor}"' in shown._repr_html_()
    ids = [line.row.finding.id for line in chapter.answer().view.lines]
    assert len(ids) == len(set(ids))


CHAPTERS = [path for path in sorted((DATA.parent / "notebooks").rglob("*.md"))
            if "= Chapter(" in path.read_text(encoding="utf-8")]
# Cells that show something else when something else is asked for.
_ASKING = re.compile(r"chapter\.(answer|time_course|dose|subgroups|robustness)\(")


def _kept(function):
    """A function that shows the same of a result without drawing it again."""
    kept = {}

    def shown(*args):
        key = tuple(a if isinstance(a, str) else a["id"] for a in args
                    if isinstance(a, str) or (isinstance(a, dict) and "id" in a))
        if key not in kept:
            kept[key] = function(*args)
        return kept[key]

    return shown


def _value(source: str, names: dict):
    """What the last line of a cell gives, after the others were run."""
    *first, last = ast.parse(source).body
    alone = isinstance(last, ast.Expr)
    exec(compile(ast.Module(first if alone else [*first, last], []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if alone else None


def _run(path: Path, asked: dict, kept: dict) -> nbformat.NotebookNode:
    """An executed page of a chapter, made in this process."""
    notebook, names = notebooks.read(path), {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        value = kept[cell.source] if cell.source in kept else _value(cell.source, names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= asked
        elif value is not None:
            data = ({"text/markdown": value.data} if isinstance(value, Markdown)
                    else {"text/html": value._repr_html_()})
            cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
            if not _ASKING.search(cell.source):
                kept[cell.source] = value
    return notebook


def _wrong_in(page: str) -> list[str]:
    """Identifiers that stand twice, and references within the page that lead nowhere."""
    ids = Counter(re.findall(r'\sid="([^"]+)"', page))
    named = set(re.findall(r'href="#([^"]+)"', page))
    for several in re.findall(r'aria-(?:labelled|described)by="([^"]+)"', page):
        named |= set(several.split())
    return [f"{i} stands {n} times" for i, n in ids.items() if n > 1] + [
        f"{n} is not there" for n in sorted(named - set(ids))]


def _asked(path: Path, data: dataset.Dataset) -> list[dict]:
    """All that a page can be asked for, where it then shows something else."""
    if not _ASKING.search(path.read_text(encoding="utf-8")):
        return [{}]
    pairs = possible(data, path.parent.name)
    kinds, ends = ({p[side] for p in pairs} - {None} for side in (0, 1))
    return [{}, *({"comparator": k} for k in kinds), *({"window": w} for w in ends),
            *({"comparator": k, "window": w} for k, w in pairs if k and w)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: f"{path.parent.stem}/{path.stem}")
def test_every_page_of_a_rerun_has_each_identifier_once_and_no_dead_link(path, monkeypatch):
    computed = Chapter(path.parent.name).review
    monkeypatch.setattr(chapter_module, "load", lambda *_: computed.data)
    monkeypatch.setattr(chapter_module, "review", lambda *_, **__: computed)
    for name in ("dose", "subgroups", "time_course", "robustness"):
        monkeypatch.setattr(chapter_views, name, _kept(getattr(chapter_views, name)))
    monkeypatch.setattr(answer, "_since", _kept(answer._since))  # of a version: whatever is asked
    kept, wrong = {}, []
    for one in _asked(path, computed.data):
        page = standalone.page({path.stem: _run(path, one, kept)})
        wrong += [f"{one}: {line}" for line in _wrong_in(page)]
    assert not wrong, "\n".join(wrong)


def test_the_largest_chapter_is_one_page_of_2_MB_with_its_references():
    path = DATA.parent / "notebooks" / KNEE
    pages = rerun.found(DATA.parent, KNEE)
    assert list(pages) == [path / f"{p}.md" for p in (*PAGES, COMPARE)]
    assert set(pages.values()) == {KNEE}
    kept: dict = {}
    executed = {rerun.named(p): nbformat.writes(_run(p, {}, kept)) for p in pages}
    page = rerun.page(executed, dataset.load())
    assert len(page.encode()) <= 2_000_000
    assert not _wrong_in(page)
    read = BeautifulSoup(page, "lxml")
    assert [s["id"] for s in read.select("main > section")] == [
        f"page-{p}" for p in (*PAGES, COMPARE)]
    dark = page.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
    assert all(f"--lr-{name}:" in dark.partition("body {")[0] for name in ("ink", "page", "worse"))
    assert read.select(".lr-tabs a[href='#page-benefits']")
    listed = {li["id"]: li.get_text(" ") for li in read.select(".lr-references li")}
    cited = [a["href"][1:] for a in read.select("a[href^='#reference-']")]
    assert cited and set(cited) == listed.keys()
    assert "and others." in listed["reference-kim-2023"] and (
        "Journal of Sports Medicine" in listed["reference-kim-2023"])
    file = read.select_one('a.lr-download[download$=".csv.gz"]')["href"]
    assert "," in gzip.decompress(b64decode(file.partition("base64,")[2])).decode()


def test_what_two_notebooks_name_alike_is_told_apart_and_links_lead_to_the_right_one():
    def notebook(text: str, made: str = "") -> nbformat.NotebookNode:
        cell = nbformat.v4.new_code_cell("1", metadata={
            "tags": ["remove-input"]}, outputs=[
            nbformat.v4.new_output("display_data", data={"text/html": text})])
        return nbformat.v4.new_notebook(cells=[
            nbformat.v4.new_markdown_cell(f"# {made}"),
            nbformat.v4.new_markdown_cell("made from", metadata={"tags": [standalone.MADE_FROM]}),
            nbformat.v4.new_markdown_cell("## Data"), cell])

    page = standalone.page({
        "a/one": notebook('<a href="notebooks/a/two.html#x">x</a><i id="x"></i>', "One"),
        "a/two": notebook('<a href="#x">x</a><b id="x"></b><a href="notebooks/a/one.html#no">o</a>'
                          '<a href="notebooks/b/one.html#x">gone</a>', "Two")})
    assert not _wrong_in(page) and page.count("made from") == 1 and "<pre>" not in page
    assert [a["href"] for a in BeautifulSoup(page, "lxml").select("a")] == [
        "#page-one", "#data", "#page-two", "#page-two-data",
        "#page-two-x", "#page-two-x", "#page-one"]


def test_every_page_of_a_chapter_takes_the_same_parameters():
    assert {path.parent.name for path in CHAPTERS} == set(dataset.load().indications)
    assert {path.stem for path in CHAPTERS} == {*PAGES, COMPARE}
    for path in CHAPTERS:
        assert "data_folder, window, comparator)" in path.read_text(encoding="utf-8"), path


def _counted(rows: int) -> nbformat.NotebookNode:
    """A notebook whose view has a figure that readers can compute again."""
    data = {"n": 2, "species": [], "indications": []}
    figure = ('<figure><template class="lr-recompute"><form><label>Of <select name="analysis">'
              '<option>x</option></select></label></form><p><a class="lr-taken" href="y.html">code'
              '</a></p></template><script type="application/json">{"n": "' + "x" * rows
              + '"}</script></figure>')
    return nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# Harms\n\n## Every row\n\nRead\nit all."),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["remove-input"]}, outputs=[
            nbformat.v4.new_output("display_data", data={
                "text/html": "Animal experiments", MIME: {
                    "template": "animal_counts", "data": data}}),
            nbformat.v4.new_output("display_data", data={"text/html": figure})])])


def test_a_rerun_in_another_language_has_its_words_and_its_prose():
    prose = {"Every row": "全部数据行", "Read it all.": "全部读完。"}
    frame = standalone.Frame(language="zh_CN", told=lambda text: prose.get(text, text))
    page = standalone.page({"harms": _counted(1)}, frame)
    assert '<html lang="zh-Hans"' in page and "全部数据行</h2>" in page and "全部读完。" in page
    assert "Animal experiments" not in page and "动物实验" in page
    with pytest.raises(rerun.RerunError, match="--language fr: expected one of en, zh_CN"):
        rerun.prose_of(DATA.parent, "fr")


def test_a_page_selects_studies_where_that_fits_and_fetches_nothing():
    modules = ('import { one } from "./a.mjs";\nexport const two = one;\n',)
    small, large = (standalone.page({"x": _counted(n)}, standalone.Frame(modules=modules))
                    for n in (1, standalone.LARGEST))
    assert 'class="lr-recompute"' in small and '<script type="module">\n\nconst two' in small
    assert "analysis" not in small and "y.html" not in small
    assert 'class="lr-taken" href="#"' in small
    assert "lr-recompute" not in large and len(large.encode()) < standalone.LARGEST / 2
