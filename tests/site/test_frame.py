"""The frame of the built site's pages: what loads, keyboard, colours, menu, contents, search."""

from __future__ import annotations

import pytest
from test_browser import PAGES

FIRST_LOAD, BESIDE = 300_000, 220_000  # bytes of the start page, and those beside its HTML
STOPS = 25  # to the first finding of a chapter; the frame leaves ten for the text
LONG = "book/methods"


def test_the_start_page_loads_little(fresh, address):
    page, loaded = fresh(), []
    page.on("response", lambda answer: loaded.append((len(answer.body()), answer.url)))
    page.goto(f"{address}/{PAGES[0]}.html")
    page.wait_for_load_state("networkidle")
    total = sum(size for size, _ in loaded)
    beside = total - loaded[0][0]
    print(f"first load: {total:,} bytes, {beside:,} of them beside the HTML")
    assert total <= FIRST_LOAD and beside <= BESIDE, loaded
    assert not [url for _, url in loaded if url.endswith((".woff", ".woff2"))]


@pytest.mark.parametrize("name", PAGES[::8])  # one template makes the frame of all
def test_few_stops_stand_before_the_text(window, address, name):
    page = window(1280)
    page.goto(f"{address}/{name}.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    for _ in range(STOPS - 10):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('main')"):
            break
    else:
        pytest.fail("the text is not reached")
    unnamed = page.eval_on_selector_all("header :is(a, button, input), nav a, footer button", """
      found => found.filter(e => !e.textContent.trim() && !e.getAttribute('aria-label')).length""")
    assert unnamed == 0


def test_the_skip_link_leads_to_the_text(window, address):
    page = window()
    page.goto(f"{address}/{LONG}.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main article')")


def test_the_colours_change_with_each_tap_and_are_kept(fresh, address):
    page = fresh(scheme="dark")
    page.goto(f"{address}/{LONG}.html")
    shown = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shown)
    page.click(".lr-mode")
    light = page.evaluate(shown)
    assert light != dark
    page.reload()
    assert page.evaluate(shown) == light
    page.click(".lr-mode")
    assert page.evaluate(shown) == dark
    page.click(".lr-mode")
    assert page.evaluate("document.documentElement.dataset.mode") == "auto"


def test_the_menu_of_a_telephone_folds(window, address):
    page = window(390)
    page.goto(f"{address}/{PAGES[0]}.html")
    menu, button = page.locator("#site-navigation"), page.locator(".lr-menu")
    assert not menu.is_visible()
    button.click()
    assert menu.is_visible() and button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    button.click()
    menu.locator(f"a[href$='{LONG.split('/')[-1]}.html']").first.click()
    page.wait_for_load_state()
    assert page.url.endswith(f"{LONG}.html") and not page.locator("#site-navigation").is_visible()


def test_the_menu_is_reached_without_scripts(window, address):
    page = window(390, scripts=False)
    page.goto(f"{address}/{PAGES[0]}.html")
    page.click(".lr-menu")
    assert page.locator("#site-navigation a:visible").count() >= 10
    assert page.locator(".lr-search input").is_visible()


@pytest.mark.parametrize("width", [1400, 390])
def test_the_contents_say_where_one_is(window, address, width):
    page = window(width)
    page.goto(f"{address}/{LONG}.html")
    if width == 390:
        page.click(".lr-contents summary")
    link = page.locator(".lr-contents a").nth(3)
    name = link.inner_text()
    link.click()
    page.wait_for_function("""name => document.querySelector('.lr-contents [aria-current]')
      ?.textContent.trim() === name""", arg=name.strip())
    page.wait_for_timeout(300)  # and it stays
    assert page.locator(".lr-contents [aria-current]").text_content().strip() == name.strip()
    here = page.locator(".lr-here")
    if width == 390:
        assert here.text_content() == name.strip()
        assert not page.evaluate("document.querySelector('.lr-contents details').open")


def test_a_search_from_any_page_finds_pages(fresh, address):
    page, wrong = fresh(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}/{LONG}.html")
    page.fill(".lr-search input", "prediction interval")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lr-found li")
    page.select_option("select[name=kind]", "Method")
    page.wait_for_function("document.querySelectorAll('#lr-found .lr-sub').length && "
                           "[...document.querySelectorAll('#lr-found .lr-sub')]"
                           ".every(e => e.textContent.startsWith('Method'))")
    assert "kind=Method" in page.url
    links = page.eval_on_selector_all("#lr-found h2 a", "found => found.map(a => a.pathname)")
    assert f"/{LONG}.html" in links
    page.fill("#lr-find input", "qwertzuiop")
    page.wait_for_function("document.querySelector('#lr-count').textContent.startsWith('Nothing')")
    assert page.locator("#lr-found li").count() == 0 and not wrong


@pytest.mark.parametrize(("search", "words", "first"), [
    ("search", "adverse events", "notebooks/harms"), ("search", "running trials", "trials/index"),
    ("zh/search", "不良事件", "zh/notebooks/harms"), ("zh/search", "森林图", "zh/book/glossary")])
def test_a_page_is_found_first_by_its_keywords(window, address, search, words, first):
    page = window()
    page.goto(f"{address}/{search}.html?q={words}")
    page.wait_for_selector("#lr-found li")
    assert page.get_attribute("#lr-found h2 a", "href").endswith(f"/{first}.html")


def test_the_search_says_what_it_needs_without_scripts(window, address):
    page = window(scripts=False)
    page.goto(f"{address}/search.html?q=pain")
    assert "needs JavaScript" in page.inner_text("main")


def test_paper_has_the_title_and_no_frame(window, address):
    page = window(718)
    page.goto(f"{address}/{LONG}.html")
    page.emulate_media(media="print")
    assert page.locator("article h1").is_visible()
    assert page.locator(":is(header, nav, button):visible").count() == 0


def test_the_button_prints_what_is_still_in_files_and_paper_says_of_it_where_it_is(window, address):
    page = window(1280)
    page.goto(f"{address}/notebooks/knee-osteoarthritis/benefits.html")
    parts = page.locator("details.lr-on-paper:has(> .lr-part)")
    assert parts.count()
    page.emulate_media(media="print")  # as the browser's own print does it
    line = parts.first.locator(".lr-paper-only")
    assert line.is_visible() and "Print this page" in line.inner_text()
    assert "notebooks/knee-osteoarthritis/benefits-" in line.inner_text()
    page.emulate_media(media="screen")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    page.click("button.lr-print")
    page.wait_for_selector("body[data-printed]", timeout=10_000)
    assert parts.count() == 0
    page.emulate_media(media="print")
    assert page.locator("details.lr-on-paper figure.lr-forest").first.is_visible()
