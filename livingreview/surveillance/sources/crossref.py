"""Crossref: what is registered about a paper by its DOI, and who says that they update it.

It is looked up, not searched. A notice may be named by the record of the paper (``updated-by``)
or by that of the notice (``update-to``) alone, so both ways are asked.
"""

from __future__ import annotations

from urllib.parse import quote

from ..net import Answer, Client, SourceError

NAME = "crossref"
PLATFORM = "Crossref REST API"
DEFAULT_BASE = "https://api.crossref.org"
PAUSE = 0.4  # lists are answered three times a second to those who say who they are
SECRETS = {"mailto": "LIVINGREVIEW_EMAIL"}
ROWS = 1000  # of one page, its largest


def work(client: Client, doi: str) -> Answer:
    """The record of a paper or of a notice.

    Parameters
    ----------
    client : Client
    doi : str
        In lower case, without an address before it.

    Raises
    ------
    SourceError
        Also, with the status 404, when no such DOI is registered here.
    """
    return client.get(f"works/{quote(doi, safe='')}")


def updates(client: Client, doi: str) -> Answer:
    """The records that say of themselves that they update a paper.

    Parameters
    ----------
    client : Client
    doi : str

    Raises
    ------
    SourceError
        Also when the DOI has a comma, which parts filters here and cannot be written otherwise.
    """
    if "," in doi:
        raise SourceError(NAME, f"{doi}: its filter takes no DOI with a comma")
    return client.get("works", {"filter": f"updates:{doi}", "rows": ROWS})
