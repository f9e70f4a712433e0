"""Weights of trials that do not tell what a trial does."""


def weightless(result: dict, study: dict) -> bool:
    """Whether a trial has the weight 0 in a pool that its numbers move all the same."""
    return study["weight"] == 0 and result["pooled"]["model"] == "mantel-haenszel"
