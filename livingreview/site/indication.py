"""A new indication: empty tables, its words and first analyses, a chapter from the templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from string import Template

from ..data.asking import asked
from ..data.dataset import Dataset
from ..data.declaring import IDENTIFIER
from ..data.phrases import phrases
from ..data.tables import ANALYSES, CHANGELOG, MAIN_WINDOWS, TABLES, VOCABULARIES
from ..intake.files import CsvFile, empty, examined_with, put
from ..view.addresses import PAGES
from ..view.inside import in_text

_TOC = "_toc.yml"
_WORDS = phrases(__package__, "words.csv")


class IndicationError(Exception):
    """The indication cannot be made; nothing was written."""


@dataclass(frozen=True)
class Beginning:
    """What a new indication begins with."""

    name: str
    analyses: list[dict[str, str]]  # rows of `analyses.csv`; the first one is the main question
    data: dict[str, bytes] = field(default_factory=dict)  # files below the data folder
    # files below the project: the chapter and the table of contents
    project: dict[str, bytes] = field(default_factory=dict)

    def write(self, folder: Path, root: Path) -> None:
        """Put everything in its place: all of it, or after an error nothing."""
        put(Path("/"), {
            **{str((folder / path).resolve())[1:]: content for path, content in self.data.items()},
            **{str((root / path).resolve())[1:]: content
               for path, content in self.project.items()}})


def begin(data: Dataset, root: Path, name: str, label: str, label_zh: str = "",
          target: str = "", comparison: str = "", today: date | None = None) -> Beginning:
    """Make everything that a new indication begins with, and validate it.

    Parameters
    ----------
    data : Dataset
        Without errors.
    root : Path
        Folder of the project.
    name : str
        Identifier of the indication.
    label, label_zh : str
        Its name for readers.
    target, comparison : str, optional
        Family of outcomes and control of the main question; the first words of their lists where
        they are left out.

    Raises
    ------
    IndicationError
        When the name is taken or wrong, or the result would not be valid.
    """
    chapter = f"notebooks/{name}"
    if not re.fullmatch(IDENTIFIER, name):
        raise IndicationError(f"{name} is no identifier: expected lower-case letters and digits "
                              "with hyphens")
    # A page is called by its name alone, and a folder of the project is no folder of an indication.
    for taken in (data.folder / name, root / chapter, root / "book" / f"{name}.md", root / name):
        if taken.exists():
            raise IndicationError(f"{taken} is there already: choose another name")
    if name in data.words("indication"):
        raise IndicationError(f"{name} is an indication already: choose another name")
    target, comparison = _chosen(data, target, comparison)
    analyses = _analyses(data, name, target, comparison)
    made = Beginning(name, analyses, _tables(data, name, label, label_zh or label, analyses,
                                             (today or date.today()).isoformat()))
    errors = [p for p in examined_with(data, made.data).problems if p.level == "error"]
    if errors:
        raise IndicationError("\n".join(map(str, errors)))
    facts, kind = {"indication": name, "label": label}, asked(data.records("about"))
    made.project.update({f"{chapter}/{one}.md": page(one, facts, kind.name).encode()
                         for one in PAGES if one not in kind.without})
    made.project[_TOC] = _contents(root, name, data).encode()
    return made


def _chosen(data: Dataset, target: str, comparison: str) -> tuple[str, str]:
    """Family and control of the main question, from the vocabularies."""
    out = []
    for chosen, name in ((target, "family"), (comparison, "analysis_comparison")):
        known = list(data.words(name))
        if chosen and chosen not in known:
            raise IndicationError(f"{chosen} is not in the list {name}: expected one of "
                                  f"{', '.join(known)}")
        out.append(chosen or known[0])
    return out[0], out[1]


def _analyses(data: Dataset, name: str, target: str, comparison: str) -> list[dict[str, str]]:
    """Benefit in the windows that other chapters ask about, and the harms that they count."""
    main = [r for r in data.records("analyses") if r["role"] == "main"]
    windows = sorted({(r["window_from"] or 0, r["window_to"]) for r in main
                      if r["target"] == target and r["window_to"] is not None}) or [None]
    events = list(dict.fromkeys(r["target"] for r in main if r["target_type"] == "event")) or (
        list(data.words("event"))[:1])
    asked = {"given": data.wording("intervention"), "control": in_text(
        re.sub(r"\s*\(.*", "", data.label("analysis_comparison", comparison)))}
    same = {"indication": name, "role": "main", "comparison": comparison}
    out = []
    for window in windows:
        row = {**same, "analysis_id": f"{name}-{target}-{comparison}", "section": "effects",
               "title": _WORDS["title"].format(target=data.label("family", target), **asked),
               "target_type": "family", "target": target, "measure": "MD",
               "favourable": _favourable(data, target), "rescale": "yes"}
        if window is not None:
            start, end = (f"{month:g}" for month in window)
            row |= {"analysis_id": f"{row['analysis_id']}-{start}-{end}", "window_from": start,
                    "window_to": end, "title": _WORDS["between" if window[0] else "until"].format(
                        title=row["title"], start=start, end=end)}
        out.append(row)
    return out + [{**same, "analysis_id": f"{name}-{event}-{comparison}", "section": "harms",
                   "title": _WORDS["title"].format(target=data.label("event", event), **asked),
                   "target_type": "event", "target": event, "measure": "RR", "favourable": "lower"}
                  for event in events]


def _favourable(data: Dataset, family: str) -> str:
    """Which side of a difference is better: that of the family's first instrument."""
    outcomes = [r["outcome"] for r in sorted(
        (r for r in data.records("hierarchy") if r["family"] == family),
        key=lambda r: r["position"])]
    directions = {r["outcome"]: r["direction"] for r in data.records("instruments")}
    found = next((directions[o] for o in outcomes
                  if directions.get(o) in ("lower", "higher")), None)
    if found is None:
        raise IndicationError(f"no instrument of {family} says in instruments.csv whether lower "
                              "or higher is better: choose another target")
    return found


