"""Headline numbers: recomputed by the rule in their row."""

from __future__ import annotations

import pytest
from conftest import DATA, edit, read_table
from made_up import KNEE, World
from rendered import soup

from livingreview.data.dataset import DataError, load
from livingreview.data.rules import reference_numbers
from livingreview.render.ledger import Ledger
from livingreview.review.headlines import (
    AGREES,
    DIFFERS,
    NO_ROW,
    NOT_RECOMPUTABLE,
    headlines,
)

HEADLINES = "seed-reviews/headline_numbers.csv"
REVIEW = "a-review"
DISC = "disc-degeneration"


@pytest.fixture
def world(tmp_path):
    """Three reports of two trials that a review cites, and a trial that it does not cite."""
    world = World(tmp_path).add("reviews", review_id=REVIEW)
    for number in ("1", "2", "3", "9"):
        world.add("references", review_id=REVIEW, ref_number=number)
    world.trial("doe-2020", cited_by=f"{REVIEW}:1", followup_months=12, n_enrolled=30)
    world.trial("doe-2023", cited_by=f"{REVIEW}:2", companion_of="doe-2020", followup_months=48,
                n_enrolled=30)
    world.trial("roe-2021", cited_by=f"{REVIEW}:3", n_enrolled=12)
    return world.trial("cut-2019", followup_months=1, n_enrolled=100)


def _one(world: World, value: str, **rule):
    """The result of one made-up rule."""
    world.rows["headline_numbers"] = [{
        "review_id": REVIEW, "statement_id": "one", "what": "something", "value": value,
        "indication": KNEE, "table": "studies", "refs": "1-3", **rule}]
    (found,) = headlines(world.data())
    return found


@pytest.mark.parametrize(("value", "rule", "status", "found"), [
    ("2", {"compute": "count", "column": "trial_id"}, AGREES, (2,)),
    ("2", {"compute": "count", "column": "study_id"}, DIFFERS, (3,)),
    ("3", {"compute": "count", "column": "study_id", "refs": ""}, DIFFERS, (4,)),
    ("4", {"compute": "max", "column": "followup_months / 12"}, AGREES, (4,)),
    ("12", {"compute": "min", "column": "followup_months"}, AGREES, (12,)),
    ("42", {"compute": "sum", "column": "n_enrolled", "where": 'companion_of == ""'}, AGREES,
     (42,)),
    ("33", {"compute": "share", "column": "study_id", "where": "followup_months > 12"}, AGREES,
     (100 / 3,)),
    ("33.4", {"compute": "share", "column": "study_id", "where": "followup_months > 12"}, DIFFERS,
     (100 / 3,)),
    ("50", {"compute": "share", "column": "study_id", "where": "followup_months > 12",
            "of": "followup_months > 0"}, AGREES, (50,)),
    ("12 and 48", {"compute": "list", "column": "followup_months", "numbers": "48;12"}, AGREES,
     (12, 48)),
    ("12 and 24", {"compute": "list", "column": "followup_months", "numbers": "12;24"}, DIFFERS,
     (12, 48)),
    ("50", {"compute": "max", "column": "followup_months", "relation": "below"}, AGREES, (48,)),
    ("48", {"compute": "max", "column": "followup_months", "relation": "below"}, DIFFERS, (48,)),
    ("5", {"compute": "max", "column": "followup_months", "refs": "9"}, NO_ROW, ()),
    ("0", {"compute": "count", "column": "study_id", "where": "followup_months > 100"}, AGREES,
     (0,)),
    ("2", {"why_not": "registry"}, NOT_RECOMPUTABLE, ()),
])
def test_a_rule_gives_its_number(world, value, rule, status, found):
    headline = _one(world, value, **rule)
    assert headline.status == status
    assert headline.found == pytest.approx(found)


def test_a_number_names_its_rows_and_how_many_studies_have_a_value(world):
    headline = _one(world, "12", compute="min", column="followup_months")
    assert headline.known == (1, 2) and headline.studies == ("doe-2020", "doe-2023")
    assert headline.lines == (2, 3) and headline.difference == 0


