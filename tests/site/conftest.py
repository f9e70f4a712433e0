"""The built site and the browser, shared by the tests that look at it."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def html() -> Path:
    """Folder of the built site."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").is_file():
        pytest.fail("no site in _build/html: run `make book` first")
    return folder


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        """Say nothing of every request."""


@pytest.fixture(scope="session")
def address(html) -> str:
    """Address of the site, served on this machine only."""
    handler = functools.partial(_Quiet, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Chromium of this machine."""
    if CHROMIUM is None:
        pytest.fail("no Chromium: apt-get install -y chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        yield chromium
        chromium.close()


def _opened(browser, width=1400, scheme="light", scripts=True, policy=False, **more):
    # what waits for a page looks by code that the policy of the site refuses
    context = browser.new_context(bypass_csp=not policy, color_scheme=scheme,
                                  viewport={"width": width, "height": 900},
                                  java_script_enabled=scripts, accept_downloads=True, **more)
    return context.new_page()


@pytest.fixture
def fresh(browser):
    """Opens windows that know of nothing before.

    For tests that leave traces: choices that are kept, and what is heard or answered in between.
    """
    windows = []

    def open_(**how):
        windows.append(_opened(browser, **how))
        return windows[-1]

    yield open_
    for window in windows:
        window.context.close()


@pytest.fixture(scope="module")
def window(browser):
    """Gives the window in which tests of a file look at one page after the other.

    A window of its own for each costs a process, which takes longer than most pages.
    """
    windows = {}

    def again(width=1400, scheme="light", **how):
        key = tuple(sorted(how.items()))
        if key not in windows:
            windows[key] = _opened(browser, **how)
        windows[key].set_viewport_size({"width": width, "height": 900})
        windows[key].emulate_media(media="screen", color_scheme=scheme,
                                   reduced_motion="no-preference")
        return windows[key]

    return again


@pytest.fixture
def hear():
    """Hears what happens in a window until the test ends."""
    heard = []

    def on(page, event, listener):
        page.on(event, listener)
        heard.append((page, event, listener))

    yield on
    for page, event, listener in heard:
        page.remove_listener(event, listener)
