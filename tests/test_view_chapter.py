"""The pages of a chapter: what they say of results, how much they hold, what they are asked for."""

from __future__ import annotations

import re
from functools import cache

import pytest
from bs4 import BeautifulSoup
from conftest import DATA
from made_up import KNEE, World
from stated import wrong_statements
from test_another_field import FIELD, OURS

from livingreview.data.dataset import load
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review.asked import AskedError
from livingreview.review.windows import shown_first
from livingreview.view.addresses import COMPARE, PAGES, PLAIN
from livingreview.view.base import packed
from livingreview.view.tabs import of_people

INDICATIONS = load(DATA).indications
VIEWS = {"answer": "index", "benefits": "benefits", "harms": "harms", "trials": "trials"}
ONCE = "very uncertain whether"
# Bytes, elements, words; the frame of the theme comes on top.
BUDGETS = {"answer": (120_000, 1_100, 1_300), "benefits": (400_000, 5_000, None),
           "harms": (400_000, 5_000, None), "trials": (400_000, 5_000, None)}


@cache
def _chapter(indication: str) -> Chapter:
    return Chapter(indication, DATA)


def _page(chapter: Chapter, view: str) -> str:
    """A page with its tabs, as the site has it."""
    page = f"notebooks/{chapter.indication}/{VIEWS[view]}.html"
    return "\n".join(render(shown.view, page)
                     for shown in (chapter.tabs(VIEWS[view]), getattr(chapter, view)()))


@cache
def _html(indication: str, view: str) -> str:
    return _page(_chapter(indication), view)


def _soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "lxml")


def _words(soup: BeautifulSoup) -> str:
    return " ".join(soup.get_text(" ").split())


@pytest.mark.parametrize("indication", INDICATIONS)
@pytest.mark.parametrize("view", VIEWS)
def test_every_page_says_of_a_result_what_the_results_say(indication, view):
    found = {r["id"]: r for r in _chapter(indication).results()}
    html = _html(indication, view)
    assert view != "answer" or "data-result" in html
    assert not wrong_statements(html, found)


