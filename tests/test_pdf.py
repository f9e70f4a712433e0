"""Sheets joined as one PDF: page numbers, contents, bookmarks, links; and what is refused."""

from __future__ import annotations

import html as markup
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from livingreview.__main__ import main
from livingreview.render.languages import language
from livingreview.site import pdf, press
from livingreview.site.joined import Mark, join, placed
from livingreview.site.press import PdfError, Sheet

BASE, KNEE = "file:///site/", "notebooks/knee"


def _printed(file: Path, pages: int, places: dict[str, int], links: dict[int, list[str]]) -> Path:
    """A file as Chromium makes one: named places, addresses of pages of the site."""
    writer = PdfWriter()
    for number in range(pages):
        page = writer.add_blank_page(595, 842)
        drawn = DecodedStreamObject()
        drawn.set_data(b".24 0 0 -.24 0 842 cm")  # axes that it leaves as they are not before
        page[NameObject("/Contents")] = writer._add_object(drawn)
        for address in links.get(number, ()):
            link = Link(rect=(50, 550, 200, 650), url=address)
            writer.add_annotation(number, link)
    for name, number in places.items():
        writer.add_named_destination(f"/{name}", number)
    with file.open("wb") as out:
        writer.write(out)
    return file


@pytest.fixture
def sheets(tmp_path):
    return [
        Sheet("front", "Front", _printed(tmp_path / "f.pdf", 2, {}, {
            1: [f"{BASE}{KNEE}/harms.html#any"]})),
        Sheet(f"{KNEE}/index", "Knee", _printed(tmp_path / "i.pdf", 3, {"answer": 1}, {
            0: [f"{BASE}trials/one-2020.html#value-1", "https://doi.org/10.1/x"]}),
            (("answer", "The answer"),)),
        Sheet(f"{KNEE}/harms", "Knee: harms", _printed(tmp_path / "h.pdf", 2, {"any": 1}, {}),
              (("any", "Any event"),)),
    ]


def _joined(sheets, file: Path, site: str = "") -> PdfReader:
    marks = [Mark("Knee", f"{KNEE}/index", (
        Mark("The answer", f"{KNEE}/index#answer"),
        Mark("Harms", f"{KNEE}/harms", (Mark("Any event", f"{KNEE}/harms#any"),))))]
    assert join(sheets, marks, file, BASE, site, {"/Title": "Knee"}, "en") == 7
    return PdfReader(file)


def _links(reader: PdfReader, page: int) -> list:
    found = []
    for one in reader.pages[page].get("/Annots", ()):
        link = one.get_object()
        found.append(reader.get_page_number(link["/Dest"][0].get_object()) if "/Dest" in link
                     else link["/A"]["/URI"])
    return found


def test_pages_are_numbered_and_bookmarks_lead_to_them(sheets, tmp_path):
    reader = _joined(sheets, tmp_path / "all.pdf")
    assert [page.extract_text().strip() for page in reader.pages] == ["", *"234567"]
    knee, inside = reader.outline
    answer, harms, events = inside
    assert [(one.title, reader.get_destination_page_number(one) + 1)
            for one in (knee, answer, harms, *events)] == [
        ("Knee", 3), ("The answer", 4), ("Harms", 6), ("Any event", 7)]
    assert reader.metadata.title == "Knee" and reader.trailer["/Root"]["/Lang"] == "en"


def test_links_lead_inside_the_file_or_to_the_published_site(sheets, tmp_path):
    alone = _joined(sheets, tmp_path / "alone.pdf")
    assert _links(alone, 1) == [6]
    assert _links(alone, 2) == ["https://doi.org/10.1/x"]  # the trial's page has no address
    known = _joined(sheets, tmp_path / "known.pdf", "https://example.org/r")
    assert _links(known, 1) == [6]
    assert _links(known, 2) == ["https://example.org/r/trials/one-2020.html#value-1",
                                "https://doi.org/10.1/x"]


def _tag(writer: PdfWriter, parent, kind: str, **more):
    """A tag below another one, as Chromium writes them."""
    made = DictionaryObject({NameObject("/S"): NameObject(f"/{kind}"), NameObject("/P"): parent})
    made.update({NameObject(f"/{key}"): value for key, value in more.items()})
    ref = writer._add_object(made)
    parent.get_object().setdefault(NameObject("/K"), ArrayObject()).append(ref)
    return ref


