"""The book's builder as a process of its own that can be stopped; `site.build` starts it."""

from __future__ import annotations

import logging

from .stopping import stoppable


def main() -> None:
    """Run jupyter-book with the arguments of this process."""
    logging.raiseExceptions = False  # output that nobody reads is no error of the book
    with stoppable("jupyter-book"):
        from jupyter_book.cli.main import main as jupyter_book

        jupyter_book()


if __name__ == "__main__":
    main()
