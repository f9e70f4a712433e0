"""What may change an answer, and when: running trials show the end that their registry expects."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, World

from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review import review
from livingreview.view.chapter_trials import chapter_trials
from livingreview.view.trial.page import trial_pages

NCT = "NCT9000010{}".format


def _world(folder, dates=True):
    world = World(folder).trial("used-2020", registration=NCT(0), progress="finished")
    world.pair("used-2020").analysis()
    for n, (name, progress) in enumerate((
            ("late-2026", "running"), ("early-2026", "running"), ("unknown-2026", "not-started"),
            ("done-2026", "finished")), 1):
        world.study(name, registration=NCT(n), status="registered", progress=progress,
                    n_enrolled=10 * n)
    for n, primary, end, is_ in ((1, "2028-05", "2029-01", "expected"),
                                 (2, "2027-02-28", "2027-02-28", "expected"),
                                 (4, "2025-01", "2025-06", "actual")) if dates else ():
        world.add("registrations", registration=NCT(n), status="RECRUITING",
                  primary_completion=primary, completion=end, completion_is=is_,
                  source="clinicaltrials", checked_on="2026-04-02")
    return world


def _waiting(view, language="en"):
    soup = BeautifulSoup(render(view, "page.html", language), "html.parser")
    heads = [th.get_text() for th in soup.select("table:not(.lr-interactive) thead th")]
    return soup, heads, [[cell.get_text(" ", strip=True) for cell in row.select("th, td")]
                         for row in soup.select("table:not(.lr-interactive) tbody tr")]


def test_open_trials_come_first_by_the_end_that_is_expected(tmp_path):
    view = chapter_trials(review(_world(tmp_path).data()), KNEE)
    soup, heads, rows = _waiting(view)
    at = heads.index("End of the main outcome")
    assert [row[at] for row in rows] == [
        "2027-02-28 registry, 2026-04-02", "2028-05 (whole trial: 2029-01) registry, 2026-04-02",
        "no expected date is known here", "2025-01 (has passed) registry, 2026-04-02"]
    assert view.n_open == 3 and view.soonest == "2027-02-28"
    text = soup.get_text(" ", strip=True)
    assert "What may change this answer, and when: 3 studies are running or planned" in text
    assert "a registry expects is 2027-02-28" in text


def test_without_a_look_at_a_registry_no_date_is_claimed(tmp_path):
    view = chapter_trials(review(_world(tmp_path, dates=False).data()), KNEE)
    soup, heads, rows = _waiting(view)
    assert len(rows) == 4 and "End of the main outcome" not in heads
    assert "When they end is not in the entries read" in soup.get_text(" ", strip=True)


def test_a_date_that_had_passed_when_the_registry_was_asked_is_not_the_next_one(tmp_path):
    world = _world(tmp_path, dates=False)
    world.add("registrations", registration=NCT(1), status="RECRUITING", source="clinicaltrials",
              primary_completion="2021-05", completion_is="expected", checked_on="2026-04-02")
    view = chapter_trials(review(world.data()), KNEE)
    assert view.soonest == ""
    text = _waiting(view)[0].get_text(" ", strip=True)
    assert "a registry expects is" not in text and "For none of them" not in text
    world.add("registrations", registration=NCT(2), status="RECRUITING", source="clinicaltrials",
              primary_completion="2026-04", completion_is="expected", checked_on="2026-04-02")
    assert chapter_trials(review(world.data()), KNEE).soonest == "2026-04"


def test_a_finished_trial_that_an_analysis_uses_is_not_waited_for(tmp_path):
    view = chapter_trials(review(_world(tmp_path).data()), KNEE)
    assert "used-2020" not in str([s.href for s in view.waiting])
    assert len(view.waiting) == 4


def test_it_is_said_in_chinese(tmp_path):
    view = chapter_trials(review(_world(tmp_path).data()), KNEE)
    soup, heads, _rows = _waiting(view, "zh_CN")
    assert "主要结局" in "".join(heads)
    assert "expect" not in soup.select_one("#running").find_next("p").get_text()


def test_the_page_of_a_trial_shows_it_where_it_is_known(tmp_path):
    text = {study: BeautifulSoup(render(page, "page.html"), "html.parser").get_text(" ", strip=True)
            for study, _, page in trial_pages(review(_world(tmp_path).data()))}
    assert "2028-05 (whole trial: 2029-01)" in text["late-2026"]
    assert "End of the main outcome" not in text["unknown-2026"]


@pytest.mark.parametrize(("dates", "said"), [
    (True, "end of the main outcome expected: 2028-05"), (False, "it is running or planned")])
def test_an_answer_names_what_may_change_it_and_when(tmp_path, dates, said):
    world = _world(tmp_path, dates)
    world.arm("late-2026", "msc", cells="cultured-msc").arm("late-2026", "control", "saline")
    world.add("main_windows", indication=KNEE, position=1, analysis_id="made-up", role="headline")
    view = Chapter(KNEE, world.write()).answer().view
    text = BeautifulSoup(render(view, "page.html"), "html.parser").get_text(" ", strip=True)
    assert said in text
    assert ("2028-05" in text) == dates
