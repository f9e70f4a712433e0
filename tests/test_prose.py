"""No number is typed into prose, and the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "notebooks").glob("*.md")), ROOT / "book" / "index.md"]
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def _prose(text: str) -> str:
    """A page without front matter, code, directives, roles, link targets and inline code."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    text = re.sub(r"\{[a-z:]+\}`[^`]*`", "", text)
    text = re.sub(r"`[^`]*`", "", text)
    return re.sub(r"\]\([^)]*\)", "]", text)


def _allowed() -> list[re.Pattern]:
    lines = (ROOT / "tests" / "allowed_numbers.txt").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line.strip() and not line.startswith("#")]
    for rule in rules:
        assert "##" in rule, f"no reason: {rule}"
    return [re.compile(rule.split("##")[0].strip()) for rule in rules]


def _typed(text: str) -> list[str]:
    prose = DATE.sub("", _prose(text))
    for pattern in _allowed():
        prose = pattern.sub("", prose)
    return [line for line in prose.splitlines() if re.search(r"\d", line)]


def test_no_number_is_typed_into_prose():
    for page in PAGES:
        assert not _typed(page.read_text(encoding="utf-8")), page.name


def test_the_rule_finds_a_typed_number():
    assert _typed("Pain fell by 12 points.\n")
    assert not _typed("On 2026-11-22 `x = 3` and {cite}`kim-2023`.\n```{code-cell}\n1 + 1\n```\n")


def test_nothing_names_a_machine():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    path = re.compile(r"(?<![\w.])/(?:root|work|home/\w+|farm)/")
    for name in files:
        if name.endswith((".py", ".md", ".yml", ".toml", ".css", ".js", "Makefile")):
            if name == "tests/test_prose.py":
                continue
            found = path.search((ROOT / name).read_text(encoding="utf-8"))
            assert not found, f"{name}: {found.group()}"
