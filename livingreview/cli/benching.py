"""Commands that measure how well the review searches, screens and finds duplicates."""

from __future__ import annotations

import click


@click.group()
def bench() -> None:
    """Measure searching, screening and the finding of duplicates, each on known answers."""


ALL = (bench,)
