"""The page of one analysis, at an address of its own, and the list of them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property

from ..data import versions
from ..data.about import about
from ..review import Review
from ..review.measure import FEW, varying
from ..review.robustness import SMALL_STUDY_K
from .addresses import Addresses
from .base import Label, Struct, View, label, wording
from .certainty import Certainty, certainty
from .finding import Estimate, Findings, Posterior, estimate_of, posterior_of
from .forest import Forest, Forests
from .outside import Outside, outside
from .robustness import choice, test_key
from .row import FindingRow, row_of
from .subgroup import Subgroups, subgroups

INDEX = "figures/index.html"
# Questions are related when they are equal in these; the first differ in time, the second in
# what the treatment is compared with.
_OUTCOME = ("target", "instrument_contains", "condition", "products", "measure")
_OTHER_TIME = (*_OUTCOME, "comparison", "background")
_OTHER_CONTROL = (*_OUTCOME, "window_from", "window_to")


class Heterogeneity(Struct):
    """How much the trials of an estimate differ."""

    k: int
    model: str  # of the main estimate
    # random, common: those of random effects and of one common effect, where the main model is
    # another
    random: Estimate | None
    common: Estimate | None
    posterior: Posterior | None
    apart: bool  # whether there are two trials, and their intervals do not overlap
    # i2, tau2: of random effects, of a posterior its own; the interval of tau2 where it is known
    i2: float | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    pi_low: float | None
    pi_high: float | None
    few: bool  # whether a prediction interval is very uncertain


class Choice(Struct):
    """An estimate under another choice; None where there is none."""

    key: str  # of the choice; empty where a trial is left out
    name: Label | None  # of the trial, or of the class of the treatment that is pooled alone
    href: str
    estimate: Estimate | None


class Files(Struct):
    """Addresses of what can be downloaded; empty where there is nothing to draw or to pool."""

    csv: str
    json: str
    svg: str
    png: str
    # metafor, script: the effects as R's package metafor takes them, and what pools them there
    metafor: str
    script: str


class Citation(Struct):
    """What a citation of a figure names."""

    authors: str
    book: str
    version: str
    data: str
    address: str


class Method(Struct):
    """How an estimate was made; labels are None where the model tells it."""

    model: str
    tau2: Label | None
    interval: Label | None


class FigurePage(View, template="figure"):
    """One analysis."""

    chapter: tuple[Label, str]  # the indication and its chapter
    part: tuple[str, str]  # ``benefits`` or ``harms``, and its address
    row: FindingRow  # the finding with a small drawing
    forest: Forest | None  # None where no trial is drawn
    note: str
    # the key of the test of small-study effects and its p-value, where it was done
    small_study: tuple[str, float] | None
    few: bool  # whether there are too few trials for it
    heterogeneity: Heterogeneity | None
    certainty: Certainty | None
    subgroups: Subgroups | None
    # choices, without: other choices, and leaving out each trial in turn
    choices: tuple[Choice, ...]
    without: tuple[Choice, ...]
    outside: Outside | None
    # times, controls: the same question at other times, and against other controls
    times: tuple[FindingRow, ...]
    controls: tuple[FindingRow, ...]
    method: Method | None
    files: Files
    cite: Citation


class IndicationRows(Struct):
    """The findings of one indication."""

    id: str
    name: Label
    estimates: int
    rows: tuple[FindingRow, ...]


class FigureIndex(View, template="figure_index"):
    """All analyses by indication."""

    given: Label
    k: int
    indications: tuple[IndicationRows, ...]


def files_of(result: dict) -> Files:
    """Addresses of the files of an analysis."""
    stem, k = f"figures/{result['id']}", len(result["studies"])
    there = result["pooled"] is not None
    return Files(f"{stem}.csv" if k else "", f"{stem}.json", f"{stem}.svg" if k else "",
                 f"{stem}.png" if k else "",
                 Addresses.export(result["indication"], f"metafor/{result['id']}.csv") if there
                 else "",
                 Addresses.export(result["indication"], f"metafor/{result['id']}.R") if there
                 else "")


class Figures:
    """Pages of the analyses of a review.

    Parameters
    ----------
    review : Review
    site : str
        Address of the site; empty where it has none yet.
    """

    def __init__(self, review: Review, site: str = ""):
        self.review, self.data, self.site = review, review.data, site.rstrip("/")
        self._rows: dict[str, FindingRow] = {}
        # what draws the figures of an indication
        self.forests = cache(lambda indication: Forests(self.data, indication))

    @cached_property
    def _about(self) -> dict[str, str]:
        return about(self.data)

    def results(self, only: Sequence[str] = ()) -> Iterator[dict]:
        """All analyses, or those of some indications, in the order of these."""
        for indication in only or self.data.indications:
            yield from self.review.analyses(indication)

    def row(self, result: dict) -> FindingRow:
        """An analysis as a line of a list."""
        key = result["id"]
        if key not in self._rows:
            self._rows[key] = row_of(result, self._findings(result))
        return self._rows[key]

    def _findings(self, result: dict) -> Findings:
        return self.forests(result["indication"]).findings

    def forest(self, result: dict) -> Forest:
        """The forest plot of an analysis."""
        return self.forests(result["indication"]).of(result)

    def rows(self, indication: str) -> IndicationRows:
        """The analyses of an indication as lines of the list of all."""
        rows = tuple(map(self.row, self.review.analyses(indication)))
        return IndicationRows(indication, label(self.data, "indication", indication),
                              sum(row.finding.estimate is not None for row in rows), rows)

    def index(self, parts: Sequence[IndicationRows] = ()) -> FigureIndex:
        """The list of all analyses, of rows that are known or made now."""
        parts = tuple(parts or map(self.rows, self.data.indications))
        return FigureIndex(wording(self.data, "intervention"), sum(len(p.rows) for p in parts),
                           parts)

    def page(self, result: dict) -> FigurePage:
        """The page of an analysis.

        Parameters
        ----------
        result : dict
            One analysis of ``results.json``.
        """
        forests = self.forests(result["indication"])
        part = "harms" if result["section"] == "harms" else "benefits"
        test = result["small_study"]
        return FigurePage(
            chapter=(label(self.data, "indication", result["indication"]),
                     forests.addresses.chapter(result["indication"])),
            part=(part, forests.addresses.chapter(result["indication"], part)),
            row=self.row(result), forest=self.forest(result) if result["studies"] else None,
            note=result["note"],
            small_study=(test_key(test), test["p_value"]) if test["done"] else None,
            few=result["k"] < SMALL_STUDY_K,
            heterogeneity=_heterogeneity(result), certainty=certainty(self.data, result),
            subgroups=subgroups(self.data, result), choices=self._choices(result),
            without=self._without(result),
            # the trials of a check are listed by hand: nothing is missing from it
            outside=None if result["role"] == "check" else outside(forests, result),
            times=self._related(result, _OTHER_TIME),
            controls=self._related(result, _OTHER_CONTROL),
            method=self._method(result), files=files_of(result), cite=self._cite(result))

    def _choices(self, result: dict) -> tuple[Choice, ...]:
        return tuple(Choice(*choice(self.data, r), "", estimate_of(r))
                     for r in result["robustness"])

    def _without(self, result: dict) -> tuple[Choice, ...]:
        findings = self._findings(result)
        named = [(*findings.trial(r["trial_id"]), r) for r in result["leave_one_out"]
                 if r.get("trial_id")]
        return tuple(Choice("", Label(name), href, estimate_of(r)) for name, href, r in named)

    def _related(self, result: dict, same: tuple[str, ...]) -> tuple[FindingRow, ...]:
        """Analyses of the same indication whose questions are equal in some parts."""
        asked = result["question"]
        return tuple(self.row(r) for r in self.review.analyses(result["indication"])
                     if r["id"] != result["id"] and r["role"] != "check"
                     and all(r["question"].get(key) == asked.get(key) for key in same))

    def _method(self, result: dict) -> Method | None:
        pooled = result["pooled"]
        if not pooled:
            return None

        def said(vocabulary: str, word: str | None) -> Label | None:
            known = word in self.data.words(vocabulary)
            return label(self.data, vocabulary, word) if known else None

        return Method(pooled["model"] if result["k"] > 1 else "one-study",
                      said("tau2_method", pooled["tau2_method"]),
                      said("interval_method", pooled["interval"]))

    def _cite(self, result: dict) -> Citation:
        page = self._findings(result).addresses.figure(result["id"])
        return Citation(self._about.get("authors", ""), self._about.get("title", ""),
                        versions.here(), versions.said(self.data.version or ""),
                        f"{self.site}/{page}" if self.site else "")


def _heterogeneity(result: dict) -> Heterogeneity | None:
    pooled = result["pooled"]
    if not pooled:
        return None
    spread = varying(result)
    return Heterogeneity(
        result["k"], pooled["model"], estimate_of(result["random_effects"]),
        estimate_of(result["common_effect"]), posterior_of(result), bool(result["apart"]),
        spread["i2"],
        spread["tau2"], spread.get("tau2_low"), spread.get("tau2_high"), spread["pi_low"],
        spread["pi_high"], result["k"] < FEW)
