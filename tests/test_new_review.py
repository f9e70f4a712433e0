"""A review of one's own: valid, of no field, built in both languages, right by its own tests."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from conftest import read_table
from field_words import pattern

import livingreview
from livingreview.__main__ import main
from livingreview.data.dataset import examine, load
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.render.told import messages
from livingreview.site.newreview import requirements
from livingreview.view.addresses import PAGES, Addresses
from livingreview.view.finding import Findings
from livingreview.view.trial.index import index_rows, trial_index

ROOT = Path(__file__).resolve().parents[1]
BEGIN = ROOT / "livingreview" / "site" / "new_review"
# Pages that every review has alike, and the lists of words that are of a field.
ALIKE = ("api", "codebook", "data-quality", "flow", "glossary", "searches", "versions")
OF_THE_FIELD = {
    "outcome", "family", "event", "condition", "route", "treatment_source", "treatment_product",
    "treatment_class", "provider", "dose_per", "unit", "comparator_type", "cointervention",
    "comparison_class", "analysis_comparison", "exclusion_reason", "favours",
    "stated_result", "wording"}


def _new(folder: Path, *more: str):
    return CliRunner().invoke(main, ["new", "review", str(folder), "--title", "A drug, tried",
                                     "--indication", "obesity", "--title-zh", "一种药物",
                                     "--label-zh", "肥胖", *more])


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "review"
    done = _new(folder)
    assert done.exit_code == 0, done.output
    assert f"files in {folder}. Next: cd {folder}, make book" in done.output
    return folder


def test_a_new_review_is_valid_without_a_warning(review):
    found = examine(review / "data", every_warning=True)
    assert [str(p) for p in found.problems] == []
    assert found.indications == ("obesity",)
    assert found.label("indication", "obesity") == "Obesity"
    assert {p.stem for p in (review / "notebooks" / "obesity").glob("*.md")} == {*PAGES}
    assert (review / ".gitignore").is_file() and (review / ".github/workflows/build.yml").is_file()


def test_a_new_review_names_no_field_but_its_own(review):
    words, texts = pattern(), [p for p in review.rglob("*") if p.is_file() and p.suffix != ".whl"]
    said = {str(p.relative_to(review)): words.findall(p.read_text(encoding="utf-8"))
            + re.findall("(?i)seed reviews?", p.read_text(encoding="utf-8"))
            for p in texts if p.suffix != ".svg" and p.name != "requirements.txt"}
    assert {name: words for name, words in said.items() if words} == {}
    left = [p for p in texts
            if re.search(r"\$(title|label|indication|today|contents)", p.read_text("utf-8"))]
    assert left == []


def test_the_readme_names_the_lists_of_the_field_and_the_others_are_those_of_this_review():
    readme = (BEGIN / "README.md").read_text(encoding="utf-8")
    words = readme.partition("the lists")[2].partition("are of the field")[0]
    assert set(re.findall("`([a-z_]+)`", words)) == OF_THE_FIELD
    rows = read_table(BEGIN / "data" / "vocabularies.csv")
    general = {r["list"] for r in rows} - OF_THE_FIELD - {"indication", "seed_indication"}
    own = {(r["list"], r["value"]) for r in rows if r["list"] in general}
    here = {(r["list"], r["value"]) for r in load(ROOT / "data").records("vocabularies")
            if r["list"] in general}
    assert own == here and len(general) > 40


@pytest.mark.parametrize("name", ALIKE)
def test_pages_that_all_reviews_have_are_the_same(name):
    assert (BEGIN / "book" / f"{name}.md").read_text() == (ROOT / "book" / f"{name}.md").read_text()


def test_rules_of_certainty_begin_as_those_of_this_review_and_are_told_in_chinese(review):
    own, here = (read_table(root / "data" / "certainty_rules.csv") for root in (BEGIN, ROOT))
    for row in here:
        row["rule"] = row["rule"].replace(
            "imaging, grades", "a measurement that no patient feels").replace(
            "that a named review judged", "judged")
    assert own == here
    told = messages(review / "data" / "locale" / "zh_CN.po")
    assert {r["rule"] for r in own} <= told.keys()


@pytest.mark.parametrize(("more", "said"), [
    (("--title", 'A "quoted" title'), "--title 'A \"quoted\" title'"),
    (("--indication", "Two Words"), "--indication Two Words: expected a name of lower-case"),
    (("--indication", "locale"), "no folder of the data")], ids=["quotes", "name", "folder"])
def test_what_cannot_be_a_name_is_refused_and_nothing_is_written(tmp_path, more, said):
    done = _new(tmp_path / "review", *more)
    assert done.exit_code == 2 and said in done.stderr and "Nothing was written." in done.stderr
    assert not (tmp_path / "review").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = _new(tmp_path)
    assert done.exit_code == 2 and "is not an empty folder" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_what_builds_it_is_pinned(review):
    lines = (review / "requirements.txt").read_text().splitlines()
    assert "\n".join(lines) + "\n" == requirements(lines[0])
    wheel, = review.glob("packages/*.whl")
    assert lines[0] == f"./packages/{wheel.name}"
    assert all(re.fullmatch(r"[a-z0-9.-]+==\S+", line) for line in lines[1:])
    here = dict(line.split("==") for line in lines[1:])
    pinned = dict(line.partition(" ")[0].lower().replace("_", "-").split("==")
                  for line in (ROOT / "requirements.txt").read_text().splitlines()
                  if "==" in line and not line.startswith("#"))
    assert {"jupyter-book", "sphinx", "pytest"} <= here.keys() and here.items() <= pinned.items()


def test_its_makefile_says_what_there_is_and_removes_the_made_up_trial(review, tmp_path):
    folder = Path(shutil.copytree(review, tmp_path / "review"))
    said = subprocess.run(["make", "help"], cwd=folder, capture_output=True, text=True, check=True)
    assert re.search(r"^  make begin +remove the made-up trial", said.stdout, re.M)
    subprocess.run(["make", "begin"], cwd=folder, capture_output=True, check=True)
    found = examine(folder / "data")
    assert [str(p) for p in found.problems if p.level == "error"] == []
    assert not found.records("studies") and len(found.records("analyses")) == 4


def _append(path: Path, rows: list[dict]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, header, restval="", lineterminator="\n").writerows(rows)


@pytest.fixture(scope="module")
def grown(review, tmp_path_factory) -> Path:
    """The data with two made-up trials of other doses, known by a printed difference alone."""
    data = Path(shutil.copytree(review / "data", tmp_path_factory.mktemp("grown") / "data"))
    words = data / "vocabularies.csv"
    words.write_text(words.read_text(encoding="utf-8").replace(
        "wording,dose-unit,,units,单位", "wording,dose-unit,,mg,毫克"), encoding="utf-8")
    at, tables = {"source_id": "made-up-report"}, {"studies": [], "arms": [], "contrasts": []}
    for i, dose in enumerate((0.25, 2.4)):
        name = {"study_id": f"trial-{i}", **at}
        tables["studies"].append({**name, "title": f"Made up too, {i}", "first_author": f"Other{i}",
                                  "year": 2021, "design": "rct", "unit": "patient",
                                  "status": "published"})
        tables["arms"] += [
            {**name, "arm_id": "drug", "role": "intervention", "treatment_source": "drug",
             "treatment_product": "drug", "dose": dose},
            {**name, "arm_id": "placebo", "role": "comparator", "comparator_type": "placebo"}]
        tables["contrasts"].append({
            **name, "arm_intervention": "drug", "arm_comparator": "placebo", "measure": "MD",
            "outcome": "symptom-score", "instrument": "made-up score", "timepoint_months": 3,
            "favours": "intervention", "scale_max": 100, "estimate": -5, "ci_low": -8,
            "ci_high": -2})
    for table, rows in tables.items():
        _append(data / "obesity" / f"{table}.csv", rows)
    assert [str(p) for p in examine(data).problems if p.level == "error"] == []
    return data


def _told(view) -> str:
    return " ".join(BeautifulSoup(str(render(view)), "lxml").get_text(" ").split())


def _findings(chapter: Chapter) -> list:
    review = chapter.review
    findings = Findings(review.data, "obesity", Addresses(review.data))
    return [findings.of(r) for r in review.analyses("obesity")]


def test_a_dose_has_its_unit_and_the_source_of_a_trial_known_by_a_difference(grown):
    shown = Chapter("obesity", grown).dose().view
    assert {t.source.en for t in shown.chart.trials} == {"Drug"}
    said = _told(shown)
    assert "Other0 2021 0.25 mg: " in said and "Other1 2021 2.4 mg: " in said
    assert "Dose (mg)" in said and "not stated" not in said


def test_pages_name_no_animals_where_there_are_none(grown):
    chapter, pages = Chapter("obesity", grown), Pages(grown)
    index = trial_index(index_rows(chapter.review))
    assert not index.animals
    for view in (chapter.size().view, pages.evidence_map().view, index):
        assert "animal" not in _told(view).lower()
    assert "3 reports of 3 studies of people are in the data." in _told(chapter.size().view)


def test_one_indication_is_told_in_chinese_without_a_count_and_no_word_stands_twice(grown):
    said = BeautifulSoup(str(render(Pages(grown).landing().view, "", "zh_CN")), "lxml").get_text()
    assert "大多目前尚不清楚：已知 3 项人体试验" in said and "适应证共有" not in said
    assert "治疗治疗" not in said and "治疗" in said


def test_pages_of_one_indication_do_not_count_indications(grown):
    pages = Pages(grown)
    assert "indications" not in _told(pages.timeline().view)
    landing = _told(pages.landing().view)
    assert "3 trials in people are known and there is a main estimate of benefit" in landing
    assert "Harms of all indications" not in landing and "1 indication" not in landing


def test_an_empty_table_says_of_what(grown):
    assert "Retracted reports and reports under concern: none." in _told(
        Pages(grown).retractions().view)


def test_no_more_studies_are_not_counted(review, grown):
    assert "more studies of this indication" in _told(Chapter("obesity", grown).event_bounds().view)
    alone = Chapter("obesity", review / "data").event_bounds().view
    assert alone.silent == 0 and "more stud" not in _told(alone)


def test_a_source_and_a_product_of_one_name_are_told_once(grown):
    told = _told(Chapter("obesity", grown).trials().view)
    assert "Drug" in told and "Drug, Drug" not in told and "Drug, drug" not in told


def test_a_score_of_0_to_100_is_what_a_network_asks_for(grown):
    assert "scores on the scale of 0 to 100" in _told(Chapter("obesity", grown).network_line().view)


@pytest.mark.parametrize(("changed", "said"), [
    ({"unit": "kg", "favourable": "lower"}, "The treatment may lower symptoms compared with"),
    ({"unit": "kg", "favourable": "higher"}, "The treatment may raise symptoms compared with"),
    ({"unit": "points", "favourable": "lower"}, "The treatment may improve symptoms compared"),
    ({"kind": "event"}, "may lower the chance of this compared with placebo: symptoms.")],
    ids=["less-weight", "more-weight", "score", "event"])
def test_what_is_measured_in_a_natural_unit_is_lowered_or_raised(grown, changed, said):
    shown = Chapter("obesity", grown)
    found = next(f for f in _findings(shown) if f.question.kind == "score" and f.estimate)
    better = replace(found, level="low", direction="better", target="any",
                     question=replace(found.question, **changed))
    assert said in _told(better)


def test_an_event_is_told_by_how_many_have_it(grown):
    found = next(f for f in _findings(Chapter("obesity", grown)) if f.question.kind == "event")
    assert ("The treatment may make no clear difference to how many have this, compared with "
            "placebo: any adverse event.") in _told(replace(found, level="low"))


@pytest.mark.xdist_group("new review")
def test_a_new_review_builds_and_passes_its_own_tests(review):
    for words in (("livingreview", "build"), ("pytest", "-q", "-p", "no:cacheprovider", "tests")):
        done = subprocess.run([sys.executable, "-m", *words], cwd=review, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    chapter = (review / "_build/html/notebooks/obesity/index.html").read_text(encoding="utf-8")
    assert "−8.0" in chapter and 'lang="en"' in chapter
    chinese = (review / "_build/html/zh/book/methods.html").read_text(encoding="utf-8")
    assert "待定" in chinese and 'lang="zh-Hans"' in chinese and "Decide" not in chinese
    assert _names_the_field(review / "_build" / "html") == []


def _names_the_field(site: Path) -> list[str]:
    """Pages, and files that they offer, that have a word of our field, in either language."""
    words, found, pages = pattern(), [], 0
    for path in sorted(site.rglob("*")):
        if path.suffix not in (".html", ".csv", ".json") or "_static" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            pages += 1
            text = BeautifulSoup(text, "lxml").get_text(" ")
        found += [f"{path.relative_to(site)}: {m[0]}" for m in words.finditer(text)]
    assert pages > 40
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel made of the source distribution."""
    made = tmp_path_factory.mktemp("wheel")
    source = made / "source"  # a build leaves its folders beside what it builds
    shutil.copytree(ROOT / "livingreview", source / "livingreview",
                    ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-c", "from setuptools import build_meta\n"
                    f"build_meta.build_sdist({str(made)!r})"], cwd=source, check=True,
                   capture_output=True)
    (sdist,) = made.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps",
                    "--no-build-isolation", "-w", made, sdist], check=True)
    (wheel,) = made.glob("*.whl")
    return wheel


