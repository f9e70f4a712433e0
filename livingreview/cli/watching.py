"""Commands that watch over what is known already."""

from __future__ import annotations

ALL = ()
