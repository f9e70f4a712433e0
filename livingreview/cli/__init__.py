"""The command line: one module for each family of commands.

Exit codes: 0 done, 1 the data or the result is wrong, 2 the call is wrong, 3 something is due or
waits for a person.
"""

from __future__ import annotations

import os

import click

from . import (
    benching,
    collecting,
    evidence,
    giving,
    living,
    pooling,
    publishing,
    registering,
    screening,
    surveying,
    taking,
    watching,
)
from .console import stop

_LAST_EPOCH = 253402300799  # the last second of the year 9999


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livingreview")
def main() -> None:
    """A living systematic review: check the data, compute the results, build the book."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "0")  # numpy and sphinx read it too
    if not (epoch.isdecimal() and int(epoch) <= _LAST_EPOCH):
        stop(f"SOURCE_DATE_EPOCH={epoch}: expected seconds since 1970, a whole number", 2)


for _command in (*evidence.ALL, *publishing.ALL, *pooling.ALL, *collecting.ALL, *taking.ALL,
                 *giving.ALL, *surveying.ALL,
                 *benching.ALL, *registering.ALL, *screening.ALL, *watching.ALL, *living.ALL):
    main.add_command(_command)