def _tagged(file: Path, links: list[str]) -> Path:
    """A page with a heading, links, and a table whose cell names its header."""
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    page[NameObject("/StructParents")] = NumberObject(0)
    page[NameObject("/Contents")] = writer._add_object(DecodedStreamObject())
    root = writer._add_object(DictionaryObject({
        NameObject("/Type"): NameObject("/StructTreeRoot")}))
    whole = _tag(writer, root, "Document")
    heading = _tag(writer, whole, "H1", Pg=page.indirect_reference)
    heading.get_object()[NameObject("/K")] = NumberObject(0)
    numbers = [NumberObject(0), ArrayObject([heading])]
    for n, address in enumerate(links, 1):
        link = writer.add_annotation(0, Link(rect=(50, 550, 200, 650), url=address))
        link[NameObject("/StructParent")] = NumberObject(n)
        tag = _tag(writer, whole, "Link", Pg=page.indirect_reference)
        tag.get_object()[NameObject("/K")] = ArrayObject([NumberObject(n), DictionaryObject({
            NameObject("/Type"): NameObject("/OBJR"),
            NameObject("/Obj"): link.indirect_reference})])
        numbers += [NumberObject(n), tag]
    table = _tag(writer, whole, "Table")
    _tag(writer, table, "TH", ID=TextStringObject("node1"))
    _tag(writer, table, "TD", A=ArrayObject([DictionaryObject({
        NameObject("/O"): NameObject("/Table"),
        NameObject("/Headers"): ArrayObject([TextStringObject("node1")])})]))
    root.get_object().update({
        NameObject("/ParentTree"): writer._add_object(DictionaryObject({
            NameObject("/Nums"): ArrayObject(numbers)})),
        NameObject("/ParentTreeNextKey"): NumberObject(len(links) + 1)})
    writer.root_object[NameObject("/StructTreeRoot")] = root
    with file.open("wb") as out:
        writer.write(out)
    return file


def _below(tag, kind: str) -> list:
    """Tags of a kind, in the order in which they are read."""
    tag = tag.get_object()
    if not isinstance(tag, dict):
        return []
    inside = tag.get("/K", ()) if isinstance(tag.get("/K"), list) else [tag.get("/K")]
    return [tag] * (tag.get("/S") == f"/{kind}") + [
        one for part in inside if part is not None for one in _below(part, kind)]


