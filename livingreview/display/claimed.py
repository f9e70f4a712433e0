"""What the seed reviews claim about an indication."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review.claims import Entry, ledger
from ..view.naming import seed_names, spoken, study_names
from .html import Column, Html, details, join, link, paragraph, table, text
from .ledger import LEDGER, claim_summary, seed_link, verdict_label


def claims(data: Dataset, indication: str) -> Html:
    """The claims about an indication with their verdicts; their basis is in the ledger."""
    entries = ledger(data, "indication", indication)
    names = {**study_names(data, indication), **seed_names(data)}
    return join([
        paragraph(Html(
            f"{len(entries)} claims of the seed reviews are about this indication. "
            f"{text(claim_summary(data, entries))}. Each with its basis is in the "
            f"{link(LEDGER, 'claims ledger')}.")),
        details("The claims", table(
            f"{indication}-claims", "Claims of the seed reviews",
            [Column("id", "Claim"), Column("review", "Seed review"),
             Column("kind", "Kind", select=True), Column("en", "What it says"),
             Column("zh", "In Chinese"), Column("refs", "References cited"),
             Column("rests", "Cites"), Column("verdict", "Verdict", select=True),
             Column("reason", "Reason")], [_row(data, names, e) for e in entries], cards=True))])


def _row(data: Dataset, names: dict, entry: Entry) -> dict:
    """A claim with its verdict."""
    claim = entry.claim
    return {"id": link(f"{LEDGER}#claim-{claim['claim_id']}", claim["claim_id"]),
            "review": seed_link(data, claim["review_id"]),
            "kind": data.label("claim_kind", claim["kind"]), "en": claim["claim_en"],
            "zh": Html(f'<span lang="zh">{text(claim["claim_zh"])}</span>'),
            "refs": ", ".join(claim["cited_refs"]) or "none", "rests": entry.rests_on,
            "verdict": verdict_label(data, entry.verdict),
            "reason": entry.judged and spoken(entry.judged["reason"], names)}
