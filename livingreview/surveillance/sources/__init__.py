"""Sources that a command can ask, each a module by its name in the list search_source.

A module has ``NAME``, ``PLATFORM`` (where it is searched, with the version of its interface),
``DEFAULT_BASE``, ``PAUSE`` (seconds between two requests), ``SECRETS`` (parameters by the variables
of the environment that hold them) and may have ``NEEDED`` (those of them without which it is not
asked), ``HEADERS`` and ``CAP`` (bytes of one answer). One that can be searched has

- ``fetch(client, strategy, window_from, window_to)``, which yields every answer in order. Its
  requests follow from its arguments and from the answers alone, so that what is stored can be
  replayed. It raises `net.SourceError` on a shape that it does not know, and names the field.
- ``read(answers)``, which makes a `Found` of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..net import Answer, Client
from ..record import Record

MODULES = {"pubmed": "pubmed", "europe-pmc": "europepmc", "clinicaltrials": "clinicaltrials",
           "isrctn": "isrctn", "openalex": "openalex", "crossref": "crossref",
           "retraction-watch": "retractionwatch"}


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    hits : int
        As the source counts them.
    translation : str
        What the source made of the strategy; empty where it does not say.
    records : tuple of Record
        Each once.
    """

    hits: int
    translation: str
    records: tuple[Record, ...]


class Source(Protocol):
    """A module that can be searched."""

    NAME: str
    PLATFORM: str
    DEFAULT_BASE: str
    PAUSE: float
    SECRETS: dict[str, str]

    @staticmethod
    def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
              ) -> Iterator[Answer]:
        """Every answer, in order; windows are ISO dates, of which both ends belong to it."""

    @staticmethod
    def read(answers: Iterable[Answer]) -> Found:
        """What the answers say."""


def named(source: str) -> Source:
    """The module of a source.

    Raises
    ------
    KeyError
        When no command can ask it.
    """
    return importlib.import_module(f".{MODULES[source]}", __name__)