def test_tags_are_those_of_all_sheets_in_their_order(tmp_path):
    inside, outside = f"{BASE}{KNEE}/harms.html", f"{BASE}trials/one-2020.html"
    sheets = [Sheet(f"{KNEE}/index", "Knee", _tagged(tmp_path / "i.pdf", [inside, outside])),
              Sheet(f"{KNEE}/harms", "Harms", _tagged(tmp_path / "h.pdf", [inside]))]
    join(sheets, [], tmp_path / "all.pdf", BASE, "", {}, "en")
    reader = PdfReader(tmp_path / "all.pdf")
    root = reader.trailer["/Root"]
    tree = root["/StructTreeRoot"]
    assert root["/MarkInfo"]["/Marked"].value
    [whole] = _below(tree, "Document")
    assert len(_below(whole, "Part")) == len(_below(whole, "H1")) == 2
    # what is drawn on each page finds its tag, and what is tagged is on its page
    numbers = tree["/ParentTree"]["/Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for page, heading in zip(reader.pages, _below(whole, "H1"), strict=True):
        assert owners[page["/StructParents"]].get_object()[0].get_object() == heading
        assert heading["/Pg"].indirect_reference == page.indirect_reference
    for page, link in zip(reader.pages, _below(whole, "Link"), strict=True):
        [there] = page["/Annots"]
        assert owners[there.get_object()["/StructParent"]].get_object() == link
        assert link["/K"][1]["/Obj"].indirect_reference == there.indirect_reference
    # a link that leads nowhere is text, and nothing is left of it
    assert len(_below(whole, "Span")) == 1 and len(owners) == 4
    # a cell names the header of its own table
    named = tree["/IDTree"]["/Names"]
    heads = dict(zip(named[::2], named[1::2], strict=True))
    assert len(heads) == 2
    for head, cell in zip(_below(whole, "TH"), _below(whole, "TD"), strict=True):
        assert heads[cell["/A"][0]["/Headers"][0]].get_object() == head


def test_the_same_sheets_make_the_same_file(sheets, tmp_path):
    _joined(sheets, tmp_path / "one.pdf")
    _joined(sheets, tmp_path / "two.pdf")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_section_without_a_place_stands_where_its_sheet_does(sheets):
    places = placed(sheets)
    assert places.of(f"{KNEE}/harms#any") == 6 and places.of(f"{KNEE}/harms#other") == 5
    assert places.of("book/methods") is None


NAV = """<nav id="site-navigation"><ul class="lr-narrow"><li><a href="x.html">No</a></li></ul>
<p class="caption">Indications</p><ul>{knee}<li><a href="{top}notebooks/hip/index.html">Hip</a></li>
</ul><p class="caption">About</p><ul><li><a href="{top}book/methods.html">Methods</a></li>
<li><a href="{top}book/codebook.html">Codebook</a></li></ul></nav>"""
CLOSED = '<li><a href="{top}notebooks/knee/index.html">Knee</a></li>'
OPEN = '<li><a href="#">Knee</a><ul><li><a href="harms.html">Harms</a></li></ul></li>'
HIP = ('<nav id="site-navigation"><p>Indications</p><ul><li><a href="#">Hip</a><ul><li>'
       '<a href="harms.html">Harms</a></li></ul></li></ul></nav>')


@pytest.fixture
def site(tmp_path):
    """A site with two chapters of two pages, and two pages besides."""
    record = {"name": "A review", "version": "2026.11.0", "datePublished": "2026-11-30",
              "author": {"name": "Its contributors"}, "license": "https://spdx.org/licenses/CC0",
              "url": "https://example.org/r/book/index.html"}
    nav = {"book/index": NAV.format(knee=CLOSED.format(top="../"), top="../"),
           "notebooks/knee/index": NAV.format(knee=OPEN, top="../../"),
           "notebooks/hip/index": HIP, "notebooks/knee/harms": "", "notebooks/hip/harms": "",
           **{name: NAV.format(knee=CLOSED.format(top="../"), top="../")
              for name in ("book/methods", "book/codebook")}}
    for name, text in nav.items():
        file = tmp_path / "html" / f"{name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'<html lang="en"><script type="application/ld+json">{json.dumps(record)}'
                        f'</script><article><h1>About {name}<a class="headerlink">#</a></h1>'
                        f'<p class="lr-caution">No advice.</p></article>{text}</html>')
    (tmp_path / "html" / "results.json").write_text('{"data_version": "2026-11-29"}')
    return tmp_path / "html"


class _Press:
    """Prints nothing, but files with as many pages as it is told."""

    base = BASE

    def __init__(self, folder: Path):
        self.folder, self.said, self.printed = folder, {}, []

    def sheet(self, address: str) -> Sheet:
        self.printed.append(address)
        file = self.folder / f"{address.replace('/', '-')}.pdf"
        return Sheet(address, f"About {address}", _printed(file, 2, {"a": 1}, {}), (("a", "An A"),))

    def brief(self, pages) -> list[Sheet]:
        return [replace(self.sheet(address), left=tuple(what for _, what in parts[:1]))
                for address, parts in pages]

    def text(self, name: str, html: str) -> Sheet:
        self.said[name] = html
        return Sheet(name, "", _printed(self.folder / f"{name}.pdf", 3, {}, {}))


def _contents(html: str) -> list[tuple[str, int]]:
    return [(markup.unescape(address), int(page)) for address, page in re.findall(
        r'<a href="([^"]+)">[^<]*</a><i></i><b>(\d+)</b>', html)]


def _run(site: Path, folder: Path, name: str = "") -> tuple[_Press, PdfReader]:
    said = _Press(folder)
    run = pdf.Printing(site, said, lambda _: None)
    chosen = [one for one in run.chapters if one.name == name]
    return said, PdfReader(run.chapter(chosen[0], folder) if name else run.book(folder))


def test_the_navigation_says_what_is_printed(site):
    found = pdf.contents(site)
    assert [(one.part, one.name, [page.address for page in one.pages]) for one in found] == [
        ("", "", ["book/index"]),
        ("Indications", "knee", ["notebooks/knee/index", "notebooks/knee/harms"]),
        ("Indications", "hip", ["notebooks/hip/index", "notebooks/hip/harms"]),
        ("About", "", ["book/methods"]), ("About", "", ["book/codebook"])]
    assert found[0].pages[0].title == "About book/index"


