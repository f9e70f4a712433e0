"""What the parts of the page of a study are made of, each look-up made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from ...data.notices import noticed
from ...effects.messages import Message
from ...review import Review
from ..addresses import Addresses
from ..base import Label, grouped, label, stated
from ..message import message
from ..naming import arm_names, of_study, seed_names, shortened, spoken, study_names
from ..sources import Link, Source, source
from ..unused import Reasons

# Warnings of the data check that the page of a trial says in its own words elsewhere.
SAID_ELSEWHERE = ("companion", "overlap")


class Known:
    """The studies of one indication."""

    def __init__(self, review: Review, indication: str, addresses: Addresses):
        self.review, self.data, self.indication = review, review.data, indication
        self.addresses, self.ev = addresses, review.evidence[indication]
        self.names = study_names(self.data, indication)
        arms = arm_names(self.data, indication)
        self.arms_of = {s: of_study(arms, s) for s in self.ev.studies}
        self.seeds = seed_names(self.data)
        self.titles = {s: shortened(row["title"]) for s, row in self.ev.sources.items()}
        self.unused = Reasons(review, indication, addresses)
        self.results = review.analyses(indication)

    # --- look-ups, each made once -----------------------------------------------------------------

    @cached_property
    def rows(self) -> dict[str, dict[str, list[Mapping]]]:
        """Rows of results by table and study, arms in their order."""
        return {name: _by_study(self.data.values(name, self.indication))
                for name in ("outcomes", "contrasts", "adverse_events")}

    @cached_property
    def study_of_row(self) -> dict[tuple[str, int], str]:
        """The study of a row of results, by table and row."""
        return {(name, row["row"]): study for name, found in self.rows.items()
                for study, rows in found.items() for row in rows}

    @cached_property
    def rescaled(self) -> frozenset[tuple[str, int]]:
        """Rows whose source rescaled or reversed the trial's own scale, by table and row."""
        return frozenset(("outcomes", row["row"]) for row in self.data.records(
            "outcomes", self.indication) if row["rescaled"])

    @cached_property
    def arms(self) -> dict[str, list[Mapping]]:
        """Rows of arms by study."""
        return _by_study(self.data.records("arms", self.indication))

    @cached_property
    def effects_of(self) -> dict[str, list[tuple[dict, dict]]]:
        """What each trial gives to each analysis."""
        out = defaultdict(list)
        for result in self.results:
            for study in result["studies"]:
                out[study["trial_id"]].append((result, study))
        return out

    @cached_property
    def absent_of(self) -> dict[str, dict[str, list[Link]]]:
        """Analyses that each trial is not in, by reason."""
        out: dict[str, dict] = defaultdict(lambda: defaultdict(list))
        for result in self.results:
            for trial in result["not_in_pool"]["trials"]:
                out[trial["trial_id"]][trial["reason"]].append(self.analysis(result))
        return out

    @cached_property
    def problems(self) -> dict[str, dict[str, list[tuple[str, int, str]]]]:
        """Warnings of the data check by study and rule: table, row, what is wrong."""
        out: dict[str, dict] = defaultdict(lambda: defaultdict(list))
        own = {(t, r["row"]): r["study_id"] for t in ("studies", "arms")
               for r in self.data.records(t, self.indication)}
        for problem in self.data.warnings_in(self.indication):
            table = problem.file.rpartition("/")[2].removesuffix(".csv")
            for row in problem.rows or (problem.row,):
                study = self.study_of_row.get((table, row)) or own.get((table, row))
                if study and problem.rule not in SAID_ELSEWHERE:
                    out[study][problem.rule].append((table, row, problem.wrong))
        return out

    @cached_property
    def doubts(self) -> dict[str, list[Mapping]]:
        """Rows of values that were decided to be doubtful, by study."""
        return _by_study(row for row in self.data.having("doubts", "indication", self.indication)
                         if row["decision"] == "doubtful")

    @cached_property
    def watches(self) -> dict[str, tuple[Mapping, ...]]:
        """Look-ups for notices by study."""
        found = _by_study(self.data.having("watches", "indication", self.indication))
        return {study: tuple(rows) for study, rows in found.items()}

    @cached_property
    def noticed(self) -> frozenset[str]:
        """Studies about which a notice is still to be dealt with."""
        return noticed(self.data, self.indication)

    @cached_property
    def bias(self) -> dict[str, list[Mapping]]:
        """Judgements of risk of bias by study."""
        return _by_study(self.data.records("risk_of_bias", self.indication))

    # --- small parts ------------------------------------------------------------------------------

    def link(self, study_id: str) -> Link:
        """A study by its name."""
        return Link(self.names[study_id], self.addresses.trial(self.indication, study_id))

    def analysis(self, result: dict) -> Link:
        """An analysis by its title."""
        return Link(result["title"], self.addresses.figure(result["id"]))

    def label(self, vocabulary: str, value: str | None) -> Label | None:
        """A word of the data; None where the cell is empty."""
        return stated(self.data, vocabulary, value)

    def source(self, source_id: str | None) -> Source | None:
        """Where something was read."""
        return source(self.data, self.ev.sources.get(source_id or ""))

    def subject(self, item: str, event: bool = False) -> Label:
        """What was measured or counted."""
        known = event or item in self.data.words("event")
        return label(self.data, "event" if known else "outcome", item)

    def said(self, text: str | None, study_id: str) -> str:
        """A text of the data with names in place of identifiers."""
        return spoken(text, self.arms_of[study_id], self.names, self.seeds, self.titles)

    def message(self, text: str, study_id: str) -> Message:
        """What a result says of a trial."""
        return message(text, self.arms_of[study_id], self.names)

    def row_href(self, study_id: str, table: str, row: int) -> str:
        """The address of a row of results on the page of its study."""
        return self.addresses.value(self.indication, study_id, row_anchor(table, row))


def _by_study(rows: Iterable[Mapping]) -> dict[str, list[Mapping]]:
    return grouped(rows, lambda row: row["study_id"])


def row_anchor(table: str, row: int) -> str:
    """The anchor of a row of data on the page of its study."""
    return f"{table}-{row}"


def every(review: Review, only: Sequence[str] = ()) -> Iterator[Known]:
    """What is known of the studies of each indication, or of some."""
    addresses = Addresses(review.data)
    for indication in only or review.data.indications:
        yield Known(review, indication, addresses)
