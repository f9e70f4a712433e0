"""By what a study is known."""

from __future__ import annotations

from collections.abc import Mapping


def is_named(study: Mapping) -> bool:
    """Whether something identifies a study, which else may be there under another name."""
    known = ("first_author", "title", "registration", "doi", "pmid")
    return not study["study_id"].startswith("unnamed-") and any(study[key] for key in known)
