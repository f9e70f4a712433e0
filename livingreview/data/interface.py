"""The files that programs read: their addresses below the site, and what each holds."""

from __future__ import annotations

from .phrases import phrases

BASE = "api/v1"
SCHEMA = "schema.json"
FILES = phrases(__package__, "interface.csv")
