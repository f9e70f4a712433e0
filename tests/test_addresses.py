"""Links and addresses of the site as it was lead to where things are now."""

from __future__ import annotations

import base64
import re
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from livingreview.data.dataset import load
from livingreview.site import addresses, chapters
from livingreview.site.addresses import (
    Downloads,
    OldAddresses,
    Outputs,
    filed,
    moved,
    redirects,
)
from livingreview.site.light import THEME
from livingreview.site.views import view

ROOT = Path(__file__).parents[1]
KNEE, DISC = "knee-osteoarthritis", "disc-degeneration"
INDEX, TRIALS = f"notebooks/{KNEE}/index.html", f"notebooks/{KNEE}/trials.html"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


# --- pages of chapters that are not there ---------------------------------------------------------


def test_only_pages_of_chapters_that_the_book_has_are_linked():
    body = (f'<p><a href="../{INDEX}#a">Knee</a>, <a class="x" href="../notebooks/{DISC}/index.html'
            f'#a">disc <b>pain</b></a>, <a href="index.html">trials</a>, '
            f'<a href="https://example.org/notebooks/index.html">elsewhere</a></p>')
    assert chapters.linked(body, "trials/doe-2020.html", {INDEX[:-5]}) == body.replace(
        f'<a class="x" href="../notebooks/{DISC}/index.html#a">disc <b>pain</b></a>',
        "disc <b>pain</b>")


def test_a_tab_of_a_page_that_is_not_there_is_left_out():
    body = ('<nav class="lr-tabs" aria-label="Knee"><a href="index.html" aria-current="page">Answer'
            '</a><a href="trials.html">Trials <small>2</small></a></nav>')
    assert chapters.linked(body, INDEX, {INDEX[:-5]}) == body.replace(
        '<a href="trials.html">Trials <small>2</small></a>', "")


# --- old addresses --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    return load()


@pytest.fixture(scope="module")
def old(data):
    return OldAddresses(data, moved(ROOT))


def _moved(old, indication, anchor):
    """Where an anchor of an old chapter is now, by the rules that its page holds."""
    fits = ((re.fullmatch(pattern, anchor), new) for pattern, new in old.rules(indication))
    return old.sections(indication).get(anchor) or next(
        (new.format(fit[0], fit[1]) for fit, new in fits if fit), None)


def _studies(data, indication):
    return [row["study_id"] for row in data.records("studies", indication)]


def test_each_study_has_one_address_also_where_two_indications_have_its_name(data, old):
    """Every old link of every study: the pages are as many as the studies, and named alike."""
    pages = [_moved(old, i, f"study-{s}") for i in data.indications for s in _studies(data, i)]
    assert len(set(pages)) == len(pages) > 500
    for indication in data.indications:
        for study in _studies(data, indication):
            page = old.new.trial(indication, study)
            value = f"value-{study}-00ff00ff"
            assert _moved(old, indication, f"study-{study}") == page
            assert _moved(old, indication, value) == f"{page}#{value}"


def test_every_section_of_an_old_chapter_has_a_place_in_the_new_one(old):
    for indication in old.indications:
        places = old.sections(indication)
        assert len(places) > 60
        for anchor, place in places.items():
            path, _, at = place.partition("#")
            assert re.fullmatch(f"notebooks/{indication}/[a-z-]+\\.html", path)
            assert at in ("", anchor)


def _download(content, name="table.csv", kind="text/csv;charset=utf-8"):
    return f'<a class="lr-download" download="{name}" href="data:{kind},{content}">As CSV</a>'


def test_downloads_become_files_of_the_page():
    downloads = Downloads(TRIALS)
    body = filed(_download("a%2Cb%0A%E2%88%921%0A") + _download("other") + _download("a,b%0A−1%0A")
                 + _download(base64.b64encode(b"\0\1").decode(), "x.bin", "a/b;base64"), downloads)
    folder = f"downloads/notebooks-{KNEE}-trials"
    assert downloads.files == {f"{folder}/table.csv": "a,b\n−1\n".encode(),
                               f"{folder}/table-2.csv": b"other", f"{folder}/x.bin": b"\0\1"}
    assert re.findall('href="([^"]*)"', body) == [
        f"../../{folder}/{name}" for name in ("table.csv", "table-2.csv", "table.csv", "x.bin")]
    assert body.count('download="table.csv"') == 3 and body.count(">As CSV</a>") == 4
    assert "data:" not in body


def _app(folder, form="html"):
    builder = SimpleNamespace(format=form, get_target_uri=lambda name: f"{name}.html")
    return SimpleNamespace(builder=builder, outdir=str(folder),
                           config=SimpleNamespace(language="en"))


