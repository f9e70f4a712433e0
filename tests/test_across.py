"""The pages across indications: nothing counted twice, nothing dropped, nothing hard-wired."""

from __future__ import annotations

from dataclasses import asdict, astuple
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from conftest import append, read_table, write_table
from made_up import KNEE, World

from livingreview.data import tables
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import environment, render
from livingreview.render.shown import Shown
from livingreview.review import Review, results, review, robustness
from livingreview.review.animals import experiments
from livingreview.review.counted import human_trials
from livingreview.review.harms import totals
from livingreview.view import evidence_map as view
from livingreview.view.addresses import Addresses
from livingreview.view.completeness import completeness, kind_of_step, unused_studies
from livingreview.view.events import all_events
from livingreview.view.flow import Flows
from livingreview.view.mechanisms import nearest
from livingreview.view.naming import study_names
from livingreview.view.others import cautions, others, ours_for, printed
from livingreview.view.quality import doubts
from livingreview.view.sizes import size
from livingreview.view.unused import Reasons

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

KEPT = ("knee-pain-placebo-3-6", "knee-serious-ae-placebo")


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """No page of these shows what other choices would give, which takes long to compute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "multiverse", lambda *_: None)
        patch.setattr(robustness, "variants", lambda *_: [])
        patch.setattr(robustness, "leave_one_out", lambda *_: [])
        yield


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def pages_of(world: World) -> Pages:
    """The made-up trials as pages about the whole book."""
    pages = Pages()
    pages.__dict__["review"] = Review.by_need(world.data())
    return pages


def soup(html: str | Shown) -> BeautifulSoup:
    return BeautifulSoup(html._repr_html_() if isinstance(html, Shown) else html, "lxml")


def body(html: str | Shown, identifier: str) -> list[list[str]]:
    """The cells of a table's rows as text."""
    found = soup(html).find(id=identifier)
    return [[cell.get_text(" ", strip=True).replace("\N{NO-BREAK SPACE}", " ")
             for cell in row.find_all(["th", "td"])]
            for row in found.tbody.find_all("tr")]


# --- every study appears --------------------------------------------------------------------


def test_every_study_is_in_its_chapter_and_in_an_analysis_or_has_a_reason(pages):
    found = unused_studies(pages.review)
    shown = soup(render(found)).find(id="unused-studies")
    listed = {(row.find_all("td")[0].get_text(), row.th.get_text()): row.find_all("td")[-1]
              for row in shown.tbody.find_all("tr")}
    missing, total, addresses = 0, 0, Addresses(pages.review.data)
    for indication, ev in pages.review.evidence.items():
        names = study_names(pages.review.data, indication)
        chapter = Chapter(indication)
        chapter.__dict__["review"] = pages.review
        trials = chapter.trials().view
        listed_here = [s.href for s in (*trials.studies, *trials.animals)]
        assert sorted(listed_here) == sorted(addresses.trial(indication, s) for s in ev.studies)
        used = {s[key] for r in pages.review.analyses(indication) for s in r["studies"]
                for key in ("study_id", "trial_id")}
        for study in set(ev.studies) - used:
            missing += 1
            why = listed[pages.review.data.label("indication", indication), names[study]]
            assert why.get_text(strip=True)
        total += len(ev.studies)
    assert missing == len(listed) == len(found.reports) and 0 < missing < total
    assert found.known == total and sum(n for _, n in found.kinds) == missing


