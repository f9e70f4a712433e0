"""The built site as people see it: in a browser, on a telephone, in the dark, without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
_TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = (_TOC["root"], *(entry["file"] for part in _TOC["parts"] for chapter in part["chapters"]
                         for entry in (chapter, *chapter.get("sections", ())) if "file" in entry),
         "trials/index", "trials/sadri-2023", "figures/index", "figures/knee-pain-any-3-6",
         "figures/knee-any-ae-placebo", "figures/fracture-union-marrow-uncontrolled")
KNEE = "notebooks/knee-osteoarthritis"
FIGURE, BONE = "figures/knee-pain-any-3-6", "notebooks/fracture-bone-defect"


def test_every_number_leads_to_its_source_without_scripts(window, address):
    page = window(scripts=False)
    page.goto(f"{address}/{FIGURE}.html")
    links = page.eval_on_selector_all("figure.lr-forest tr.lr-study a",
                                      "found => found.map(a => a.href)")
    targets = sorted({link for link in links if "#value-" in link})
    assert len(links) > 40 and len(targets) > 12
    for target in targets:
        page.goto(target)
        entry = page.locator(f"[id='{target.partition('#')[2]}']:target")
        assert entry.is_visible(), target
        words = entry.inner_text().lower()
        assert "printed" in words and ".csv" in words and "row" in words, target


def test_a_click_on_a_number_shows_its_entry(window, address):
    page = window()
    page.goto(f"{address}/figures/knee-pain-placebo-3-6.html")
    page.locator("#forest-knee-pain-placebo-3-6 tr.lr-study td a").first.click()
    entry = page.locator(":target")
    assert entry.count() == 1 and entry.get_attribute("id").startswith("value-")
    assert entry.bounding_box()["y"] < 900
    assert entry.locator("a[href^='https://']").count() >= 1


def _click_sorts(table, name: str) -> None:
    """A click on a heading puts numbers in order, a second click in the opposite order."""
    heads = table.locator("thead th").all_inner_texts()
    column = next(i for i, head in enumerate(heads, start=1) if name in head)
    cells = table.locator(f"tbody td:nth-child({column}), tbody th:nth-child({column})")

    def numbers() -> list[int]:
        return [int(text.replace(",", "")) for text in cells.all_inner_texts()
                if re.fullmatch(r"[\d,]+", text)]

    before = numbers()
    assert len(set(before)) > 10 and before != sorted(before)
    table.locator("thead button", has_text=name).click()
    assert numbers() == sorted(before)
    table.locator("thead button", has_text=name).click()
    assert numbers() == sorted(before, reverse=True)


def test_the_table_of_trials_sorts_and_filters(window, address):
    page = window()
    page.goto(f"{address}/trials/index.html")
    block, table = page.locator(".lr-block:has(#trials)"), page.locator("#trials")
    total = int(re.search(r"\d+", block.locator("a.lr-more").inner_text())[0])
    shown, search = table.locator("tbody tr:visible"), block.locator("input[type=search]")
    search.fill("SPINAL")
    page.wait_for_function("document.querySelectorAll('#trials tr[hidden]').length > 0")
    assert 0 < shown.count() < total
    assert all("spinal" in text.lower() for text in shown.all_inner_texts())
    search.fill("no study has these words")
    page.wait_for_function("!document.querySelector('#trials tbody tr:not([hidden])')")
    assert block.locator("[role=status]").inner_text().startswith("0 of")
    search.fill("")
    page.wait_for_function("!document.querySelector('#trials tbody tr[hidden]')")
    assert shown.count() == total
    _click_sorts(table, "Enrolled")


def test_a_long_table_loads_its_rows_and_downloads_all(window, address):
    page = window()
    page.goto(f"{address}/book/data-quality.html")
    table = page.locator("#unused-studies")
    before, link = table.locator("tbody tr").count(), page.locator(
        ".lr-block:has(#unused-studies) a.lr-more")
    total = int(re.search(r"\d+", link.inner_text())[0])
    assert before < total
    link.click()
    page.wait_for_function(
        f"document.querySelectorAll('#unused-studies tbody tr').length === {total}")
    with page.expect_download() as download:
        page.locator(".lr-block:has(#unused-studies) a.lr-download").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == total + 1


def test_a_fold_of_a_heavy_page_is_read_when_it_is_opened(window, address):
    page = window()
    page.goto(f"{address}/{KNEE}/robustness.html")
    fold = page.locator("details[data-holds]:has(> .lr-part)").first
    held = fold.get_attribute("data-holds").split()
    assert held and not page.evaluate("name => document.getElementById(name)", held[0])
    fold.locator("> summary").click()
    page.wait_for_function("name => document.getElementById(name)?.checkVisibility()", arg=held[0])
    assert page.locator(".lr-part:visible").count() == 0


def test_a_link_to_a_row_that_is_left_out_shows_it(window, address):
    page = window()
    page.goto(f"{address}/notebooks/claims-ledger.html")
    name = page.locator("#claims ~ .lr-more-rows").get_attribute("data-holds").split()[-1]
    page.goto("about:blank")
    page.goto(f"{address}/notebooks/claims-ledger.html#{name}")
    page.wait_for_function("name => document.querySelector(':target')?.id === name", arg=name)
    box = page.locator(f"[id='{name}']").bounding_box()
    assert 0 <= box["y"] < 900


def test_a_list_is_filtered_by_all_its_rows(window, address):
    page = window()
    page.goto(f"{address}/{KNEE}/benefits.html")
    groups, rows = page.locator(".lr-list [data-group]"), page.locator(".lr-list tr.lr-row")
    before = rows.count()
    page.locator(".lr-list .lr-filter input").fill("hyaluronic")
    page.wait_for_function("before => document.querySelectorAll('.lr-list tr.lr-row').length > "
                           "before && document.querySelector('.lr-list tr.lr-row[hidden]')",
                           arg=before)
    shown = page.locator(".lr-list tr.lr-row:visible")
    assert 0 < shown.count() < rows.count() and groups.count()
    assert all("hyaluronic" in text.lower() for text in shown.all_inner_texts())


@pytest.mark.parametrize("name", ["book/index", f"{KNEE}/index", f"{KNEE}/robustness", FIGURE])
def test_dark_mode_has_no_white_boxes(window, address, name):
    page = window(scheme="dark")
    page.goto(f"{address}/{name}.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    light = page.evaluate("""() => [...document.querySelectorAll('.cell_output, .cell_output *')]
      .filter(e => { const c = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
                     return (c[3] === undefined || c[3] > 0.5) && c[0] + c[1] + c[2] > 600; })
      .slice(0, 5).map(e => e.outerHTML.slice(0, 120))""")
    assert not light


@pytest.mark.parametrize("name", [f"{KNEE}/index", f"{KNEE}/robustness", FIGURE])
def test_drawings_have_titles_and_text(window, address, name):
    page = window()
    page.goto(f"{address}/{name}.html")
    bare = page.evaluate("""() => [...document.querySelectorAll('svg.lr-mark, svg.lr-svg')]
      .filter(s => !s.querySelector('title') || !s.querySelector('title').textContent.trim())
      .length""")
    assert bare == 0
    drawn = page.locator("svg.lr-svg:not(:has(desc))")
    assert drawn.count() == 0
    described = page.locator("figure.lr-forest[aria-describedby]")
    assert described.count() == page.locator("figure.lr-forest .lr-alt").count()
    assert page.locator("svg.lr-mark, svg.lr-svg").count() > 3


# Every drawing that is cut at a side, too narrow, or has letters that are small or on each other.
WIDTHS = (1920, 1440, 1366, 1280, 1024, 768, 390, 320)
PAGE_HEIGHT = 16000  # pixels, where a page is 1400 wide
PAPER = 718  # pixels between the margins of an A4 sheet
_DRAWINGS = "article :is(figure svg:not(svg svg), .lr-way, .lr-map-table td)"
_WRONG = """drawings => {
  const seen = new Map(), wrong = [];
  const part = e => {  // left and right end of what can be seen inside an element
    if (e === document.documentElement) return [0, e.clientWidth];
    if (!seen.has(e)) {
      let [left, right] = part(e.parentElement);
      if (getComputedStyle(e).overflowX !== 'visible') {
        const start = e.getBoundingClientRect().left + e.clientLeft;
        [left, right] = [Math.max(left, start), Math.min(right, start + e.clientWidth)];
      }
      seen.set(e, [left, right]);
    }
    return seen.get(e);
  };
  const say = (e, what) => wrong.push(
    `${(e.closest('figure[id], table[id]') || e).id || e.outerHTML.slice(0, 60)}: ${what}`);
  const cut = (e, box, [left, right]) => {
    const hidden = Math.max(left - box.left, box.right - right);
    const what = `${e.tagName} ${e.textContent.slice(0, 20)}`;
    if (hidden > 0.6) say(e, `${Math.ceil(hidden)} px hidden of ${what}`);
  };
  const letters = (svg, box) => {
    const boxes = [];
    for (const e of svg.querySelectorAll('text')) {
      const own = e.getBoundingClientRect(), turn = e.getScreenCTM();
      const size = parseFloat(getComputedStyle(e).fontSize) * Math.hypot(turn.a, turn.b);
      if (size < 10.95) say(svg, `letters of ${size.toFixed(1)} px: ${e.textContent}`);
      if (svg.matches('.lr-svg')) {
        cut(e, own, [box.left, box.right]);
        if (own.top < box.top - 3 || own.bottom > box.bottom + 3) say(svg, `cut: ${e.textContent}`);
      } else cut(e, own, part(svg.parentElement));
      for (const [other, text] of boxes)
        if (Math.min(own.right, other.right) - Math.max(own.left, other.left) > 1
            && Math.min(own.bottom, other.bottom) - Math.max(own.top, other.top) > 4)
          say(svg, `${text} on ${e.textContent}`);
      boxes.push([own, e.textContent]);
    }
  };
  for (const e of document.querySelectorAll(drawings)) {
    const box = e.getBoundingClientRect();
    if (e.matches('.lr-mark') && box.width < 120) say(e, `only ${Math.round(box.width)} px wide`);
    if (!box.width) continue;
    cut(e, box, part(e.parentElement));
    if (e.matches('svg')) letters(e, box);
  }
  return wrong;
}"""


@pytest.mark.parametrize("name", PAGES)
def test_pages_load_without_errors_and_fit_and_drawings_are_whole(window, hear, address, name):
    page, wrong = window(390), []
    hear(page, "pageerror", lambda error: wrong.append(str(error)))
    hear(page, "console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    hear(page, "request", lambda r: wrong.append(r.url) if not r.url.startswith(
        (address, "data:")) else None)
    page.goto(f"{address}/{name}.html")
    page.wait_for_load_state("networkidle")
    for width in (390, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{name} is wider than {width}")
    if (height := page.evaluate("document.documentElement.scrollHeight")) > PAGE_HEIGHT:
        wrong.append(f"{name} is {height} px high at {width}")
    page.evaluate("""drawings => document.querySelectorAll(`details:has(${drawings})`)
      .forEach(fold => { fold.open = true; })""", _DRAWINGS.removeprefix("article "))
    for width in (*WIDTHS, PAPER) if page.locator(_DRAWINGS).count() else ():
        page.emulate_media(media="print" if width == PAPER else "screen")
        page.set_viewport_size({"width": width, "height": 900})
        wrong += [f"{name} at {width}{' on paper' * (width == PAPER)}: {found}"
                  for found in page.evaluate(_WRONG, _DRAWINGS)]
    assert not wrong, "\n".join([f"{len(wrong)} faults", *wrong[:40]])


# Letters of less contrast with what stands behind them than 4.5.
_FAINT = """parts => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce(
    (sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const wrong = [];
  let read = 0;
  for (const e of document.querySelectorAll(parts)) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (e.matches('.headerlink')) continue; // the theme shows it where one points
    const [a, b] = [numbers(getComputedStyle(e).color), behind(e)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    read += 1;
    if (contrast < 4.5) wrong.push(`${contrast.toFixed(2)}: ${e.outerHTML.slice(0, 90)}`);
  }
  return [read, wrong];
}"""


TARGETS = {"figure.lr-forest": FIGURE, ".lr-effect": "trials/sadri-2023",
           ".lr-trial tr[id]": "trials/sadri-2023", ".lr-cards [id]": "notebooks/claims-ledger"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_and_a_band_keep_contrast(window, address, scheme, target):
    page, name = window(scheme=scheme), TARGETS[target]
    page.goto(f"{address}/{name}.html")
    anchor = page.locator(target).first.evaluate("e => (e.closest('[id]') || e).id")
    page.goto(f"{address}/{name}.html#{anchor}")
    for part in (":target *, tr:has(:target) *", "tbody tr:nth-child(even) *", ".lr-sub, a"):
        read, wrong = page.evaluate(_FAINT, f"article :is({part})")
        assert read and not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", [f"{BONE}/index", "book/validation"])
def test_no_code_is_in_the_flow_and_a_link_at_the_foot_leads_to_it(window, address, name):
    page = window()
    page.goto(f"{address}/{name}.html")
    assert page.locator("summary", has_text="code").count() == 0
    page.locator("footer a", has_text="How this page was computed").click()
    assert page.url.startswith(f"{address}/code/{name}") and page.locator("pre code").count() > 1
    with page.expect_download() as download:
        page.locator("a[href$='.ipynb']").click()
    assert '"nbformat"' in download.value.path().read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_headings_are_there_without_scripts(window, address, name):
    page = window(scripts=False)
    page.goto(f"{address}/{name}.html")
    headings = page.eval_on_selector_all("article :is(h1, h2, h3, h4)", """found => found.map(
        h => [h.tagName, h.checkVisibility() && h.getClientRects().length, h.innerText])""")
    levels = [int(tag[1]) for tag, _, _ in headings]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))
    for _, seen, text in headings:
        assert seen and text.strip("# \n")


def test_the_warning_is_there_without_scripts(window, address):
    page = window(scripts=False)
    page.goto(f"{address}/book/index.html")
    assert "No medical advice" in page.inner_text("main")


def test_what_holds_until_a_day_is_not_said_after_it(fresh, address):
    page = fresh(width=1280)

    def late(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", (
            '<p id="over" data-until="2020-01-01" data-after="overdue">living</p>'
            '<p id="holds" data-until="2999-01-01" data-after="overdue">living</p></main>')))

    page.route("**/book/index.html", late)
    page.goto(f"{address}/book/index.html")
    page.wait_for_load_state("load")
    assert page.locator("#over").text_content() == "overdue"
    assert page.locator("#holds").text_content() == "living"
