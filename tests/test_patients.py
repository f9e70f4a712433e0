"""The pages for patients: short, in plain words, with no number that the results do not hold."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, World
from test_prose import _prose

from livingreview.data.dataset import load
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.render.numbers import count, number, short
from livingreview.view.base import packed
from livingreview.view.patients import Patients

ROOT = Path(__file__).parents[1]
SNAPSHOTS = Path(__file__).parent / "snapshots"
INDICATIONS = load().indications
WORDS, NUMBERS = 15, 8  # at most, of a sentence and of a paragraph
SENTENCE = re.compile(r"(?<=[.!?])\)?\s+")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@cache
def _view(indication: str) -> Patients:
    return Chapter(indication).patients().view


def _made_up(world: World) -> Patients:
    return Chapter(KNEE, world.write()).patients().view


def _soup(view: Patients, language: str = "en") -> BeautifulSoup:
    return BeautifulSoup(render(view, f"notebooks/{KNEE}/patients.html", language), "lxml")


def _lines(soup: BeautifulSoup) -> list[str]:
    """Headings, paragraphs and points, a line each."""
    return [" ".join(e.get_text().split()) for e in soup.select("h2, p, li")]


def _said(view: Patients, language: str = "en") -> str:
    return "\n".join(_lines(_soup(view, language)))


def _paragraphs(indication: str) -> list[str]:
    """Everything that a page says: its own lines, then what the view says."""
    own = (ROOT / "notebooks" / indication / "patients.md").read_text(encoding="utf-8")
    return [*(" ".join(part.split()) for part in _prose(own).strip().split("\n\n")),
            *_lines(_soup(_view(indication)))]


def _page(indication: str) -> str:
    return "\n".join(_paragraphs(indication))


def _syllables(word: str) -> int:
    """Groups of vowels, without those at the end that are not spoken."""
    silent = re.search(r"[^aeiouyl]e$|[^aeioucgsxzl]es$|[^td]ed$", word)
    return max(1, len(re.findall("[aeiouy]+", word)) - bool(silent))


def _grade(text: str) -> float:
    """Grade of Flesch and Kincaid: 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    sentences = [s for s in re.split(r"[.!?](?:\s|$)|\n\n", text) if re.search("[A-Za-z]", s)]
    words = re.findall(r"[a-z][a-z'’-]*|\d[\d.,]*", text.lower())
    syllables = sum(map(_syllables, words))
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def _held(value) -> set[str]:
    """Every number of a packed view as a page may write it."""
    if isinstance(value, dict):
        return set().union(*map(_held, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(_held, value)) if value else set()
    if isinstance(value, str):
        return {value, *NUMBER.findall(value)}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return set()
    size = abs(value)
    return {count(round(size)), short(size), *(number(size, d) for d in (0, 1, 2))}


def test_the_grade_is_that_of_flesch_and_kincaid():
    assert _grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    hard = "Heterogeneity of methodological characteristics precludes quantitative aggregation."
    assert _grade(hard) > 20


@pytest.mark.parametrize("indication", INDICATIONS)
def test_a_page_is_short_and_can_be_read(indication):
    page = _page(indication)
    assert 400 <= len(page.split()) <= 700
    assert _grade(page) <= 8
    lines = _paragraphs(indication)
    long = [s for line in lines for s in SENTENCE.split(line) if len(s.split()) > WORDS]
    assert not long, "\n".join(long)
    assert [line for line in lines if len(NUMBER.findall(line)) > NUMBERS] == []


@pytest.mark.parametrize("indication", INDICATIONS)
def test_there_are_at_most_three_key_messages_and_the_last_is_of_harm(indication):
    messages = _soup(_view(indication)).select(".lr-told li")
    assert 1 < len(messages) <= 3
    assert re.search("harm|adverse", messages[-1].get_text())


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("indication", INDICATIONS)
def test_every_number_is_of_the_view(indication, language):
    view = _view(indication)
    held = _held(json.loads(json.dumps(packed(view)["data"])))
    said = _said(view, language).replace(view.day, "")
    assert [n for n in NUMBER.findall(said) if n not in held] == []


def test_the_templates_hold_no_number():
    folder = ROOT / "livingreview" / "render" / "templates"
    messages = re.findall(r'"([^"]*)"', (folder / "patients.html").read_text(encoding="utf-8"))
    assert not [m for m in messages if " " in m and re.search(r"\d", m)]


@pytest.mark.parametrize("indication", INDICATIONS)
def test_chinese_is_chinese_and_of_a_sensible_length(indication):
    said = re.sub(r"\s", "", _said(_view(indication), "zh_CN"))
    assert 600 <= len(said) <= 1200
    assert set(re.findall("[A-Za-z]+", said)) <= {"AIS", "SF", "MRI", "WOMAC", "Harris", "III"}


@pytest.mark.parametrize("indication", INDICATIONS)
def test_nothing_is_recommended(indication):
    said = _page(indication)
    assert "It does not say that anybody should have this treatment or refuse it." in said
    assert not re.search(r"\b(?:recommend\w*|should (?:not )?(?:get|choose|avoid|take)|must)\b",
                         said)


# --- data that are not ours ------------------------------------------------------------------


def test_without_a_trial_the_page_says_that_nothing_is_known(tmp_path):
    said = _said(_made_up(World(tmp_path / "data").analysis()))
    assert "Not known: pain. We know of no trial that looked at it." in said
    assert "We do not know how much harm cells can do." in said
    assert "There is no result yet that we could be sure of." in said
    assert "We know of no study in people." in said and "nothing on harm" not in said


def test_without_a_question_the_page_stands(tmp_path):
    said = _said(_made_up(World(tmp_path / "data")))
    assert "No question on benefit is asked yet." in said


def test_one_trial_reads_as_it_did(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020")
    world.counts("doe-2020", 3, 1)
    view = _made_up(world)
    for language in ("en", "zh_CN"):
        kept = (SNAPSHOTS / f"patients.{language}.txt").read_text(encoding="utf-8")
        assert f"{_said(view, language)}\n" == kept


def test_one_trial_is_said_in_the_singular(tmp_path):
    said = _said(_made_up(World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020")))
    assert "The average was 10 points lower with cells than with placebo" in said
    assert "(1 trial, 40 people.)" in said and "We know of 1 study in people." in said


def test_zero_events_are_no_proof_of_safety(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020")
    world.counts("doe-2020", 0, 0)
    world.analysis(analysis_id="harm", section="harms", target_type="event", target="any-ae",
                   measure="RR", window_from="", window_to="", rescale="")
    said = _said(_made_up(world))
    assert ("In trials with a comparison, 20 people got cells. None of them had this: any adverse "
            "event. But the true number may be up to 14 in 100.") in said


def test_zero_events_in_a_few_people_tell_nothing(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020")
    world.counts("doe-2020", 0, 0, n=5)
    said = _said(_made_up(world))
    assert "Any adverse event: none of 5 people, which is too few to tell." in said


def test_more_sure_is_said_with_its_word():
    view = _view(KNEE)
    data = packed(view)
    data["data"]["found"][0]["level"], data["data"]["sure"]["level"] = "moderate", "moderate"
    said = BeautifulSoup(render(data), "lxml").get_text()
    assert "Cells probably make no clear difference to pain compared with placebo." in said
    assert "The result is likely to be close to the truth. More trials may change it." in said