REASONS = {
    "retracted": lambda w: w.trial("x", status="retracted"),
    "animals": lambda w: w.trial("x", design="animal-experiment", species="rat"),
    "nameless": lambda w: w.trial("unnamed-x"),
    "no-results": lambda w: w.trial("x", status="registered"),
    "no-design": lambda w: w.trial("x", design=""),
    "no-intervention": lambda w: w.study("x").arm("x", "control", "saline"),
    "intervention-only": lambda w: w.study("x").arm("x", "a", cells="cultured-msc")
    .arm("x", "b", cells="stromal-vascular-fraction"),
    "another-product": lambda w: w.study("x").arm("x", "a", cells="extracellular-vesicles")
    .arm("x", "b", "saline"),
    "no-control": lambda w: w.study("x").arm("x", "a", cells="cultured-msc"),
    "no-values": lambda w: w.trial("x"),
    "harms-only": lambda w: w.trial("x").counts("x", 1, 2),
    "no-usable": lambda w: w.trial("x").pair("x", sd=""),
    "not-asked": lambda w: w.trial("x", comparator="hyaluronic-acid").pair("x"),
    "": lambda w: w.trial("x").pair("x"),
}


@pytest.mark.parametrize("kind", REASONS)
def test_why_a_study_is_in_no_analysis(world, kind):
    REASONS[kind](world)
    review = Review.by_need(world.analysis().data())
    study = "unnamed-x" if kind == "nameless" else "x"
    why = Reasons(review, KNEE, Addresses(review.data)).why(study)
    assert (why.kind if why else "") == kind
    row = soup(render(unused_studies(review))).select_one("#unused-studies tbody tr")
    assert bool(row) == bool(kind)
    if row:  # the kind and the reason are said in words
        assert all(cell.get_text(strip=True) for cell in row.find_all("td")[-2:])


def test_another_report_says_what_became_of_the_first(world):
    world.trial("x").pair("x").trial("later", companion_of="x")
    [found] = unused_studies(Review.by_need(world.analysis().data())).reports
    assert found.unused.kind == "another-report" and found.unused.main_used
    [row] = body(render(unused_studies(Review.by_need(world.data()))), "unused-studies")
    assert row[-2] == "another report" and row[-1].endswith("whose numbers are in an analysis.")


def test_rows_are_counted_by_what_they_hold(world):
    world.trial("x").pair("x", quality="derived").counts("x", 3, 4)
    world.trial("y", companion_of="x").pair("y", sd="", scale_max="")
    found = completeness(Review.by_need(world.data()))
    [group] = [g for g in found.indications if g.holds.rows]
    assert group.studies == 1  # with both of its reports
    [outcome] = found.outcomes
    assert (outcome.holds.rows, outcome.holds.means, outcome.holds.spread, outcome.holds.made) == (
        4, 4, 2, 2)
    assert (outcome.holds.n, outcome.holds.scale) == (4, 2)
    assert sum(group.qualities) == group.holds.rows
    made = {k.en: n for k, n in zip(found.kinds, group.qualities, strict=True)}
    assert made["Derived from other statistics"] == 2
    assert [(r.holds.rows, r.adverse_events) for r in found.reports] == [(2, 2), (2, 0)]
    assert found.without == 0


def test_a_decision_names_the_arm_and_the_visit_that_it_is_on(world):
    world.trial("x").pair("x").rows["doubts"].append({
        "indication": KNEE, "table": "outcomes", "study_id": "x", "arm_id": "control",
        "item": "pain-vas", "timepoint_months": 6, "rule": "second-print", "finding": "5; 6",
        "decision": "kept", "reason": "read again", "date": "2026-01-01"})
    [row] = body(render(doubts(world.data())), "table-doubts")
    assert "; arm: " in row[2] and "control" not in row[2]
    assert row[2].endswith("; pain, visual analogue scale; month 6")


def test_steps_are_grouped_without_their_own_numbers():
    assert kind_of_step("rescaled from 0–10 to 0–100") == "rescaled from …–… to …–…"
    assert kind_of_step("SD from the quartiles (Wan 2014)") == "SD from the quartiles (Wan 2014)"
    assert kind_of_step("SD from the 95% interval of the mean") == (
        "SD from the 95% interval of the mean")
    assert kind_of_step("arms low, high combined") == kind_of_step("arms a, b combined")


# --- evidence map ---------------------------------------------------------------------------


