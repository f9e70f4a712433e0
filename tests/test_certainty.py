"""What the certainty of an estimate rests on, and how it reads."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_up import HARM, PAIN, World

from livingreview.checks import CERTAINTY_RULE_IDS
from livingreview.dataset import load
from livingreview.display.across.book import Book
from livingreview.display.certainty import sentences, why
from livingreview.display.chapter import Chapter, words
from livingreview.display.findings import summary_of_findings
from livingreview.review.results import analyse

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = [p for p in sorted((ROOT / "notebooks").rglob("*.md"))
             if "chapter.summary(" in p.read_text(encoding="utf-8")]


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


def unknown(world: World, study: str, estimate: float = 20, se: float = 2) -> World:
    """A trial that reports a difference and no number of patients."""
    world.study(study, blinding="double").arm(study, "msc", cells="cultured-msc", n_allocated="")
    world.arm(study, "control", "saline", n_allocated="")
    return world.contrast(study, estimate, se=se)


def rated(world: World, analysis=PAIN, low=()) -> dict:
    for study in low:
        world.add("risk_of_bias", study_id=study, tool="rob2", domain="overall", judgement="low",
                  source_id="review")
    return analyse(world.evidence(), analysis)[0]


def step(result: dict, domain: str) -> dict:
    return next(s for s in result["certainty"]["steps"] if s["domain"] == domain)


def said(world: World, result: dict) -> str:
    return " ".join(sentences(world.data(), result))


# --- an unknown number of participants ------------------------------------------------------------


def test_an_unknown_number_of_participants_is_the_lowest_certainty(world):
    result = rated(unknown(world, "a-2020"), low=["a-2020"])
    assert (result["k"], result["n"], result["certainty"]["level"]) == (1, 0, "very low")
    assert step(result, "imprecision")["rules"] == ["imprecision-unknown"]
    assert all(s["change"] == 0 for s in result["certainty"]["steps"]
               if s["domain"] not in ("start", "imprecision"))
    assert "the trial does not state its number of participants" in said(world, result)
    plain = words.plain(world.data(), result)
    assert "very uncertain" in plain and " may " not in plain


def test_the_rule_stands_in_the_table_that_is_checked():
    assert "imprecision-unknown" in CERTAINTY_RULE_IDS
    assert "imprecision-unknown" in {r["rule_id"] for r in load().records("certainty_rules")}


@pytest.mark.parametrize("se, n, level, rules, words_", [
    (0.5, 300, "very low", ["imprecision-unknown"], "trials with 8"),  # most of the weight
    (9, 300, "high", [], "Not downgraded for"),  # 600 participants are known of: enough
    (9, 100, "moderate", ["imprecision-participants"],
     "200 participants are known of, fewer than 400, and 1 trial does not state the number")])
def test_where_some_trials_do_not_state_their_number_the_known_ones_count(
        world, se, n, level, rules, words_):
    unknown(world, "a-2020", 30, se).trial("b-2020")
    world.value("b-2020", "msc", 20, 12, n=n).value("b-2020", "control", 50, 12.5, n=n)
    result = rated(world, low=["a-2020", "b-2020"])
    assert result["certainty"]["level"] == level
    assert step(result, "imprecision")["rules"] == rules
    assert words_ in said(world, result)
    assert (result["k_without_n"], result["n"]) == (1, 2 * n)
    assert f"at least {2 * n} participants (1 trial without a stated number)" in (
        words.size_words(result))
    assert f"at least {2 * n}" in summary_of_findings(world.data(), [result])


def test_an_unknown_pool_is_no_share_of_what_is_missing(world):
    unknown(world, "a-2020").trial("b-2020", n_enrolled=90)
    result = rated(world, low=["a-2020"])
    assert result["not_in_pool"]["n_unusable"] == 90
    assert step(result, "reporting-bias")["change"] == 0
    assert "hold 90 participants, but that of the estimate is not stated" in said(world, result)


def _of_one_trial(results: list[dict]) -> list[list[dict]]:
    """Analyses that rest on one and the same effect of one trial."""
    same = defaultdict(list)
    for r in results:
        if r["certainty"] and r["k"] == 1 and not words.uncontrolled(r):
            s = next(s for s in r["studies"] if s["yi"] is not None)
            same[tuple(str(s[k]) for k in ("trial_id", "outcome", "instrument", "months", "yi",
                                           "vi"))].append(r)
    return [found for found in same.values() if len(found) > 1]


def test_one_number_of_one_trial_has_one_certainty_unless_the_facts_differ(book):
    results = list(book.review.document["analyses"].values())
    groups = _of_one_trial(results)
    assert groups
    for group in groups:
        for other in group[1:]:
            one, two = (r["certainty"] for r in (group[0], other))
            differ = [a["domain"] for a, b in zip(one["steps"], two["steps"], strict=True)
                      if a["change"] != b["change"]]
            assert one["level"] == two["level"] or differ
            for domain in differ:
                a, b = step(group[0], domain), step(other, domain)
                assert a["facts"] != b["facts"] and domain != "imprecision", (other["id"], domain)
    silent = [r for r in results if r["certainty"] and r["k"] and not r["n"]]
    assert silent and {r["certainty"]["level"] for r in silent} == {"very low"}
    assert not any(" may " in words.plain(book.data, r) for r in silent)


# --- sentences ------------------------------------------------------------------------------------


def trials(world: World, *differences: float, sd: float = 10, n: int = 20, **more) -> World:
    for number, difference in enumerate(differences):
        study = f"t{number}-2020"
        world.trial(study, n_enrolled=2 * n, **more)
        world.value(study, "msc", 60 + difference, sd + number / 10, n=n)
        world.value(study, "control", 60, sd + number / 20, n=n)
    return world


def test_imprecision_names_what_the_interval_holds(world):
    result = rated(trials(world, -5, sd=60), low=["t0-2020"])
    mid = result["minimal_important_difference"]["value"]
    size = f"{mid:.1f} points of 100"
    assert (f"Downgraded two levels for imprecision: the interval holds a benefit of {size}, no "
            f"effect and a harm of {size}.") in sentences(world.data(), result)
    harm = rated(trials(World(world.folder), 12, sd=20), low=["t0-2020"])
    assert (f"Downgraded two levels for imprecision: the interval holds no effect and a harm of "
            f"{size}.") in sentences(world.data(), harm)
    benefit = rated(trials(World(world.folder), -18, sd=20), low=["t0-2020"])
    assert ("Downgraded one level for imprecision: the interval holds less and more than a "
            f"benefit of {size}, the smallest that matters.") in sentences(world.data(), benefit)
    small = rated(trials(World(world.folder), -40, sd=10), low=["t0-2020"])
    assert ("Downgraded one level for imprecision: 40 participants, fewer than 400."
            in sentences(world.data(), small))


def test_a_benefit_is_on_the_side_that_is_better(world):
    higher = replace(PAIN, favourable="higher", target="function", target_type="family")
    made = World(world.folder)
    made.trial("a-2020").pair("a-2020", 75, 60, 25, outcome="womac-function", better="higher")
    result = rated(made, higher, low=["a-2020"])
    assert step(result, "imprecision")["facts"]["inside"][0] == "benefit"


def test_the_lowest_level_is_said_to_be_the_lowest(world):
    result = rated(trials(world, -60, 5, 40, sd=30, n=10, blinding="open"))
    found = sentences(world.data(), result)
    assert found[0] == "Randomised trials start at high."
    assert ("Downgraded two levels for risk of bias: no named review judged a trial in it at low "
            "risk of bias, and patients, who report the outcome, were not blinded, or not stated "
            "to be, in trials with 100% of the weight.") in found
    down = -sum(s["change"] for s in result["certainty"]["steps"][1:])
    names = {4: "four", 5: "five", 6: "six", 7: "seven"}
    assert found[-1] == f"That is {names[down]} levels down in all; very low is the lowest."


def test_the_prediction_interval_has_a_true_minus(world):
    result = rated(trials(world, -60, 5, 40, sd=10), low=["t0-2020", "t1-2020", "t2-2020"])
    found = next(s for s in sentences(world.data(), result) if "inconsistency" in s)
    assert "\N{MINUS SIGN}" in found and not re.search(r"-\d", found)
    assert "holds both a benefit and a harm of more than" in found


def test_domains_that_change_nothing_share_a_sentence(world):
    result = rated(trials(world, -40, n=300), low=["t0-2020"])
    assert sentences(world.data(), result) == [
        "Randomised trials start at high.",
        "Not downgraded for risk of bias, inconsistency (fewer than three trials), indirectness, "
        "imprecision or publication bias."]
    assert result["certainty"]["level"] == "high"


def test_missing_trials_are_publication_bias(world):
    trials(world, -40, n=300).trial("silent-2020", n_enrolled=900)
    assert ("Downgraded one level for publication bias: finished trials without a usable number "
            "hold 900 participants, against 600 in the estimate.") in sentences(
                world.data(), rated(world, low=["t0-2020"]))


def test_too_few_events(world):
    for number in range(2):
        world.trial(f"t{number}-2020").counts(f"t{number}-2020", 60 + number, 20, 400)
    assert any(re.fullmatch(r"Downgraded one level for imprecision: 161 events, fewer than 300\.",
                            s) for s in sentences(world.data(), rated(world, HARM)))


def test_every_rating_of_the_book_reads_as_sentences(book):
    for result in book.review.document["analyses"].values():
        if not result["certainty"]:
            continue
        found = sentences(book.data, result)
        down = sum(s["change"] < 0 for s in result["certainty"]["steps"])
        assert sum(s.startswith("Downgraded ") for s in found) == down, result["id"]
        total = sum(s["change"] for s in result["certainty"]["steps"])
        assert ("is the lowest" in found[-1]) == (total < 1), result["id"]
        text = " ".join(found)
        assert not re.search(r"-\d|\b0%|None|nan|  |\(\)", text), (result["id"], text)
        assert all(s[0].isupper() and s.endswith(".") for s in found)


def test_the_reasons_stand_beside_every_estimate_and_in_the_summary_of_findings(world):
    result = rated(trials(world, -40, n=30))
    page = summary_of_findings(world.data(), [result])
    listed = BeautifulSoup(why(world.data(), result), "lxml")
    assert [li.get_text() for li in listed.find_all("li")] == sentences(world.data(), result)
    assert all(s in BeautifulSoup(page, "lxml").get_text() for s in sentences(world.data(), result))
    assert "Starting level" not in page


# --- one list of questions ------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_summary_and_the_summary_of_findings_answer_the_same_questions(path, book):
    source = path.read_text(encoding="utf-8")
    named, = re.findall(r"chapter\.summary\(([^)]*)\)", source)
    assert re.findall(r"chapter\.summary_of_findings\(([^)]*)\)", source) == [""]
    named = re.findall(r'"([^"]+)"', named)
    chapter = Chapter(path.stem)
    chapter.__dict__["review"] = book.review
    summary, findings = chapter.summary(*named), chapter.summary_of_findings()
    pages = [BeautifulSoup(html, "lxml") for html in (summary, findings)]
    links = [{a["href"] for a in page.select('a[href^="#forest-"]')} for page in pages]
    assert links[0] == links[1]
    rows = pages[1].select("tbody tr")
    assert len(rows) == len(named) == len(set(named))
    for name, row in zip(named, rows, strict=True):
        result = chapter.review.analysis(name)
        if not result["studies"]:  # without a figure to lead to it is told by its words
            asked = words.outcome_name(chapter.data, result), words.window(result)
            for page in (pages[0], row):
                assert all(part.lower() in page.get_text(" ").lower() for part in asked)


def test_a_chapter_without_a_summary_names_its_findings(book):
    chapter = Chapter("knee-osteoarthritis")
    chapter.__dict__["review"] = book.review
    with pytest.raises(ValueError, match="name the analyses"):
        chapter.summary_of_findings()
    assert "knee-any-ae-placebo" in chapter.summary_of_findings("knee-any-ae-placebo")
