"""The stopping rule against all draws and against simulated reading."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from livingreview.surveillance.enough import enough, missing, probability


def counted(sample: int, found: int, left: int, lacking: int) -> float:
    """The share of all draws that hold so few included records."""
    draws = list(combinations(range(left), sample))
    few = sum(sum(one < lacking for one in draw) <= found for draw in draws)
    return float(Fraction(few, len(draws)))


@pytest.mark.parametrize("left", [5, 8])
def test_the_probability_is_that_of_counting_all_draws(left):
    for sample in range(1, left + 1):
        for lacking in range(1, left + 1):
            for found in range(0, min(sample, lacking) + 1):
                assert probability(sample, found, left, lacking) == pytest.approx(
                    counted(sample, found, left, lacking), abs=1e-12)


def test_more_included_records_than_are_left_are_impossible():
    assert probability(3, 0, 5, 6) == 0


@pytest.mark.parametrize(("included", "before", "target", "fewest"), [
    (19, 19, 0.95, 2),  # 19 of 20 is the target: it is missed with two more
    (10, 10, 0.9, 2), (10, 8, 0.95, 3), (57, 57, 0.95, 4), (1, 0, 0.5, 3)])
def test_the_fewest_missing_records_are_exact(included, before, target, fewest):
    assert missing(included, before, target) == fewest
    total = before + fewest
    assert Fraction(included, total) < Fraction(str(target)) <= Fraction(included, total - 1)


@pytest.mark.parametrize("seed", range(5))
def test_only_the_longest_ends_need_testing(seed):
    draw = random.Random(seed)
    decided = [draw.random() < 0.3 * (0.97 ** i) for i in range(80)] + [False] * 20
    included, records = sum(decided), 150
    every = []
    for i in range(1, len(decided) + 1):
        here = sum(decided[-i:])
        every.append(probability(i, here, records - len(decided) + i,
                                 missing(included, included - here, 0.9)))
    assert enough(decided, records, target=0.9).p == pytest.approx(min(every), abs=1e-12)


def test_a_random_sample_stops_too_early_no_more_often_than_allowed():
    """One test of a sample drawn at random: of lists below the target, 5 % at most may stop."""
    draw, records, total, target = np.random.default_rng(7), 400, 24, 0.75
    stopped = trials = 0
    for _ in range(4000):
        unread = draw.permutation(np.arange(records) < total)
        sample = int(draw.integers(40, 300))
        found = int(unread[:sample].sum())
        if found / total >= target:
            continue
        trials += 1
        p = probability(sample, found, records, missing(found, 0, target))
        stopped += p < 0.05
    assert trials > 1000
    assert stopped / trials <= 0.05


def test_reading_in_a_useful_order_reaches_the_target_when_it_stops():
    """Included records are early: each time the rule stops, count the recall it reached."""
    draw, short, runs = np.random.default_rng(3), 0, 60
    for _ in range(runs):
        included = draw.permutation(np.arange(600) < 40)
        order = np.argsort(-(1.5 * included + draw.normal(size=600)))
        read = included[order]
        for n in range(50, 601, 25):
            if enough(read[:n].tolist(), 600, target=0.9).stop:
                short += read[:n].sum() < 0.9 * 40
                break
    assert short / runs <= 0.05


def test_it_stops_only_with_evidence_and_says_target_and_confidence():
    early = [True] * 10 + [False] * 10
    assert not enough(early, 1000).stop
    late = enough(early + [False] * 900, 1000, target=0.9)
    assert late.stop
    assert "90%" in str(late)
    assert "confidence 95%" in str(late)
    assert "920 of 1000" in str(late)
    assert "cannot say" in str(enough([False] * 50, 100))
    assert enough([False] * 100, 100).stop, "all is read"
    assert enough([], 10).p == 1


@pytest.mark.parametrize("wrong", [{"target": 0}, {"target": 1}, {"confidence": 1}])
def test_targets_are_between_0_and_1(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        enough([True], 10, **wrong)


def test_more_read_than_there_are_is_refused():
    with pytest.raises(ValueError, match="3 records were read of 2"):
        enough([True] * 3, 2)