def _tables(data: Dataset, name: str, label: str, label_zh: str,
            analyses: list[Mapping[str, str]], day: str) -> dict[str, bytes]:
    """Files of the data folder: the empty ones, and those that get rows."""
    out = {table.path(name): empty(table, data.names)
           for table in TABLES if table.folder == "indication" and not table.optional}
    added = [(VOCABULARIES, [{"list": "indication", "value": name, "label_en": label,
                              "label_zh": label_zh}]),
             (ANALYSES, analyses),
             (CHANGELOG, [{"date": day, "file": f"{name}/studies.csv",
                           "reason": _WORDS["new-indication"].format(label=label)}])]
    if data.records(MAIN_WINDOWS.name):  # else what is shown first is chosen, not declared
        added.append((MAIN_WINDOWS, _main_windows(name, analyses)))
    for table, rows in added:
        out[table.path()] = CsvFile(data.folder, table.path(), table, data.names).appended(rows)[0]
    return out


def _main_windows(name: str, analyses: list[Mapping[str, str]]) -> list[dict[str, str]]:
    """What a reader is shown first: the main question, then the harms."""
    harms = [row for row in analyses if row["target_type"] == "event"]
    rows = [(analyses[0], "headline"),
            *((row, "shown" if before else "harm") for before, row in enumerate(harms))]
    return [{"indication": name, "position": str(position), "analysis_id": row["analysis_id"],
             "role": role} for position, (row, role) in enumerate(rows, 1)]


def page(name: str, facts: Mapping[str, str], question: str = "") -> str:
    """A page of a chapter, or its contents, from the template that all chapters share.

    Parameters
    ----------
    name : str
        Of the template.
    facts : mapping of str to str
        What is put in: ``indication`` and ``label``.
    question : str, optional
        A kind of question: its own template goes before the shared one.
    """
    shared = files("livingreview.site") / "chapter"
    own = shared / question / f"{name}.txt"
    template = own if question and own.is_file() else shared / f"{name}.txt"
    return Template(template.read_text("utf-8")).substitute(facts)


def _contents(root: Path, name: str, data: Dataset) -> str:
    """The table of contents with the chapter behind the last one of an indication."""
    lines = (root / _TOC).read_text(encoding="utf-8").splitlines()
    pages = [i for i, line in enumerate(lines) for other in data.indications
             if re.match(rf"\s*- file: notebooks/{other}/", line)]
    if not pages:
        raise IndicationError(f"{root / _TOC} has no chapter of an indication behind which the "
                              "new one could stand")
    indent = re.match(r"\s*", next(lines[i] for i in pages if lines[i].endswith("/index")))[0]
    after = next((i for i in range(pages[-1] + 1, len(lines))
                  if "- " in lines[i] or not lines[i].startswith(indent)), len(lines))
    lines[after:after] = entries(name, indent, asked(data.records("about")).name)
    return "\n".join(lines) + "\n"


def entries(name: str, indent: str, question: str = "") -> list[str]:
    """The lines of a chapter in the table of contents.

    Parameters
    ----------
    name : str
        Of the indication.
    indent : str
        Begins each line.
    question : str, optional
        A kind of question.
    """
    return [f"{indent}{line}"
            for line in page("contents", {"indication": name}, question).splitlines()]
