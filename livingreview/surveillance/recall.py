"""Relative recall of strategies: how many of the known studies each of them finds.

It is relative to what is known, and what is known was easy to find: a share of one does not say
that nothing is missed. Half of the known numbers is held out, to be looked at only when a strategy
is finished. A second reference set is what others included: the export of a review's studies.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..data.strategies import strategies
from . import files
from .net import SourceError, client
from .record import registrations_in
from .sources import named
from .syntax import SYNTAXES, StrategyError, Term, finds, parsed, plain, terms_of

# The numbers by which a source knows a study, and how those begin.
NUMBERS = {"pubmed": ("pmid", ""), "europe-pmc": ("pmid", ""),
           "clinicaltrials": ("registration", "NCT"), "isrctn": ("registration", "ISRCTN")}
BY_TITLE = ("pubmed", "europe-pmc")  # a registry adds synonyms that no title shows
DRAFTING, HELD_OUT, ALL, REFERENCE = "drafting", "held out", "all", "reference"
SEED = 20261130
STREAM = "human"
_PATIENCE = 2  # failures of a source after which it is left alone


@dataclass(frozen=True)
class Needed:
    """What one term of a strategy finds that no other term of it finds.

    Attributes
    ----------
    indication, source : str
    term : Term
    alone : tuple of str
        Studies that the strategy would miss without the term.
    """

    indication: str
    source: str
    term: Term
    alone: tuple[str, ...]


@dataclass(frozen=True)
class Recall:
    """What one strategy finds of one set.

    Attributes
    ----------
    indication, source : str
    part : str
        'drafting', 'held out', 'all' or 'reference'.
    known, found : tuple of str
        Numbers, or study_ids where titles are searched.
    missed : tuple of str
        What is known and not found, each with its study.
    """

    indication: str
    source: str
    part: str
    known: tuple[str, ...]
    found: tuple[str, ...]
    missed: tuple[str, ...]


def written(data: Dataset, sources: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The strategies of a folder, each as indication, source and text.

    Raises
    ------
    StrategyError
        With every problem of every strategy, and its file.
    """
    found = [one for one in strategies(data) if one.source in sources]
    problems = []
    for one in found:
        try:
            parsed(one.text, one.source)
        except StrategyError as error:
            problems += [f"{one.path}: {problem}" for problem in error.problems]
    if problems:
        raise StrategyError(problems)
    yield from ((one.indication, one.source, one.text) for one in found)


def studies_of(data: Dataset, indication: str) -> list[Mapping]:
    """The known studies of people."""
    return [row for row in data.records("studies", indication) if row["species"] == STREAM]


def reference_of(content: bytes, name: str) -> list[dict]:
    """Studies of an exported file, such as those that another review included.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for errors.

    Raises
    ------
    FileError
        As `files.read`.
    """
    return [{"study_id": one.title or one.number, "title": one.title, "pmid": one.pmid,
             "registration": one.registrations}
            for one in files.read(content, name, "other").records]


def numbers_of(studies: Iterable[Mapping], source: str) -> dict[str, str]:
    """Numbers by which a source knows studies, each with the study that it belongs to."""
    column, start = NUMBERS[source]
    numbers: dict[str, str] = {}
    for study in studies:
        # what is not of the usual form would make a source refuse the whole request
        listed = ((study[column],) if start == "" else registrations_in(*study[column] or ()))
        for number in filter(None, listed):
            if number.startswith(start):
                numbers.setdefault(number, study["study_id"])
    return numbers


