"""Commands that take data in, and that run chapters on other data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from ..data.asking import asked, kinds
from ..site.stopping import can_be_stopped
from ..site.workers import WorkersError
from . import exports
from .console import (
    DATA_HELP,
    FILE,
    FOLDER,
    ROOT,
    PathType,
    replacing,
    say,
    stop,
    valid,
    with_workers,
    workers_of,
)


@click.group()
def new() -> None:
    """Write what a new study, a new indication, or a review of your own begins with."""


@new.command()
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--indication", default="", help="Where the study belongs.")
@click.option("--out", type=PathType(path_type=Path), required=True,
              help="Workbook (.xlsx) or folder of CSV files to write; it must not be there yet.")
def study(data: Path | None, indication: str, out: Path) -> None:
    """Write an empty template for a study: a workbook, or a folder of CSV files.

    The workbook has a sheet for each table, with the allowed words of each column to choose from
    and its description as a remark. `import` takes it in when it is filled.
    """
    from ..intake import write_folder, write_workbook

    sound = valid(data)
    if indication and indication not in sound.indications:
        stop(f"{indication} is no indication: expected one of {', '.join(sound.indications)}", 2)
    try:
        if out.suffix.lower() == ".xlsx":
            write_workbook(sound, out, indication)
        elif out.suffix:
            stop(f"{out}: expected a workbook (.xlsx) or a folder", 2)
        else:
            write_folder(sound, out, indication)
    except OSError as error:
        stop(f"cannot write {out}: {error.strerror}", 2)
    click.echo(f"wrote {out}")


@new.command()
@click.argument("name")
@click.option("--label", required=True, help="Its name for readers.")
@click.option("--label-zh", default="", help="Its name in Chinese; the English one where it is "
              "left out.")
@click.option("--target", default="", help="Family of outcomes of the main question; the first of "
              "the list family where it is left out.")
@click.option("--comparison", default="", help="Control of the main question; the first of the "
              "list analysis_comparison where it is left out.")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--root", type=FOLDER, default=ROOT, help="Folder of the project; this one where it "
              "is left out.")
def indication(name: str, data: Path | None, root: Path, **chosen: str) -> None:
    """Begin the indication NAME: empty tables, first analyses, a chapter from the template.

    The data folder gets the tables of the indication, its word, the analyses of its main question
    and of its harms; the project gets a chapter and its line in the table of contents.
    """
    from ..site.indication import IndicationError, begin

    if data is None and root != ROOT:
        data = root / "data"
    sound = valid(data)
    try:
        made = begin(sound, root, name, **chosen)
        made.write(sound.folder, root)
    except IndicationError as error:
        stop(str(error), 2)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}; nothing was written", 2)
    for path in (*(sound.folder / path for path in made.data),
                 *(root / path for path in made.project)):
        click.echo(f"wrote {_near(path)}")
    click.echo(f"{len(made.analyses)} analyses are declared in analyses.csv: change them to what "
               "this chapter asks, and write its question. Studies come in with `new study` and "
               "`import`.")


@new.command()
@click.argument("folder", type=FOLDER)
@click.option("--title", required=True, help="Of the review.")
@click.option("--title-zh", default="", help="In Chinese; the English one where it is left out.")
@click.option("--indication", default="condition", show_default=True,
              help="Identifier of the first indication, such as migraine.")
@click.option("--label", default="", help="Its name for readers; its identifier, with a capital, "
              "where it is left out.")
@click.option("--label-zh", default="", help="Its name in Chinese; --label where it is left "
              "out.")
@click.option("--question", type=click.Choice([*kinds()]), default=next(iter(kinds())),
              show_default=True, help="What it asks: what a treatment does in people, how common "
              "something is, or what a treatment does in animals.")
def review(folder: Path, title: str, title_zh: str, indication: str, label: str, label_zh: str,
           question: str) -> None:
    """Begin a review of your own in FOLDER: a book that builds, on any subject.

    FOLDER must not be there yet, or be empty. It gets data tables with one made-up trial to be
    replaced, general vocabularies, the pages of one indication, a methods page with the choices
    that are open, a Makefile, tests, and a README that leads from a protocol to the first forest
    plot.
    """
    from ..site.newreview import ReviewError, begin

    label = label or indication.replace("-", " ").capitalize()
    try:
        made = begin(folder, title, title_zh or title, indication, label, label_zh or label,
                     question)
    except ReviewError as error:
        stop(f"{error}\nNothing was written.", 2)
    except OSError as error:
        stop(f"cannot write {error.filename}: {error.strerror}; nothing was written", 2)
    click.echo(f"wrote {len(made)} files in {_near(folder)}. Next: cd {_near(folder)}, make book, "
               "and read README.md.")


def _near(path: Path) -> Path:
    """A path as it is from the working directory, where it lies below that."""
    path = path.absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@click.command(name="import")
@click.argument("file", type=PathType(path_type=Path, exists=True))
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--indication", default="", help="Where the rows belong; a workbook or folder may "
              "say it.")
@click.option("--table", default="", help="Table of a CSV file that is not named after it.")
@click.option("--list", "filled", type=FILE, help="Of a data package or a review of RevMan 5: the "
              "list that says what its analyses are. It is written where it is not there yet.")
@click.option("--map", "mapped", type=FILE, help="Of a table or workbook with columns of its own: "
              "the map that says what they are. It is written where it is not there yet, and kept.")
@click.option("--tool", default="", help="Of a table of judgements: their tool, as rob2, where the "
              "table does not tell.")
@click.option("--reason", default="", help="Why, for the lines of the changelog.")
@click.option("--results/--no-results", "with_results", default=True,
              help="Compute what changes in results, and say so before asking (the default).")
@click.option("--yes", is_flag=True, help="Import without asking.")
@exports.with_search
def import_(file: Path, data: Path | None, indication: str, table: str, filled: Path | None,
            mapped: Path | None, tool: str, reason: str, with_results: bool, yes: bool,
            **search) -> None:
    """Take the rows of FILE into a data folder.

    FILE is a workbook or folder of `new study`, a CSV file with columns of one table, the data
    package of a Cochrane review (.zip, or unpacked in a folder), or a review of RevMan 5 (.rm5). A
    folder that bears the name of an indication belongs to it. The difference is shown and the
    result validated first, and what it does to results is said: each analysis that changes with its
    trials, estimate and certainty before and after. A row that is there already with other values
    is never overwritten: nothing is imported then.

    A table or workbook with columns of its own is taken by a map (--map): the first call writes it
    with a line for each column, you fill in what each is, and it is kept for the next.

    Judgements of risk of bias are also taken as robvis has them (.csv, .xlsx): a row for each
    study, with the columns Study, D1 and so on, or for each judgement, with Study, Domain and
    Judgement.

    Values that stand there are corrected by a table corrections.csv, alone or beside the others,
    with the columns file, key, column, old, new, source, locator and reason. What it says of the
    old value must be what stands there. The changelog gets a line for each correction.

    A new word of a list that is open (outcome, event, route, cointervention, tool, species) is
    proposed as a row of vocabularies.csv.

    FILE may also be what a person exported from a database: RIS (CENTRAL, Embase, Ovid, Zotero,
    Covidence, Rayyan, EndNote), PubMed (.nbib), XML of ICTRP, or, with --source, CSV of ASReview,
    EPPI-Reviewer, Covidence, Rayyan or ICTRP. It becomes a search in searches.csv, run by hand, and
    its records go the way of all others; the file is kept in the raw store.
    """
    from ..intake import IntakeError, join

    if any(search.values()) or exports.holds_records(file):
        if table or filled:
            stop(f"--table and --list are of rows of the data, and {file} holds records", 2)
        exports.take(file, data, indication, yes, search)
        return
    _check_kind(file, table, filled, mapped)
    sound = valid(data)
    if indication and indication not in sound.indications:
        stop(f"--indication {indication}: expected one of {', '.join(sound.indications)}\n"
             "Nothing was imported.", 2)
    try:
        rows, belongs = _rows_of(file, table, filled, mapped, tool, sound, indication)
        if not belongs and file.is_dir() and file.absolute().name in sound.indications:
            belongs = file.absolute().name
        if not rows:
            raise IntakeError([f"{file} holds no rows that can be imported"])
        if indication and belongs and indication != belongs:
            raise IntakeError([f"{file} says that it belongs to {belongs}, and --indication says "
                               f"{indication}: change one of them"], 2)
        indication = indication or belongs or (
            sound.indications[0] if len(sound.indications) == 1 else "")
        joined = join(sound, rows, indication, file.absolute().name, reason=reason)
    except IntakeError as error:
        stop("\n".join([*error.problems, "Nothing was imported."]), error.exit_code)
    except OSError as error:
        stop(f"cannot read {error.filename}: {error.strerror}", 2)
    _show(joined)
    if not joined.files:
        click.echo("every row is there already: nothing to import")
        return
    if with_results:
        _show_results(sound, joined)
    try:
        if not yes and not click.confirm("Import these rows?"):
            stop("Nothing was imported.", 1)
    except click.Abort:
        stop("\nNo answer: nothing was imported. Use --yes where nobody can answer.", 1)
    try:
        _renew_package(joined)
        joined.write()
    except OSError as error:
        stop(f"cannot write in {joined.folder}: {error.strerror}; nothing was imported", 1)
    click.echo(f"imported {joined.counted()}; changelog.csv says so"
               + (": give the reason of the new rows there" if joined.unexplained else ""))


def _packed(file: Path) -> bool:
    """Whether a file is a whole review, of which a list says what its analyses are."""
    if file.is_dir():
        return any(file.rglob("*-data-rows.csv"))
    return file.suffix.lower() in (".zip", ".rm5")


def _check_kind(file: Path, table: str, filled: Path | None, mapped: Path | None) -> None:
    """Refuse what is not taken, before anything is read."""
    from ..intake import opening

    if table and file.suffix.lower() != ".csv":
        stop(f"--table is of a CSV file, and {file} is none", 2)
    if mapped and (filled or table or file.suffix.lower() not in opening.MAPPED):
        stop(f"--map is of a table or workbook ({', '.join(opening.MAPPED)}) alone, without --list "
             f"and --table, not of {file}", 2)
    if filled and not _packed(file):
        stop(f"--list is of a data package or a review of RevMan 5, and {file} is none", 2)
    if not mapped and not opening.takes(file):
        stop("\n".join([*opening.refusal(file).problems, "Nothing was imported."]), 2)


def _by_map(file: Path, filled: Path, sound):
    """Rows of a file with columns of its own, by a map that is written where it is not there."""
    from ..intake import mapped

    if not filled.exists():
        grids = mapped.tables(file)
        with replacing(filled) as out:
            out.write(mapped.map_text(grids, sound.words, asked(sound.records("about"))))
        for line in mapped.left_out(file, grids):
            click.echo(f"not read: {line}", err=True)
        stop(f"wrote {filled}: fill in what each column is, then call this again", 0)
    found = mapped.read(file, filled, names=sound.names, words=sound.words)
    for line in found.passed:
        click.echo(f"not imported: {line}", err=True)
    return found.rows, ""


def _rows_of(file: Path, table: str, filled: Path | None, mapped: Path | None, tool: str, sound,
             indication: str):
    """Rows of a file, and where it says that they belong."""
    from ..intake import opened, revman, revman5, robvis

    if mapped:
        return _by_map(file, mapped, sound)
    if file.suffix.lower() in (".csv", ".xlsx") and not file.is_dir() and (
            table in ("", "risk_of_bias") and robvis.is_one(robvis.header_of(file))):
        known = {row["study_id"] for one in ([indication] if indication else sound.indications)
                 for row in sound.records("studies", one)}
        rows, passed = robvis.rows(file, tool, known)
        for line in passed:
            click.echo(f"not imported: {line}", err=True)
        return rows, ""
    if not _packed(file):
        found = opened(file, table, sound.names)
        return found.rows, found.indication
    package = revman5.read(file) if file.suffix.lower() == ".rm5" else revman.read(file)
    if filled is None:
        stop(f"{file.name} does not say what its analyses are in our words: name a list with "
             "--list FILE.csv, which is written, fill it in, and call this again", 2)
    if not filled.exists():
        with replacing(filled) as out:
            out.write(revman.list_text(package))
        stop(f"wrote {filled}: fill in what each analysis is, then call this again", 0)
    rows = revman.rows(package, filled)
    for line in package.passed:
        click.echo(f"not imported: {line}", err=True)
    for line in package.remarks:
        click.echo(f"note: {line}", err=True)
    return rows, ""


def _renew_package(joined) -> None:
    """Have the data package, where the folder has one, describe what the folder is to hold."""
    from ..site.versioned import datapackage_json

    if (joined.folder / "datapackage.json").is_file():
        joined.files["datapackage.json"] = datapackage_json(joined.after).encode()


def _show(joined) -> None:
    """The difference; ends with 1 where something is different or wrong."""
    from ..data.checks import counted
    from ..intake import said

    for line in joined.difference():
        click.echo(line)
    for problem in joined.problems:
        click.echo(f"{problem.level}: {said(problem)}", err=True)
    if joined.different:
        stop(f"rows that the folder has with other values: {len(joined.different)}. Correct them "
             "with corrections.csv, import overwrites nothing. Nothing was imported.", 1)
    if joined.errors:
        stop(f"{counted(joined.errors, 'error')}. Nothing was imported.", 1)


def _show_results(before, joined) -> None:
    """What the import does to the results of the indications that it touches."""
    from ..intake import outlook

    total = 2 * len(outlook.wanted(joined.after, joined.touched))
    try:
        with click.progressbar(length=total, label="results before and after",
                               file=sys.stderr) as bar:
            found = outlook.outlook(before, joined.after, joined.touched, lambda: bar.update(1))
    except (ValueError, ArithmeticError) as error:
        click.echo(f"results cannot be compared: {error}", err=True)
        return
    for line in outlook.lines(found, joined.after):
        click.echo(line)


@click.command()
@click.argument("names", metavar="NOTEBOOK...", nargs=-1, required=True)
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="A parameter of the notebooks, each once.")
@click.option("--out", type=FOLDER, default=Path("_build/rerun"), show_default=True,
              help="Folder to write in.")
@click.option("--language", default="en", show_default=True,
              help="Of the page: one that the book has, such as zh_CN.")
@with_workers
@can_be_stopped
def rerun(names: tuple[str, ...], data: Path | None, parameters: tuple[str, ...], out: Path,
          language: str, jobs: int | None, scheduler: str | None) -> None:
    """Run notebooks on other data, or with other questions.

    NOTEBOOK is the name of a chapter, which is that of its indication and whose pages are then all
    run, or of another computed page, or a path. Each gives one HTML page, a chapter too, and
    executed notebooks; they name their data, parameters and versions, and the page needs nothing
    beside it. Readers can select studies of their own on it, unless that makes it larger than 2 MB.
    The chapter of an indication takes the parameters window (end in months) and comparator (a word
    of analysis_comparison), of which it refuses what none of its analyses asks, with the list of
    what they ask; the other pages take none.
    """
    from ..render.languages import language as known
    from ..site import rerun as again

    workers = workers_of(jobs, scheduler)
    sound, language = valid(data), known(language).code
    try:
        chosen, prose = again.parsed(parameters), again.prose_of(ROOT, language)
        pages: dict[Path, str] = {}
        for name in names:
            pages |= {p: page for p, page in again.found(ROOT, name).items() if p not in pages}
        reruns = [again.prepared(path, page, sound, chosen, language)
                  for path, page in pages.items()]
    except again.RerunError as error:
        stop(str(error), 2)
    done, failed = {}, []
    try:
        for one, result in again.run(reruns, sound, ROOT / "_build" / "store", workers):
            if isinstance(result, str):
                done[one.name] = result
            else:
                click.echo(f"failed: {result}", err=True)
                failed.append(one.page)
            if one.page not in failed:
                _write_page(one.page, [r.name for r in reruns if r.page == one.page], done, out,
                            lambda found: again.page(found, sound, language, prose))
    except WorkersError as error:
        stop(str(error), 1)
    if failed:
        stop(f"{len(failed)} of {len(reruns)} notebooks failed: nothing was written for their "
             "pages", 1)


def _write_page(page: str, names: list[str], done: dict[str, str], out: Path,
                made: Callable[[dict[str, str]], str]) -> None:
    """Write a page and its notebooks when the last of them is there."""
    if not done.keys() >= set(names):
        return
    for name in names:
        with replacing(out / f"{name}.ipynb") as notebook:
            notebook.write(done[name])
    with replacing(out / f"{page}.html") as file:
        file.write(made({name: done[name] for name in names}))
    say(f"wrote {out / page}.html and .ipynb")


ALL = (new, import_, rerun)