def test_a_wheel_holds_what_a_review_begins_with_and_what_pages_are_made_of(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist()
              if name.startswith("livingreview/")}
    package = ROOT / "livingreview"
    wanted = {f"livingreview/{p.relative_to(package).as_posix()}" for p in package.rglob("*")
              if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".pot"}
    wanted -= {"livingreview/render/babel.cfg"}
    assert wanted - inside == set()


def test_the_wheel_works_in_an_environment_of_its_own_away_from_the_checkout(wheel, tmp_path):
    own = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", own], check=True)
    python = own / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps",
                    wheel], check=True)
    (there,) = own.glob("lib/python*/site-packages")
    # the packages that it needs, as they are here; this checkout is not among them
    (there / "others.pth").write_text(sysconfig.get_path("purelib"))
    away = tmp_path / "away"
    away.mkdir()

    def run(*arguments: str) -> str:
        done = subprocess.run([python, "-m", "livingreview", *arguments], cwd=away, text=True,
                              capture_output=True, env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert livingreview.__version__ in run("--version") and "new " in run("--help")
    (away / "trials.csv").write_text("study,yi,vi\nOne,0.5,0.04\nTwo,0.1,0.02\nThree,0.3,0.09\n")
    assert "0.26" in run("pool", "trials.csv", "--measure", "SMD")
    run("new", "review", "mine", "--title", "A drug", "--indication", "obesity")
    assert "are valid" in run("check", "mine/data")
    first = (away / "mine" / "requirements.txt").read_text().splitlines()[0]
    assert first == f"./packages/{wheel.name}"
    assert (away / "mine" / "packages" / wheel.name).is_file()