def halves(numbers: Iterable[str], seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Numbers to draft with, and those that are held out; of an odd count one more to draft with.

    The same numbers and seed give the same halves, in whatever order they come.
    """
    ordered = sorted(numbers)
    out = set(random.Random(seed).sample(ordered, len(ordered) // 2))
    return (tuple(n for n in ordered if n not in out), tuple(n for n in ordered if n in out))


def measured(data: Dataset, asked: Sequence[tuple[str, str, str]], seed: int = SEED, *,
             reference: Sequence[Mapping] = (), failed: Callable[[SourceError, str], None],
             done: Callable[[], None] = lambda: None) -> Iterator[Recall]:
    """Ask each source, by one request for each strategy, which known numbers it finds.

    Parameters
    ----------
    data : Dataset
    asked : sequence of (indication, source, text)
    seed : int
        For the halves.
    reference : sequence of mapping, optional
        Studies to be found in place of the known ones, as `reference_of` reads them; they are one
        set, of which nothing is held out.
    failed : callable
        Is told of a source that did not answer, and of the indication; the others go on. A source
        that failed twice is not asked again.
    done : callable
        Is called after each strategy.

    Yields
    ------
    Recall
        Of each half that is not empty, or of the reference.
    """
    failures: Counter[str] = Counter()
    for indication, source, text in asked:
        belongs = numbers_of(reference or studies_of(data, indication), source)
        try:
            if belongs and failures[source] >= _PATIENCE:
                raise SourceError(source, "it is not asked again after it failed twice")
            found = named(source).known(client(source), plain(text), sorted(belongs)) \
                if belongs else frozenset()
        except SourceError as error:
            failures[source] += 1
            failed(error, indication)
        else:
            sets = {REFERENCE: tuple(sorted(belongs))} if reference else dict(
                zip((DRAFTING, HELD_OUT), halves(belongs, seed), strict=True))
            for part, numbers in sets.items():
                if numbers:
                    yield _recall(indication, source, part, numbers, found, belongs)
        done()


def _recall(indication, source, part, numbers, found, belongs) -> Recall:
    return Recall(indication, source, part, numbers, tuple(n for n in numbers if n in found),
                  tuple(f"{n} ({belongs[n]})" for n in numbers if n not in found))


def _titles(data: Dataset, indication: str, reference: Sequence[Mapping]) -> dict[str, str]:
    """Titles of a reference, else of the known studies of people, that have one."""
    return {row["study_id"]: row["title"]
            for row in reference or studies_of(data, indication) if row["title"]}


def by_titles(data: Dataset, asked: Sequence[tuple[str, str, str]],
              reference: Sequence[Mapping] = ()) -> Iterator[Recall]:
    """What strategies find by the words of the titles of studies alone, without a network.

    A record has its abstract and headings too, so a source finds more.

    Yields
    ------
    Recall
        Of all studies of people that have a title.
    """
    for indication, source, text in asked:
        tree = parsed(text, source)
        titles = _titles(data, indication, reference)
        found = [study for study, title in titles.items() if finds(tree, title, source)]
        yield Recall(indication, source, ALL, tuple(titles), tuple(found),
                     tuple(f"{study}: {title}" for study, title in titles.items()
                           if study not in found))


def by_term(data: Dataset, asked: Sequence[tuple[str, str, str]],
            reference: Sequence[Mapping] = ()) -> Iterator[Needed]:
    """For each term of strategies, in their order, the known titles that nothing else finds.

    A term without such a title is no term to be struck: it is looked for in abstracts too, and in
    records that nobody knows yet. Headings, which no title shows, are left out.

    Yields
    ------
    Needed
    """
    for indication, source, text in asked:
        tree, titles = parsed(text, source), _titles(data, indication, reference)
        found = {study: title for study, title in titles.items() if finds(tree, title, source)}
        for term in dict.fromkeys(terms_of(tree)):
            if term.field not in SYNTAXES[source].headings:
                yield Needed(indication, source, term, tuple(
                    study for study, title in found.items()
                    if not finds(tree, title, source, without=term)))


def together(recalls: Iterable[Recall]) -> list[Recall]:
    """What sources that know studies by the same numbers find together, for each half.

    Returns
    -------
    list of Recall
        Of all indications (an empty one), with the names of the sources joined by a plus sign.
    """
    sets: dict[tuple, list[Recall]] = {}
    for one in recalls:
        sets.setdefault((NUMBERS[one.source], one.part), []).append(one)
    out = []
    for (_, part), ones in sets.items():
        known = dict.fromkeys((one.indication, n) for one in ones for n in one.known)
        found = {(one.indication, n) for one in ones for n in one.found}
        said = {(one.indication, miss.partition(" ")[0]): miss
                for one in ones for miss in one.missed}
        out.append(Recall(
            "", "+".join(dict.fromkeys(one.source for one in ones)), part,
            tuple(number for _, number in known),
            tuple(pair[1] for pair in known if pair in found),
            tuple(said[pair] for pair in known if pair not in found)))
    return out
