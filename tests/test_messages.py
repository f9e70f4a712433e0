"""What results say of the numbers of a trial has a key, and pages say it in their own words."""

from __future__ import annotations

import re

import pytest
from rendered import word

from livingreview.data import reads
from livingreview.data.dataset import load
from livingreview.effects import Evidence
from livingreview.effects.messages import WORDS, Message, said, understood
from livingreview.review import review
from livingreview.review.harms import arm_events
from livingreview.view.message import message

NAMES = {"of": "retracted", "quality": "doubtful", "source": "a review", "measure": "odds ratio",
         "statistic": "final"}


def shown(text: str) -> str:
    """What a page says where results hold a text."""
    return word("said", message(text), template="messages.html")


@pytest.mark.parametrize("key", WORDS)
def test_a_message_is_understood_and_written_whatever_it_names(key):
    text = said(key, **{name: NAMES.get(name, "7") for name in re.findall(r"{(\w+)}", WORDS[key])})
    assert understood(text).key == key
    assert shown(text) == text


def test_a_message_about_a_message_and_words_in_no_list():
    assert understood("not randomised; value doubtful") == Message(
        "not-randomised-and", {"of": Message("quality", {"quality": "doubtful"})})
    assert shown("at baseline: a source in doubt") == "at baseline: a source in doubt"


def test_results_are_made_anew_when_the_words_are_others():
    assert f"{reads.MODULE}effects/messages.toml" in reads.modules()


def test_identifiers_become_names():
    assert message("patients probably shared with doe-2020", {"doe-2020": "Doe 2020"}).of == {
        "study": "Doe 2020"}


def _texts(result: dict):
    yield from (t["reason"] for t in result["not_in_pool"]["trials"])
    yield from ((result["dose_response"] or {}).get("within", {}).get("unusable", {}).values())
    for study in result["studies"]:
        yield from (text for row in study["passed_over"] for text in row)
        yield from (study["no_ratio"],) if study["no_ratio"] else ()
        yield from study["derivation"]


def test_every_text_of_our_results_has_a_key_and_every_choice_a_name():
    document = review(load()).document
    found = document["analyses"].values()
    ways = [d for i in document["directions"].values() for d in i["outcomes"]]
    harms = [r for i in load().indications for r in arm_events(Evidence(load(), i))]
    texts = {t for r in found for t in _texts(r)}
    texts |= {d[key] for d in ways for key in ("why_unknown", "not_counted")}
    texts |= {t for r in harms for t in (r.not_counted, *r.derivation)}
    # what the data say of a doubtful source stands in a derivation in their own words
    doubts = {r["doubt"] for i in load().indications for t in ("outcomes", "contrasts",
              "adverse_events") for r in load().values(t, i) if r.get("doubt")}
    for text in texts - doubts - {""}:
        one = understood(text)
        while one.key and "of" in one.of:
            one = one.of["of"]
        assert one.key, text
        assert shown(text).lower() == text.lower()
    for row in {r["id"]: r for result in found for r in result["robustness"]}.values():
        if not row["id"].endswith("-only") and row["id"] != "common":
            assert word("choice", row["id"], "", template="messages.html") == row["label"]
