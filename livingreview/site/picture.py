"""The README's picture: the forest plot that the project's own ``about.csv`` names."""

from __future__ import annotations

from pathlib import Path

from ..data.dataset import load
from ..render.engine import render
from ..review import Review
from ..view.figure import Figures

PATH = Path(__file__).resolve().parents[2] / "book" / "_static" / "knee-pain-forest.svg"


def picture(review: Review) -> str:
    """The picture, as SVG on white.

    Parameters
    ----------
    review : Review
        Of this project's data.
    """
    figures = Figures(review)
    about = {row["key"]: row["value"] for row in review.data.records("about")}
    return f"{render(figures.forest(review.analysis(about['picture'])), form='svg')}\n"


if __name__ == "__main__":
    PATH.write_text(picture(Review.by_need(load())), encoding="utf-8")
    print(f"wrote {PATH.name}")
