"""Data from outside: templates to fill in, and files that are taken into a data folder."""

from .incoming import IntakeError, Row
from .joining import Joined, join, said
from .opening import opened
from .template import write_folder, write_workbook

__all__ = ["IntakeError", "Joined", "Row", "join", "opened", "said", "write_folder",
           "write_workbook"]
