"""What pages say of searches, of what waits, and whether the review may call itself living.

All searches, records, people and notices are made up.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, World

from livingreview.data import reads, strategies
from livingreview.data.dataset import Dataset, load
from livingreview.data.parcel import Parcel
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review import Review
from livingreview.review.searches import Until, counted, day_of
from livingreview.site import feed, versioned
from livingreview.view import alive, benchmarks, prisma
from livingreview.view.landing import landing

SOURCE, EVERY = "pubmed", 30


class Fresh(World):
    """Its folder holds strategies too, so that no other folder of the same rows stands for it."""

    def data(self) -> Dataset:
        """Write the folder and read it."""
        return load(self.write())


@pytest.fixture
def world(tmp_path) -> World:
    """One trial; PubMed is to be searched every 30 days."""
    made = Fresh(tmp_path / "data").trial("ash-2019", first_author="Ash", year=2019)
    return made.pair("ash-2019").analysis().add(
        "living", source=SOURCE, indication=KNEE, schedule_days=EVERY, run_by="command")


def _text(view, language: str = "en") -> str:
    shown = BeautifulSoup(render(view, "book/searches.html", language), "lxml").get_text(" ")
    return re.sub(r"\s+", " ", shown).strip()


def _on(world: World, day: str) -> World:
    """The data speak of a day, because somebody screened on it."""
    return world.record("old", "first").screened("old", "exclude", date=day,
                                                 reason="laboratory")


# --- states of sources ------------------------------------------------------------------------


def test_a_source_that_nobody_searched_is_never_searched(world):
    [row] = alive.sources(world.add("changelog", date="2026-11-30", file="about.csv",
                                    reason="made up").data()).rows
    assert (row.state, row.last, row.due, row.every) == ("never", "", "", EVERY)
    assert "never searched" in _text(alive.sources(world.data()))


@pytest.mark.parametrize("day, state", [
    ("2026-12-01", "current"), ("2026-12-02", "due"), ("2026-12-16", "due"),
    ("2026-12-17", "overdue")])
def test_the_state_of_a_source_is_that_on_the_day_of_the_data(world, day, state):
    world.search("first", "2026-11-01")
    data = _on(world, day).data()
    [row] = alive.sources(data).rows
    assert str(day_of(data)) == day
    assert (row.state, row.last, row.due) == (state, "2026-11-01", "2026-12-01")
    shown = _text(alive.sources(data))
    assert f"PubMed {state} 2026-11-01 2026-12-01 30" in shown and f"on {day}" in shown


def test_a_source_that_failed_says_why_and_keeps_its_last_good_day(world):
    world.search("first", "2026-11-01")
    world.search("second", "2026-11-20", state="failed", reason="it answered no XML")
    [row] = alive.sources(world.data()).rows
    assert (row.state, row.last, row.failed) == ("failed", "2026-11-01", "2026-11-20")
    assert "failed (last try on 2026-11-20: it answered no XML)" in _text(
        alive.sources(world.data()))


def test_a_search_without_a_schedule_is_not_scheduled(tmp_path):
    world = Fresh(tmp_path / "data").trial("ash-2019").search("first", "2026-11-01")
    [row] = alive.sources(world.data()).rows
    assert (row.state, row.last, row.due) == ("unplanned", "2026-11-01", "")
    assert "not scheduled" in _text(alive.sources(world.data()))


def test_a_strategy_without_a_search_is_a_source_that_was_never_searched(world):
    _strategy(world, "isrctn", "# Draft, made up\nstem cells\n")
    rows = alive.sources(world.data()).rows
    assert [(r.source.en, r.state) for r in rows] == [("PubMed", "never"), ("ISRCTN", "never")]


# --- the word living --------------------------------------------------------------------------


def _said(world: World) -> dict[str, str]:
    """What the landing page, the page on searches and the chapter say of it."""
    data = world.data()
    chapter = Chapter(KNEE, world.folder)
    return {"landing": _text(landing(Review.by_need(data))), "page": _text(alive.alive(data)),
            "chapter": _text(chapter.answer().view), "lsr": _text(prisma.prisma_lsr(data))}


def test_a_review_that_never_searched_does_not_call_itself_living(world):
    said = _said(world)
    assert "has been made yet, so that this review is not living" in said["landing"]
    assert "has made no search of its own, so that it is not living yet" in said["page"]
    assert "Last searched: never." in said["chapter"]
    assert "Not yet: the title says what the review is to be" in said["lsr"]
    assert not any("Living on" in text or "living on" in text for text in said.values())


def test_a_review_whose_sources_are_searched_in_time_is_living(world):
    said = _said(_on(world.search("first", "2026-11-01"), "2026-12-16"))
    for name in ("landing", "page"):
        assert ("Living on 2026-12-16: last searched on 2026-11-01, next search due by 2026-12-01"
                in said[name]), name
    assert "Last searched: 2026-11-01; next by 2026-12-01; living on 2026-12-16" in said["chapter"]
    assert "no source was overdue on 2026-12-16" in said["lsr"]
    (perishing,) = BeautifulSoup(render(alive.alive(world.data())), "lxml").select("[data-until]")
    assert perishing["data-until"] == "2026-12-16"  # half of the 31 days after it was due
    assert "is overdue" in perishing["data-after"] and "not living" in perishing["data-after"]


@pytest.mark.parametrize("why", ["overdue", "never"])
def test_one_source_that_is_late_ends_it(world, why):
    if why == "never":
        world.add("living", source="embase", indication=KNEE, schedule_days=180, run_by="person")
    world.search("first", "2026-11-01")
    said = _said(_on(world, "2026-12-17" if why == "overdue" else "2026-11-05"))
    for name in ("landing", "page"):
        assert "1 search is overdue or was never made" in said[name], name
        assert "Not living on" in said[name] and "Living on" not in said[name], name
    assert "this chapter is not living" in said["chapter"]
    assert "Not at present" in said["lsr"]


def test_a_review_without_a_schedule_is_not_living(tmp_path):
    world = Fresh(tmp_path / "data").trial("ash-2019").pair("ash-2019").analysis()
    said = _said(world.search("first", "2026-11-01"))
    assert "no schedule says when again, so that it is not living" in said["landing"]
    assert "next: not scheduled, so that this chapter is not living" in said["chapter"]


def test_a_chapter_speaks_of_its_own_sources(world):
    world.search("first", "2026-11-01")
    data = world.data()
    assert alive.alive(data, KNEE).state == "alive"
    assert alive.alive(data, "another").state == "never"


def test_running_trials_are_said_to_change_the_answer(world):
    world.trial("elm-2026", progress="running", status="registered")
    text = _text(Chapter(KNEE, world.write()).answer().view)
    assert "1 of them is running or planned and may change this answer" in text


def test_the_day_of_the_pages_is_that_of_the_data_and_no_clock(world):
    assert day_of(world.data()) is None
    world.add("changelog", date="2026-10-01", file="about.csv", reason="made up")
    assert str(day_of(world.data())) == "2026-10-01"
    assert str(day_of(world.search("first", "2026-11-01").data())) == "2026-11-01"


# --- what waits -------------------------------------------------------------------------------


@pytest.fixture
def busy(world) -> World:
    """A record at each place, a notice that is open and one that is not."""
    world.search("first", "2026-11-01", hits=9, fetched=9, new=6, tool_version="2026.1")
    for name in ("waits", "split", "wanted", "out", "in", "gone"):
        world.record(name, "first", doi=f"10.1000/{name}", year=2026, first_author="Oak")
    world.screened("split", "include", reviewers=("ann",))
    world.screened("split", "exclude", reviewers=("bob",), reason="laboratory")
    for name in ("wanted", "out", "in"):
        world.screened(name, "include")
    world.screened("gone", "exclude", reason="other-condition")
    world.screened("out", "exclude", "full-text", reason="no-results")
    world.screened("in", "include", "full-text", date="2026-11-09")
    world.add("notices", indication=KNEE, study_id="ash-2019", kind="retraction",
              notice_doi="10.1000/notice", sources="crossref", first_seen="2026-11-02",
              state="open")
    world.add("notices", indication=KNEE, study_id="ash-2019", kind="correction",
              notice_doi="10.1000/other", sources="pubmed", first_seen="2026-11-02",
              state="handled", handled_how="made up")
    return world.add("watches", indication=KNEE, study_id="ash-2019", source="crossref",
                     checked_on="2026-11-02", result="notice")


def test_the_queue_is_counted(busy):
    [row] = alive.queues(busy.data()).rows
    assert (row.to_screen, row.awaiting, row.included, row.excluded) == (1, 2, 1, 1)
    assert (row.notices, row.studies, row.unwatched, row.unknown) == (1, 1, 0, 0)


def test_what_awaits_assessment_and_what_was_left_out_is_listed_with_why(busy):
    found = alive.reports(busy.data())
    assert [(r.title[-6:], r.place) for r in found.awaiting] == [
        (" split", "unsure"), ("wanted", "full-text")]
    [out] = found.excluded
    assert (out.doi, out.reason.en, out.author, out.year) == (
        "10.1000/out", "no results", "Oak", 2026)
    shown = BeautifulSoup(render(found), "lxml")
    assert shown.select_one("#reports-excluded a")["href"] == "https://doi.org/10.1000/out"
    text = _text(found)
    assert "people do not agree on title and abstract" in text and "wanted in full text" in text
    assert "report gone" not in text and "report waits" not in text


def test_a_study_that_a_report_is_of_is_linked(world):
    world.search("first", "2026-11-01")
    world.record("more", "first", match=f"{KNEE}:ash-2019", match_kind="registration")
    world.screened("more", "include")
    [report] = alive.reports(world.data()).awaiting
    assert report.studies == (("Ash 2019", "trials/ash-2019.html"),)


def test_open_notices_are_listed_and_others_counted(busy):
    found = alive.notices(busy.data())
    assert [(n.kind.en, n.doi) for n in found.rows] == [("retraction", "10.1000/notice")]
    text = _text(found)
    assert "Ash 2019" in text and "1 notice has been dealt with" in text


def test_that_nothing_was_looked_up_is_not_that_nothing_is_wrong(world):
    assert "that none is open tells nothing" in _text(alive.notices(world.data()))
    [row] = alive.queues(_on(world.search("first", "2026-11-01"), "2026-11-02").data()).rows
    assert (row.studies, row.unwatched) == (1, 1)


# --- strategies -------------------------------------------------------------------------------


def _strategy(world: World, source: str, text: str) -> str:
    path = world.folder / "strategies" / f"{KNEE}.{source}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_draft_is_shown_as_one_until_it_is_reviewed_and_says_whether_it_was_run(world):
    ran = _strategy(world, SOURCE, "# Made up\nstem cells[tiab] & <knee>\n")
    _strategy(world, "isrctn", "# Draft, made up\nstem cells\n")
    world.search("first", "2026-11-01", strategy_sha256=ran)
    found = alive.strategies(world.data())
    [(_, texts)] = found.groups
    assert [(t.source.en, t.draft, t.run) for t in texts] == [
        ("PubMed", False, "2026-11-01"), ("ISRCTN", True, "")]
    shown = BeautifulSoup(render(found, "book/searches.html"), "lxml")
    assert shown.pre.get_text() == "# Made up\nstem cells[tiab] & <knee>\n"
    assert [a["href"] for a in shown.select("a[download]")] == [
        f"../data/strategies/{KNEE}.{s}.txt" for s in (SOURCE, "isrctn")]
    assert "1 strategy is a draft that no information specialist has reviewed" in _text(found)


def test_every_strategy_of_the_project_is_shown_and_none_has_a_wrong_name():
    shown = {one.path for one in strategies.strategies(load())}
    there = strategies.files(Path(load().folder))
    assert shown == {f"strategies/{path.name}" for path in there} and shown


def test_strategies_are_read_beside_the_data_sent_along_and_published(world, tmp_path):
    _strategy(world, SOURCE, "# Draft\nstem cells\n")
    data = world.data()
    with reads.apart() as found:
        strategies.strategies(data)
    [read] = [name for name in found if name.endswith(f"{KNEE}.{SOURCE}.txt")]
    before = data.fingerprint(read)
    _strategy(world, SOURCE, "# Draft\nother cells\n")
    assert before != data.fingerprint(read) != ""
    with Parcel.of(data, with_files=True).unpacked() as (folder, _):
        assert [path.name for path in strategies.files(folder)] == [f"{KNEE}.{SOURCE}.txt"]
    versioned.write_public(data, Review.by_need(data), tmp_path / "site")
    assert (tmp_path / "site/data/strategies" / f"{KNEE}.{SOURCE}.txt").is_file()


# --- PRISMA -----------------------------------------------------------------------------------


def _items(view, table: str) -> list[list[str]]:
    rows = BeautifulSoup(render(view), "lxml").select(f"#{table} tbody tr")
    return [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in rows]


def test_prisma_s_has_sixteen_items_that_are_not_yet_there_before_a_search(world):
    items = _items(prisma.prisma_s(world.data()), "prisma-s")
    assert [row[0] for row in items] == [str(n) for n in range(1, 17)]
    not_yet = {int(row[0]) for row in items if row[2].startswith("Not yet")}
    assert not_yet == {1, 2, 3, 4, 5, 8, 13, 14, 15, 16}
    assert items[11][2].startswith("PubMed: every 30 days")
    assert {row[2] for row in items if int(row[0]) in (6, 7, 9, 10, 11)} == {"Not stated."}


def test_prisma_s_is_told_from_the_tables(busy):
    busy.add("about", key="search-limits", value="No limit, made up.")
    busy.search("second", "2026-11-05", source="isrctn", platform="API", hits=4, new=0)
    busy.search("third", "2026-11-06", source="openalex", platform="API", window_from="2026-10-01")
    busy.record("same", "third", source_ids="openalex:same", cluster="in")
    ran = _strategy(busy, SOURCE, "# Made up\ncells\n")
    busy.search("fourth", "2026-11-07", strategy_sha256=ran, hits=1)
    said = {row[0]: row[2] for row in _items(prisma.prisma_s(busy.data()), "prisma-s")}
    assert said["1"] == "PubMed, by E-utilities, last on 2026-11-07."
    assert said["2"] == "API: ISRCTN; OpenAlex (citations)."
    assert said["3"] == "ISRCTN, by API, last on 2026-11-05."
    assert said["4"] == "No website was searched or browsed."
    assert said["5"] == "OpenAlex (citations), by API, last on 2026-11-06."
    assert said["8"].startswith("1 strategy stands on this page in full; 1 was run")
    assert said["9"] == ("No limit, made up. 1 search asked for days of entry only, as its row "
                         "says.")
    assert said["14"] == "An information specialist has reviewed each of them."
    assert said["15"].startswith("PubMed: 10; ISRCTN: 4; OpenAlex (citations): not stated.")
    assert "1 record is the same report as another" in said["16"] and "2026.1" in said["16"]


def test_every_source_has_a_kind_so_that_prisma_s_reports_it():
    known = load().words("search_source")
    kinds = {name: load().kind("search_source", name) for name in known}
    assert set(kinds.values()) == {"database", "registry", "citations", "website"}, kinds


def test_prisma_lsr_has_each_new_item_and_the_schedule_of_each_source(world):
    items = _items(prisma.prisma_lsr(world.data()), "prisma-lsr")
    assert {row[1] for row in items} >= {"L1", "L2", "L3", "L4"}
    said = {row[0]: row[2] for row in items}
    assert said["Schedule of the search, for each source"].startswith(
        "PubMed: every 30 days. Not stated.")
    assert said["Plan for retirement from the living mode"] == "Not stated."
    own = {row[0]: row[2] for row in _items(prisma.prisma_lsr(load()), "prisma-lsr")}
    assert not [name for name, text in own.items() if text == "Not stated."]
    assert not [text for text in own.values() if "not yet begun" in text.lower()]  # it is counted
    assert "Searches made: none so far." in own["Schedule of the search, for each source"]
    assert own["Screening"].endswith("Records decided on: none so far.")


# --- the flow of records by version -----------------------------------------------------------


def test_the_flow_shows_what_was_known_at_each_version(busy, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(tmp_path / "releases"))
    monkeypatch.delenv(reads.VERSION, raising=False)
    (tmp_path / "releases").mkdir()
    for name, day in (("2026.10.0", "2026-10-01"), ("2026.11.0", "2026-11-05")):
        (tmp_path / "releases" / f"{name}.json").write_text('{"analyses": {}}')
        (tmp_path / "releases" / f"{name}.manifest.json").write_text(f'{{"date": "{day}"}}')
    busy.search("second", "2026-11-20", hits=3, fetched=3, new=1)
    busy.record("later", "second")
    view = Pages(busy.write()).flow_by_version().view
    assert [s.version for s in view.stages] == ["2026.10.0", "2026.11.0", ""]
    assert view.stages[0].searched is None
    first, now = (s.searched.counted for s in view.stages[1:])
    assert (first.searches, first.records, first.included, first.awaiting) == (1, 6, 0, 3)
    assert (now.searches, now.records, now.included, now.to_screen) == (2, 7, 1, 2)
    monkeypatch.setenv(reads.VERSION, "2026.11.0")
    assert [s.version for s in Pages(busy.folder).flow_by_version().view.stages] == [
        "2026.10.0", "2026.11.0"]


def test_a_duplicate_is_one_report_and_a_known_one_is_not_screened(world):
    world.search("first", "2026-11-01", hits=3).record("one", "first")
    world.record("two", "first", cluster="one")
    world.record("three", "first", match=f"{KNEE}:ash-2019", match_kind="doi")
    found = counted(world.data())
    assert (found.records, found.duplicates, found.known, found.to_screen) == (3, 1, 1, 1)
    assert counted(Until(world.data(), "2026-10-31")) is None


# --- the table and the feed of searches -------------------------------------------------------


def test_the_table_of_searches_shows_failed_ones_too_the_newest_first(world):
    world.search("first", "2026-11-01", hits=5, fetched=5, new=2)
    world.search("second", "2026-11-20", state="failed", reason="no answer")
    shown = BeautifulSoup(render(alive.search_table(world.data())), "lxml")
    rows = shown.select("#flow-searches tbody tr")
    assert [row["id"] for row in rows] == ["search-second", "search-first"]
    assert "failed: no answer" in rows[0].get_text()


def test_the_feed_has_an_entry_for_each_day_of_searches(world):
    world.search("first", "2026-11-01", fetched=5, new=2)
    world.search("second", "2026-11-01", source="isrctn", state="failed", reason="a < b")
    text = feed.feed(world.search("third", "2026-12-01", fetched=1, new=0).data(),
                     "https://reviews.example.org")
    entries = BeautifulSoup(text, "xml").find_all("entry")
    rounds = [e for e in entries if "flow.html" in e.id.text]
    assert [e.title.text for e in rounds] == ["1 search on 2026-12-01: 0 new records",
                                              "2 searches on 2026-11-01: 2 new records"]
    assert "PubMed, Knee osteoarthritis: complete, 2 new of 5 fetched" in rounds[1].content.text
    assert "ISRCTN, Knee osteoarthritis: failed (a < b)" in rounds[1].content.text
    assert BeautifulSoup(text, "xml").find("updated").text.startswith("2026-12-01")


# --- benchmarks -------------------------------------------------------------------------------


def test_what_was_not_measured_is_said_and_what_was_has_versions_and_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(reads, "BENCH", tmp_path)
    assert _text(benchmarks.benchmarks()).count("not been measured yet") == 3
    (tmp_path / "screening.csv").write_text(
        "set,tool,version,records,included,step,seeds,wss95,wss95_low,wss95_high,recall10,"
        "last_found\nMade_up,livingreview,scikit-learn 1,100,5,1,1 2,0.6123,0.5,0.7,0.4,0.9\n"
        "mean,livingreview,scikit-learn 1,,,,1 2,0.6,,,0.4,0.9\n")
    (tmp_path / "screening-in-time.csv").write_text(
        "set,tool,version,seed,from_year,decided,decided_included,new,new_included,read95\n"
        "Made_up,livingreview,scikit-learn 1,1,2015,60,3,40,2,0.45\n")
    (tmp_path / "deduplication.csv").write_text(
        "set,tool,version,tier,records,duplicates,reports,clusters,missed,wrong,sensitivity,"
        "specificity\nMade_up,livingreview,rapidfuzz 3,certain,10,4,6,6,0,0,1,1\n")
    text = _text(benchmarks.benchmarks())
    for said in ("Made_up livingreview 100 5 0.612 0.400 0.900",
                 "mean of the sets", "livingreview: scikit-learn 1, seeds 1 2.",
                 "Made_up 2015 60 40 2 0.450", "Made_up merged without asking 10 4 0 1.000 1.000"):
        assert said in text, said


def test_a_page_depends_on_the_measured_tables():
    with reads.apart() as found:
        benchmarks.benchmarks()
    assert {Path(name).name for name in found} >= {
        "screening.csv", "screening-in-time.csv", "deduplication.csv"}
