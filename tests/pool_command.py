"""The command `pool`, called as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from livingreview.__main__ import main


def csv(**columns) -> str:
    """A file with these columns."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


def called(folder: Path, content: str, *arguments: str) -> Result:
    """The command on a file with this content."""
    path = folder / "trials.csv"
    path.write_text(content, encoding="utf-8")
    out = CliRunner().invoke(main, ["pool", str(path), *arguments])
    assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
    return out


def answered(folder: Path, content: str, *arguments: str) -> dict:
    """The JSON of a call that ends well."""
    out = called(folder, content, *arguments, "--json")
    assert out.exit_code == 0, out.stderr
    return json.loads(out.stdout)
