"""Pages that look across indications."""

from .book import Book

__all__ = ["Book"]
