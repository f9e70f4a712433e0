"""Time of builds of the book, beside a plain build of the same content; see `make bench`.

All builds run in copies of the project. The plain build has the same pages and the same settings
but not our extension: jupyter-book executes every notebook, one after another, and each computes
its own results. The files that the extension writes (bibliography, results, data) are given to it
ready-made, so that its pages are the same.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from livingreview.view.base import MIME

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = "livingreview.site.extension"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", "__pycache__", ".pytest_cache")


def build(root: Path) -> tuple[float, str]:
    """Seconds of the build of a copy, and what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LIVINGREVIEW_")}
    environment["PYTHONPATH"] = str(root)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
         str(root)], cwd=root, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode or not (root / "_build" / "html" / "index.html").is_file():
        sys.exit(f"the build of {root} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return seconds, done.stdout


def without_extension(root: Path, built: Path) -> Path:
    """The copy for the plain build, with what the extension of another copy wrote."""
    shutil.copytree(ROOT, root, ignore=LEFT_OUT)
    given = root / "given"
    shutil.copytree(built / "_build" / "generated" / "site", given / "site")
    shutil.copy(built / "_build" / "generated" / "references.bib", given)
    path = root / "_config.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["bibtex_bibfiles"] = ["given/references.bib"]
    config["sphinx"]["extra_extensions"].remove(EXTENSION)
    config["sphinx"]["config"] |= {"html_extra_path": ["given/site"],
                                   "myst_substitutions": {"repository_links": ""},
                                   # views as their HTML: nothing else writes them here
                                   "nb_mime_priority_overrides": [["html", MIME, None]]}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return root


def change_a_cell(root: Path, indication: str) -> str:
    """Change the remark of the last outcome of an indication; what was changed."""
    path = root / "data" / indication / "outcomes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[-1]["note"] = f"{rows[-1]['note']} (changed)"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return str(path.relative_to(root))


def middle_indication() -> str:
    """The indication whose table of outcomes is of middle size."""
    files = sorted((ROOT / "data").glob("*/outcomes.csv"), key=lambda p: p.stat().st_size)
    return files[len(files) // 2].parent.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--indication", default=middle_indication(),
                        help="whose table gets the changed cell (%(default)s)")
    indication = parser.parse_args().indication
    with tempfile.TemporaryDirectory(prefix="livingreview-bench-") as folder:
        root = Path(shutil.copytree(ROOT, Path(folder) / "book", ignore=LEFT_OUT))
        times = {"cold build": build(root), "nothing changed": build(root)}
        changed = change_a_cell(root, indication)
        times[f"one cell of {changed} changed"] = build(root)
        plain = build(without_extension(Path(folder) / "plain", root))[0]
    cold = times["cold build"][0]
    print(f"{os.cpu_count()} cores; plain jupyter-book build of the same content: {plain:.1f} s")
    for name, (seconds, said) in times.items():
        print(f"{name}: {seconds:.1f} s, {seconds / plain:.2f} of the plain build, "
              f"{seconds / cold:.2f} of the cold one; {said.count('to execute:')} pages executed")


if __name__ == "__main__":
    main()