def test_the_map_counts_patients_once(world):
    world.trial("x", n_enrolled=40).pair("x")
    world.trial("later", companion_of="x", n_enrolled=40).pair("later", timepoint_months=12)
    world.study("series", design="single-arm", n_enrolled=12).arm("series", "msc",
                                                                  cells="cultured-msc")
    world.value("series", "msc", 30, 10)
    world.trial("gone", status="retracted", n_enrolled=99).pair("gone")
    world.trial("unnamed-y", n_enrolled=99).pair("unnamed-y")
    found = review(world.analysis().data())
    cell = view.found(found)["pain", KNEE]
    assert dict(cell.trials) == {"controlled": ["x"], "uncontrolled": ["series"]}
    assert cell.state == "estimate" and cell.shown["k"] == 1
    html = str(render(view.evidence_map(found)))
    shown = body(html, "table-evidence-map")
    assert len(shown) == 1 and "1 controlled trial (40 enrolled)" in shown[0][-1]
    assert "1 study without a comparison (12 enrolled)" in shown[0][-1] and "99" not in shown[0][-1]
    assert "1 retracted trial is not counted" in html and "1 study without a name" in html


def test_an_uncontrolled_estimate_never_stands_for_a_controlled_one(world):
    world.study("series", design="single-arm").arm("series", "msc", cells="cultured-msc")
    for months, mean in ((0, 60), (6, 30)):
        world.value("series", "msc", mean, 10, timepoint_months=months)
    world.trial("x").pair("x")
    world.analysis().analysis(analysis_id="alone", comparison="uncontrolled",
                              measure="mean-change")
    cell = view.found(review(world.data()))["pain", KNEE]
    assert all(r["pooled"] for r in cell.analyses) and cell.shown["id"] == "made-up"


def test_timeline_and_countries_hold_every_counted_trial(pages):
    known = [ev.studies[t] for i in pages.review.data.indications
             for ev in (pages.review.evidence[i],) for t in human_trials(ev)]
    dated = [s for s in known if s["year"] is not None]
    drawn = pages.timeline()
    figure, places = soup(drawn), [m for lane in drawn.view.lanes for m in lane.marks]
    assert len(figure.select("details tbody tr")) == len(dated) == len(places)
    assert len(figure.select("svg circle")) == sum(m.kind == "published" for m in places) > 0
    assert f"{len(dated)} trials" in figure.find("desc").get_text()
    countries = body(pages.countries(), "countries")
    assert [r for r in countries if r[0] == "not stated"][0][1] == str(
        sum(not s["country"] for s in known))


def test_marks_of_a_timeline_stand_in_their_lanes_by_year_and_size(pages):
    drawn = pages.timeline().view
    inside = drawn.axes.area
    ends = [*(lane.top for lane in drawn.lanes[1:]), inside.bottom]
    for lane, end in zip(drawn.lanes, ends, strict=True):
        assert all(lane.top < m.y - m.r and m.y + m.r <= end for m in lane.marks)
        assert all(inside.left < m.x - m.r and m.x + m.r <= inside.right for m in lane.marks)
        assert len({(m.x, m.y) for m in lane.marks}) == len(lane.marks)
    marked = sorted(m.x for lane in drawn.lanes for m in lane.marks)
    assert marked == sorted(marked) and (marked[0] < marked[-1])
    years = sorted(d.year for d in drawn.trials)
    assert [years.index(y) for y in years] == [marked.index(x) for x in marked]


# --- harms ----------------------------------------------------------------------------------


def test_none_seen_is_a_bound_and_never_a_rate(world):
    world.trial("x").counts("x", 0, 5, n=60, event="serious-ae")
    pages = pages_of(world)
    # R: 1 - 0.05^(1/60) = 0.04870291
    assert body(pages.events_by_indication(), "harms-indications")[0][:5] == [
        "All indications", "Serious adverse event", "0 / 60",
        "none among 60; at most 4.9 in 100", "1 (1)"]


