"""What readers see: sentences, tables, forest plots, drawings, sections."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup
from rendered import finding, forest, soup

from livingreview.data.dataset import load
from livingreview.render import engine
from livingreview.render.chapter import Chapter
from livingreview.render.engine import environment
from livingreview.render.numbers import bare, count, number
from livingreview.review import dumps
from livingreview.review.measure import measure
from livingreview.site import versioned as site
from livingreview.view.addresses import COMPARE, PAGES
from livingreview.view.finding import direction

ROOT = Path(__file__).resolve().parents[1]
KNEE, HIP = "knee-osteoarthritis", "femoral-head-osteonecrosis"
MAIN = "knee-pain-placebo-3-6"


@pytest.fixture(scope="module")
def chapter():
    return Chapter(KNEE)


def _changed_copy(folder: Path, old: str, new: str) -> Path:
    data = folder / "data"
    shutil.copytree(ROOT / "data", data)
    path = data / HIP / "outcomes.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return data


@pytest.mark.parametrize("value, shown", [(-2.25, "−2.2"), (-0.04, "0.0"), (1234.5, "1,234.5"),
                                          (None, ""), (-11.149999999999999, "−11.2")])
def test_numbers(value, shown):
    assert number(value) == shown


def test_counts():
    assert count(12.0) == "12" and count(12.5) == "12.5" and count(None) == ""


@pytest.mark.parametrize("half, full", [
    ("比较, 疼痛; 功能: 无.", "比较，疼痛；功能：无。"),
    ("<b>无明显差异</b>. 差值", "<b>无明显差异</b>。差值"),
    ("Kim 2023: <b>权重</b> 86%, 标准差 2.4", "Kim 2023：<b>权重</b> 86%，标准差 2.4"),
    ("骨愈合 (month), 28 例中 21 例 (第 253 行)", "骨愈合（month），28 例中 21 例（第 253 行）"),
    *((same, same) for same in ("−8.8 (−17.8 至 0.3)", "95.0% (75.1% 至 99.9%)", "Ye (叶庆元) 2017",
                                "5 (3.1)", "在 &#39;drop&#39; 下，A &amp; 乙", "激素(KOOS)"))])
def test_chinese_has_full_width_signs(half, full):
    assert engine._full(half) == full


def _table(*parts) -> str:
    return str(environment().get_template("parts.html").make_module({}).table(*parts))


def test_tables_escape_text_and_hold_what_accessibility_needs():
    html = _table("t", "A <b> caption", [("a", "A"), ("n", "N", "num")],
                  [{"a": "<script>", "n": Markup("<b>1</b>")}])
    page = BeautifulSoup(html, "lxml")
    assert "<script>" not in html
    assert page.caption.get_text() == "A <b> caption"
    assert all(th.get("scope") for th in page.find_all("th"))
    assert page.find("td")["class"] == ["lr-num"]
    assert page.find("a", class_="lr-download")["href"].startswith("data:text/csv")


def test_an_empty_table_says_so():
    assert "c: none." in _table("t", "c", [("a", "A")], [])


@pytest.mark.parametrize("indication", load().indications)
def test_every_chapter_has_the_same_pages_and_each_shows_the_way_to_the_others(indication):
    folder = ROOT / "notebooks" / indication
    more = {COMPARE} if indication == "knee-osteoarthritis" else set()
    assert {p.stem for p in folder.glob("*.md")} == set(PAGES) | more
    for page in (*PAGES, *more):
        text = (folder / f"{page}.md").read_text(encoding="utf-8")
        assert re.findall("^# ", text, re.M) == ["# "]
        assert f'chapter.tabs("{page}")' in text
        assert text.count("{code-cell}") > 2 or page == "robustness", f"{page} shows nothing"


def test_forest_shows_what_was_computed(chapter):
    result = chapter.review.analysis(MAIN)
    page = forest(chapter.data, result)
    rows = page.select("tr.lr-study")
    assert len(rows) == result["k"]
    for row, study in zip(rows, result["studies"], strict=True):
        text = row.get_text(" ")
        assert number(study["estimate"]) in text
        assert number(study["intervention"]["mean"]) in text
        assert f"n {count(study['n_intervention'])}" in text
        assert number(100 * study["weight"]) + "%" in text
    pooled = page.select_one("tr.lr-pooled").get_text(" ")
    assert number(result["pooled"]["estimate"]) in pooled
    assert number(result["pooled"]["ci_low"]) in page.select_one(".lr-alt").get_text()
    assert page.select("line.lr-mid")


def test_forest_places_marks_in_order(chapter):
    result = chapter.review.analysis(MAIN)
    page = forest(chapter.data, result)
    squares = [float(r.parent["x"].rstrip("%")) for r in page.select("rect.lr-square")]
    estimates = [s["estimate"] for s in result["studies"]]
    assert sorted(range(len(squares)), key=squares.__getitem__) == sorted(
        range(len(estimates)), key=estimates.__getitem__)
    null = float(page.select_one("line.lr-null")["x1"].rstrip("%"))
    for x, estimate in zip(squares, estimates, strict=True):
        assert (x < null) == (estimate < 0)


def test_a_changed_cell_changes_number_figure_text_and_results(tmp_path):
    data, progression = _changed_copy(tmp_path, ",25,8,,,ma-2014", ",25,24,,,ma-2014"), (
        "hip-progression-added")
    chapter, other = Chapter(HIP), Chapter(HIP, data)
    before, after = chapter.review.analysis(progression), other.review.analysis(progression)
    assert after["pooled"]["estimate"] > before["pooled"]["estimate"] + 0.05
    old, new = forest(chapter.data, before), forest(other.data, after)
    for part in ("tr.lr-pooled td:nth-of-type(4)", ".lr-alt",
                 "svg:has(> polygon.lr-diamond)"):
        assert str(old.select_one(part)) != str(new.select_one(part)), part
    assert chapter.answer()._repr_html_() != other.answer()._repr_html_()
    assert dumps(chapter.review.document) != dumps(other.review.document)


def test_every_sentence_holds_its_numbers(chapter):
    for result in chapter.results():
        said = finding(chapter.data, result)
        assert said.endswith(".") and "None" not in said and "nan" not in said
        if result["pooled"]:
            d = measure(result).decimals
            assert number(result["pooled"]["estimate"], d) in said


def test_directions_in_sentences():
    result = {"question": {"measure": "MD", "favourable": "lower", "rescaled_0_100": True},
              "pooled": {"estimate": -3.0, "ci_low": -5.0, "ci_high": -1.0}}
    assert direction(result) == "better"
    result["question"]["favourable"] = "higher"
    assert direction(result) == "worse"
    result["question"].update(measure="RR", favourable="lower")
    result["pooled"] = {"estimate": 1.5, "ci_low": 1.1, "ci_high": 2.4}
    assert direction(result) == "worse"
    result["pooled"]["ci_low"] = 0.9
    assert direction(result) == "unclear"
    assert direction({**result, "pooled": None}) == "none"


def test_drawings_are_the_same_twice_and_follow_the_page(chapter):
    first, second = (chapter.robustness(MAIN)._repr_html_() for _ in range(2))
    assert first == second
    svg = BeautifulSoup(first, "lxml").find("svg")
    assert svg.find("title").get_text() and svg.find("desc").get_text()
    # colours come from the stylesheet, which has two sets of them
    assert "#" not in str(svg) and not svg.select("[fill], [stroke], [style]")
    assert "<text" in str(svg), "text must stay text"


def test_replica_ends_at_the_main_analysis(chapter):
    page = soup(chapter.replica("cochrane-replica", MAIN, "cochrane-2024-summit").view)
    rows = page.select("#cochrane-replica-steps tbody tr")
    assert "−12.4 (−24.9 to 0.0)" in rows[0].get_text()
    assert number(chapter.review.analysis(MAIN)["pooled"]["estimate"]) in rows[-1].get_text()
    theirs = chapter.review.analysis("cochrane-replica")
    assert len(page.select("#forest-cochrane-replica tr.lr-study")) == len(theirs["studies"])


def test_the_trials_of_a_chapter_name_every_study_once(chapter):
    view = chapter.trials().view
    shown = [*view.studies, *view.animals]
    assert len(shown) == len(chapter.evidence.studies)
    assert len({s.name for s in shown}) == len({s.href for s in shown}) == len(shown)
    page = soup(view)
    for study in shown:
        assert any(a.get_text() == study.name for a in page.find_all("a")), study.name


def test_committed_descriptions_equal_the_declarations():
    data = load()
    assert (ROOT / "data" / "datapackage.json").read_text(
        encoding="utf-8") == site.datapackage_json(data), "run `make data`"
    assert (ROOT / "data" / "codebook.csv").read_bytes() == (
        site.codebook_text(data).encode()), "run `make data`"
    json.loads(site.datapackage_json(data))


def test_the_picture_of_the_readme_is_of_these_data(chapter):
    from livingreview.site.picture import picture

    drawn = (ROOT / "book/_static/knee-pain-forest.svg").read_text(encoding="utf-8")
    assert drawn == picture(chapter.review), "run `make picture`"


def test_a_difference_in_a_natural_unit_has_the_decimals_of_its_interval():
    def shown(low, high, **more):
        return measure({"question": {"measure": "MD", **more},
                        "pooled": {"ci_low": low, "ci_high": high}}).decimals

    assert [shown(low, high, unit="mg/dL") for low, high in (
        (-0.04, 0.02), (-0.57, -0.20), (-14.9, 71.9), (1, 1))] == [3, 2, 1, 1]
    assert shown(-0.57, -0.20) == 1  # points of a score, as they always are
    assert [bare(x) for x in (0.05, 0.5, 8.333, 10, -1.05)] == ["0.05", "0.5", "8.3", "10", "−1.1"]
