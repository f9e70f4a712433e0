"""What one seed review asked, searched, cites, tabulates, states and concludes, beside the data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..effects import Evidence
from ..effects.comparisons import is_cell_arm
from ..review.claims import Cited, ledger, references, retracted
from ..review.harms import arm_events
from .base import Label, View, label, wording
from .finding import Finding
from .ledger import Claims, Judged, Numbers, Reference
from .naming import spoken
from .others import Printed, printed, targets
from .sources import Link, doi

# Events that a review means by "serious": of these kinds in the vocabulary, or these by name.
SERIOUS_KINDS = frozenset({"serious", "feared"})
SERIOUS_EVENTS = frozenset({"treatment-related-serious-ae"})
_POINT = re.compile(r"\((\d+)\) ")  # "(1) first; (2) second", as the notes list inconsistencies


@dataclass(frozen=True)
class About(View):
    """What a seed review is."""

    template = "seed_about"

    id: str
    title: str
    title_zh: str
    authors: str
    journal: str
    year: int | None
    doi: Link | None
    language: str
    kind: str
    conditions: tuple[tuple[Label, str], ...]
    note: str


@dataclass(frozen=True)
class Method(View):
    """What it states of its search, its selection and its appraisal."""

    template = "seed_method"

    id: str
    databases: tuple[str, ...]
    search_until: str
    identified: str
    included: str
    participants: str
    quality_tool: str


@dataclass(frozen=True)
class Inconsistencies(View):
    """Where it contradicts itself or what it cites."""

    template = "seed_inconsistencies"

    points: tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """What the treated arms of a study got; what is not stated is left out.

    Attributes
    ----------
    doses : tuple of (float, str)
        Amount of one administration, and what it is for.
    known : bool
        Whether there are such arms.
    """

    sources: tuple[Label, ...]
    products: tuple[Label, ...]
    donors: tuple[Label, ...]
    doses: tuple[tuple[float, str], ...]
    known: bool


@dataclass(frozen=True)
class Serious:
    """Patients with a serious event, of those at risk in a treated arm."""

    event: Label
    events: float
    n: float


@dataclass(frozen=True)
class Study:
    """A study that a seed review cites.

    Attributes
    ----------
    reports : tuple of Link
        Of the same patients, where they stand in one row.
    status : Label or None
        Retracted, or under an expression of concern.
    main : Link or None
        The study of which it is a later report.
    serious, used : tuple
        In a chapter: serious events, and analyses that use it.
    """

    reports: tuple[Link, ...]
    refs: tuple[str, ...]
    design: Label
    status: Label | None
    main: Link | None
    given: Given
    months: float | None
    n: float | None
    serious: tuple[Serious, ...] = ()
    used: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Words:
    """What the review calls things of its field."""

    product: Label
    donor: Label
    dose: Label
    given: Label
    mediator: Label
    intervention: Label
    nothing: Label


@dataclass(frozen=True)
class Studies(View):
    """Studies that a seed review cites.

    Attributes
    ----------
    chapter : bool
        Whether they are those of people of one chapter, by trial; else all, by reference.
    known, cited : int
        References that are studies of the data, and all of them.
    """

    template = "seed_studies"

    name: str
    seed: str
    words: Words
    chapter: bool
    studies: tuple[Study, ...]
    known: int = 0
    cited: int = 0


@dataclass(frozen=True)
class StudiesAndNumbers(View):
    """In a chapter: the studies that a seed review cites, and the numbers that it makes of them."""

    template = "seed_chapter"

    studies: Studies
    numbers: Numbers


@dataclass(frozen=True)
class Mechanism:
    """A mechanism that a seed review names, with the kinds of what it cites for it."""

    name: str
    given: str
    mediator: str
    effect: str
    direction: Label
    refs: tuple[str, ...]
    kinds: tuple[Label, ...]


@dataclass(frozen=True)
class Mechanisms(View):
    """The mechanisms that a seed review names."""

    template = "seed_mechanisms"

    name: str
    words: Words
    mechanisms: tuple[Mechanism, ...]


@dataclass(frozen=True)
class Tabulated:
    """A study of the table by which a seed review supports its claims, beside the data.

    Attributes
    ----------
    year, listed : int or None
        Of its table, and of its list of references.
    model, effect : str
        As tabulated.
    studies : tuple of Link
        Studies of the data that it is.
    """

    ref: str
    title: str
    institution: str
    year: int | None
    listed: int | None
    stated: tuple[str, ...]
    model: str
    effect: str
    studies: tuple[Link, ...]
    given: Given
    species: tuple[Label, ...]
    remark: str


@dataclass(frozen=True)
class Validation(View):
    """The studies that a seed review tabulates.

    Attributes
    ----------
    counted : tuple of (Given or None, int)
        How many got what: only products are told apart; None is not in the data.
    people : int
        Studies of people among them.
    """

    template = "seed_validation"

    name: str
    seed: str
    words: Words
    chapter: bool
    rows: tuple[Tabulated, ...]
    counted: tuple[tuple[Given | None, int], ...]
    people: int


@dataclass(frozen=True)
class Listed:
    """An entry of its list of references."""

    reference: Reference
    id: str
    year: int | None
    note: str


@dataclass(frozen=True)
class References(View):
    """The references of a seed review."""

    template = "seed_references"

    name: str
    references: tuple[Listed, ...]


@dataclass(frozen=True)
class Conclusions(View):
    """What it concludes, and our main results for the same conditions.

    Attributes
    ----------
    n_main : int
        Main analyses of these conditions, with an estimate or without.
    """

    template = "seed_conclusions"

    id: str
    claims: Claims
    ours: tuple[Finding, ...]
    conditions: dict[str, Label]
    n_main: int


@dataclass(frozen=True)
class Beside:
    """A result of a reference, and our main analyses of the same outcome and visit."""

    outcome: Label
    months: float | None
    printed: tuple[Printed | None, ...]
    favours: Label | None
    ours: tuple[Finding, ...]


@dataclass(frozen=True)
class OneReference(View):
    """What one reference of a seed review supports.

    Attributes
    ----------
    claims : tuple of (str, str)
        What the review says with it, and a remark.
    """

    template = "seed_reference"

    name: str
    seed: str
    number: str
    title: str
    year: int | None
    note: str
    claims: tuple[tuple[str, str], ...]
    results: tuple[Beside, ...]


class Seed:
    """One seed review as views.

    Parameters
    ----------
    judged : Judged
    review_id : str

    Raises
    ------
    LookupError
        There is no such review.
    """

    def __init__(self, judged: Judged, review_id: str):
        self.judged, self.review, self.data = judged, judged.review, judged.data
        self.id = review_id
        found = [r for r in self.data.records("reviews") if r["review_id"] == review_id]
        if not found:
            raise LookupError(f"reviews.csv has no row {review_id!r}")
        self.row, self.name = found[0], judged.seeds[review_id].name
        self.words = Words(*(wording(self.data, key) for key in (
            "product", "donor", "per-dose", "given", "mediator", "intervention",
            "nothing-given")))

    @cached_property
    def cited(self) -> dict[str, Cited]:
        """Its references by number, in the order of its list."""
        return references(self.data, self.id)

    def _own(self, table: str) -> Sequence[Mapping]:
        """The rows of a table that are of this review."""
        return self.data.having(table, "review_id", self.id)

    # --- the review itself ----------------------------------------------------------------------

    def about(self) -> About:
        """Title, authors, journal, kind and the conditions that it covers."""
        r = self.row
        return About(
            self.id, r["title_en"] or "", r["title_zh"] or "", r["authors"] or "",
            r["journal"] or "", r["year"], Link(r["doi"], doi(r["doi"])) if r["doi"] else None,
            r["language"] or "", r["review_type"] or "",
            tuple((label(self.data, "indication", i), self.judged.addresses.chapter(i))
                  for i in r["indications"]), remarks(r["note"])[0])

    def method(self) -> Method:
        """What it states of its search, its selection and its appraisal."""
        r = self.row
        return Method(self.id, tuple(r["databases_searched"]), *(
            "" if r[key] is None else str(r[key]) for key in (
                "search_until", "records_identified", "studies_included", "participants",
                "quality_tool")))

    def inconsistencies(self) -> Inconsistencies:
        """Where it contradicts itself or what it cites."""
        return Inconsistencies(remarks(self.row["note"])[1])

    # --- studies and tables ---------------------------------------------------------------------

    def given(self, indication: str, study_id: str) -> Given:
        """What the treated arms of a study got."""
        return self._all_given([(indication, study_id)])

    def _all_given(self, studies: Iterable[tuple[str, str]]) -> Given:
        arms = [arm for i, s in studies for (of, _), arm in self.review.evidence[i].arms.items()
                if of == s and is_cell_arm(arm)]
        doses = sorted({(a["dose_cells"], a["dose_per"] or "") for a in arms if a["dose_cells"]})
        return Given(*(self._labels(name, arms) for name in (
            "cell_source", "cell_product", "donor")), tuple(doses), bool(arms))

    def _labels(self, vocabulary: str, arms: Iterable[Mapping]) -> tuple[Label, ...]:
        """The different words of a column of arms."""
        return tuple(label(self.data, vocabulary, word)
                     for word in dict.fromkeys(a[vocabulary] for a in arms)
                     if word and self.data.kind(vocabulary, word) != "none")

    def studies(self) -> Studies:
        """The studies of the data that it cites, one row for each reference."""
        rows = tuple(self._study(i, study["study_id"], [study], (number,))
                     for number, cited in self.cited.items() for i, study in cited.studies)
        return Studies(f"{self.id}-studies", self.name, self.words, False, rows,
                       sum(bool(cited.studies) for cited in self.cited.values()), len(self.cited))

    def _study(self, indication: str, main: str, reports: Sequence[Mapping],
               refs: Sequence[str], **more) -> Study:
        """A study with its reports; what was given and enrolled is that of its main report."""
        s, months = self.review.evidence[indication].studies[main], [
            r["followup_months"] for r in reports if r["followup_months"] is not None]
        flawed = next((r["status"] for r in reports if retracted(r)), None)
        return Study(
            tuple(self.judged.link(indication, r["study_id"]) for r in reports), tuple(refs),
            label(self.data, "design", s["design"]),
            label(self.data, "status", flawed) if flawed else None,
            self.judged.link(indication, s["companion_of"]) if s["companion_of"] else None,
            self.given(indication, main), max(months, default=None), s["n_enrolled"], **more)

    def in_chapter(self, indication: str) -> StudiesAndNumbers:
        """The studies of people of a chapter that it cites, and the numbers that it makes of them.

        Later reports of the same patients stand in one row.
        """
        ev, used, trials = self.review.evidence[indication], {}, {}
        for result in self.review.analyses(indication):
            for s in result["studies"]:
                used.setdefault(s["trial_id"], []).append(
                    Link(result["title"], self.judged.addresses.figure(result["id"])))
        for s, study in ev.studies.items():
            if self._numbers(study) and self.data.kind("design", study["design"]) != "animal":
                trials.setdefault(ev.trial_of(s), []).append(study)
        rows = tuple(self._study(
            indication, trial, reports, [n for s in reports for n in self._numbers(s)],
            serious=tuple(self._serious(ev, trial)), used=tuple(used.get(trial, ())))
            for trial, reports in trials.items())
        return StudiesAndNumbers(
            Studies(f"{indication}-seed-studies", self.name, self.words, True, rows),
            self.judged.numbers(self.id, indication))

    def _numbers(self, study: Mapping) -> list[str]:
        """The numbers under which it cites a study."""
        return [c.partition(":")[2] for c in study["cited_by"] if c.startswith(f"{self.id}:")]

    def _serious(self, ev: Evidence, trial: str) -> Iterator[Serious]:
        """Serious events in the treated arms of a trial."""
        for r in arm_events(ev):
            if r.trial == trial and not r.not_counted and (
                    r.event in SERIOUS_EVENTS
                    or self.data.kind("event", r.event) in SERIOUS_KINDS):
                yield Serious(label(self.data, "event", r.event), r.events, r.total)

    def mechanisms(self) -> Mechanisms:
        """Its mechanisms, each with the kinds of evidence that it cites for them."""
        return Mechanisms(f"{self.id}-mechanisms", self.words, tuple(Mechanism(
            r["mechanism"], r["cell_or_product"] or "", r["mediator"] or "", r["effect"] or "",
            label(self.data, "mechanism_direction", r["direction"]), tuple(r["cited_refs"]),
            tuple(dict.fromkeys(label(self.data, "reference_kind", self.cited[n].row["kind"])
                                for n in r["cited_refs"] if n in self.cited)))
            for r in self._own("mechanisms")))

    def validation(self, indication: str = "") -> Validation:
        """The studies that it tabulates, beside the data: those of one chapter, or all."""
        rows, given, people = [], Counter(), 0
        for row in self._own("validation_studies"):
            cited = self.cited.get(row["cited_ref"])
            found = [(i, s) for i, s in (cited.studies if cited else ())
                     if not indication or i == indication]
            rows.append(self._tabulated(row, cited, found))
            got = rows[-1].given
            given[Given((), got.products, (), (), got.known) if found else None] += 1
            people += any(s["species"] == "human" for _, s in found)
        return Validation(f"{indication or self.id}-validation", self.name, self.words,
                          bool(indication), tuple(rows), tuple(given.most_common()), people)

    def _tabulated(self, row: Mapping, cited: Cited | None,
                   found: Sequence[tuple[str, Mapping]]) -> Tabulated:
        names = [self.judged.findings(i).names for i, _ in found]
        species = dict.fromkeys(s["species"] for _, s in found if s["species"])
        return Tabulated(
            row["cited_ref"], row["title_en"] or row["title_zh"] or "", row["institution"] or "",
            row["year"], cited.row["year"] if cited else None,
            tuple(filter(None, (row["cell_source"], row["product"]))), row["model"] or "",
            row["key_effect"] or "", tuple(self.judged.link(i, s["study_id"]) for i, s in found),
            self._all_given((i, s["study_id"]) for i, s in found),
            tuple(label(self.data, "species", s) for s in species),
            " ".join(spoken(s["note"], *names) for _, s in found if s["note"]))

    # --- numbers, references, claims, conclusions -----------------------------------------------

    def numbers(self) -> Numbers:
        """The numbers that it states of its evidence, recomputed."""
        return self.judged.numbers(self.id)

    def references(self) -> References:
        """Its references with their kind, their status and what the data know of them."""
        return References(f"{self.id}-references", tuple(
            Listed(self.judged.reference(c), f"ref-{self.id}-{number}", c.row["year"],
                   c.row["note"] or "") for number, c in self.cited.items()))

    def claims(self) -> Claims:
        """Its claims with their verdicts."""
        return self.judged.claims(f"claims-{self.id}", "review",
                                  ledger(self.data, "review_id", self.id))

    def conclusions(self) -> Conclusions:
        """What it concludes, with verdicts, and our main results of the same conditions."""
        found = [e for e in ledger(self.data, "review_id", self.id) if e.claim["conclusion"]]
        main = [r for i in self.row["indications"] for r in self.review.analyses(i, role="main")]
        return Conclusions(
            self.id, self.judged.claims(f"{self.id}-conclusions", "review", found),
            tuple(self.judged.findings(r["indication"]).of(r) for r in main if r["pooled"]),
            {i: label(self.data, "indication", i) for i in self.row["indications"]}, len(main))

    def reference(self, indication: str, number: str) -> OneReference:
        """What one reference says, what the review makes of it, and our estimates.

        Raises
        ------
        LookupError
            The review has no such reference.
        """
        if number not in self.cited:
            raise LookupError(f"references.csv has no row {self.id}, {number}")
        row = self.cited[number].row
        found: dict[tuple, list[Mapping]] = {}
        for r in self.data.records("published_syntheses", indication):
            if r["doi"] and r["doi"] == row["doi"]:
                found.setdefault((r["outcome"], r["timepoint_months"]), []).append(r)
        return OneReference(
            f"reference-{self.id}-{number}", self.name, number, row["title"] or "", row["year"],
            row["note"] or "", tuple((c["claim_en"], (c["note"] or "").rstrip("."))
                                     for c in self._own("claims") if number in c["cited_refs"]),
            tuple(self._beside(indication, *asked, rows) for asked, rows in found.items()))

    def _beside(self, indication: str, outcome: str, months: float | None,
                rows: Sequence[Mapping]) -> Beside:
        asked, favours = targets(self.data, outcome), rows[0]["favours"]
        findings = self.judged.findings(indication)
        return Beside(
            label(self.data, "outcome", outcome), months, tuple(map(printed, rows)),
            label(self.data, "favours", favours) if favours else None,
            tuple(findings.of(r) for r in self.review.analyses(indication, role="main")
                  if r["question"]["target"] in asked and _at(r["question"], months)))


def _at(question: Mapping, months: float | None) -> bool:
    """Whether an analysis asks for a visit, None being all."""
    low, high = question["window_from"], question["window_to"]
    return months is None or low is None and high is None or (
        months > (low or 0) and months <= (high or months))


def remarks(note: str | None) -> tuple[str, tuple[str, ...]]:
    """The note on a review: what comes before its numbered points, and the points."""
    note, starts = note or "", []
    for found in _POINT.finditer(note):
        if int(found[1]) == len(starts) + 1:  # another number is one of a reference
            starts.append(found)
    ends = [found.start() for found in starts[1:]] + [len(note)]
    first = note[:starts[0].start()] if starts else note
    points = (note[found.end():end] for found, end in zip(starts, ends, strict=False))
    return first.removesuffix("Inconsistencies: ").strip(), tuple(
        point.strip().rstrip(";.") for point in points)