def test_patients_are_summed_once_and_comparators_not_at_all(world):
    world.study("x").arm("x", "low", cells="cultured-msc").arm("x", "high", cells="cultured-msc")
    world.arm("x", "both", cells="cultured-msc", combines="low;high").arm("x", "c", "saline")
    world.count("x", "low", 1).count("x", "high", 2).count("x", "both", 3, 40).count("x", "c", 9)
    world.count("x", "low", 7, 20, event="serious-ae", count="events")
    pages = pages_of(world)
    rows = all_events(pages.review)
    # R: binom.test(3, 40)$conf.int = 0.01574218 0.20386475
    shown = {r[1]: r[2:] for r in body(pages.events_by_indication(), "harms-indications")
             if r[0] == "All indications"}
    assert shown["Any adverse event"][:3] == ["3 / 40", "7.5 in 100 (1.6 to 20.4)", "1 (0)"]
    counts, risk, *_, apart = shown["Serious adverse event"]
    assert (counts, risk) == ("", "no count of patients") and apart.startswith("7 events in ")
    assert len(body(pages.event_rows(), "harms-rows")) == len(rows) == 4
    told = body(pages.event_reporting(), "harms-reporting")[0]
    assert told[1] == "1" and told[2] == "0"
    assert "1, of these 0 with a count of patients" in told


def test_an_event_seen_outside_the_sums_stands_beside_none(world):
    world.trial("x").counts("x", 0, 0, event="tumour")
    world.study("alone", design="case-series", n_enrolled=1).arm("alone", "msc",
                                                                 cells="cultured-msc")
    world.count("alone", "msc", 1, 1, event="tumour")
    row = body(pages_of(world).events_by_indication(), "harms-indications")[0]
    assert row[2] == "0 / 20" and row[-1].startswith("1 of 1 in ") and "single patient" in row[-1]


@pytest.mark.parametrize(("count", "events", "kept"), [
    ("", 3, False), ("patients", 3, True), ("", 0, True)])
def test_what_may_be_events_is_not_a_count_of_patients(world, count, events, kept):
    world.trial("x").count("x", "msc", events, count=count)
    row, = all_events(pages_of(world).review)
    assert (not row.not_counted) == kept


def test_none_of_an_unknown_number_does_not_displace_a_count(world):
    world.trial("x")
    world.count("x", "msc", 0, "").count("x", "msc", 6, 24, source_id="review")
    world.count("x", "control", 1, 26, source_id="review")
    counted = [r for r in all_events(pages_of(world).review) if not r.not_counted]
    assert [(r.events, r.total) for r in counted] == [(6, 24)]
    world.analysis(target_type="event", target="any-ae", measure="RR", window_from="",
                   window_to="")
    found, = pages_of(world).review.analyses(KNEE)
    assert found["studies"][0]["estimate"] == pytest.approx((6 / 24) / (1 / 26))


def test_every_harm_of_the_data_is_listed(pages):
    for indication, ev in pages.review.evidence.items():
        listed = {(r.study, r.arm, r.row) for r in all_events(pages.review)
                  if r.indication == indication}
        due = {(s, a, r["row"]) for (s, a), rows in ev.events.items() for r in rows
               if ev.arms[s, a]["treatment_product"] not in (None, "none")
               and ev.studies[s]["design"] != "animal-experiment"}
        assert due <= listed


# --- mechanisms -----------------------------------------------------------------------------


def test_every_mechanism_is_listed_and_a_retracted_source_is_flagged(pages):
    rows = {r[0]: r for r in body(pages.mechanisms(), "table-mechanisms")}
    assert set(rows) == {r["mechanism_id"] for r in pages.review.data.records("mechanisms")}
    notices = {(r["review_id"], r["ref_number"]) for r in pages.review.data.records("references")
               if r["kind"] == "retraction-notice"}
    citing = [r["mechanism_id"] for r in pages.review.data.records("mechanisms")
              if {(r["review_id"], n) for n in r["cited_refs"]} & notices]
    assert citing and all("retracted" in rows[m] for m in citing)
    drawn = soup(pages.mechanism_pictures())
    assert len(drawn.select("details details tbody tr")) == len(rows)


