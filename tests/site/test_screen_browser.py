"""The page on which people screen, in a browser: keys, focus, what is said, dark, 390 pixels.

It serves made-up records by itself and needs no built site.
"""

from __future__ import annotations

import threading

import pytest
import screened
from accessible import faults
from made_up import KNEE
from playwright.sync_api import expect
from screened import read_table, record, said

from livingreview.surveillance.screenpage import COOKIE, Server


@pytest.fixture
def made(tmp_path):
    """A made-up month."""
    found = screened.world(tmp_path, 6, None)
    record(found, "r7", registrations="NCT00000001", match=f"{KNEE}:doe-2020",
           match_kind="registration", title="Long" * 30 + " words of a made-up title")
    return found.add("duplicates", record_id="r2", other_record_id="r4", score=97, rule="title")


@pytest.fixture
def server(made):
    """The page of a made-up month, of which Ben has decided something."""
    desk = screened.desk(made, 1, 2, 3, 7)
    desk.screening.decide(said("r5", "Ben", "unsure"), said("r6", "Ben", "include"),
                          said("r5", "Cleo", "include"), said("r6", "Cleo", "include"))
    found = Server(desk, 0)
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02},
                     daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def _page(browser, server, name="Anna", **options):
    """A page of somebody who has given a name, and what the browser complains of."""
    context = browser.new_context(**options)
    if name:
        context.add_cookies([{"name": COOKIE, "value": name, "url": server.address}])
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("request", lambda r: None if r.url.startswith(server.address) else wrong.append(r.url))
    return page, wrong


def _decisions(made):
    return [(r["record_id"], r["decision"], r["reason"]) for r in
            read_table(made.folder / "screening.csv") if r["reviewer"] == "Anna"]


def _press(page, key):
    """Press a key where the page that is shown hears keys: its script comes behind its text."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def test_a_month_is_screened_by_keys_alone(browser, made, server):
    page, wrong = _page(browser, server, "")
    page.goto(server.address)
    page.keyboard.type("Anna")  # the field has the focus
    _press(page, "Enter")
    expect(page.locator("h1")).to_contain_text("words of a made-up title")
    _press(page, "j")
    expect(page.locator("h1")).to_contain_text("Report 1")
    _press(page, "k")
    expect(page.locator("h1")).to_contain_text("words of a made-up title")
    _press(page, "3")  # a digit alone decides nothing
    _press(page, "e")
    expect(page.locator("#reasons button").first).to_be_focused()
    _press(page, "Escape")
    _press(page, "3")
    _press(page, "i")
    expect(page.locator("#said")).to_have_text("Kept: include, Author7 2026.")
    expect(page.locator("#said")).to_have_attribute("role", "status")
    _press(page, "e")
    _press(page, "6")
    expect(page.locator("#said")).to_contain_text("exclude: a laboratory study")
    _press(page, "u")
    expect(page.locator("#said")).to_contain_text("unsure")
    assert [d[1:] for d in _decisions(made)] == [
        ("include", ""), ("exclude", "laboratory"), ("unsure", "")]
    _press(page, "z")
    expect(page.locator("#said")).to_have_text("Taken back: decide again.")
    assert len(_decisions(made)) == 2
    assert not wrong
    page.context.close()


def test_keys_can_be_turned_off_and_stay_so(browser, made, server):
    page, _ = _page(browser, server)
    page.goto(server.address)
    page.get_by_text("Keys", exact=True).click()
    page.get_by_label("Use keys").uncheck()
    for _ in range(2):
        page.locator("h1").click()
        page.keyboard.press("i")
        page.goto(server.address)
    assert not _decisions(made)
    page.context.close()


def test_without_scripts_buttons_do_the_same(browser, made, server):
    page, wrong = _page(browser, server, java_script_enabled=False)
    page.goto(server.address)
    page.get_by_role("button", name="Include").click()
    page.get_by_role("button", name="no results").click()
    page.get_by_role("button", name="Take back").click()
    assert [d[1] for d in _decisions(made)] == ["include"] and not wrong
    page.goto(f"{server.address}/duplicates")
    page.get_by_role("button", name="different").click()
    assert read_table(made.folder / "duplicates.csv")[0]["decision"] == "different"
    page.context.close()


def test_a_form_is_sent_once_however_often_it_is_pressed(browser, made, server):
    page, _ = _page(browser, server)
    page.goto(server.address)
    page.get_by_role("button", name="Include").dblclick()
    expect(page.locator("#said")).to_contain_text("Kept")
    assert len(_decisions(made)) == 1
    page.context.close()


def test_pages_are_accessible_and_fit(browser, server):
    page, _ = _page(browser, server, bypass_csp=True)
    found = [fault for name in ("", "?stage=full-text", f"?indication={KNEE}", "name", "duplicates",
                                "disagreements", "decided", "nothing")
             for fault in faults(page, server.address, name, whole=True)]
    assert not found, "\n".join(found)
    page.context.close()
