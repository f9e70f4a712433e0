"""The order of reading: learned, with reasons, the same each time, without a loss."""

from __future__ import annotations

import random

import numpy as np
import pytest

from livingreview.surveillance.rank import BY_SIGNALS, MODEL, Features, balanced, ranked
from livingreview.surveillance.record import Record

TOPIC = ("marrow", "cells", "injected", "knee", "cartilage", "stem")
OTHER = ("bread", "oven", "flour", "winter", "salt", "yeast")
BOTH = ("trial", "people", "months", "group", "measured", "score", "found", "two")


def made(n: int, seed: int = 1) -> tuple[list[Record], dict[str, bool]]:
    """Made-up records, every third of the topic, with what is true of each."""
    draw, records, truth = random.Random(seed), [], {}
    for i in range(n):
        of = TOPIC if i % 3 == 0 else OTHER
        words = draw.choices(of, k=6) + draw.choices(BOTH, k=8)
        draw.shuffle(words)
        record = Record("pubmed", str(i), title=" ".join(words[:6]), abstract=" ".join(words[6:]))
        records.append(record)
        truth[record.source_id] = i % 3 == 0
    return records, truth


def test_what_is_like_the_included_ones_comes_first_and_says_because_of_what():
    records, truth = made(90)
    decided = {r.source_id: truth[r.source_id] for r in records[:30]}
    order = ranked(records, decided, seed=1)
    assert all(truth[one.key] for one in order[:18])
    assert not any(truth[one.key] for one in order[22:])
    assert {one.model for one in order} == {MODEL}
    reasons = {word for one in order[:15] for term in one.reasons for word in term.split()}
    assert reasons & set(TOPIC)
    assert not reasons & set(OTHER)
    scores = [one.score for one in order]
    assert scores == sorted(scores, reverse=True)
    assert [one.rank for one in order] == list(range(1, 61))


def test_nothing_is_left_out_and_nothing_decided_is_shown_again():
    records, truth = made(60)
    for n in (0, 1, 20):
        decided = {r.source_id: truth[r.source_id] for r in records[:n]}
        order = ranked(records, decided)
        assert sorted(one.key for one in order) == sorted(
            r.source_id for r in records if r.source_id not in decided)


def test_the_same_records_decisions_and_seed_give_the_same_order():
    records, truth = made(60)
    decided = {r.source_id: truth[r.source_id] for r in records[:20]}
    order = ranked(records, decided, seed=4)
    assert ranked(records, decided, seed=4) == order
    shuffled = random.Random(2).sample(records, 60)
    assert {one.key: (one.score, one.reasons) for one in ranked(shuffled, decided, seed=4)} == {
        one.key: (one.score, one.reasons) for one in order}


def test_equals_stay_in_the_order_of_the_search():
    records, truth = made(30)
    same = [Record("embase", str(i), title="knee cells trial") for i in (3, 1, 2)]
    decided = {r.source_id: truth[r.source_id] for r in records}
    assert [one.key for one in ranked([*records, *same], decided)] == [
        "embase:3", "embase:1", "embase:2"]


def test_with_nothing_decided_signals_come_first_and_then_the_order_of_the_search():
    records = [Record("pubmed", "1", title="One", signals=("Journal Article", "Review")),
               Record("pubmed", "2", title="Two"),
               Record("pubmed", "3", title="Three", signals=("Randomized Controlled Trial",)),
               Record("pubmed", "4", title="Four", registrations=("NCT00000001",)),
               Record("pubmed", "5", title="Five")]
    order = ranked(records, {})
    assert [one.key[-1] for one in order] == ["3", "4", "2", "5", "1"]
    assert order[0].reasons == ("Randomized Controlled Trial",)
    assert order[1].reasons == ("NCT00000001",)
    assert {one.model for one in order} == {BY_SIGNALS}
    only_one_kind = ranked(records, {"pubmed:2": True})
    assert [one.key[-1] for one in only_one_kind] == ["3", "4", "5", "1"]


def test_records_without_a_word_are_ranked_too():
    records = [Record("pubmed", str(i), title="") for i in range(4)]
    order = ranked(records, {"pubmed:0": True, "pubmed:1": False})
    assert [one.key for one in order] == ["pubmed:2", "pubmed:3"]
    assert ranked([], {}) == ()


def test_weights_are_those_of_the_model_that_is_named():
    weights = balanced([True, False, False, False])
    assert weights.mean() == pytest.approx(1)
    assert weights[0] / weights[1:].sum() == pytest.approx(9.8)
    with pytest.raises(ValueError, match="included and excluded"):
        balanced([True, True])


def test_a_score_is_the_sum_of_what_its_terms_are_worth():
    features = Features.of(["marrow cells knee", "bread oven salt", "marrow bread"])
    weights = features.learned([0, 1], [True, False], 0)
    dense = features.matrix.toarray()
    assert np.allclose(features.scores([2], weights), dense[2] @ weights[:-1] + weights[-1])
    (reasons,) = features.reasons([2], weights)
    assert reasons[0].startswith("marrow")