def test_the_evidence_nearest_to_people_is_named():
    def cited(evidence, retracted=False):
        return SimpleNamespace(evidence=evidence, retracted=retracted)

    assert nearest([]) == ""
    assert nearest([cited("secondary"), cited("animal")]) == "animal"
    assert nearest([cited("uncontrolled"), cited("laboratory")]) == "human"
    assert nearest([cited("controlled", retracted=True)]) == "retracted"


# --- animal experiments ---------------------------------------------------------------------


def _rats(world: World, **more) -> World:
    world.study("rats", design="animal-experiment", species="rat", **more)
    world.arm("rats", "msc", cells="cultured-msc").arm("rats", "gel", "vehicle")
    return world.arm("rats", "healthy", "sham")


def test_effect_in_animals_against_the_vehicle_not_the_sham(world):
    _rats(world)
    for arm, mean in (("msc", 30), ("gel", 20), ("healthy", 90)):
        world.value("rats", arm, mean, 10, n=10, outcome="bmd-femur", better="higher",
                    scale_min="", scale_max="")
    shown = body(pages_of(world).animal_effects(), "animal-effects")
    # R metafor: escalc("SMD", 30, 10, 10, 20, 10, 10) 0.957646 (0.032246 to 1.883047)
    assert [r[3] for r in shown] == ["Standardised mean difference 0.96 (0.03 to 1.88)"]


def test_animals_without_numbers_have_a_reason_and_a_stated_direction(world):
    _rats(world, randomised="yes")
    world.contrast("rats", "", "msc", "gel", outcome="bmd-femur", scale_max="", measure="",
                   p_value="<0.05")
    pages = pages_of(world)
    row = body(pages.animal_effects(), "animal-effects")[0]
    assert row[3].startswith("no effect size") and "p < 0.05" in row
    signals = body(pages.animal_signals(), "animal-signals")[0]
    assert signals[2:] == ["yes", "yes", "not in the sources read", "yes"]


def test_every_animal_experiment_is_listed(pages):
    data, evidence = pages.review.data, pages.review.evidence
    due = sum(s["design"] == "animal-experiment" for i in data.indications
              for s in data.records("studies", i))
    assert len(body(pages.animal_experiments(), "table-animal-experiments")) == due > 0
    assert sum(len(experiments(evidence[i])) for i in data.indications) == due


# --- what others concluded ------------------------------------------------------------------


def _published(**more) -> dict:
    return {name: None for name in tables.BY_NAME["published_syntheses"].names} | {
        "review_id": "somebody-2020", "outcome": "pain-vas", "measure": "MD",
        "comparison": "cells against placebo", "timepoint_months": 6.0} | more


CAUTIONS = {
    "negative": (dict(measure="OR", estimate=-3.0), "no ratio can be"),
    "like a ratio": (dict(measure="SMD", estimate=1.0, ci_low=0.25, ci_high=4.0),
                     "as that of a ratio"),
    "lopsided": (dict(measure="SMD", estimate=0.13, ci_low=0.002, ci_high=0.72), "middle"),
    "a ratio of a score": (dict(measure="OR", estimate=1.4), "of a score"),
    "a difference turned": (dict(measure="MD", estimate=10.0, favours="intervention"),
                            "above zero"),
    "a benefit": (dict(measure="MD", estimate=-10.0, favours="intervention"), ""),
    "an even difference": (dict(measure="SMD", estimate=1.0, ci_low=0.5, ci_high=1.5), ""),
    "turned": (dict(measure="OR", estimate=2.4, favours="intervention", outcome="collapse"),
               "turned round"),
    "a plain ratio": (dict(measure="RR", estimate=2.4, favours="intervention", outcome="union"),
                      ""),
    "whole review": (dict(estimate=-5.0, k_scope="review"), "as a whole"),
}


@pytest.mark.parametrize("name", CAUTIONS)
def test_numbers_that_warn_of_themselves(pages, name):
    row, said = CAUTIONS[name]
    said_of = environment().get_template("others_words.html").make_module(
        {"language": "en", "page": ""}).caution
    found = "; ".join(map(said_of, map(asdict, cautions(
        pages.review.data, KNEE, _published(**row)))))
    assert said in found if said else found == ""


