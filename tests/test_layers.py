"""Modules hold no markup and no sentence, templates no text outside messages, rooms no circle."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import nodes

from livingreview.render.engine import TEMPLATES, environment

PACKAGE = Path(__file__).resolve().parents[1] / "livingreview"
THEME = PACKAGE / "site" / "theme"
SCREENING = PACKAGE / "surveillance" / "page"
PARTS = sorted(p for folder in (TEMPLATES, THEME, SCREENING) for p in folder.rglob("*")
               if p.suffix in (".html", ".svg", ".txt", ".xml"))
MARKUP = re.compile(r"</?[a-z][a-z0-9]*[\s>/]")
WORDS = re.compile(r"[A-Za-z]{2,}[ ,;:]+[A-Za-z]{2,}[ ,;:]+[A-Za-z]{2,}")


def _searched(node: ast.AST) -> bool:
    """Whether a call only looks for a text in a page."""
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name) and node.func.value.id == "re")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(path)))


@cache
def _strings(path: Path) -> list[ast.Constant]:
    """Text in a module's code; docstrings and errors of developers are none of a page's."""
    apart = set()
    for node in _nodes(path):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef,
                             ast.AsyncFunctionDef)) and ast.get_docstring(
                node, clean=False) is not None:
            apart.add(node.body[0].value)
        if isinstance(node, ast.Raise) or _searched(node):
            apart.update(n for n in ast.walk(node) if isinstance(n, ast.Constant))
    return [n for n in _nodes(path) if isinstance(n, ast.Constant) and isinstance(n.value, str)
            and n not in apart]


def test_no_module_holds_markup():
    modules = sorted(PACKAGE.rglob("*.py"))
    found = [f"{path}:{n.lineno}: {n.value}" for path in modules for n in _strings(path)
             if MARKUP.search(n.value)]
    assert modules and not found, "\n".join(found)


# Rooms whose modules hold no sentence.
WITHOUT_SENTENCES = ("synthesis", "effects", "review", "view", "render", "site")
# Calls that a command speaks by: they end it with an error, or say what it is doing.
SAYING = {"refuse", "_refuse", "check", "check_n", "spread", "_stop", "say", "info", "warning"}
# Strings of several words that are no sentence of a page, with what they are.
NO_SENTENCE = {
    "synthesis/dependence": {"ic,ij,jc->c": "a sum of products"},
    "synthesis/regression": {"ij,jk,ik->i": "a sum of products"},
    "site/notebooks": {"from livingreview.data import reads as _reads\nprint(_reads.seen())":
                       "code that a kernel runs"},
    "site/stopping": {"nobody reads its output any more": "the last words of a command"},
    "site/workers": {"no livingreview, or another one": "what an error says of a worker"},
}


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _errors(path: Path) -> set[ast.Constant]:
    """What the errors and the progress of commands say, also by way of a name or a function."""
    spoken = [n for n in _nodes(path) if isinstance(n, ast.Raise)
              or isinstance(n, ast.Call) and _called(n) in SAYING]
    parts = [n for one in spoken for n in ast.walk(one)]
    names = {n.id for n in parts if isinstance(n, ast.Name)}
    makers = {_called(n) for n in parts if isinstance(n, ast.Call)}
    for node in _nodes(path):
        if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id in names for t in node.targets):
            spoken.append(node.value)
        if isinstance(node, ast.FunctionDef) and node.name in makers:
            spoken += [n for n in ast.walk(node) if isinstance(n, ast.Return)]
    return {n for one in spoken for n in ast.walk(one) if isinstance(n, ast.Constant)}


@pytest.mark.parametrize("room", WITHOUT_SENTENCES)
def test_a_module_holds_no_sentence(room):
    modules = sorted((PACKAGE / room).rglob("*.py"))
    wrong, unneeded = [], []
    for path in modules:
        places = {(n.lineno, n.col_offset) for n in _errors(path)}
        found = [n for n in _strings(path) if WORDS.search(n.value)
                 and (n.lineno, n.col_offset) not in places]
        known = NO_SENTENCE.get(path.relative_to(PACKAGE).with_suffix("").as_posix(), {})
        wrong += [f"{path}:{n.lineno}: {n.value}" for n in found if n.value not in known]
        unneeded += [f"{path}: {said}" for said in known.keys() - {n.value for n in found}]
    assert modules and not wrong, "\n".join(wrong)
    assert not unneeded, "exceptions that are no longer needed:\n" + "\n".join(unneeded)


def _outside(path: Path) -> list[str]:
    """Words of a template that are no message: between tags, or in an attribute that is read."""
    tree = environment().parse(path.read_text(encoding="utf-8"))
    text = "\0".join(n.data for n in tree.find_all(nodes.TemplateData))
    text = re.sub(r"<(style|script|pre|code)\b.*?</\1>", "", text, flags=re.S)
    read = re.findall(r'(?:title|alt|aria-label|placeholder)="([^"\0]*[A-Za-z]{2}[^"\0]*)"', text)
    return read + re.findall(r"[A-Za-z]{2,}", re.sub(r"&[a-z]+;", "", re.sub(
        r"<[^>]*>|<[^>]*$|^[^<>]*>", "", re.sub(r"\bdata-[a-z]*|\0", "", text))))


@pytest.mark.parametrize("path", PARTS, ids=lambda p: p.name)
def test_every_word_of_a_template_is_a_message(path):
    units = {"CSV", "SVG", "PNG", "JSON", "DOI", "PMID", "SD", "SE", "CI"}
    assert set(_outside(path)) <= units


def _messages(catalogue) -> set[tuple[str, ...]]:
    return {m.id if isinstance(m.id, tuple) else (m.id,) for m in catalogue if m.id}


def test_the_catalogue_lists_the_messages_of_the_templates(tmp_path, monkeypatch):
    monkeypatch.chdir(PACKAGE.parent)
    made = tmp_path / "made.pot"
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F",
                    "livingreview/render/babel.cfg", "-o", made, TEMPLATES, THEME, SCREENING],
                   check=True)
    found, listed = (_messages(read_po(path.open("rb"))) for path in (
        made, TEMPLATES.with_name("locale") / "livingreview.pot"))
    assert listed == found, "run `make words`"


ROOMS = ("synthesis", "data", "effects", "review", "view", "render", "intake", "site",
         "surveillance", "cli")


def _imported(path: Path) -> set[str]:
    """The rooms from which a module imports, functions' own imports too."""
    depth = len(path.relative_to(PACKAGE).parts) - 1
    found = set()
    for node in _nodes(path):
        if isinstance(node, ast.ImportFrom) and node.level == depth + 1:
            found |= {node.module.split(".")[0]} if node.module else {a.name for a in node.names}
    return found - {"__version__"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_before_it(room):
    before = set(ROOMS[:ROOMS.index(room)])
    wrong = {str(path.relative_to(PACKAGE)): later for path in (PACKAGE / room).rglob("*.py")
             if (later := {r for r in _imported(path) - before})}
    assert not wrong


def test_every_module_is_in_a_room():
    loose = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert not loose and folders == set(ROOMS)