@pytest.mark.parametrize("indication", INDICATIONS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_keeps_to_its_budget(indication, view):
    html = _html(indication, view)
    size, elements, words = BUDGETS[view]
    soup = _soup(html)
    assert len(html.encode()) <= size
    assert len(soup.body.find_all(True)) <= elements
    assert words is None or len(_words(soup).split()) <= words
    assert _words(soup).count(ONCE) <= 1


@pytest.mark.parametrize("indication", INDICATIONS)
def test_few_tab_stops_stand_before_the_summary_of_findings(indication):
    soup = _soup(_html(indication, "answer"))
    stops = soup.select_one("#summary-of-findings").find_all_previous(
        lambda e: e.name in ("a", "summary", "button") or e.get("tabindex") == "0")
    # what a template holds stands in the page only folded, and only by a script
    assert len([e for e in stops if not e.find_parent(["nav", "template"])]) <= 12


@pytest.mark.parametrize("indication", INDICATIONS)
def test_the_summary_has_one_row_for_each_outcome_shown_first_in_order(indication):
    chapter = _chapter(indication)
    results = {r["id"]: r for r in chapter.results()}
    shown = [s.analysis_id for s in shown_first(chapter.data, indication, results)]
    compared = [a for a in shown if results[a]["question"]["comparison"] != "uncontrolled"]
    section = _soup(_html(indication, "answer")).select_one("#summary-of-findings")
    rows = [tr["data-result"] for tr in section.select("tr[data-result]")
            if not tr.find_parent("details")]
    if any(results[a]["pooled"] for a in shown):
        assert rows == compared + [a for a in shown if a not in compared]
    else:  # one sentence names them all
        assert not rows
        assert [a["href"] for a in section.select("p a")] == [
            f"../../figures/{a}.html" for a in compared + [
                a for a in shown if a not in compared]]


def test_the_answer_shows_the_trials_of_its_headline():
    soup = _soup(_html(KNEE, "answer"))
    result = next(r for r in _chapter(KNEE).results() if r["id"] == "knee-pain-placebo-3-6")
    rows = soup.select("figure.lr-forest tr.lr-study th a")
    assert len(rows) == len(result["studies"]) > 1
    assert all(a["href"].startswith("../../trials/") and "#value-" in a["href"] for a in rows)
    missing = result["not_in_pool"]
    share = round(100 * missing["n_pool"] / missing["n_finished"])
    assert soup.select_one("figure.lr-share strong").text == f"{share}%"
    drawn = [path["d"].count("M") for path in soup.select("figure.lr-share path")]
    assert drawn == [share, 100 - share]
    assert f"{missing['n_finished']:,.0f}" in soup.select_one("figure.lr-share figcaption").text


@pytest.mark.parametrize("indication", INDICATIONS)
def test_a_ratio_never_stands_without_people_where_these_are_known(indication):
    results = {r["id"]: r for r in _chapter(indication).results()}
    for view in ("answer", "benefits", "harms"):
        for tr in _soup(_html(indication, view)).select("tr[data-result]"):
            if results[tr["data-result"]]["absolute"] and tr.select_one(".lr-meaning"):
                assert re.search(r"Of 100 people \d", _words(tr))


@pytest.mark.parametrize("indication", INDICATIONS)
def test_what_is_not_in_the_headline_is_named_with_its_size(indication):
    chapter = _chapter(indication)
    answer = chapter.answer().view
    if not answer.absent:
        return
    head = next(r for r in chapter.results() if r["id"] == answer.headline.id)
    sizes = sorted((t["n"] for t in head["not_in_pool"]["trials"]
                    if t["counted"] and t["n"] and t["group"].startswith("finished")), reverse=True)
    finished = [a.n for a in answer.absent if not a.running]
    assert finished == [round(n) for n in sizes[:len(finished)]]
    assert len(answer.absent) == min(7, answer.n_absent)


@pytest.mark.parametrize("indication", INDICATIONS)
def test_every_analysis_is_on_the_page_of_benefits_or_of_harms(indication):
    results = [r for r in _chapter(indication).results() if r["role"] != "check"]
    for view, harm in (("benefits", False), ("harms", True)):
        soup = _soup(_html(indication, view))
        linked = {a["href"].rsplit("/", 1)[-1].removesuffix(".html")
                  for a in soup.select('a[href*="figures/"]')}
        wanted = {r["id"] for r in results if (r["section"] == "harms") == harm}
        assert linked == wanted
        rows = {tr["data-result"] for tr in soup.select("tr[data-result]")}
        assert rows == {r["id"] for r in results if r["id"] in wanted and r["studies"]}


def test_an_analysis_of_one_trial_is_a_row_and_never_a_forest_plot():
    by_id = {r["id"]: r for r in _chapter(KNEE).results()}
    drawn = [f["data-result"] for view in ("benefits", "harms")
             for f in _soup(_html(KNEE, view)).select("figure.lr-forest")]
    assert drawn and all(by_id[a]["k"] > 1 for a in drawn)
    assert len(_soup(_html(KNEE, "benefits")).select("figure.lr-forest")) <= 3
    assert all(f.find_parent("details") for f in
               _soup(_html(KNEE, "benefits")).select("figure.lr-forest"))


def test_harms_say_why_they_are_pooled_otherwise_than_benefits():
    soup = _soup(_html(KNEE, "harms"))
    assert "which needs no correction for it" in _words(soup.select_one(".lr-harms > .lr-note"))
    by_id = {r["id"]: r for r in _chapter(KNEE).results()}
    said = [_words(p) for p in soup.select("p[data-result]") if (
        by_id[p["data-result"]]["pooled"] or {}).get("model") == "mantel-haenszel"]
    assert said and all("by Mantel–Haenszel, because" in p for p in said if "random" in p)


def test_what_became_of_treated_patients_stands_apart():
    soup = _soup(_html("spinal-cord-injury", "benefits"))
    by_id = {r["id"]: r for r in _chapter("spinal-cord-injury").results()}
    compared = {tr["data-result"] for tr in soup.select(".lr-list tr[data-result]")}
    alone = {tr["data-result"] for tr in soup.select("tr[data-result]")} - compared
    assert alone and all(
        (by_id[a]["question"]["comparison"] == "uncontrolled") == (a in alone)
        for a in alone | compared)


@pytest.mark.parametrize("view", ["answer", "benefits"])
def test_below_a_table_with_drawings_stands_what_they_mean(view):
    drawn = [t for t in _soup(_html(KNEE, view)).select("table.lr-findings")
             if t.select("svg") and not t.find_parent("details")]
    assert drawn
    for table in drawn:
        said = _words(table.find_next_sibling("p"))
        units = {c.get_text() for c in table.select("td.lr-num .lr-sub")}
        assert "Drawings: " in said
        assert ("points of 100, −40 to 40" in said) == ("points of 100" in units)
        assert ("ratios, 0.1 to 10" in said) == bool({"risk ratio", "odds ratio"} & units)
        assert ("Dashed: " in said) == bool(table.select(".lr-mid"))
        assert ("Pale: " in said) == bool(table.select(".lr-pale"))


@pytest.mark.parametrize("indication", INDICATIONS)
def test_every_study_has_a_row_that_leads_to_its_page(indication):
    studies = _chapter(indication).evidence.studies
    soup = _soup(_html(indication, "trials"))
    for table, animals in (("#studies", False), ("#animals", True)):
        rows = [a["href"] for a in soup.select(f"{table} tbody th a")]
        wanted = [s for s, row in studies.items()
                  if (row["design"] == "animal-experiment") == animals]
        assert len(rows) == len(set(rows)) == len(wanted)
    waiting = soup.select("table:not(.lr-interactive) tbody tr")
    assert len(waiting) == sum(bool(s["progress"]) or s["status"] == "registered"
                               for s in studies.values() if s["design"] != "animal-experiment")


def test_tabs_name_every_page_and_count_its_trials():
    soup = _soup(_html(KNEE, "benefits"))
    tabs = soup.select(".lr-tabs a")
    pages = [page for page in PAGES if page != PLAIN]
    pages.insert(pages.index("benefits") + 1, COMPARE)  # the knee has several controls
    at = pages.index("benefits")  # the tab of this page leads nowhere
    assert [a.get("href") for a in tabs] == [
        None if page == "benefits" else f"{page}.html" for page in pages]
    assert [i for i, a in enumerate(tabs) if a.get("aria-current") == "page"] == [at]
    counts = {a["href"]: a.small.text for a in tabs if a.small}
    assert counts == {"trials.html": str(of_people(_chapter(KNEE).data, KNEE))}
    with pytest.raises(ValueError, match="no page 'figures'"):
        _chapter(KNEE).tabs("figures")


def test_a_window_and_a_control_that_are_asked_for_take_the_place_of_the_own_ones():
    asked = Chapter(KNEE, DATA, window=12, comparator="hyaluronic-acid")
    answer = asked.answer().view
    assert answer.headline.id == "knee-pain-ha-6-12"
    assert all(x.row.finding.question.comparison == "hyaluronic-acid" for x in answer.lines)
    html = _page(asked, "answer")
    assert not wrong_statements(html, {r["id"]: r for r in asked.results()})
    banner = _soup(html).select_one(".lr-banner").text
    assert "against hyaluronic acid" in banner and "to 12 months" in banner
    assert not _soup(_html(KNEE, "answer")).select(".lr-banner")
    with pytest.raises(AskedError):
        Chapter(KNEE, DATA, comparator="nothing-of-the-kind").answer()


def test_a_chapter_of_made_up_trials_has_all_pages(tmp_path):
    world = World(tmp_path).analysis()
    for i, cells in enumerate((20, 25, 30)):
        world.trial(f"made-{i}", n_enrolled=40).pair(f"made-{i}", cells, 40)
    world.trial("silent", n_enrolled=60, stated_result="no-difference",
                stated_result_source_id="own")
    chapter = Chapter(KNEE, world.write())
    found = {r["id"]: r for r in chapter.results()}
    for view in VIEWS:
        assert not wrong_statements(_page(chapter, view), found)
    answer = chapter.answer().view
    assert answer.headline.k == 3 and answer.squares == round(100 * 120 / 180)
    assert [(a.n, a.running) for a in answer.absent] == [(60, False)]
    assert "not in it: no clear difference: 1 trial with 60 people." in _words(
        _soup(_page(chapter, "answer")))
    assert answer.harm is None and answer.row is None and answer.forest


def test_a_chapter_without_any_question_says_so(tmp_path):
    chapter = Chapter(KNEE, World(tmp_path).trial("alone").write())
    text = _words(_soup(_page(chapter, "answer")))
    assert "No question is declared for this condition yet." in text
    assert "1 study of people is known." in text
    for view in VIEWS:
        _page(chapter, view)


def test_without_any_estimate_the_answer_is_one_sentence_and_no_table():
    soup = _soup(_html("osteoporosis", "answer"))
    assert soup.select_one(".lr-big").text.startswith("Nothing can be estimated yet")
    assert not soup.select("figure.lr-forest, #summary-of-findings table")
    assert "experiments in animals" in soup.text


def test_words_of_another_field_are_its_own():
    chapter = Chapter("insomnia", FIELD)
    found = {r["id"]: r for r in chapter.results()}
    for view in VIEWS:
        html = _page(chapter, view)
        assert not wrong_statements(html, found)
        soup = _soup(html)
        for apart in soup.select("[id], a"):
            apart.attrs = {}
        assert not OURS.findall(_words(soup)), view


def test_what_a_notebook_keeps_is_written_as_the_view_is():
    for view in VIEWS:
        shown = getattr(_chapter("osteoporosis"), view)()
        assert render(packed(shown.view), "x/y.html") == render(shown.view, "x/y.html")


# --- risk of bias, data of a chapter --------------------------------------------------------------


def _said_of_bias(world: World) -> tuple[str, list[list[str]]]:
    """The sentence on judgements, and the cells of the signals."""
    page = BeautifulSoup(Chapter(KNEE, world.write()).risk_of_bias()._repr_html_(), "lxml")
    return page.p.get_text(), [[c.get_text() for c in row.find_all(["th", "td"])]
                               for row in page.select(f"#{KNEE}-signals tbody tr")]


def _judged(world: World, study: str, tool: str = "rob2") -> World:
    return world.add("risk_of_bias", study_id=study, tool=tool, domain="overall",
                     judgement="low", source_id="review")


def test_judgements_are_counted_among_the_studies_in_the_analyses(tmp_path):
    world = World(tmp_path / "data").analysis()
    said, rows = _said_of_bias(world.trial("doe-2020"))
    assert said.startswith("No study is in an analysis yet") and not rows
    said, rows = _said_of_bias(world.pair("doe-2020").trial("roe-2021").pair(
        "roe-2021", quality="derived"))
    assert said.startswith("2 studies are in the analyses") and "No judgement of their" in said
    assert [r[1:3] + r[5:] for r in rows] == [
        ["yes", "Double blind", "As reported", "no"],
        ["yes", "Double blind", "Derived from other statistics", "no"]]
    said, rows = _said_of_bias(_judged(world, "doe-2020"))
    assert "in the data for 1 of them, and none for the other 1." in said
    assert [r[-1] for r in rows] == ["yes", "no"]
    said, _ = _said_of_bias(_judged(world, "roe-2021"))
    assert "For each of them" in said
    graded = World(tmp_path / "graded").analysis().trial("doe-2020").pair("doe-2020")
    said, _ = _said_of_bias(_judged(graded, "doe-2020", "level-of-evidence"))
    assert said.startswith("One study is in the analyses. No judgement")


def test_the_units_of_counts_are_said(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020", n_enrolled=40).trial(
        "later-2021", companion_of="doe-2020").trial("rats", design="animal-experiment")
    said = render(Chapter(KNEE, world.write()).size().view)
    assert "3 reports of 2 studies are in the data: 1 of people and 1 of animals." in said
    assert "randomised controlled trial: 1 (40 enrolled)" in said
    assert "animal experiment: 1 (size of 1 not stated)" in said
    asked = BeautifulSoup(render(Chapter(KNEE, world.write()).question().view), "lxml")
    assert "each with all its reports" in asked.thead.get_text()


def test_reports_behind_the_analyses_are_cited_and_files_are_named(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020", title="A trial", doi="10.1234/x")
    chapter = Chapter(KNEE, world.write())
    assert "No report is behind an analysis" in chapter.citations()._repr_html_()
    chapter = Chapter(KNEE, world.pair("doe-2020").write())
    assert chapter.citations().data == "{cite:t}`doe-2020`"
    page = BeautifulSoup(render(chapter.downloads().view, f"notebooks/{KNEE}/data.html"), "lxml")
    assert [a["href"] for a in page.select("a")][::8] == [
        f"../../data/{KNEE}/studies.csv", "../../results.json"]
    assert "2 of the 2 outcome rows" in chapter.shares("own")._repr_html_()
