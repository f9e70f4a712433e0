"""A book in two languages: one execution, the same addresses, files that both use."""

from __future__ import annotations

import codecs
import re
from types import SimpleNamespace
from urllib.parse import unquote_to_bytes

import pandas as pd
import pytest
import small_book
from bs4 import BeautifulSoup
from conftest import append

from livingreview.render.engine import environment
from livingreview.site import search, translated
from livingreview.site.translated import above

INDEX = 'msgid "A book"\nmsgstr "一本书"\n\nmsgid "Without any code."\nmsgstr "没有代码。"\n'


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The small book, built in English and in Chinese."""
    book = small_book.make(tmp_path_factory.mktemp("two-languages"))
    config = book / "_config.yml"
    config.write_text(config.read_text() + "  config:\n    livingreview_languages:\n"
                      "      zh_CN: {html_title: 小书}\n")
    messages = book / "book" / "locale" / "zh_CN" / "LC_MESSAGES"
    messages.mkdir(parents=True)
    (messages / "index.po").write_text(INDEX, encoding="utf-8")
    (messages / "toc.po").write_text('msgid "Words"\nmsgstr "词"\n', encoding="utf-8")
    append(book / "data", "glossary.csv", {
        "term": "code", "kind": "evidence", "label_en": "code", "label_zh": "程序",
        "explanation_en": "What is run.", "explanation_zh": "要运行的内容。"})
    (book / "book" / "glossary.md").write_text("# Glossary\n")
    with (book / "_toc.yml").open("a") as toc:
        toc.write("  - file: book/glossary\n")
    small_book.build(book)
    return book


def read(book, page: str) -> str:
    """A page of the built site."""
    return (book / "_build" / "html" / page).read_text(encoding="utf-8")


def test_every_page_has_its_mirror_and_each_says_its_language(book):
    html = book / "_build" / "html"
    pages = {p.relative_to(html).as_posix() for p in html.rglob("*.html")
             if p.is_relative_to(html / "zh") or "_static" not in p.parts}
    english = {p for p in pages if not p.startswith("zh/")}
    mirrored = {p.removeprefix("zh/") for p in pages - english}
    assert {f"{name}.html" for name in small_book.PAGES} <= mirrored
    # old addresses of chapters, and whole tables, lead to pages or are linked from one language
    assert not {p for p in english - mirrored if not p.startswith("notebooks/")}
    assert 'lang="en"' in read(book, "index.html").partition("<body")[0]
    assert 'lang="zh-Hans"' in read(book, "zh/index.html").partition("<body")[0]


def test_prose_is_translated_and_numbers_are_those_of_the_one_execution(book):
    assert "一本书" in read(book, "zh/index.html") and "没有代码。" in read(book, "zh/index.html")
    assert "A book" in read(book, "index.html") and "一本书" not in read(book, "index.html")
    estimates = re.compile(r"estimates [^\n<]+")
    for page in ("knee", "disc", "cross"):
        found = estimates.findall(read(book, f"{page}.html"))
        assert found and found == estimates.findall(read(book, f"zh/{page}.html"))


def test_a_term_of_the_glossary_is_explained_where_a_page_uses_it(book):
    [link] = BeautifulSoup(read(book, "index.html"), "html.parser").select("a.lr-term")
    assert (link["href"], link["aria-description"]) == (
        "book/glossary.html#term-code", "What is run.")


def test_each_page_leads_to_the_other_language(book):
    for page, other in (("knee.html", "zh/knee.html"), ("zh/knee.html", "../knee.html"),
                        ("zh/trials/index.html", "../../trials/index.html")):
        assert f'class="lr-language" href="{other}"' in read(book, page)
        # search engines take whole addresses only, and this site has none
        assert 'rel="alternate" hreflang' not in read(book, page)


def test_search_engines_know_both_languages_where_the_site_has_an_address():
    for language, base in (("en", "https://example.org/r/"),
                           ("zh_CN", "https://example.org/r/zh/")):
        config = SimpleNamespace(language=language, livingreview_languages=["zh_CN"],
                                 html_baseurl=base)
        found = {other.tag: whole for other, _, whole in translated.addresses(
            SimpleNamespace(config=config), "book/index")}
        assert found == {"en": "https://example.org/r/book/index.html",
                         "zh-Hans": "https://example.org/r/zh/book/index.html"}


def test_files_are_those_of_the_source_language(book):
    html = book / "_build" / "html"
    assert not [p for p in (html / "zh").rglob("*") if p.suffix in (".css", ".js", ".json")
                and p.parent.name != search.FOLDER]  # each language has an index of its own
    assert not (html / "zh" / "_static").exists()
    assert 'href="../_static/site.css"' in read(book, "zh/knee.html")
    assert (html / "_static" / "site.css").is_file()
    for page in ("knee", "trials/index"):
        sources = re.findall(r'<script[^>]* src="([^"?]+)', read(book, f"zh/{page}.html"))
        assert any("frame.js" in source for source in sources)
        assert not [s for s in sources if not (html / "zh" / page).parent.joinpath(s).is_file()]


def test_links_to_files_lead_above_the_pages_of_a_language():
    body = ('<a href="../data/all.csv">a</a><a href="x.html#y">b</a><a href="#z">c</a>'
            '<a class="d" href="../downloads/d.csv">d</a><a href="https://example.org/e">e</a>'
            '<a href="../../code/f.ipynb">f</a>')
    assert above(body, "book/page.html") == body.replace("../data", "../../data")


def test_a_changed_translation_and_a_changed_term_execute_nothing(book):
    glossary = book / "data" / "glossary.csv"
    glossary.write_text(glossary.read_text().replace("What is run", "What ran"), encoding="utf-8")
    messages = book / "book" / "locale" / "zh_CN" / "LC_MESSAGES" / "index.po"
    messages.write_text(INDEX.replace("没有代码", "不含代码"), encoding="utf-8")
    said = small_book.build(book)
    assert "不含代码。" in read(book, "zh/index.html")
    assert 'aria-description="What ran."' in read(book, "index.html")
    assert "executed" not in said


def test_a_language_that_cannot_be_built_is_named(book):
    messages = book / "book" / "locale" / "zh_CN" / "LC_MESSAGES" / "index.po"
    kept = messages.read_text(encoding="utf-8")
    messages.write_text("msgid broken", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"index\.po"):
        small_book.build(book)
    messages.write_text(kept, encoding="utf-8")


def test_a_table_of_another_language_is_a_file_that_excel_reads(tmp_path):
    said = {}
    for name in ("en", "zh_CN"):
        parts = environment(name).get_template("parts.html").make_module({})
        link = parts.download("table", ["适应证", "k"], [["膝骨关节炎", "1"]])
        said[name] = unquote_to_bytes(re.search('href="[^,]+,([^"]+)"', link)[1])
    assert said["zh_CN"] == codecs.BOM_UTF8 + said["en"]
    (tmp_path / "table.csv").write_bytes(said["zh_CN"])
    assert list(pd.read_csv(tmp_path / "table.csv").columns) == ["适应证", "k"]
