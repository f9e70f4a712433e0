"""Results as they are written: plain keys, ten significant digits."""

from __future__ import annotations

import json
import math

from ..synthesis import Pooled

SIGNIFICANT = 10  # digits of a number in results.json
ENDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")


def _number(value) -> float | None:
    return None if value is None else float(value)


def keys_of(pooled: Pooled) -> dict:
    """A pooled estimate as plain keys, everything on the scale of the effects.

    Parameters
    ----------
    pooled : synthesis.Pooled

    Returns
    -------
    dict
    """
    return {"k": int(pooled.k), "model": pooled.model, "tau2_method": pooled.tau2_method,
            "interval": pooled.interval, "warnings": list(pooled.warnings)} | {
        key: _number(getattr(pooled, key)) for key in (
            *ENDS, "se", "df", "p_value", "tau2", "tau2_low", "tau2_high", "i2", "h2", "q", "q_df",
            "q_p")}


def rounded(value):
    """Results as they are published: numbers with ten significant digits, plain lists.

    So results do not depend on the last bits, and can be compared with those of a version.
    """
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a result that is not finite must be absent, with its reason")
        number = float(f"{value:.{SIGNIFICANT}g}")
        return int(number) if number == int(number) and abs(number) < 1e15 else number
    return value


def dumps(document: dict) -> str:
    """``results.json``: sorted keys, ten significant digits, no clock, host or path.

    Parameters
    ----------
    document : dict

    Returns
    -------
    str
    """
    return json.dumps(rounded(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True,
                      allow_nan=False) + "\n"
