"""What the static interface offers to programs."""

from __future__ import annotations

from ..data.interface import BASE, FILES, SCHEMA
from .base import Struct, View


class File(Struct):
    """A file by its name, and its address in each form; empty where there is none."""

    name: str
    json: str
    csv: str
    schema: str


class Interface(View, template="interface"):
    """The files of the interface; the template adds those that describe them."""

    files: tuple[File, ...]
    schema: str
    listed: str
    listed_schema: str


def interface() -> Interface:
    """Every file of the interface with what it holds."""
    return Interface(
        tuple(File(name, f"{BASE}/{name}.json", f"{BASE}/{name}.csv",
                   f"{BASE}/schema/{name}.json") for name in FILES),
        f"{BASE}/{SCHEMA}", f"{BASE}/index.json", f"{BASE}/schema/index.json")
