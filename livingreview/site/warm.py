"""Loads what the kernels of pages need; see `forked`."""

import ipykernel.kernelapp  # noqa: F401
import IPython.core.interactiveshell  # noqa: F401

from ..render import book, chapter, engine, ledger, preclinical, seeds, validation, versions

__all__ = ["book", "chapter", "ledger", "preclinical", "seeds", "validation", "versions"]

for _name in engine.environment().list_templates():
    engine.environment().get_template(_name)
