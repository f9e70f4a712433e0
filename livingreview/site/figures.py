"""Files of the analyses: data as CSV and JSON, forest plots as SVG and PNG."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.phrases import phrases
from ..render.engine import render
from ..review import rounded
from ..review.measure import uncontrolled, weightless
from ..view.base import packed
from ..view.figure import Figures, files_of
from ..view.forest import Forests
from ..view.naming import of_study, spoken
from ..view.network import file_of

if TYPE_CHECKING:
    from PIL import Image

ZOOM = 2  # pixels of a picture for one of its drawing
PRINTED = 3  # pixels of a printed one, of which CSS has 96 in an inch
COLOURS = 64  # of a picture: more would only tell shades of the edges of letters
_FONT, _FILE = "DejaVu Sans", "DejaVuSans"
_RECOMPUTE = ("trial_id", "study_id", "yi", "vi", "n_intervention", "n_comparator", "weight")
_LAST = ("yi", "vi", "quality", "derivation")


def _number(value: object) -> object:
    """A value of a CSV with the digits of ``results.json``."""
    return f"{rounded(value):.10g}" if isinstance(value, float) else value


def csv_text(forests: Forests, result: dict) -> str:
    """The data of a forest plot as CSV, a row for each trial.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    result : dict
        One analysis of ``results.json``.
    """
    alone = uncontrolled(result)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER_ALONE if alone else _HEADER)
    for study in result["studies"]:
        name = str(forests.names[study["trial_id"]])
        middle = _alone(study) if alone else _arms(study)
        weight = study["weight"] if result["k"] > 1 else None
        note = [] if alone else [_without(result, study)]
        writer.writerow(map(_number, (
            name, study["study_id"], study["outcome"], study["months"], study["statistic"],
            *middle, study["estimate"], study["ci_low"], study["ci_high"], weight, *note,
            study["yi"], study["vi"], study["quality"],
            spoken("; ".join(study["derivation"]), of_study(forests.arms, study["study_id"])))))
    return text.getvalue()


_COLUMNS = phrases(__package__, "figure_columns.csv")
_FIRST = ("study_id", "outcome", "months", "statistic")
_HEADER, _HEADER_ALONE = (tuple(_COLUMNS.get(name, name) for name in names) for names in (
    ("trial", *_FIRST, "n-treated", "mean-or-events-treated", "sd-treated", "n-comparator",
     "mean-or-events-comparator", "sd-comparator", "effect", "ci-low", "ci-high", "weight",
     "without", *_LAST),
    ("study", *_FIRST, "n", "baseline-mean", "last-mean", "events", "value", "ci-low", "ci-high",
     "weight", *_LAST)))


def _arms(study: dict) -> Iterator[object]:
    for side in ("intervention", "comparator"):
        arm = study[side] or {"mean": None, "events": None, "sd": None}
        yield from (study[f"n_{side}"],
                    arm["mean"] if arm["events"] is None else arm["events"], arm["sd"])


def _alone(study: dict) -> list[object]:
    means = [study[visit]["mean"] if study[visit] else None for visit in ("baseline", "last")]
    return [study["n_intervention"], *means, study["intervention"]["events"]]


def _without(result: dict, study: dict) -> float | None:
    """What the estimate is without a trial of weight 0 whose numbers move it all the same."""
    return (study.get("without") or {}).get("estimate") if weightless(result, study) else None


def json_text(figures: Figures, result: dict) -> str:
    """The view of a forest plot with what is needed to pool its trials again.

    Parameters
    ----------
    figures : Figures
    result : dict
        One analysis of ``results.json``.
    """
    document = {"id": result["id"], "method": result["method"], "pooled": result["pooled"],
                **{key: result[key] for key in ("random_effects", "common_effect", "posterior")},
                "trials": [{key: s[key] for key in _RECOMPUTE} for s in result["studies"]],
                **packed(figures.forest(result))}
    return _compact(figures, document)


def _compact(figures: Figures, document: dict) -> str:
    """A document of results with the names that the review's files have."""
    return json.dumps(rounded(figures.review.data.names.own.result(document)), ensure_ascii=False,
                      separators=(",", ":")) + "\n"


def png(svg: str) -> bytes:
    """A drawing as a picture with few colours.

    Its letters are those of a font that is installed with the package, so that a picture is the
    same on every machine, also on one without fonts.
    """
    from PIL import Image

    image = _picture(svg, ZOOM).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pdf(svg: str) -> bytes:
    """A drawing as a page of PDF of its own size, as a picture fit for printing."""
    out = io.BytesIO()
    _picture(svg, PRINTED).save(out, "PDF", resolution=96 * PRINTED)
    return out.getvalue()


def _picture(svg: str, zoom: float) -> Image.Image:
    """A drawing in pixels, with the fonts of the package."""
    import matplotlib
    import resvg_py
    from PIL import Image

    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, zoom=zoom, skip_system_fonts=True, font_family=_FONT,
        sans_serif_family=_FONT,
        font_files=[str(fonts / f"{_FILE}{face}.ttf") for face in ("", "-Bold", "-Oblique")])
    return Image.open(io.BytesIO(drawn)).convert("RGB")


def texts(figures: Figures, only: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Addresses and contents of all files that are text.

    Parameters
    ----------
    figures : Figures
    only : sequence of str, optional
        Indications; all where it is left out.
    """
    for indication in only or figures.review.data.indications:
        for document in figures.review.networks(indication):
            if document["asked"]:
                yield file_of(document), _compact(figures, document)
    for result in figures.results(only):
        files = files_of(result)
        yield files.json, json_text(figures, result)
        if files.csv:
            yield files.csv, csv_text(figures.forests(result["indication"]), result)
            yield files.svg, str(render(figures.forest(result), form="svg")) + "\n"


def write(figures: Figures, folder: Path, only: Sequence[str] = ()) -> None:
    """Write the files of analyses; a picture is drawn only where its drawing has changed.

    Parameters
    ----------
    figures : Figures
    folder : Path
        Root of the site.
    only : sequence of str, optional
        Indications; all where it is left out.
    """
    made = [files_of(r) for r in figures.results(only)]
    pictures = {files.svg: files.png for files in made}
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for files in made:
        for ending in (".csv", ".svg", ".png") if not files.svg else ():  # of trials that are gone
            (folder / files.json).with_suffix(ending).unlink(missing_ok=True)
    for address, text in texts(figures, only):
        path, content = folder / address, text.encode()
        same = path.is_file() and path.read_bytes() == content
        if not same:
            path.write_bytes(content)
        picture = pictures.get(address) if address.endswith(".svg") else ""
        if picture and not (same and (folder / picture).is_file()):
            (folder / picture).write_bytes(png(text))
