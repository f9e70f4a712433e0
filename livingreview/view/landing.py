"""The landing page: what is known of each indication, at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import __version__
from ..data import versions
from ..review import Review
from ..review.measure import ratio, uncontrolled
from ..review.searches import searches
from ..review.windows import HARM, HEADLINE, shown_first
from .addresses import PLAIN, Addresses
from .alive import Alive, alive
from .base import Label, Struct, View, wording
from .events import Sum, treated
from .evidence_map import EvidenceMap, evidence_map
from .finding import LEVELS, Finding, Findings
from .mini import Mini, mini
from .sizes import Size


class Card(Struct):
    """An indication."""

    href: str
    patients_href: str
    size: Size
    headline: Finding | None  # what is declared to be shown first; None where nothing is asked
    # where the headline has no estimate: the next finding on benefit that has one
    instead: Finding | None
    drawing: Mini | None  # of the estimate that the card shows
    # counts, harm_counts: where a ratio is of one trial: patients with the event and all, treated
    # first
    counts: tuple[float, float, float, float] | None
    harm: Finding | None
    # patients with an event in all treated arms, where the harm has no estimate
    treated: Sum | None
    harm_counts: tuple[float, float, float, float] | None


class Sure(Struct):
    """For how many indications a main analysis estimates a benefit, and how sure the best is.

    Only trials with a comparison count.
    """

    indications: int
    estimated: int
    best: str  # the highest certainty; empty where there is no estimate
    where: tuple[Label, ...]  # indications that have it; empty where all have the same


class Version(Struct):
    """What the pages were made of."""

    # day, state: date of the data, and what tells a later state without an entry; each may be empty
    day: str
    state: str
    package: str
    here: str  # the published version that these pages are; empty for a state that is none
    last: str  # the newest published version; empty before the first


class Landing(View, template="landing"):
    """The landing page."""

    sure: Sure
    given: Label
    cards: tuple[Card, ...]
    searches: int  # searches of the review's own
    alive: Alive  # whether it may call itself living
    version: Version
    evidence: EvidenceMap


def landing(review: Review) -> Landing:
    """The landing page of a data folder.

    Parameters
    ----------
    review : Review
    """
    data, mapped = review.data, evidence_map(review)
    addresses = Addresses(data)
    cards = tuple(
        _card(review, Findings(data, c.indication, addresses), c.href, c.size)
        for c in mapped.columns)
    return Landing(_sure(cards), wording(data, "intervention"), cards, len(searches(data)),
                   alive(data), _version(data.version), mapped)


def _card(review: Review, findings: Findings, href: str, known: Size) -> Card:
    indication = findings.indication
    every = {r["id"]: r for r in review.analyses(indication)}
    first = shown_first(review.data, indication, every)
    roles = {s.role: every[s.analysis_id] for s in first if s.role in (HEADLINE, HARM)}
    headline, harm = roles.get(HEADLINE), roles.get(HARM)
    declared = [every[s.analysis_id] for s in first]
    instead = None if headline and headline["pooled"] else next(
        _with_estimate(declared, list(every.values())), None)
    drawn = instead or headline
    return Card(href, Addresses.chapter(indication, PLAIN), known,
                headline and findings.of(headline), instead and findings.of(instead),
                drawn and mini(drawn), _counts(drawn), harm and findings.of(harm),
                harm and treated(review.evidence[indication], harm), _counts(harm))


def _counts(result: dict | None) -> tuple[float, float, float, float] | None:
    """The patients behind the ratio of a single trial; None where a design effect changed them."""
    if not result or not result["pooled"] or result["k"] != 1 or not ratio(result):
        return None
    [study] = [s for s in result["studies"] if s["weight"] is not None]
    arms = [study[side] for side in ("intervention", "comparator")]
    if not all(arms):
        return None
    found = tuple(arm[key] for arm in arms for key in ("events", "n"))
    return None if any(n is None or n % 1 for n in found) else found


def _with_estimate(declared: list[dict], every: list[dict]) -> Iterator[dict]:
    """Estimates of benefit: those with a comparison, declared ones first and in their order.

    The others follow by how much stands behind them, never by what they say.
    """
    others = sorted((r for r in every if r not in declared and r["role"] != "check"),
                    key=lambda r: (r["role"] != "main", -r["k"], -r["n"]))
    usable = [r for r in (*declared, *others)
              if r["pooled"] and r["question"]["target_type"] != "event"]
    yield from sorted(usable, key=uncontrolled)


def _sure(cards: Sequence[Card]) -> Sure:
    """How sure the main estimates are that cards show."""
    levels = {c.size.indication: LEVELS.index(f.level) for c in cards
              if (f := c.headline) and f.estimate and f.level and not f.question.uncontrolled}
    best = max(levels.values(), default=None)
    where = tuple(i for i, level in levels.items() if level == best)
    return Sure(len(cards), len(levels), "" if best is None else LEVELS[best],
                () if len(set(levels.values())) == 1 else where)


def _version(data_version: str) -> Version:
    day, _, state = data_version.partition(versions.MARK)
    known = versions.published()
    return Version(day, state, __version__, versions.here(), known[-1] if known else "")
