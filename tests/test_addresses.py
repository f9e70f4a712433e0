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
from livingreview.site.addresses import (
    Downloads,
    OldAddresses,
    Outputs,
    filed,
    redirects,
    resolve,
)

KNEE, DISC = "knee-osteoarthritis", "disc-degeneration"
INDEX, TRIALS = f"notebooks/{KNEE}/index.html", f"notebooks/{KNEE}/trials.html"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def data():
    return load()


@pytest.fixture(scope="module")
def old(data):
    return OldAddresses(data)


def _studies(data, indication):
    return [row["study_id"] for row in data.records("studies", indication)]


@pytest.mark.parametrize("page, href, led", [
    # what an anchor of the old page names
    (INDEX, "#study-doe-2020", "../../trials/doe-2020.html"),
    (INDEX, "#value-doe-2020-0a1b2c3d", "../../trials/doe-2020.html#value-doe-2020-0a1b2c3d"),
    (INDEX, "#forest-knee-pain", "../../figures/knee-pain.html"),
    (INDEX, "#pooled-knee-pain", "../../figures/knee-pain.html#pooled-knee-pain"),
    ("notebooks/harms.html", "#forest-knee-pain", "../figures/knee-pain.html"),
    # its sections
    (INDEX, "#harms", "harms.html"),
    (INDEX, "#risk-of-bias", "trials.html#risk-of-bias"),
    (TRIALS, "#risk-of-bias", "#risk-of-bias"),
    (TRIALS, f"#{KNEE}-claims", f"others.html#{KNEE}-claims"),
    (INDEX, "#of-nobody", "#of-nobody"),
    # links to a chapter from another page
    ("notebooks/harms.html", f"../notebooks/{KNEE}.html", f"{KNEE}/index.html"),
    ("notebooks/harms.html", f"../notebooks/{KNEE}.html#study-doe-2020",
     "../trials/doe-2020.html"),
    ("book/index.html", f"../notebooks/{KNEE}.html#pooled-x", "../figures/x.html#pooled-x"),
    ("index.html", f"../notebooks/{KNEE}.html#effects", f"notebooks/{KNEE}/benefits.html"),
    (TRIALS, f"../notebooks/{DISC}.html#summary-of-findings",
     f"../{DISC}/index.html#summary-of-findings"),
    (TRIALS, f"../notebooks/{DISC}.html#of-nobody", f"../{DISC}/index.html"),
    # links to other pages and files, from every depth
    (INDEX, "../book/data-quality.html#unused-studies",
     "../../book/data-quality.html#unused-studies"),
    (INDEX, "../results.json", "../../results.json"),
    (INDEX, "../notebooks/harms.html", "../harms.html"),
    ("trials/doe-2020.html", "../results.json", "../results.json"),
    ("index.html", "../releases/2026.11.0.html", "releases/2026.11.0.html"),
    ("book/flow.html", "#flow-list-left", "#flow-list-left"),
    # what is right already
    (INDEX, "https://doi.org/10.1/x?a=1&amp;b=2", "https://doi.org/10.1/x?a=1&amp;b=2"),
    (INDEX, "mailto:a@example.org", "mailto:a@example.org"),
    (INDEX, "../../results.json", "../../results.json"),
])
def test_links_of_cells_lead_to_the_new_places(old, page, href, led):
    body = f'<p>An <a class="x" href="{href}">a link</a> of a cell</p>'
    assert resolve(body, page, old) == body.replace(href, led)


def test_a_link_to_what_is_on_the_same_page_stays(old):
    body = ('<a href="#forest-a">a</a> <a href="#forest-b">b</a> '
            '<p id="forest-b" data-id="forest-a">')
    led = resolve(body, INDEX, old)
    assert re.findall('href="([^"]*)"', led) == ["../../figures/a.html", "#forest-b"]
    assert 'href="#forest-a"' in resolve(body, INDEX, old, {"forest-a"})
    own = f'<a href="../notebooks/{KNEE}.html#forest-a">a</a>'
    assert resolve(own, INDEX, old, {"forest-a"}) == '<a href="#forest-a">a</a>'
    other = own.replace(KNEE, DISC)
    assert "figures/a.html" in resolve(other, INDEX, old, {"forest-a"})


def test_a_drawing_keeps_what_it_uses(old):
    body = '<svg><use href="#study-a"/><path data-href="#study-a"/></svg><article href="#study-a">'
    assert resolve(body, INDEX, old) == body


