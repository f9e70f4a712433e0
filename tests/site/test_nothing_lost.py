"""What was published stays: every analysis, study, claim, headline number, warning and address."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import lxml.html
import pytest
from stated import SAID, estimate

from livingreview.data.dataset import load
from livingreview.view.addresses import PAGES, Addresses
from livingreview.view.trial.known import row_anchor

ROOT = Path(__file__).resolve().parents[2]
DATA = load()


@cache
def _text(path: Path) -> str:
    root = lxml.html.fromstring(path.read_bytes())
    part = (root.xpath("//article") or [root])[0]
    return " ".join(" ".join(SAID(part)).split())


def _with_tables(html: Path, page: str) -> str:
    """The text of a page with that of its long tables, which stand in files beside it."""
    whole = html / page
    return " ".join(_text(p) for p in sorted(whole.parent.glob(f"{whole.stem}*.html")))


def _words(text: str) -> str:
    return " ".join(str(text).split())


@pytest.fixture(scope="module")
def results(html) -> dict:
    return json.loads((html / "results.json").read_text(encoding="utf-8"))["analyses"]


def test_every_analysis_has_its_page_with_its_numbers(html, results):
    missing = []
    for name, result in results.items():
        path = html / Addresses.figure(name)
        if not path.is_file() or (result["pooled"] and estimate(result) not in _text(path)):
            missing.append(name)
    assert not missing


def test_every_analysis_of_every_published_version_is_there(html):
    for release in (ROOT / "releases").glob("20*.json"):
        if release.name.endswith(".manifest.json"):
            continue
        published = json.loads(release.read_text(encoding="utf-8"))["analyses"]
        gone = [name for name in published if not (html / Addresses.figure(name)).is_file()]
        assert published and not gone


@pytest.mark.parametrize("indication", DATA.indications)
def test_every_study_has_its_page_and_every_row_its_place(html, indication):
    addresses, missing = Addresses(DATA), []
    for study in DATA.records("studies", indication):
        path = html / addresses.trial(indication, study["study_id"])
        if not path.is_file():
            missing.append(str(path))
            continue
        text = path.read_text(encoding="utf-8")
        for table in ("outcomes", "contrasts", "adverse_events"):
            rows = DATA.having(table, "study_id", study["study_id"], indication)
            missing += [f"{path.name}: {table} row {r['row']}" for r in rows
                        if f'id="{row_anchor(table, r["row"])}"' not in text]
    assert not missing, "\n".join(missing[:20])


def test_every_claim_and_every_headline_number_is_there(html):
    ledger = _with_tables(html, "notebooks/claims-ledger.html")
    missing = [c["claim_id"] for c in DATA.records("claims")
               if _words(c["claim_en"]) not in ledger]
    numbers = _with_tables(html, "notebooks/headline-numbers.html")
    missing += [h["statement_id"] for h in DATA.records("headline_numbers")
                if _words(h["what"]) not in numbers]
    assert len(DATA.records("claims")) > 250 and not missing, missing[:10]


def test_every_warning_is_there(html):
    quality = _with_tables(html, "book/data-quality.html")
    missing = [f"{p.file}:{p.row}" for p in DATA.warnings
               if f"{p.file} {p.row or ''}".strip() not in quality]
    assert DATA.warnings and not missing, missing[:10]


@pytest.mark.parametrize("indication", DATA.indications)
def test_old_addresses_lead_to_the_chapter_and_every_page_of_it_is_there(html, indication):
    old = (html / f"notebooks/{indication}.html").read_text(encoding="utf-8")
    assert f"{indication}/index.html" in old
    for page in PAGES:
        assert (html / Addresses.chapter(indication, page)).is_file(), page