def test_patients_of_combined_arms_are_not_counted_twice(world):
    rule = {"table": "adverse_events", "compute": "sum", "column": "events", "refs": "3",
            "where": 'role == "intervention"'}
    world.count("roe-2021", "msc", 3)
    world.arm("roe-2021", "other", cells="cultured-msc")
    world.arm("roe-2021", "both", cells="cultured-msc", combines="msc;other")
    world.count("roe-2021", "both", 5)
    assert _one(world, "3", **rule).found == (3,)
    world.rows["adverse_events"].pop(0)  # only the union has a row
    assert _one(world, "5", **rule).found == (5,)


def test_a_rule_that_fails_on_the_values_names_its_place(world):
    with pytest.raises(ValueError, match=r"one, line 2 of headline_numbers.csv: "):
        _one(world, "1", compute="max", column="first_author")


@pytest.mark.parametrize(("cell", "wrong", "said"), [
    ("column", "nonsense", "nonsense"), ("where", "rol == 1", "rol"),
    ("where", "title == ", "syntax"),
    ("of", "foo > 1", "foo"), ("refs", "1..3", "no such reference"), ("refs", "8-9", ": 8"),
    ("indication", "", "needs one"), ("table", "references", "needs none")])
@pytest.mark.parametrize("table", ["studies", "adverse_events", "comparisons"])
def test_a_rule_that_cannot_be_applied_is_an_error_of_its_cell(world, table, cell, wrong, said):
    rule = {"table": table, "compute": "count", "column": "trial_id", cell: wrong}
    with pytest.raises(DataError) as error:
        _one(world, "2", **rule)
    (problem,) = error.value.problems
    assert (problem.file, problem.row) == (HEADLINES, 2) and said in problem.wrong
    assert problem.column == ("indication" if cell == "table" else cell)


def test_ranges_of_references():
    assert reference_numbers(("21-23", "30")) == ["21", "22", "23", "30"]


@pytest.mark.parametrize(("rule", "column"), [
    ({"why_not": "registry"}, "compute"), ({"compute": ""}, "compute"), ({"table": ""}, "table"),
    ({"column": ""}, "column"), ({"numbers": "12;many"}, "numbers")])
def test_a_number_has_a_whole_rule_or_a_reason(world, rule, column):
    with pytest.raises(DataError) as error:
        _one(world, "2", **{"compute": "count", "column": "trial_id", **rule})
    assert {(p.file, p.row, p.column) for p in error.value.problems} == {(HEADLINES, 2, column)}


def test_every_number_is_on_the_page_once_with_what_became_of_it():
    made = Ledger().judged
    data = made.data
    stated = [r["statement_id"] for r in data.records("headline_numbers")]
    rows = soup(made.numbers()).select("tbody tr")
    assert [row.select_one("[id^=number-]").get_text() for row in rows] == stated
    assert len(set(stated)) == len(stated)
    for row, headline in zip(rows, headlines(data), strict=True):
        text = row.get_text(" ")
        if headline.status == NOT_RECOMPUTABLE:
            assert data.label("headline_why_not", headline.row["why_not"]) in text
        else:
            assert (headline.status == NO_ROW) == (not headline.found)
    counts = soup(made.number_counts()).select("tbody tr")
    *parts, whole = [int(row.td.get_text()) for row in counts]
    assert sum(parts) == whole == len(stated)
    assert "ledger.headline_numbers()" in (
        DATA.parent / "notebooks" / "headline-numbers.md").read_text(encoding="utf-8")


def test_a_changed_study_changes_the_number(data_copy):
    def numbers():
        return {h.row["statement_id"]: h for h in headlines(load(data_copy))}

    before = numbers()
    studies = read_table(data_copy / DISC / "studies.csv")
    reached = [s for s in studies if s["study_id"] in before["disc-n14"].studies]
    longest = max(reached, key=lambda s: float(s["followup_months"] or 0))
    edit(data_copy, f"{DISC}/studies.csv", {"study_id": longest["study_id"]}, "followup_months",
         "120")
    after = numbers()
    assert after["disc-n14"].found == (10.0,) and after["disc-n14"].status == DIFFERS
    changed = {k for k in before if before[k].found != after[k].found}
    assert changed == {"disc-n14"}
