"""The README's picture: the forest plot that the project's own ``about.csv`` names.

``python -m livingreview.site.picture FILE`` draws it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..data.about import about
from ..data.dataset import load
from ..render.engine import render
from ..review import Review
from ..view.figure import Figures


def picture(review: Review) -> str:
    """The picture, as SVG on white.

    Parameters
    ----------
    review : Review
        Of this project's data.
    """
    figures = Figures(review)
    analysis = about(review.data)["picture"]
    return f"{render(figures.forest(review.analysis(analysis)), form='svg')}\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(picture(Review.by_need(load())), encoding="utf-8")
    print(f"wrote {path.name}")
