"""Commands that measure how well the review searches, screens and finds duplicates."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from . import measuring
from .console import DATA_HELP, FILE, FOLDER, replacing, say, stop, valid

_NAMED = 5  # studies that are named of those that a term alone finds


@click.group()
def bench() -> None:
    """Measure searching, screening and the finding of duplicates, each on known answers."""


@bench.command()
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--indication", "indications", multiple=True, help="This one alone; may be repeated.")
@click.option("--source", "sources", multiple=True, help="This one alone; may be repeated.")
@click.option("--seed", type=int, help="Draws the half that is held out; the same as ever where "
              "it is left out.")
@click.option("--reference", type=measuring.THERE, help="In place of the known studies: the export "
              "of those that another review included.")
@click.option("--titles", is_flag=True, help="Without a network: what the words of strategies "
              "find in the titles of known studies.")
@click.option("--terms", is_flag=True, help="With --titles: which studies a strategy would miss "
              "without each of its terms.")
@click.option("--out", type=FILE, help="CSV file to write as well.")
@can_be_stopped
def recall(data: Path | None, indications: tuple[str, ...], sources: tuple[str, ...],
           seed: int | None, reference: Path | None, titles: bool, terms: bool,
           out: Path | None) -> None:
    """Relative recall of the search strategies: the known studies that each of them finds.

    PubMed and Europe PMC are asked for the known PMIDs, ClinicalTrials.gov and ISRCTN for their
    own numbers, by one request for each strategy. Half of the numbers is held out by a fixed draw.
    What is missed is listed. All is relative to what is known, which was easier to find than what
    is not: a second set is what others included, taken by --reference as RIS, PubMed (.nbib) or
    CSV, as programs for references export them. Of one indication it is four requests and writes
    nothing: so one sees whether these sources still answer as the review reads them.
    """
    from ..surveillance import recall as measuring
    from ..surveillance.syntax import StrategyError

    if terms and not titles:
        stop("--terms looks at titles: add --titles", 2)
    sound = valid(data)
    able = measuring.BY_TITLE if titles else tuple(measuring.NUMBERS)
    _one_of("indication", indications, sound.indications)
    _one_of("source", sources, able)
    try:
        strategies = [found for found in measuring.written(sound, sources or able)
                      if not indications or found[0] in indications]
    except StrategyError as error:
        stop("\n".join([*error.problems, "Nothing was measured."]), 1)
    if not strategies:
        stop(f"{sound.folder / 'strategies'} has no strategy for these", 1)
    studies = _reference(reference, indications) if reference else ()
    failures: list[str] = []
    if titles:
        found = list(measuring.by_titles(sound, strategies, studies))
    else:
        with click.progressbar(length=len(strategies), label="strategies", file=sys.stderr) as bar:
            found = list(measuring.measured(
                sound, strategies, measuring.SEED if seed is None else seed,
                reference=studies,
                failed=lambda error, indication: failures.append(f"{indication}: {error}"),
                done=lambda: bar.update(1)))
    for one in found:
        _say(one)
    if not titles:
        for one in measuring.together(found):
            _say(one, missed=False)
    if terms:
        _say_terms(list(measuring.by_term(sound, strategies, studies)))
    if out:
        _write(out, found)
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    if failures:
        stop(f"{len(failures)} of {len(strategies)} strategies were not measured", 1)


def _reference(file: Path, indications: tuple[str, ...]) -> list[dict]:
    """Studies of a file; that of several indications would be missed by each."""
    from ..surveillance.files import FileError
    from ..surveillance.recall import reference_of

    if len(indications) != 1:
        stop("--reference is of one indication: say which with --indication", 2)
    try:
        found = reference_of(file.read_bytes(), file.name)
    except FileError as error:
        stop("\n".join([*error.problems, "Nothing was measured."]), 1)
    numbered = sum(bool(one["pmid"] or one["registration"]) for one in found)
    say(f"{file.name}: {len(found)} studies, {numbered} of them with a PMID or a registration")
    return found


def _one_of(name: str, chosen: tuple[str, ...], allowed) -> None:
    if wrong := [value for value in chosen if value not in allowed]:
        stop(f"--{name} {wrong[0]}: expected one of {', '.join(allowed)}", 2)


def _say(one, missed: bool = True) -> None:
    """A line for a set, and one for each study of it that is missed."""
    what = "titles" if one.part == "all" else one.part
    say(f"{one.indication or 'all together'}, {one.source}, {what}: "
        f"{len(one.found)} of {len(one.known)}")
    for study in one.missed if missed else ():
        say(f"  missed: {study}")


def _say_terms(found) -> None:
    """For each strategy its terms that find what no other finds, those that find most first."""
    strategies: dict[tuple[str, str], list] = {}
    for one in found:
        strategies.setdefault((one.indication, one.source), []).append(one)
    for (indication, source), ones in strategies.items():
        needed = sorted((one for one in ones if one.alone), key=lambda one: -len(one.alone))
        say(f"{indication}, {source}, terms: {len(needed)} of {len(ones)} find a title that no "
            "other finds")
        for one in needed:
            more = len(one.alone) - _NAMED
            say(f"  {one.term.text} (line {one.term.line}): {len(one.alone)}: "
                f"{', '.join(one.alone[:_NAMED])}{f' and {more} more' if more > 0 else ''}")


def _write(out: Path, found) -> None:
    with replacing(out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("indication", "source", "part", "known", "found", "missed"))
        writer.writerows((one.indication, one.source, one.part, len(one.known), len(one.found),
                          ";".join(one.missed)) for one in found)
    click.echo(f"wrote {out}")


for _command in measuring.ALL:
    bench.add_command(_command)
ALL = (bench,)
