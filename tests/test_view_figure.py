"""Pages and files of the analyses."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
from functools import cache
from itertools import combinations

import matplotlib
import pytest
from bs4 import BeautifulSoup
from lxml import etree
from lxml.html import HtmlElement, fromstring
from PIL import Image, ImageFont
from stated import wrong_statements

from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.render.numbers import count
from livingreview.review import review, rounded
from livingreview.site import exports
from livingreview.site import figures as files
from livingreview.view.figure import Figures, files_of

ONE, SEVERAL, NONE = "knee-pain-corticosteroid-6-12", "knee-any-ae-any", "knee-pain-placebo-12-24"
LEVELS = ("very low", "low", "moderate", "high")
# In XPath, what has a class.
TRACE, DOWNLOADS = (f"//*[contains(concat(' ', @class, ' '), ' {name} ')]"
                    for name in ("lr-trace", "lr-downloads"))
FONTS = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans"


@cache
def figures() -> Figures:
    return Figures(review(load()), "https://reviews.example.org/")


@cache
def html() -> dict[str, str]:
    return {r["id"]: str(render(figures().page(r), f"figures/{r['id']}.html"))
            for r in figures().results()}


def result(analysis: str) -> dict:
    return figures().review.analysis(analysis)


def drawing(found: dict) -> str:
    return str(render(figures().forest(found), form="svg"))


@cache
def soup(analysis: str) -> BeautifulSoup:
    return BeautifulSoup(html()[analysis], "lxml")


@cache
def tree(analysis: str) -> HtmlElement:
    """The same for tests of all pages, read quicker."""
    return fromstring(html()[analysis])


# --- pages ------------------------------------------------------------------------------------


def test_every_page_says_its_result_as_all_pages_do_and_is_small():
    found = {r["id"]: r for r in figures().results()}
    assert len(html()) == len(found) > 250
    for page in html().values():
        assert wrong_statements(page, found) == []
        assert len(page.encode()) <= 600_000 and len(re.findall(r"<[a-z]", page)) <= 6000


def test_old_anchors_are_on_every_page_once():
    for analysis in html():
        anchors = [*map(str, tree(analysis).xpath("//@id"))]
        for anchor in (f"forest-{analysis}", f"pooled-{analysis}"):
            assert anchors.count(anchor) == 1, anchor


def test_a_certainty_has_a_reason_for_each_domain_that_adds_up_to_its_level():
    rated = 0
    for found in figures().results():
        rows = tree(found["id"]).xpath(f"{TRACE}//tbody//tr")
        steps = found["certainty"]["steps"] if found["certainty"] else []
        assert [r.get("data-domain") for r in rows] == [s["domain"] for s in steps]
        for row in rows:
            why = row.findall(".//td")[-1].text_content().strip()
            assert why.endswith(".") and len(why) > 20, (found["id"], row.get("data-domain"))
        if rows:
            level = max(1, sum(int(r.get("data-change")) for r in rows))
            assert LEVELS[level - 1] == found["certainty"]["level"]
            rated += 1
    assert rated > 100


def test_one_trial_is_a_small_drawing_and_several_are_a_forest_plot():
    assert soup(ONE).select("figure.lr-single svg") and not soup(ONE).select("figure.lr-forest")
    assert soup(SEVERAL).select("figure.lr-forest") and not soup(SEVERAL).select(".lr-single")
    assert not soup(NONE).select("figure")
    assert "Needed would be means with a spread" in soup(NONE).get_text()


def test_trials_that_are_not_in_an_estimate_are_all_listed_and_linked():
    shown = soup("knee-pain-placebo-3-6").select("details:has(th[scope=col]) tbody th a")
    hrefs = {a["href"] for a in shown}
    for trial in result("knee-pain-placebo-3-6")["not_in_pool"]["trials"]:
        assert f"../trials/{trial['trial_id']}.html" in hrefs


def test_every_pool_names_what_is_not_in_it():
    for found in figures().review.analyses("knee-osteoarthritis"):
        page, missing = tree(found["id"]), found["not_in_pool"]
        said = page.text_content()
        if found["role"] == "check":
            assert "This estimate rests on" not in said
            continue
        if found["pooled"]:
            assert (f"This estimate rests on {count(round(missing['n_pool']))} of the "
                    f"{count(round(missing['n_finished']))} participants") in said
        assert {f"../trials/{trial['trial_id']}.html"
                for trial in missing["trials"]} <= {*page.xpath("//a/@href")}


def test_links_to_files_are_those_that_are_written():
    written = {path for path, _ in files.texts(figures())} | {
        path for indication in figures().data.indications
        for path, _ in exports.files(figures(), indication, ["metafor"])}
    for found in figures().results():
        linked = {posixpath.normpath(f"figures/{href}")
                  for href in tree(found["id"]).xpath(f"{DOWNLOADS}//a/@href")}
        assert {path for path in linked if not path.endswith(".png")} <= written
        assert linked == set(filter(None, vars(files_of(found)).values()))


def test_a_figure_is_cited_with_its_address_and_the_state_of_the_data():
    said = soup(ONE).select_one(".lr-cite").get_text()
    assert f"https://reviews.example.org/figures/{ONE}.html" in said
    assert result(ONE)["title"] in said and figures().data.date in said


def test_a_search_finds_what_a_page_is_about_and_not_what_it_lists():
    page = BeautifulSoup(html()["knee-pain-placebo-3-6"], "lxml")
    assert page.select_one("[data-pagefind-filter='indication']").get_text() == (
        "Knee osteoarthritis")
    assert page.select("[data-pagefind-ignore] a[href='../trials/nct06121882.html']")
    for part in page.select("[data-pagefind-ignore]"):
        part.decompose()
    assert not page.select("a[href='../trials/nct06121882.html']")
    assert page.select("a[href='../trials/kim-2023.html']")


def test_the_list_has_every_analysis_once():
    page = str(render(figures().index(), "figures/index.html"))
    rows = BeautifulSoup(page, "lxml").select("tr.lr-row")
    assert sorted(r["data-result"] for r in rows) == sorted(html())
    assert len(page.encode()) <= 600_000 and len(re.findall(r"<[a-z]", page)) <= 6000
    assert wrong_statements(page, {r["id"]: r for r in figures().results()}) == []


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("analysis", ["knee-pain-placebo-3-6", SEVERAL, "knee-ikdc-change-3-6"])
def test_the_csv_has_the_numbers_of_the_results(analysis):
    found = result(analysis)
    text = files.csv_text(figures().forests(found["indication"]), found)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["study_id"] for r in rows] == [s["study_id"] for s in found["studies"]]
    for row, study in zip(rows, found["studies"], strict=True):
        for key in ("yi", "vi", "weight"):
            value = study[key] if key != "weight" or found["k"] > 1 else None
            assert row[key] == ("" if value is None else f"{rounded(value):.10g}")


def test_the_json_pools_again_to_the_estimate():
    document = json.loads(files.json_text(figures(), result("knee-pain-placebo-3-6")))
    weights = [1 / (t["vi"] + document["pooled"]["tau2"]) for t in document["trials"]]
    pooled = sum(w * t["yi"] for w, t in zip(weights, document["trials"], strict=True))
    assert pooled / sum(weights) == pytest.approx(document["pooled"]["estimate"])
    assert document["data"]["finding"]["estimate"]["value"] == document["pooled"]["estimate"]


def _boxes(svg: etree._Element) -> list[tuple[float, float, float, float, str]]:
    """Where the letters of a drawing stand, by the widest font that it may be shown in."""
    out = []
    for text in svg.iter("{*}text"):
        css = (text.get("class") or "").split()
        size = 10 if "s" in css else float(text.get("font-size", 11))
        font = ImageFont.truetype(f"{FONTS}{'-Bold' if 'b' in css else ''}.ttf", 100)
        wide = font.getlength(text.text or "") * size / 100
        x, y = float(text.get("x")), float(text.get("y"))
        left = x - wide * (1 if "r" in css else 0.5 if "m" in css else 0)
        out.append((left, y - 0.75 * size, left + wide, y, text.text))
    return out


def test_drawings_are_xml_with_every_trial_and_no_text_over_another():
    drawn = 0
    for found in figures().results():
        if not found["studies"]:
            continue
        drawn += 1
        svg = etree.fromstring(drawing(found))
        wide, high = float(svg.get("width")), float(svg.get("height"))
        said = " ".join(" ".join(svg.itertext()).split())
        for group in figures().forest(found).groups:
            for row in group.rows:
                assert row.trial in said, (found["id"], row.trial)
        boxes = _boxes(svg)
        for a, b in combinations(boxes, 2):
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            assert apart, (found["id"], a, b)
        for box in boxes:
            assert 0 <= box[0] and box[2] <= wide and box[3] <= high, (found["id"], box)
    assert drawn > 100


def test_a_picture_has_twice_the_size_and_its_letters_on_white():
    svg = drawing(result("knee-pain-placebo-3-6"))
    root = etree.fromstring(svg)
    picture = files.png(svg)
    image = Image.open(io.BytesIO(picture))
    assert image.size == tuple(files.ZOOM * int(root.get(k)) for k in ("width", "height"))
    assert image.mode == "P" and len(picture) < 100_000
    grey = image.convert("L")
    for left, top, right, bottom, said in _boxes(root):
        part = grey.crop(tuple(int(files.ZOOM * v) for v in (left, top, right, bottom + 1)))
        assert part.getextrema()[0] < 170, said
    assert grey.getpixel((2, 2)) > 245


def test_files_are_written_once(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(files, "png", lambda svg: drawn.append(svg) or b"picture")
    files.write(figures(), tmp_path)
    assert len(drawn) == len(list(tmp_path.glob("figures/*.png"))) > 40
    first = {p: p.stat().st_mtime_ns for p in tmp_path.glob("figures/*")}
    (tmp_path / files_of(result(SEVERAL)).png).unlink()
    files.write(figures(), tmp_path)
    assert len(drawn) == len(list(tmp_path.glob("figures/*.png"))) + 1  # the one that was lost
    again = {p: p.stat().st_mtime_ns for p in tmp_path.glob("figures/*")}
    assert sum(first[p] != again[p] for p in first) == 1
