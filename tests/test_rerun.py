"""Chapters on other data and with other questions: refused, executed, or named where they fail."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner, Result
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.display import Chapter
from livingreview.review.asked import Asked, AskedError, possible

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
from livingreview.display import Chapter

chapter = Chapter("knee-osteoarthritis", data_folder, window, comparator)
```

## Summary

```{code-cell} ipython3
chapter.summary("pain-early")
```

```{code-cell} ipython3
chapter.figure("pain-early")
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
    (["window=soon"], "no number of months"),
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
    assert unknown.exit_code == 2 and KNEE in unknown.stderr
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
    soup = BeautifulSoup(page, "lxml")
    text = soup.get_text(" ")
    assert "folder data" in text and "comparator = hyaluronic-acid" in text
    assert soup.title.text == "A made-up chapter"
    assert str(tmp_path) not in page
    assert soup.select("figure#forest-pain-ha") and soup.select("figure#forest-pain-early")
    ids = {tag["id"] for tag in soup.find_all(id=True)}
    for link in soup.find_all("a", href=True):
        assert link["href"].startswith(("http", "data:", "#")), link
        if link["href"].startswith("#forest-"):
            assert link["href"][1:] in ids, link
    assert not soup.find_all(src=True) and not soup.find_all("link")
    assert "prefers-color-scheme: dark" in page and "{bibliography}" not in page
    notebook = nbformat.read(out / "made-up.ipynb", as_version=4)
    assert any("injected-parameters" in c.metadata.get("tags", []) for c in notebook.cells)
    assert {p.name for p in out.iterdir()} == {"made-up.html", "made-up.ipynb"}


@pytest.mark.parametrize("options", [(), ("-p", "window=6")])
def test_a_failing_cell_is_named_and_nothing_is_written(folder, tmp_path, options):
    path = _notebook(tmp_path, NOTEBOOK.replace('chapter.figure("pain-early")', "1 / 0"))
    done = _call("rerun", path, "--data", folder, "--out", tmp_path / "out", *options)
    assert done.exit_code == 1 and "(1 / 0): ZeroDivisionError" in done.stderr
    assert "code cell 4" in done.stderr and not (tmp_path / "out").exists()


def test_a_chapter_shows_what_it_is_asked_for_and_keeps_its_own(folder):
    chapter = Chapter(KNEE, folder, window=6)
    summary = BeautifulSoup(chapter.summary("pain-early", "harm"), "lxml").get_text(" ")
    assert "Asked for: window=6" in summary and "after 3 to 6 months" in summary
    figure = BeautifulSoup(chapter.figure("pain-early"), "lxml")
    assert [f["id"] for f in figure.select("figure.lr-forest")] == ["forest-pain-late",
                                                                    "forest-pain-early"]
    own = Chapter(KNEE, folder)
    assert "Asked" not in own.summary("pain-early")
    assert len(BeautifulSoup(own.figure("pain-early"), "lxml").select("figure.lr-forest")) == 1


def test_what_is_possible_comes_from_the_analyses(folder):
    data = Chapter(KNEE, folder).data
    assert possible(data, KNEE) == [("placebo", 3), ("placebo", 6), ("hyaluronic-acid", 3),
                                    ("placebo", None)]
    assert not Asked.of(data, KNEE)
    with pytest.raises(AskedError, match="window=6, comparator=any"):
        Asked.of(data, KNEE, 6, "any")