def test_a_chapter_has_a_cover_and_contents_with_its_pages(site, tmp_path):
    said, made = _run(site, tmp_path, "knee")
    assert len(made.pages) == 3 + 2 + 2 and (tmp_path / "knee-2026.11.0.pdf").is_file()
    html = said.said["front-knee"]
    assert _contents(html) == [
        ("notebooks/knee/index.html", 4), ("notebooks/knee/index.html#a", 5),
        ("notebooks/knee/harms.html", 6), ("notebooks/knee/harms.html#a", 7)]
    words = " ".join(re.sub("<[^>]*>", " ", html).split())
    for told in ("A chapter of “A review”", "Version 2026.11.0, published on 2026-11-30",
                 "Data of 2026-11-29", "No advice.", "CC0",
                 "Its contributors. A review. Version 2026.11.0. 2026-11-30. https://example.org/r."):
        assert told in words, told


def test_a_chapter_says_what_is_left_out_of_it_and_where_it_is(site, tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "_left_out", lambda: {
        "index": [("#late", "times")], "harms": [("", "")]})
    said, made = _run(site, tmp_path, "knee")
    assert len(made.pages) == 3 + 2 and said.printed == ["notebooks/knee/index"]
    words = " ".join(re.sub("<[^>]*>", "", said.said["front-knee"]).split())
    assert "(notebooks/knee/index.html): the same outcomes at other times" in words
    assert "Harms (notebooks/knee/harms.html): all of the page" in words


def test_the_book_leaves_lists_on_the_screen_and_names_them(site, tmp_path):
    said, made = _run(site, tmp_path)
    assert len(made.pages) == 3 + 6 * 2 and "book/codebook" not in said.printed
    assert "book/codebook.html" in said.said["front-book"]
    listed = dict(_contents(said.said["front-book"]))
    assert listed["notebooks/hip/index.html"] == 10 and listed["book/methods.html"] == 14
    assert [one.title for one in made.outline if not isinstance(one, list)] == [
        "About book/index", "Indications", "About"]


def _pdf(*arguments) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["pdf", *map(str, arguments)])
    return done.exit_code, done.output


def test_what_cannot_be_printed_is_said(site, tmp_path, monkeypatch):
    code, said = _pdf("--site", tmp_path / "none")
    assert code == 2 and "make book" in said
    code, said = _pdf("--site", site, "--out", tmp_path / "out", "--chapter", "elbow")
    assert code == 2 and "elbow" in said and "knee, hip" in said
    monkeypatch.delenv(press.CHROMIUM, raising=False)
    monkeypatch.setattr(press.shutil, "which", lambda _: None)
    code, said = _pdf("--site", site, "--out", tmp_path / "out")
    assert code == 2 and "apt-get install -y chromium" in said
    monkeypatch.setenv(press.CHROMIUM, "no-such-browser")
    with pytest.raises(PdfError, match="no-such-browser"):
        press.chromium()
    assert not (tmp_path / "out").exists()


def test_words_in_a_running_head_stay_words():
    assert press._css('a "b"\\') == 'a \\22 b\\22 \\5c '


def test_what_stands_in_files_is_printed_whole(tmp_path):
    page = tmp_path / "trials.html"
    page.write_text('<a class="lr-apart" href="trials-part-1.html">Show</a>')
    more = '<a class="lr-more" href="trials-studies.html">All</a>'
    (tmp_path / "trials-part-1.html").write_text(
        f'<main><div class="lr-whole-part">{more}</div>\n\n</main>')
    (tmp_path / "trials-studies.html").write_text(
        "<table><tbody><tr><td>1</td></tr></tbody></table>")
    assert press._whole(page) == [("trials-part-1.html", more),
                                  ("trials-studies.html", "<tr><td>1</td></tr>")]


@pytest.mark.parametrize("code, expected", [("en", "en"), ("zh", "zh_CN"), ("zh-CN", "zh_CN"),
                                            ("xx", "xx"), ("zh-Hans", "zh_CN")])
def test_a_page_is_printed_in_its_own_language(code, expected):
    assert language(code).code == expected
