"""The Retraction Watch file: all notices that are known, in one CSV that Crossref publishes.

It is looked up, not searched: one request takes the place of one for each paper.
"""

from __future__ import annotations

from ..net import Answer, Client

NAME = "retraction-watch"
PLATFORM = "Retraction Watch data, at GitLab"
DEFAULT_BASE = "https://gitlab.com/crossref/retraction-watch-data/-/raw/main"
PAUSE = 1.0
SECRETS: dict[str, str] = {}
CAP = 512 * 2**20  # bytes


def notices(client: Client) -> Answer:
    """The file as it is today.

    Raises
    ------
    SourceError
    """
    return client.get("retraction_watch.csv")
