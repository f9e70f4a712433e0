"""Commands that read registries and propose identifiers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import DATA_HELP, FILE, FOLDER, PathType, Progress, replacing, say, stop, valid

_NEITHER = "-"  # what is typed where a title is left out
_RAW_HELP = ("Root of a raw store to read answers from, as searches keep them, in place of asking "
             "the server.")


def _raw(sound) -> Path:
    """Where answers are stored."""
    from ..surveillance.searching import raw_folder

    return raw_folder(sound.folder)


@click.command()
@click.argument("number", required=False, default="")
@click.option("--all", "everything", is_flag=True, help="Ask how far every known trial is.")
@click.option("--draft", type=PathType(path_type=Path), metavar="OUT",
              help="Folder to write for `import`; it must be empty or not there yet.")
@click.option("--mapping", type=FILE, metavar="FILE", help="What groups, outcomes and events are, "
              "as a table. It is written with proposals where it is not there yet.")
@click.option("--ask/--no-ask", default=None, help="Ask what is not mapped yet; the default where "
              "a person sits at the terminal.")
@click.option("--study", default="", help="Which of several studies of this number.")
@click.option("--second-source", default="", metavar="WHY", help="Draft values that stand here "
              "from another source too, beside those.")
@click.option("--offline", type=FOLDER, metavar="DIR", help=_RAW_HELP)
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--reviewer", default="", metavar="NAME", help="Who maps and chooses.")
@can_be_stopped
def registry(number: str, everything: bool, draft: Path | None, mapping: Path | None,
             ask: bool | None, study: str, second_source: str, offline: Path | None,
             data: Path | None, reviewer: str) -> None:
    """Take in what ClinicalTrials.gov says of the trial NUMBER, or with --all of all.

    The posted results of NUMBER (NCT and eight digits) become draft rows, each with its place in
    the record. What its groups, outcomes and events are in our words is asked once and kept in
    registry_mappings.csv; what nobody has mapped is listed and left out, and what cannot be a row
    is refused with its reason. Values that stand in the data already are shown side by side and
    left as they are. `import` takes the folder of --draft.

    With --all the status and dates of all trials with such a number are written to
    registrations.csv, and what would change in the progress of studies is said; --draft writes it
    as corrections for `import`, a folder for each indication.
    """
    if bool(number) == everything:
        stop("expected a number, NCT and eight digits, or --all", 2)
    if draft is not None and draft.exists() and (draft.is_file() or any(draft.iterdir())):
        stop(f"{draft}: expected an empty folder, or one that is not there yet", 2)
    sound = valid(data)
    if everything:
        _progress(sound, offline, draft)
    else:
        _results(sound, number, draft, mapping, ask, study, second_source, offline, reviewer)


# --- posted results -------------------------------------------------------------------------------


def _results(sound, number, draft, mapping, ask, study, second_source, offline, reviewer) -> None:
    """The results of one trial."""
    from ..surveillance import registry as registries
    from ..surveillance import registry_draft, registry_results

    indication, row = _study(sound, number, study)
    record, day = _record(sound, number, offline)
    if not record.get("resultsSection"):
        say(f"{number}: no results are posted (status "
            f"{record['protocolSection']['statusModule'].get('overallStatus', 'not stated')}, "
            f"record of {registries.version_of(record)})")
        return
    try:
        results = registry_results.results_of(record)
    except registry_results.DocumentError as error:
        stop("\n".join([*(f"{number}: {p}" for p in error.problems), "Nothing was drafted."]), 1)
    sound, mappings = _mapped(sound, indication, row, results, mapping, ask, reviewer)
    made = registry_draft.draft(sound, indication, row, results, mappings, day, second_source)
    lines = registries.report(made, str(draft) if draft else "")
    for line in lines:
        say(line)
    if made.differences and reviewer:
        _keep(sound, {**mappings, **{
            (m["part"], m["title"]): {**m, "reviewer": reviewer, "date": date.today().isoformat()}
            for m in registries.chosen(made, mappings, second_source)}}, number)
    if draft is None:
        return
    if not (made.corrections or any(made.rows.values())):
        how = (" What is not mapped is asked with --ask, or taken from --mapping FILE, which is "
               "written with proposals first." if made.unmapped else "")
        stop(f"{number}: there is nothing to draft. Nothing was written.{how}", 1)
    try:
        registry_draft.write(draft, registry_draft.files(made, "\n".join(lines)))
    except OSError as error:
        stop(f"cannot write {draft}: {error.strerror}", 2)
    say(f"wrote {draft}")


def _study(sound, number: str, wanted: str):
    """The study of a number, with its indication; one line where there is none, or several."""
    from ..surveillance import registry as registries

    if not registries.NUMBER.fullmatch(number):
        stop(f"{number}: expected a number at ClinicalTrials.gov, NCT and eight digits", 2)
    found = registries.studies_of(sound, number)
    if not found:
        stop(f"{number}: no study has this registration: begin with `new study`", 1)
    if wanted:
        found = [one for one in found if one[1]["study_id"] == wanted] or stop(
            f"{wanted}: expected one of {', '.join(s['study_id'] for _, s in found)}", 2)
    elif len(mains := [one for one in found if not one[1]["companion_of"]]) > 1:
        stop(f"{number}: choose by --study one of "
             f"{', '.join(s['study_id'] for _, s in mains)}", 2)
    return found[0]


def _record(sound, number: str, offline: Path | None) -> tuple[dict, str]:
    from ..surveillance import net
    from ..surveillance import registry as registries
    from ..surveillance.rawstore import RawError

    try:
        if offline is not None:
            return registries.stored(offline, number)
        return registries.document(net.client(registries.SOURCE), _raw(sound), number)
    except (net.SourceError, RawError) as error:
        stop(f"{error}. Nothing was written.", 1)
    except OSError as error:
        stop(f"cannot write {error.filename}: {error.strerror}", 2)


def _mapped(sound, indication, row, results, file, ask, reviewer):
    """What is mapped, old and new; new decisions are kept."""
    from ..intake import IntakeError
    from ..surveillance import registry_mapping as mapping

    known = mapping.known(sound, results.registration)
    open_ = [key for key in mapping.wanted(results) if key not in known]

    def proposal(key):
        return mapping.proposal(sound, indication, row["study_id"], results, key)

    arms = [a["arm_id"] for a in sound.having("arms", "study_id", row["study_id"],
                                             indication=indication)]
    if file is not None and not file.exists():
        with replacing(file) as out:
            mapping.write_template(out, results.registration, {k: proposal(k) for k in open_})
        stop(f"wrote {file}: decide of each line (take or leave), then call this again", 0)
    new = []
    if file is not None:
        try:
            new, problems = mapping.read(sound, results, arms, file, reviewer)
        except IntakeError as error:
            stop("\n".join(error.problems), 1)
        if problems:
            stop("\n".join([*map(str, problems), "Nothing was written."]), 1)
    elif open_ and (sys.stdin.isatty() if ask is None else ask):
        if not reviewer:
            stop("who maps? Expected --reviewer NAME", 2)
        new = _asked(sound, results, open_, proposal, arms, reviewer)
    merged = known | {(one["part"], one["title"]): one for one in new}
    return (_keep(sound, merged, results.registration) if new else sound), merged


def _keep(sound, mappings: Mapping, number: str):
    """Write the decisions of a registration among the others."""
    from ..surveillance.alone import BusyError
    from ..surveillance.keeping import KeepingError, keep, locked, now, rows_of

    try:
        with locked(sound.folder):
            sound = now(sound)  # while a person was asked, another may have mapped other trials
            others = [r for r in rows_of(sound, "registry_mappings") if r["registration"] != number]
            return keep(sound, {"registry_mappings": sorted(
                [*others, *mappings.values()], key=lambda r: (
                    r["registration"], ("group", "outcome", "event").index(r["part"])))})
    except (BusyError, KeepingError) as error:
        stop(f"{error}\nNothing was written.", 1)
    except OSError as error:
        stop(f"cannot write in {sound.folder}: {error.strerror}", 2)


def _asked(sound, results, keys, proposal, arms, reviewer) -> list[dict]:
    """Ask a person what titles are; what was answered stays where they break off."""
    from ..surveillance import registry_mapping as mapping

    out, passed = [], 0
    click.echo(f"{_NEITHER} leaves a title out; ? lists the words; Ctrl-D ends, and keeps what was "
               "answered.")
    try:
        for key in keys:
            cells = proposal(key)
            if key[0] == mapping.EVENT and cells["decision"] == mapping.LEAVE:
                passed += 1
                continue
            click.echo(f"\n{key[0]}: {key[1]}")
            out.append(mapping.decided(results.registration, key, _answers(
                sound, results, key, cells, arms), reviewer))
    except click.Abort:
        click.echo("\nbroken off", err=True)
    if passed:
        click.echo(f"{passed} events have no word here: they are not mapped (--mapping takes them)")
    return out


def _answers(sound, results, key, cells, arms) -> dict:
    """The answers for one title, with what is proposed as the default."""
    from ..surveillance import registry_mapping as mapping

    part = key[0]
    if part == mapping.GROUP:
        text = next(g.description for g in results.groups if g.title == key[1])
        if text:
            click.echo(f"  {text}")
        arm = _word("arm", arms, cells.get("arm_id", ""), others=True)
        return {"decision": mapping.TAKE, "arm_id": arm} if arm else {"decision": mapping.LEAVE}
    words = sound.words("outcome" if part == mapping.OUTCOME else "event")
    item = _word("word", words, cells.get("item", ""))
    if not item:
        return {"decision": mapping.LEAVE}
    if part == mapping.EVENT:
        return {"decision": mapping.TAKE, "item": item}
    told = {"decision": mapping.TAKE, "item": item,
            "instrument": click.prompt("  instrument", default=cells["instrument"] or key[1])}
    for column in ("statistic", "better"):
        told[column] = click.prompt(f"  {column}", default=cells[column] or None,
                                    type=click.Choice(list(sound.words(column))))
    for column in ("scale_min", "scale_max"):
        shown = "" if cells[column] is None else f"{cells[column]:g}"
        text = click.prompt(f"  {column} (empty: not printed)", default=shown,
                            value_proc=_number_or_nothing)
        told[column] = text
    return told


def _number_or_nothing(text: str) -> str:
    try:
        return f"{float(text):g}" if text.strip() else ""
    except ValueError:
        raise click.UsageError("expected a number, or nothing") from None


def _word(what: str, words, proposed: str, others: bool = False) -> str:
    """A word of a list, or nothing."""
    import re

    while True:
        text = click.prompt(f"  {what}", default=proposed or _NEITHER).strip()
        if text == _NEITHER:
            return ""
        if text in words:
            return text
        if text == "?":
            click.echo("  " + ", ".join(words))
        elif others and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
            if click.confirm(f"  {text} is a new arm?"):
                return text
        else:
            click.echo(f"  {text} is no word of the list: ? shows it")


# --- progress -------------------------------------------------------------------------------------


def _progress(sound, offline: Path | None, draft: Path | None) -> None:
    """How far all trials are: registrations.csv, and what that changes in studies."""
    from ..surveillance import alone, keeping, registrations
    from ..surveillance.net import SourceError
    from ..surveillance.rawstore import RawError

    progress = Progress("trials")
    try:
        outcome = registrations.run(sound, offline or _raw(sound), offline=offline is not None,
                                    told=progress)
    except (alone.BusyError, keeping.KeepingError, RawError,
            SourceError) as error:
        stop(f"{error}\nNothing was written.", 1)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}; the tables are as they "
             "were", 1)
    finally:
        progress.end()
    say(f"{len(outcome.rows)} of {len(outcome.rows) + len(outcome.missing)} trials are in "
        f"registrations.csv, {sum(row['has_results'] == 'yes' for row in outcome.rows)} with "
        "posted results")
    for number in outcome.missing:
        say(f"not answered by the registry: {number}")
    for number in outcome.posted:
        say(f"results are posted: {number} (python -m livingreview registry {number})")
    for line in outcome.left:
        say(f"left alone: {line}")
    for indication, tables in outcome.changes.items():
        for one in tables["corrections"]:
            if one["column"] == "progress":
                say(f"{indication}, {one['key']}: {one['old'] or '(empty)'} → {one['new']} "
                    f"({one['reason']})")
    if not outcome.changes:
        say("the progress of all studies is as the registry has it")
    elif draft is not None:
        _write_corrections(draft, outcome.changes)


# --- identifiers ----------------------------------------------------------------------------------


@click.command()
@click.option("--indication", default="", help="Of whose studies; all where it is left out.")
@click.option("--out", type=PathType(path_type=Path), metavar="OUT",
              help="Folder to write corrections in, one below it for each indication; it must be "
              "empty or not there yet.")
@click.option("--ask", is_flag=True, help="Ask of each proposal whether it is right.")
@click.option("--offline", type=FOLDER, metavar="DIR", help=_RAW_HELP)
@click.option("--data", type=FOLDER, help=DATA_HELP)
@can_be_stopped
def identify(indication: str, out: Path | None, ask: bool, offline: Path | None,
             data: Path | None) -> None:
    """Propose DOI, PMID and registration for studies that lack them.

    Crossref, PubMed and Europe PMC are asked by title, first author, year and registration. Each
    proposal is shown with its score and why; nothing is taken by itself. With --out the clear ones
    are written as corrections.csv: delete the rows that are wrong and let `import` take the folder
    in, which writes the changelog. With --ask only what is answered with yes is written, ambiguous
    ones too; Ctrl-D ends the questions.
    """
    from ..surveillance import identify as identifying

    if out is not None and out.exists() and (out.is_file() or any(out.iterdir())):
        stop(f"{out}: expected an empty folder, or one that is not there yet", 2)
    if ask and out is None:
        stop("--ask needs --out, where what is accepted is written", 2)
    sound = valid(data)
    if indication and indication not in sound.indications:
        stop(f"{indication} is no indication: expected one of {', '.join(sound.indications)}", 2)
    studies = identifying.lacking(sound, indication)
    failed: dict[str, str] = {}
    proposals = _proposals(sound, studies, offline, failed)
    known = identifying.taken(sound, proposals)
    for one in proposals if not ask else ():
        for line in identifying.lines(one, known):
            say(line)
    say(f"{len(studies)} studies lack an identifier; {len(proposals)} have a proposal, "
        f"{sum(identifying.unclear(p, known) for p in proposals)} of them not clear")
    chosen = _accepted(proposals, known) if ask else [
        p for p in proposals if not identifying.unclear(p, known)]
    if out is not None and chosen:
        _write_corrections(out, identifying.corrections(
            chosen, date.today().isoformat(), "; accepted by a person" if ask else ""))
    for source, reason in failed.items():
        click.echo(f"{source} failed: {reason}", err=True)
    if failed:
        sys.exit(1)


def _proposals(sound, studies, offline: Path | None, failed: dict[str, str]) -> list:
    """What sources propose for studies."""
    from ..surveillance import identify as identifying
    from ..surveillance import net
    from ..surveillance.rawstore import RawError

    clients = None
    if offline is None:
        clients = {}
        for source in identifying.SOURCES:
            try:
                clients[source] = net.client(source)
            except net.SourceError as error:
                failed[source] = error.reason
    try:
        with click.progressbar(length=len(studies), label="studies", file=sys.stderr) as bar:
            return [found for place, study, records in identifying.looked_up(
                sound, studies, offline or _raw(sound), clients, failed, lambda: bar.update(1))
                if (found := identifying.proposed(place, study, records))]
    except RawError as error:
        stop(f"{error}. Nothing was written.", 1)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}", 2)


def _accepted(proposals, known) -> list:
    """The proposals that a person says are right; those before somebody breaks off."""
    from ..surveillance import identify as identifying

    out = []
    try:
        for one in proposals:
            for line in identifying.lines(one, known):
                click.echo(line)
            if click.confirm("Is it this paper?", default=False):
                out.append(one)
    except click.Abort:
        click.echo("\nbroken off: what was accepted is written", err=True)
    return out


def _write_corrections(out: Path, by_indication) -> None:
    """Folders that `import` takes, one for each indication."""
    from ..surveillance.keeping import content_of
    from ..surveillance.registry_draft import corrections_text, write

    for indication, tables in by_indication.items():
        folder = out / indication
        try:
            write(folder, {"corrections.csv": corrections_text(tables["corrections"]),
                           "sources.csv": content_of("sources", tables["sources"])})
        except OSError as error:
            stop(f"cannot write {folder}: {error.strerror}", 2)
        say(f"take in: python -m livingreview import {folder}")


ALL = (registry, identify)