def test_each_study_has_one_address_also_where_two_indications_have_its_name(data, old):
    """Every old link of every study: the pages are as many as the studies, and named alike."""
    pages = [old.moved(i, f"study-{s}") for i in data.indications for s in _studies(data, i)]
    assert len(set(pages)) == len(pages) > 500
    for indication in data.indications:
        for study in _studies(data, indication):
            page = old.new.trial(indication, study)
            value = f"value-{study}-00ff00ff"
            assert old.moved(indication, f"study-{study}") == page
            assert old.moved(indication, value) == f"{page}#{value}"


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


def _page(*bodies):
    """A page with outputs of cells, markup of its own and a section."""
    page = new_document("page")
    section = nodes.section(ids=["harms"])
    section += nodes.raw("", '<a href="../results.json">by hand</a>', format="html")
    for body in bodies:
        output = nodes.container(classes=["cell_output"])
        output += nodes.raw("", body, format="html")
        section += output
    page += section
    return page


def _app(folder, form="html"):
    builder = SimpleNamespace(format=form, get_target_uri=lambda name: f"{name}.html")
    return SimpleNamespace(builder=builder, outdir=str(folder),
                           config=SimpleNamespace(language="en"))


def _links(page):
    return [re.findall('href="([^"]*)"', node.astext()) for node in page.findall(nodes.raw)]


def test_only_outputs_of_cells_are_rewritten_when_a_page_is_written(data, tmp_path):
    page = _page('<a href="../results.json">1</a><a href="#harms">2</a><a href="#forest-x">3</a>',
                 '<p id="forest-x"></p>' + _download("a"))
    outputs, name = Outputs(lambda: data), TRIALS.removesuffix(".html")
    outputs(_app(tmp_path), page, name)
    file = f"downloads/notebooks-{KNEE}-trials/table.csv"
    assert _links(page) == [["../results.json"], ["../../results.json", "#harms", "#forest-x"],
                            [f"../../{file}"]]
    assert (tmp_path / file).read_text() == "a"


def test_files_follow_their_page(data, tmp_path):
    outputs, app = Outputs(lambda: data), _app(tmp_path)
    for name in ("index", "book/a", "book/b"):
        outputs(app, _page(_download(name)), name)
    outputs(app, _page(_download("new", "new.csv")), "book/a")
    outputs.forget(app, None, set(), set(), {"book/b"})
    found = sorted(p.relative_to(tmp_path / "downloads").as_posix()
                   for p in tmp_path.rglob("*.csv"))
    assert found == ["book-a/new.csv", "index/table.csv"]


def test_without_links_the_data_are_not_read_and_other_formats_stay(tmp_path):
    outputs = Outputs(lambda: pytest.fail("read"))
    outputs(_app(tmp_path), _page("<p>No link</p>"), "index")
    page = _page(_download("a"))
    outputs(_app(tmp_path, "latex"), page, "index")
    assert "data:" in page.astext() and not list(tmp_path.iterdir())


def test_old_pages_lead_to_the_chapter_without_a_script(data):
    pages = redirects(data)
    assert list(pages) == [f"notebooks/{i}.html" for i in data.indications]
    page = pages[f"notebooks/{KNEE}.html"]
    index = f"{KNEE}/index.html"
    assert f'<noscript><meta http-equiv="refresh" content="0; url={index}">' in page
    assert f'<link rel="canonical" href="{index}">' in page and f'<a href="{index}">' in page
    assert all(len(page) < 16_000 for page in pages.values())


def test_an_old_page_names_no_study_but_those_of_two_indications(data):
    times = Counter(s for i in data.indications for s in _studies(data, i))
    for indication, page in zip(data.indications, redirects(data).values(), strict=True):
        plain = page.replace("\\\\-", "-")
        named = {s for s in times if re.search(f'study-\\({re.escape(s)}\\)', plain)}
        assert named <= {s for s, n in times.items() if n > 1} & set(_studies(data, indication))
        assert bool(named) == (indication not in (KNEE, "femoral-head-osteonecrosis"))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_old_pages_lead_to_where_links_in_the_book_lead(data, old, tmp_path):
    """The script in a browser and the build say the same of every kind of anchor."""
    sync_api = pytest.importorskip("playwright.sync_api")
    for path, page in redirects(data).items():
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
            new = old.moved(osteoporosis, anchor) or old.new.chapter(osteoporosis)
            page.wait_for_url(f"http://site/{new}", timeout=5000)
        assert old.moved(osteoporosis, "study-zhang-2022") == "trials/zhang-2022-osteoporosis.html"
        browser.close()


def _answer(folder: Path):
    """A site of the old pages; every new address is there too."""
    def answer(route):
        path = folder / route.request.url.split("#")[0].removeprefix("http://site/")
        body = path.read_text(encoding="utf-8") if path.is_file() else "<p>here</p>"
        route.fulfill(body=body, content_type="text/html; charset=utf-8")
    return answer
