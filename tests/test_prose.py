"""No number is typed into prose, and the project speaks of itself alone."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

from livingreview.render.told import messages

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "notebooks").rglob("*.md")), ROOT / "book" / "index.md"]
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# Digits, and words that state an amount. "One" is left out, which is mostly no number; so are
# double-blind, double extraction and the like.
AMOUNT = re.compile(
    r"\d[\d.,]*|\b(?:hal(?:f|ves)|thirds?|quarters?|fifths?|tenths?|twice|thrice|doubled?|tripled?"
    r"|most\s+of|majority|minority|dozens?|hundreds?|thousands?|two|three|four|five|six|seven"
    r"|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b(?!-)",
    re.IGNORECASE)
# Folders of somebody's machine.
FOLDERS = [re.compile(name) for name in (
    r"/(?<![\w.]/)(?:root|work|tmp|mnt|home/\w+|Users/\w+)/", r":\\Users(?<=\b[A-Z]:\\Users)")]
# Where packages come from is the business of whoever installs them: their client is set up for it.
# Each by itself, in small letters: what begins with a letter is found quicker than one of many.
REGISTRIES = [re.compile(name) for name in (
    r"py[p]i\.org", r"python[h]osted\.org", r"npm[j]s\.", r"yarn[p]kg\.",
    r"ana[c]onda\.(?:org|com)", r"crates\.[i]o", r"r-project\.[o]rg", r"ruby[g]ems\.org",
    r"proxy\.[g]olang", r"maven\.[o]rg", r"debian\.[o]rg", r"ubuntu\.[c]om", r"docker\.(?:io|com)",
    r"ghcr\.[i]o", r"quay\.io", "artifactory", "devpi", r"nexus(?<=\bnexus)\.", "jsdelivr", "unpkg",
    "cdnjs", "index-url(?<!keep-index-url)", "trusted-host")]
MAY_NAME = {"tests/test_prose.py": "it lists what others may not name"}


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
    """Every typed amount, with the words around it."""
    prose = DATE.sub("", _prose(text))
    for pattern in _allowed():
        prose = pattern.sub("", prose)
    return [" ".join(prose[max(0, found.start() - 30):found.end() + 30].split())
            for found in AMOUNT.finditer(prose)]


def test_no_number_is_typed_into_prose():
    for page in PAGES:
        assert not _typed(page.read_text(encoding="utf-8")), page.name


def test_the_rule_finds_a_typed_number():
    for typed in ("Pain fell by 12 points.\n", "A third of the outcome rows come from a review.\n",
                  "Half the trials.\n", "Harms were twice as frequent.\n", "Most\nof them agree.\n",
                  "Ten trials are known.\n"):
        assert len(_typed(typed)) == 1, typed
    assert not _typed("On 2026-11-22 `x = 3` and {cite}`kim-2023`.\n```{code-cell}\n1 + 1\n```\n")
    assert not _typed("A double-blind trial; the most common harm.\n")


def _texts() -> dict[str, str]:
    """Every text file that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split("\0")
    contents = {name: (ROOT / name).read_bytes() for name in names if (ROOT / name).is_file()}
    return {name: content.decode("utf-8") for name, content in contents.items()
            if b"\0" not in content}


def _names(text: str) -> list[str]:
    return [found.group() for patterns, said in ((FOLDERS, text), (REGISTRIES, text.lower()))
            for pattern in patterns for found in pattern.finditer(said)]


def test_nothing_names_a_machine_or_a_registry():
    texts = _texts()
    assert {".ci/run", "CITATION.cff", "data/analyses.csv", "requirements.txt"} <= set(texts)
    found = [f"{file}: {name}" for file, text in texts.items() if file not in MAY_NAME
             for name in _names(text)]
    assert not found, "\n".join(found)


def test_the_rule_finds_a_machine_and_a_registry():
    for text in ("see /" + "root/data.csv", "/" + "home/me/book", "https://py" + "pi.org/x",
                 "--index-url"):
        assert _names(text), text
    assert not _names("/".join(("https://example.org", "root", "page and tests", "tmp", "file")))


def test_a_chapter_is_called_as_its_indication_is_in_every_language():
    with (ROOT / "data/vocabularies.csv").open(encoding="utf-8", newline="") as file:
        named = {r["value"]: r for r in csv.DictReader(file) if r["list"] == "indication"}
    told = messages(ROOT / "book/locale/zh_CN/LC_MESSAGES/notebooks.po")
    for indication, label in named.items():
        for page in (ROOT / "notebooks" / indication).glob("*.md"):
            [title] = re.findall(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert title.partition(":")[0] == label["label_en"], page
            assert told[title].partition("：")[0] == label["label_zh"], page


def test_the_page_of_methods_begins_with_the_question_and_ends_with_commands():
    said = (ROOT / "book/methods.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", said, re.MULTILINE)
    assert heads[0] == "The question" and heads[-2:] == ["Commands", "Changes of this protocol"]
    first = said.partition("## The question")[2].partition("\n## ")[0]
    parts = ["People", "Treatment", "Compared with", "Outcomes", "Studies", "Sources", "Synthesis",
             "Certainty"]
    assert re.findall(r"\*\*(.+?)\.\*\*", first) == parts
    assert "python -m" not in said.partition("## Commands")[0]