def test_no_printed_digit_is_lost():
    said = environment().get_template("others_words.html").make_module(
        {"language": "en", "page": ""}).printed
    assert said(printed(_published(estimate=0.13, ci_low=0.002, ci_high=0.72))) == (
        "0.130 (0.002 to 0.720)")
    assert said(printed(_published(estimate=-5.0))) == "\N{MINUS SIGN}5.00"
    assert said(printed(_published())) == "no number in the text read"


def test_ours_beside_a_published_result_is_of_the_same_question(world):
    world.trial("x").pair("x").trial("ha", comparator="hyaluronic-acid").pair("ha")
    world.analysis().analysis(analysis_id="any", comparison="any")
    review = pages_of(world).review

    def ours(**more):
        found = ours_for(review, KNEE, _published(**more))
        return found and found["id"]

    assert ours() == "made-up"
    assert ours(comparison="cells against a control") == "any"
    assert ours(timepoint_months=12.0) is None and ours(timepoint_months=None) is None
    assert ours(unit="animal") is None
    assert ours(measure="mean-change") is None  # treated patients alone are another question
    assert ours(outcome="union") is None


def test_every_published_result_is_on_one_page(pages):
    shown = soup("".join(render(others(pages.review, unit)) for unit in ("", "animal")))
    rows = shown.select("table[id*=-published] tbody tr")
    assert len(rows) == sum(len(pages.review.data.records("published_syntheses", i))
                            for i in pages.review.data.indications)


# --- one new study --------------------------------------------------------------------------

STUDY = "newcomer-2026"


def _few_analyses(folder) -> None:
    names = tables.ANALYSES.names
    rows = [r for r in read_table(folder / "analyses.csv") if r["analysis_id"] in KEPT]
    assert len(rows) == len(KEPT)
    write_table(folder / "analyses.csv", names, rows)
    write_table(folder / "main_windows.csv", tables.BY_NAME["main_windows"].names, [])
    write_table(folder / "seed-reviews" / "verdicts.csv", tables.VERDICTS.names, [])


def _add_study(folder) -> None:
    """One study with one outcome: rows in four tables, and one of adverse events."""
    base = {"study_id": STUDY, "source_id": "newcomer"}
    append(folder, f"{KNEE}/sources.csv", {
        "source_id": "newcomer", "kind": "full-text", "title": "A new trial",
        "accessed": "2026-11-21"})
    append(folder, f"{KNEE}/studies.csv", base | {
        "first_author": "Newcomer", "year": "2026", "title": "A new trial", "design": "rct",
        "species": "human", "n_enrolled": "90", "unit": "patient", "status": "published",
        "country": "Iceland"})
    append(folder, f"{KNEE}/arms.csv", base | {
        "arm_id": "msc", "role": "intervention", "cell_source": "adipose", "n_allocated": "45",
        "cell_product": "cultured-msc", "donor": "autologous", "route": "intra-articular"})
    append(folder, f"{KNEE}/arms.csv", base | {
        "arm_id": "saline", "role": "comparator", "comparator_type": "saline",
        "n_allocated": "45", "cell_source": "none", "cell_product": "none"})
    for arm, mean in (("msc", "30"), ("saline", "40")):
        append(folder, f"{KNEE}/outcomes.csv", base | {
            "arm_id": arm, "outcome": "pain-vas", "instrument": "VAS", "scale_min": "0",
            "scale_max": "100", "better": "lower", "timepoint_months": "6",
            "statistic": "final", "n": "45", "mean": mean, "sd": "20"})
    append(folder, f"{KNEE}/adverse_events.csv", base | {
        "arm_id": "msc", "event": "serious-ae", "events": "2", "total": "45",
        "count": "patients", "months": "6"})


