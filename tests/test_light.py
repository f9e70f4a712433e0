"""Pages load what they use, and are found by a search of the site's own."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from types import SimpleNamespace

import pytest
import small_book
from babel.support import Translations
from bs4 import BeautifulSoup
from jinja2 import Environment

from livingreview.render import engine
from livingreview.site import cbor, light, search
from livingreview.site.light import Used, cut

pytestmark = pytest.mark.xdist_group("light")  # they share a book


def _used(html: str, script: str = "", asked_for: tuple[str, ...] = ()) -> Used:
    used = Used(asked_for=frozenset(asked_for))
    used.add_page(html)
    used.add_script(script)
    return used


PAGE = '<div class="a b" id="one"><p data-x="1">text</p></div>'


@pytest.mark.parametrize(("css", "left"), [
    (".a { x: y }", ".a{x: y}"),
    (".a.c { x: y }", ""),
    (".c, p > .b::after { x: y }", "p > .b::after{x: y}"),
    ("#one p { x: y } #two { x: y }", "#one p{x: y}"),
    ("p:not(.c):hover { x: y }", "p:not(.c):hover{x: y}"),
    (":is(.c, .d) p { x: y }", ""),
    (":is(.c, .a) p { x: y }", ":is(.c, .a) p{x: y}"),
    ("p[data-x=\"1\"] { x: y } [data-z] { x: y }", 'p[data-x="1"]{x: y}'),
    ("@media print { .c { x: y } }", ""),
    ("@media print { .c { x: y } .a { x: y } }", "@media print{.a{x: y}}"),
    ("@container (max-width: 9rem) { @supports (x: y) { P { x: y } } }",
     "@container (max-width: 9rem){@supports (x: y){P{x: y}}}"),
    ("@font-face { font-family: F; src: url(f.woff) }", ""),
    (":root { --u: 1; --v: var(--u); --w: 2 } p { x: var(--w) }",
     ":root{--w: 2}\np{x: var(--w)}"),
    ("@keyframes turn { to { x: y } } @keyframes stop { to { x: y } } p { animation: turn 1s }",
     "@keyframes turn{to { x: y }}\np{animation: turn 1s}"),
    (".a { x: y; .c & { x: z } }", ".a{x: y; .c & { x: z }}"),
])
def test_rules_that_no_element_can_fit_are_cut(css, left):
    assert cut(css, _used(PAGE, asked_for=("data-x", "data-z"))).strip() == left


def test_what_a_script_gives_to_elements_stays():
    used = _used(PAGE, 'e.classList.add("shown"); e.style.width = "var(--far)";')
    css = ".shown { x: y } .c { x: y } .a { --far: 1px; --near: 2px }"
    assert cut(css, used) == ".shown{x: y}\n.a{--far: 1px}\n"


def test_addresses_in_styles_are_those_from_the_joined_sheet(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "a.css").write_text(
        "p { background: url('../x.png') } a { background: url(data:image/png,1) }")
    joined = light._joined(tmp_path, ["styles/a.css", "gone.css"])
    assert 'url("x.png")' in joined and "url(data:image/png,1)" in joined


def _script(filename="", body=""):
    return SimpleNamespace(filename=filename, attributes={"body": body} if body else {})


@pytest.mark.parametrize(("script", "body", "needed"), [
    (_script("_static/scripts/sphinx-book-theme.js"), "<p>", False),
    (_script("_static/doctools.js"), "<p>", False),
    (_script("_static/copybutton.js"), "<p>", False),
    (_script("_static/copybutton.js"), '<div class="highlight"><pre>', True),
    (_script("_static/togglebutton.js"), '<div class="admonition dropdown">', True),
    (_script(body="let toggleHintShow = 'Click';"), "<p>dropdown</p>", False),
    (_script("https://example.org/mathjax.js"), '<span class="math">', True),
    (_script("https://example.org/mathjax.js"), "<p>", False),
    (_script("_static/livingreview.js"), "<p>", True),
])
def test_a_script_loads_where_a_page_has_what_it_is_for(script, body, needed):
    assert light._needed(script, body) is needed


def test_the_frame_says_the_messages_of_the_catalogue(tmp_path, monkeypatch):
    folder = tmp_path / "zh" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "livingreview.po").write_text('msgid "Menu"\nmsgstr "菜单"\n', encoding="utf-8")
    monkeypatch.setattr(engine, "CATALOGUES", tmp_path)
    others = Translations()
    others._catalog = {"Search": "builder's own", "Menu": "builder's own"}
    frame = Environment(extensions=["jinja2.ext.i18n"])
    app = SimpleNamespace(config=SimpleNamespace(language="zh"), translator=others,
                          builder=SimpleNamespace(templates=SimpleNamespace(environment=frame)))
    light.speak(app)
    assert frame.from_string("{{ _('Menu') }}, {{ _('Search') }}, {{ _('Kind') }}").render() == (
        "菜单, builder's own, Kind")


@pytest.mark.parametrize(("page", "found"), [
    ("notebooks/knee/benefits", ("chapter", "knee")), ("notebooks/knee", ("chapter", "knee")),
    ("notebooks/kneecap", ("page", "")), ("notebooks/seed-a-2023", ("claims", "")),
    ("trials/doe-2020", ("trial", "")), ("figures/knee-pain", ("analysis", "")),
    ("book/methods", ("method", "")), ("index", ("page", "")),
])
def test_the_address_of_a_page_says_what_it_is(page, found):
    assert search.kind(page, {"knee"}) == found


def test_an_index_that_cannot_be_made_ends_the_build(tmp_path):
    with pytest.raises(search.SearchError, match="index of the search was not made"):
        search.end(tmp_path, search.begin(tmp_path / "nowhere", []))


@pytest.mark.parametrize("value", [
    0, 23, 24, 255, 256, 70_000, 2 ** 33, "", "x" * 24, "ä" * 300, [], [["a", [1, 2]], "b", 3],
    list(range(300))])
def test_what_is_written_is_read(value):
    assert cbor.loads(cbor.dumps(value)) == value


@pytest.mark.parametrize(("data", "said"), [
    (b"\x01\x02", "1 bytes after"), (b"\xa1\x01\x02", "kind 5"), (b"\x9f", "length 31")])
def test_data_of_another_kind_are_refused(data, said):
    with pytest.raises(cbor.CborError, match=said):
        cbor.loads(data)


def test_pages_of_many_kinds_give_the_same_index(tmp_path):
    for n in range(12):
        (tmp_path / f"{n}.html").write_text(
            f'<html lang="en"><body data-pagefind-body><h1>Page {n}</h1><p data-pagefind-filter='
            f'"kind">{n % 5}</p><p data-pagefind-filter="indication">{n % 4}</p></body></html>')
    written = []
    for _ in range(3):
        shutil.rmtree(tmp_path / search.FOLDER, ignore_errors=True)
        search.end(tmp_path, search.begin(tmp_path, sorted(tmp_path.glob("*.html"))))
        written.append({p.relative_to(tmp_path): p.read_bytes()
                        for p in (tmp_path / search.FOLDER).rglob("*") if p.is_file()})
    assert written[0] == written[1] == written[2]
    entry = json.loads((tmp_path / search.FOLDER / "pagefind-entry.json").read_text())
    name = f"pagefind.{entry['languages']['en']['hash']}.pf_meta"
    assert (tmp_path / search.FOLDER / name).is_file()


def test_an_index_stays_while_what_it_holds_of_the_pages_is_the_same(tmp_path):
    def write(text: str, apart: str, around: str) -> None:
        (tmp_path / "a.html").write_text(
            f'<html lang="en"><body>{around}<main><article data-pagefind-body><h1>Page</h1>{text}'
            f'<table data-pagefind-ignore="all"><tr><td>{apart}</td></tr></table> end</article>'
            "</main></body></html>")

    def begun() -> search.Begun | None:
        return search.begin(tmp_path, [*tmp_path.glob("*.html"), *tmp_path.glob("room/**/*.html")])

    def fragment() -> str:
        found, = (tmp_path / search.FOLDER / "fragment").iterdir()
        return gzip.decompress(found.read_bytes()).decode()

    write("first", "one", "before")
    search.end(tmp_path, begun())
    assert "first" in fragment() and "end" in fragment() and "one" not in fragment()
    write("first", "two", "after")
    assert begun() is None
    (tmp_path / search.FOLDER / "pagefind-entry.json").write_text("{")  # nothing is known of it
    search.end(tmp_path, begun())
    write("second", "two", "after")
    search.end(tmp_path, begun())
    assert "second" in fragment()
    (tmp_path / "a.html").rename(tmp_path / "b.html")
    search.end(tmp_path, begun())
    assert '"/b.html"' in fragment()
    for other in ("room/in", "zh"):
        (tmp_path / other).mkdir(parents=True)
        shutil.copy(tmp_path / "b.html", tmp_path / other)
    (tmp_path / "b.html").unlink()
    search.end(tmp_path, begun())
    assert '"/room/in/b.html"' in fragment()  # of another language there is none


# --- a whole small book -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = small_book.make(tmp_path_factory.mktemp("light") / "book")
    (folder / "plain.md").write_text(
        "# Plain\n\n:::{note}\nKnown as NCT01234567.\n:::\n\n```python\nx\n```\n")
    (folder / "disc.md").write_text("# Disc\n\nNo code.\n")
    (folder / "knee.md").write_text("# Knee\n\nNo code.\n\n## Part\n\nText.\n")
    (folder / "cross.md").write_text("# All\n\nNo code.\n")
    small_book.build(folder)
    return folder


def _soup(book, page: str) -> BeautifulSoup:
    return BeautifulSoup((book / "_build" / "html" / f"{page}.html").read_text(), "lxml")


def test_a_page_loads_one_sheet_and_small_scripts(book):
    html, page = book / "_build" / "html", _soup(book, "index")
    sheets = [link["href"] for link in page.select("link[rel=stylesheet]")]
    assert sheets == ["_static/site.css"]
    scripts = [tag["src"].partition("?")[0] for tag in page.select("script[src]")]
    assert scripts == [f"_static/{name}" for name in (
        "colours.js", *(name for name in light.SCRIPTS if name != "glossary.js"))]
    loaded = sum((html / name).stat().st_size for name in ("index.html", *sheets, *scripts))
    assert loaded < 150_000
    assert ".admonition" in (html / "_static" / "site.css").read_text()  # of the page "plain"
    left = {path.name for path in (html / "_static").rglob("*") if path.is_file()}
    assert "fontawesome.js" not in left and "language_data.js" not in left
    assert not [name for name in left if name.endswith((".woff2", ".map"))]
    assert not (html / "searchindex.js").exists()


def test_the_text_comes_before_the_navigation_and_every_control_has_a_name(book):
    page = _soup(book, "knee")
    first = page.body.find("a")
    assert first.get_text() == "Skip to main content"
    assert page.find(id=first["href"][1:]).name == "main"
    places = [page.body.find_all(True).index(page.body.select_one(part))
              for part in ("header", "main article", ".lr-contents", "#site-navigation")]
    assert places == sorted(places)
    stops = page.body.select("a[href], button, input, summary")
    assert stops.index(page.select_one("article a")) <= 10
    assert all(stop.get("aria-label") or stop.get_text(strip=True) for stop in stops)
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    names = [tag.get("aria-label") for tag in page.find_all("nav")]
    assert None not in names and len(names) == len(set(names))


def test_pages_are_found_by_words_and_kind(book):
    html = book / "_build" / "html"
    entry = json.loads((html / "pagefind" / "pagefind-entry.json").read_text())
    found = [p for p in html.rglob("*.html") if "data-pagefind-body" in p.read_text()]
    assert entry["languages"]["en"]["page_count"] == len(found) > len(small_book.PAGES)
    assert not list((html / "pagefind").glob("*-ui.*"))
    assert _soup(book, "index").article["data-kind"] == "Page"
    page = _soup(book, "search")
    assert page.select_one("main noscript").get_text(strip=True)
    form = _soup(book, "index").select_one("form[role=search]")
    assert form["action"] == "search.html" and form.input["name"] == "q"


def test_two_builds_write_the_same_bytes_and_a_later_one_takes_new_styles_in(book):
    html = book / "_build" / "html"

    def kept() -> dict:
        return {str(p.relative_to(html)): p.read_bytes() for p in sorted(html.rglob("*"))
                if p.is_file() and p.parts[-2] != "_sources"}

    before = kept()
    small_book.build(book)  # nothing changed
    assert kept() == before
    shutil.rmtree(html)
    shutil.rmtree(book / "_build" / ".doctrees")
    small_book.build(book)
    again = kept()
    assert sorted(again) == sorted(before)
    assert [name for name in again if again[name] != before[name]] == []
    (book / "plain.md").write_text("# Plain\n\n:::{epigraph}\nWords.\n:::\n")
    small_book.build(book)
    after = kept()
    assert after["index.html"] == before["index.html"]
    assert re.search(r"\.admonition\b", before["_static/site.css"].decode())
    assert not re.search(r"\.admonition\b", after["_static/site.css"].decode())
