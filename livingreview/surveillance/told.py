"""What a round says: as text, as the text of a pull request, as an entry of a feed, as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..review.living import Status
from .round import Round

REPORT = Path(__file__).with_name("report")
LISTED = 50  # reports of an indication in a text: that of a pull request has 65,536 characters


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(REPORT), trim_blocks=True, lstrip_blocks=True,
                       undefined=StrictUndefined, keep_trailing_newline=True,
                       autoescape=lambda name: bool(name and name.endswith(".xml")))


def _filled(name: str, v: object, **more: object) -> str:
    """A template with its values; lines without text are one."""
    found = _templates().get_template(name).render(v=v, listed=LISTED, **more)
    return re.sub(r"\n{3,}", "\n\n", found).strip() + "\n"


def status(found: Status) -> str:
    """How the review stands, as text."""
    return _filled("status.txt", found)


def status_document(found: Status) -> dict:
    """The same, for programs."""
    return _plain({
        "date": found.day, "asks": found.asks,
        "sources": [asdict(one) for one in found.states],
        "queues": [asdict(one) | {"waiting": one.waiting} for one in found.queues.values()],
        "watched": [asdict(one) for one in found.watched.values()]})


def text(found: Round) -> str:
    """A round as text."""
    return _filled("round.txt", found)


def pull_request(found: Round) -> str:
    """A round as the text of a pull request, in Markdown."""
    return _filled("pull-request.md", found)


def entry(found: Round) -> str:
    """A round as an entry of an Atom feed (RFC 4287)."""
    return _filled("entry.xml", found, text=text(found))


def document(found: Round) -> str:
    """A round as JSON."""
    return json.dumps(_plain({
        "date": found.day, "asks": found.asks,
        "failures": [asdict(one) for one in found.failures], "not_asked": found.passed,
        "searches": [_row(row) for row in found.searches],
        "reports": [asdict(one.report) | {"indication": one.indication, "place": one.place,
                                          "because": one.because, "known": one.report.known}
                    for one in found.reports],
        "notices": [_row(row) for row in found.notices], "moved": found.moved,
        "changes": [asdict(one) for one in found.changes],
        "posted": dict(found.posted), "looked_up": found.looked_up, "progress": found.progress,
        "pairs": found.pairs,
        "status": status_document(found.status)}), ensure_ascii=False, indent=1) + "\n"


def _row(row: Mapping) -> dict:
    return {name: value for name, value in row.items() if name != "row"}


def _plain(value: object) -> dict:
    """Days as text, and tuples as lists."""
    return json.loads(json.dumps(value, default=date.isoformat))


def written(found: Round, folder: Path) -> list[Path]:
    """Write a round in each of its forms.

    Raises
    ------
    OSError
    """
    made = {"round.txt": text(found), "pull-request.md": pull_request(found),
            "round.xml": entry(found), "round.json": document(found)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in made]
