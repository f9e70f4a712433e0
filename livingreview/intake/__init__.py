"""Data from outside: templates to fill in, and files that are taken into a data folder."""

from importlib import import_module

_FROM = {"IntakeError": "incoming", "Row": "incoming", "Joined": "joining", "join": "joining",
         "said": "joining", "opened": "opening", "write_folder": "template",
         "write_workbook": "template"}
__all__ = [*_FROM]


def __getattr__(name: str):
    """What is asked for from its module: a file is pooled without the tables of a review."""
    if name not in _FROM:
        raise AttributeError(f"module {__name__} has no {name}")
    return getattr(import_module(f".{_FROM[name]}", __name__), name)
