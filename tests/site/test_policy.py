"""Pages load and run the files of their own site alone, and say so to the browser."""

from __future__ import annotations

import functools
import http.server
import threading

import lxml.html
import pytest
from test_browser import BONE, FIGURE, KNEE

from livingreview.site import search

NAME = "<img src=x onerror=alert(1)>"
# one of each kind; that no page of the contents has an error is asked elsewhere
KINDS = ("index", "search", "book/index", "book/glossary", "book/rerun", "trials/index-trials",
         "trials/index", "trials/sadri-2023", "figures/index", FIGURE, KNEE, f"{KNEE}/index",
         f"{BONE}/index", "notebooks/evidence-map", "notebooks/claims-ledger", "code/book/api")
RULES = {"default-src": "'self'", "script-src": "'self'", "style-src": "'self'",
         "img-src": "'self' data:", "object-src": "'none'", "base-uri": "'self'",
         "form-action": "'self'"}
COMPILED = "'self' 'wasm-unsafe-eval'"  # the search is compiled code
_INSIDE = """//style | //@style | //script[not(@src) and not(contains(@type, 'json'))]
  | //@*[starts-with(name(), 'on')] | //@href[starts-with(., 'javascript:')]"""
_HEARD = """addEventListener('securitypolicyviolation', e => (window.refused = window.refused || [])
  .push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))"""


def _html_files(html):
    apart = {"_static", "pagefind", "versions"}
    return [p for p in sorted(html.rglob("*.html")) if not apart & set(p.relative_to(html).parts)]


def test_every_page_says_what_it_may_load_and_holds_no_script_or_style(html):
    wrong = []
    for path in _html_files(html):
        root = lxml.html.fromstring(path.read_bytes())
        [policy] = root.xpath("//head/meta[@http-equiv='Content-Security-Policy']/@content") or [""]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if rule.strip())
        wanted = {**RULES, "script-src": COMPILED} if path.name == "search.html" else RULES
        early = root.xpath("//meta[@http-equiv='Content-Security-Policy']/preceding::*"
                           "[self::script or self::link or self::style]")
        inside = root.xpath(_INSIDE)
        if rules != wanted or early or inside:
            wrong.append(f"{path.relative_to(html)}: {policy} {early} {inside[:3]}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def watched(window):
    """A window that hears what the rules refuse."""
    page = window(policy=True)
    page.add_init_script(_HEARD)
    return page


@pytest.mark.parametrize("name", KINDS)
def test_no_page_breaks_its_own_rules(watched, hear, address, name):
    page, wrong = watched, []
    hear(page, "pageerror", lambda error: wrong.append(str(error)))
    hear(page, "console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(f"{address}/{name}.html")
    page.wait_for_load_state("networkidle")
    if page.locator(".lr-try").count():  # pooling again draws
        page.evaluate("document.querySelectorAll('.lr-try').forEach(e => { e.open = true; })")
        page.locator(".lr-try select[name=model]").first.select_option(index=1)
        assert page.locator("figure.lr-own").count()
    if page.locator(".lr-map-filter select").count():
        page.locator(".lr-map-filter select").first.select_option(index=1)
    wrong += page.evaluate("window.refused || []")
    assert not wrong


def test_what_the_rules_refuse_is_heard(fresh, address):
    page = fresh(policy=True)
    page.add_init_script(_HEARD)
    page.goto(f"{address}/{FIGURE}.html")
    page.evaluate("""() => { const script = document.createElement('script');
      script.textContent = 'window.ran = 1'; document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', "<img src=x onerror='window.ran = 1'>"); }""")
    for _ in range(100):
        if page.evaluate("(window.refused || []).length > 1"):
            break
        page.wait_for_timeout(100)
    assert page.evaluate("(window.refused || []).length > 1")
    assert not page.evaluate("window.ran")


@pytest.mark.parametrize("name", ["book/index", f"{BONE}/index", FIGURE, "trials/sadri-2023"])
def test_pages_can_be_read_from_files(window, html, name):
    page = window(1280, policy=True)
    page.goto((html / f"{name}.html").as_uri())
    assert page.locator("h1").is_visible()
    styled = page.evaluate("getComputedStyle(document.body).display")
    assert styled == "flex"
    assert page.evaluate("document.documentElement.classList.contains('lr-scripts')")


@pytest.fixture
def searched(tmp_path):
    """Address of a site whose only page has a name that is markup, as its index holds it."""
    text = NAME.replace("<", "&lt;").replace(">", "&gt;")
    (tmp_path / "one.html").write_text(
        f"<!doctype html><html lang='en'><head><title>{text}</title></head><body>"
        f"<main data-pagefind-body><h1>{text}</h1><p>A trial of {text} words.</p></main>",
        encoding="utf-8")
    search.end(tmp_path, search.begin(tmp_path, [tmp_path / "one.html"]))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_result_of_the_search_is_text(fresh, address, searched):
    page, said = fresh(policy=True), []
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    page.route("**/pagefind/**", lambda route: route.fulfill(
        response=route.fetch(url=searched + route.request.url.removeprefix(address))))
    page.goto(f"{address}/search.html?q=onerror")
    page.wait_for_selector("#lr-found li")
    assert NAME in page.inner_text("#lr-found h2")
    assert NAME in page.inner_text("#lr-found li p:last-child")
    assert not page.locator("#lr-found img").count() and not said
