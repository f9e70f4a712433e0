"""The site is for everybody: axe-core, keyboard, zoom, less motion, tables with headers."""

from __future__ import annotations

import fcntl
import json

import accessible
import lxml.html
import pytest

GROUPS = 8  # of pages, that run beside each other
KINDS = ("book/index.html", "book/methods.html", "book/glossary.html", "trials/sadri-2023.html",
         "figures/knee-pain-any-3-6.html", "notebooks/knee-osteoarthritis/trials.html",
         "notebooks/evidence-map.html", "search.html")
STOPS = 120  # that are looked at on a page


@pytest.fixture(scope="module")
def sampled(html, tmp_path_factory, testrun_uid):
    """The pages that are looked at, chosen by the first of the processes that ask."""
    chosen = tmp_path_factory.getbasetemp().parent / f"sampled-{testrun_uid}.json"
    with chosen.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not chosen.is_file():
            chosen.write_text(json.dumps(accessible.sample(html)), encoding="utf-8")
    return json.loads(chosen.read_text(encoding="utf-8"))


def _states(colours, number):
    """States in which a page is looked at: one whose parts stand on others too, in one of them by
    turns. `make audit` looks at each page in each state."""
    return accessible.FEW if colours else [accessible.FEW[number % len(accessible.FEW)]]


@pytest.mark.parametrize("group", range(GROUPS))
def test_axe_finds_nothing_and_zoomed_pages_fit(window, address, sampled, group):
    page = window()
    found = [fault for number, (name, colours) in enumerate(sampled.items())
             if number % GROUPS == group for fault in accessible.faults(
                 page, address, name, _states(colours, number // GROUPS), colours=colours)]
    assert not found, "\n".join(found)


def test_axe_finds_what_is_wrong(fresh, address):
    page = fresh()
    page.route("**/wrong.html", lambda route: route.fulfill(
        content_type="text/html", body="<html><title>t</title><main><h1>h</h1><img src=''>"
        "<p style='color: #ddd'>faint</p>"))
    found = " ".join(accessible.faults(page, address, "wrong.html"))
    for rule in ("html-has-lang", "image-alt", "color-contrast"):
        assert rule in found


def test_pages_have_titles_landmarks_and_tables_with_headers(html):
    titles, wrong = {}, []
    for name in accessible.pages(html):
        root = lxml.html.fromstring((html / name).read_bytes())
        title = root.findtext("head/title").strip()
        if not title:
            wrong.append(f"{name}: no title")
        if {"trials", "figures"}.isdisjoint(name.split("/")) and root.find("body").get(
                "class") != "lr-alone-table":  # which are called as in other indications
            titles.setdefault(title, []).append(name)
        if [len(root.xpath(path)) for path in ("//h1", "//main")] != [1, 1]:
            wrong.append(f"{name}: not one heading and one main part")
        for table in root.xpath("//table"):
            heads = table.xpath(".//th")
            named = table.find("caption") is not None or table.get("aria-label")
            plain = table.get("class") == "table"  # of a text, which says what it holds
            if not (named or plain) or not heads or not all(th.get("scope") for th in heads):
                wrong.append(f"{name}: table {table.get('id') or table.get('class')}")
    wrong += [f"one title: {names}" for names in titles.values() if len(names) > 1]
    assert not wrong, "\n".join(wrong)


# Where the focus is, whether it can be seen, and its contrast with what is behind it.
_FOCUS = """known => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const e = document.activeElement, style = getComputedStyle(e);
  if (e === document.body) return null;
  const ground = one => one ? rgba(getComputedStyle(one).backgroundColor) : [255, 255, 255, 255];
  let behind = e.parentElement;
  while (ground(behind)[3] < 255) behind = behind.parentElement;
  const [a, b] = [rgba(style.outlineColor), ground(behind)].map(light).sort((x, y) => y - x);
  window.order = window.order || [];
  const last = window.order.at(-1), follows = known || !last || !!(
    last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (!known) window.order.push(e);
  return {name: e.outerHTML.slice(0, 100), width: style.outlineStyle === 'none' ? 0
          : parseFloat(style.outlineWidth), contrast: (a + .05) / (b + .05),
          follows, seen: e.checkVisibility({visibilityProperty: true})};
}"""


# The same where it was before, in order.
_ALL_FOCUSED = f"""() => window.order.map(e => {{ e.focus(); return ({_FOCUS})(true); }})"""


def _unseen(here: dict) -> bool:
    return not here["follows"] or not here["seen"] or here["width"] < 2 or here["contrast"] < 3


@pytest.mark.parametrize("name", KINDS)
def test_the_keyboard_reaches_all_in_order_and_the_focus_is_seen(fresh, address, name):
    # in a window that was walked through before, some ends of a page lead to its beginning at once
    first, other = accessible.SCHEMES
    page = fresh(width=1280, scheme=first)
    page.goto(f"{address}/{name}")
    if name == "search.html":  # which takes the focus when it can search
        page.wait_for_selector("#lr-find input:focus")
    page.evaluate("document.activeElement.blur()")
    found = []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(_FOCUS)
        if here is None:  # behind the last stop
            break
        found.append(here)
    assert len(found) > 5
    page.emulate_media(color_scheme=other)
    page.wait_for_function(accessible.SETTLED, arg=other)
    again = page.evaluate(_ALL_FOCUSED)
    assert [stop and stop["name"] for stop in again] == [stop["name"] for stop in found]
    assert {stop["contrast"] for stop in again} != {stop["contrast"] for stop in found}
    wrong = [f"{scheme} {number}: {stop}" for scheme, stops in ((first, found), (other, again))
             for number, stop in enumerate(stops) if _unseen(stop)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", KINDS)
def test_nothing_moves_for_whoever_asks_for_less_motion(window, address, name):
    page = window(1280)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}/{name}")
    moving = page.evaluate("""() => [...document.querySelectorAll('*')].flatMap(e => {
      const style = getComputedStyle(e);
      const long = x => x.split(',').some(one => parseFloat(one) > .01);
      return long(style.transitionDuration) || style.scrollBehavior !== 'auto'
        || style.animationName !== 'none' && long(style.animationDuration)
        ? [e.outerHTML.slice(0, 80)] : []; }).slice(0, 5)""")
    assert not moving