def _state(folder) -> dict:
    """What the pages say that a new study must change."""
    overview = Pages(folder)
    cell = view.found(overview.review)["pain", KNEE]
    chapter = Chapter(KNEE)
    chapter.__dict__["review"] = overview.review
    serious = [r for r in all_events(overview.review) if r.event == "serious-ae"]
    flow = render(Flows(overview.review).page())
    boxes = soup(flow).select("ol.lr-flow li[id^=flow-] strong")
    return {
        "flow": [int(box.get_text()) for box in boxes],
        "overview": overview, "controlled": len(cell.trials["controlled"]),
        "pooled": next(r["k"] for r in cell.analyses if r["id"] == KEPT[0]),
        "rows": len(chapter.trials().view.studies),
        "serious": totals(r for r in serious if r.indication == KNEE),
        "landing": astuple(size(overview.review, KNEE))[1:]}


def test_one_new_study_appears_everywhere_without_another_edit(data_copy):
    _few_analyses(data_copy)
    before = _state(data_copy)
    _add_study(data_copy)
    after = _state(data_copy)
    assert after["rows"] == before["rows"] + 1
    assert after["controlled"] == before["controlled"] + 1
    assert after["pooled"] == before["pooled"] + 1
    for key, more in (("events", 2), ("total", 45), ("k", 1)):
        assert after["serious"][key] == before["serious"][key] + more
    assert after["flow"] == [n + 1 for n in before["flow"]] and len(after["flow"]) == 5
    *counts, enrolled, _, used = (
        a - b for a, b in zip(after["landing"], before["landing"], strict=True))
    assert (*counts, enrolled, used) == (1, 1, 1, 90, 1)  # a report, a study, a trial
    overview = after["overview"]
    pages = Pages()
    pages.__dict__["review"] = overview.review
    assert "Newcomer 2026" in {r.study.name for r in pages.event_rows().view.rows}
    assert "Newcomer 2026" in {t.name for t in pages.timeline().view.trials}
    assert ["Iceland", "1", "90"] == next(
        r[:3] for r in body(pages.countries(), "countries") if r[0] == "Iceland")


def test_each_step_of_the_flow_says_what_it_leaves_out_and_why(world):
    world.trial("x").pair("x").trial("y").pair("y").trial("alone", "hyaluronic-acid")
    world.pair("alone").trial("gone", status="retracted").trial("later", status="registered")
    _rats(world)
    world.trial("checked", status="retracted").pair("checked")
    world.analysis().analysis(analysis_id="ha", comparison="hyaluronic-acid")
    world.analysis(analysis_id="as-pooled-then", role="check", studies="x;y;checked")
    flows = Flows(Review.by_need(world.data()))
    flow = flows.page()
    assert [s.name for s in flow.steps] == ["known", "human", "reported", "usable", "pooled"]
    assert [len(s.studies) for s in flow.steps] == [7, 6, 5, 3, 2]
    assert flows.table().rows[0][1] == (7, 6, 5, 3, 2)
    units = flows.table().sizes[0]  # two were retracted, and one is of animals
    assert (units.reports, units.studies, units.trials) == (7, 6, 4)
    assert body(render(flows.table()), "flow-indications")[0][1:5] == ["7", "7", "6", "4"]
    assert {(out.placed.study[1], out.unused.kind) for s in flow.steps for out in s.left} == {
        (f"trials/{study}.html", kind) for study, kind in (
            ("rats", "animals"), ("later", "no-results"), ("gone", "retracted"),
            ("checked", "retracted"), ("alone", "not-pooled"))}
    shown = soup(render(flow))
    assert {r[0] for r in body(render(flow), "flow-left-studies")} == {
        "of these in humans", "with a report of results", "in a pooled estimate",
        "with a number that some analysis of the book can use"}
    ids = {tag["id"] for tag in shown.find_all(id=True)} | {"searches"}  # a heading of the page
    assert {a["href"][1:] for a in shown.select("ol.lr-flow a[href^='#']")} <= ids
    assert all(li.find("a") for li in shown.select("ol.lr-flow li")[:3])
