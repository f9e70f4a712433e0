"""Commands that search sources."""

from __future__ import annotations

ALL = ()