def _page(*files):
    """A page with a view for each file that it offers, and markup of its own."""
    page = new_document("page")
    page += nodes.raw("", '<a href="../results.json">by hand</a>', format="html")
    for file in files:
        page += view(packed={"template": "downloads", "data": file})
    return page


@pytest.fixture
def written(monkeypatch):
    """A view is written as the link to its file."""
    monkeypatch.setattr(addresses, "render", lambda packed, *_: _download(*packed["data"]))


def test_views_and_their_files_are_written_with_a_page(tmp_path, written):
    page, name = _page(("a",)), TRIALS.removesuffix(".html")
    Outputs()(_app(tmp_path), page, name)
    file = f"downloads/notebooks-{KNEE}-trials/table.csv"
    assert [re.findall('href="([^"]*)"', node.astext()) for node in page.findall(nodes.raw)] == [
        ["../results.json"], [f"../../{file}"]]
    assert (tmp_path / file).read_text() == "a" and not list(page.findall(view))


def test_files_follow_their_page(tmp_path, written):
    outputs, app = Outputs(), _app(tmp_path)
    for name in ("index", "book/a", "book/b"):
        outputs(app, _page((name,)), name)
    outputs(app, _page(("new", "new.csv")), "book/a")
    outputs.forget(app, None, set(), set(), {"book/b"})
    found = sorted(p.relative_to(tmp_path / "downloads").as_posix()
                   for p in tmp_path.rglob("*.csv"))
    assert found == ["book-a/new.csv", "index/table.csv"]


def test_other_formats_stay(tmp_path, written):
    page = _page(("a",))
    Outputs()(_app(tmp_path, "latex"), page, "index")
    assert list(page.findall(view)) and not list(tmp_path.iterdir())


def test_old_pages_lead_to_the_chapter_without_a_script(data):
    pages = redirects(data, ROOT)
    assert list(pages) == [f"notebooks/{i}.html" for i in data.indications]
    page = pages[f"notebooks/{KNEE}.html"]
    index = f"{KNEE}/index.html"
    assert f'<noscript><meta http-equiv="refresh" content="0; url={index}">' in page
    assert f'<link rel="canonical" href="{index}">' in page and f'<a href="{index}">' in page
    assert all(len(page) < 16_000 for page in pages.values())


def test_an_old_page_names_no_study_but_those_of_two_indications(data):
    times = Counter(s for i in data.indications for s in _studies(data, i))
    for indication, page in zip(data.indications, redirects(data, ROOT).values(), strict=True):
        plain = page.replace("\\\\-", "-")
        named = {s for s in times if re.search(f'study-\\({re.escape(s)}\\)', plain)}
        assert named <= {s for s, n in times.items() if n > 1} & set(_studies(data, indication))
        assert bool(named) == (indication not in (KNEE, "femoral-head-osteonecrosis"))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_old_pages_lead_to_where_links_in_the_book_lead(data, old, tmp_path):
    """The script in a browser and the build say the same of every kind of anchor."""
    sync_api = pytest.importorskip("playwright.sync_api")
    for path, page in redirects(data, ROOT).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(page, encoding="utf-8")
    osteoporosis = "osteoporosis"
    anchors = ["study-doe-2020", "value-doe-2020-0a1b2c3d", "forest-knee-pain",
               "pooled-knee-pain", "harms", "risk-of-bias", "study-zhang-2022",
               "value-zhang-2022-0a1b2c3d", "study-zhang-2022-b", f"{osteoporosis}-running"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", _answer(tmp_path))
        for anchor in [*anchors, "", "of-nobody", "constructor", "%E0"]:
            page.goto("about:blank")
            page.goto(f"http://site/notebooks/{osteoporosis}.html#{anchor}")
            new = _moved(old, osteoporosis, anchor) or old.new.chapter(osteoporosis)
            page.wait_for_url(f"http://site/{new}", timeout=5000)
        assert _moved(old, osteoporosis, "study-zhang-2022") == (
            "trials/zhang-2022-osteoporosis.html")
        browser.close()


def _answer(folder: Path):
    """A site of the old pages; every new address is there too."""
    def answer(route):
        address = route.request.url.split("#")[0].removeprefix("http://site/")
        if address.startswith("_static/"):
            route.fulfill(path=THEME / "static" / address.removeprefix("_static/"))
            return
        path = folder / address
        body = path.read_text(encoding="utf-8") if path.is_file() else "<p>here</p>"
        route.fulfill(body=body, content_type="text/html; charset=utf-8")
    return answer
