"""What a strategy says: its blocks and terms, whether they are well formed, and what they match.

A strategy is a text in the words of its source, in which lines that begin with ``#`` are remarks.
Each source has a syntax of its own; what they share is words, phrases, fields, parentheses and the
operators AND, OR and NOT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .problems import ProblemsError


class StrategyError(ProblemsError):
    """A strategy that is not well formed, with every problem and its line."""


@dataclass(frozen=True)
class Term:
    """Words that are looked for side by side.

    Attributes
    ----------
    text : str
        As it is written, without quotes and field; a star at its end stands for any ending.
    field : str
        Where it is looked for; empty where the strategy does not say.
    line : int
    """

    text: str
    field: str = ""
    line: int = 0


@dataclass(frozen=True)
class Group:
    """Parts under one operator: AND, OR, NOT (the first without the others), NEXT or NEAR."""

    operator: str
    parts: tuple[Term | Group, ...]


@dataclass(frozen=True)
class Syntax:
    """How a source writes a strategy.

    Attributes
    ----------
    fields : frozenset of str
        What may stand as a field, before or behind a term.
    headings : frozenset of str
        Those of them that look for headings, which a new record does not have yet.
    quotes : str
        Marks of a phrase.
    tagged : bool
        Whether a term without a field is looked for in ways that the source chooses.
    runs : bool
        Whether words side by side are a phrase.
    shortest : int
        Letters that must stand before a star.
    ends : bool
        Whether a quoted phrase may end with a star.
    boxes : bool
        Whether each line fills a box of its own, all of which must match.
    """

    fields: frozenset[str] = frozenset()
    headings: frozenset[str] = frozenset()
    quotes: str = '"'
    tagged: bool = False
    runs: bool = False
    shortest: int = 1
    ends: bool = False
    boxes: bool = False


_PUBMED = frozenset({"mh", "mh:noexp", "majr", "majr:noexp", "sh", "nm", "pt", "tiab", "ti", "ab",
                     "tw", "ot", "la", "crdt", "edat", "mhda", "lr", "dp", "uid", "si"})
SYNTAXES = {
    "pubmed": Syntax(_PUBMED, _PUBMED - {"tiab", "ti", "ab", "tw", "ot"}, tagged=True, runs=True,
                     shortest=4, ends=True),
    "europe-pmc": Syntax(frozenset({"TITLE", "ABSTRACT", "TITLE_ABS", "KW", "SRC", "PUB_TYPE"}),
                         frozenset({"KW", "SRC", "PUB_TYPE"}), tagged=True, shortest=3),
    "clinicaltrials": Syntax(frozenset({"ConditionSearch", "InterventionSearch", "TitleSearch",
                                        "BasicSearch", "StudyType"}),
                             frozenset({"StudyType"}), tagged=True),
    "isrctn": Syntax(frozenset({"condition", "title", "interventions"})),
    "openalex": Syntax(),
    "central": Syntax(frozenset({"mh", "ti", "ab", "kw", "pt"}), frozenset({"mh", "pt"}),
                      tagged=True, shortest=3),
    "embase": Syntax(frozenset({"exp", "de", "ti", "ab", "kw", "it"}),
                     frozenset({"exp", "de", "it"}), quotes="'", tagged=True, shortest=3),
    "ictrp": Syntax(frozenset({"Condition", "Intervention", "Title"}), tagged=True, runs=True,
                    boxes=True),
}

_PROXIMITY = re.compile(r":~\d+$")
_BOX = re.compile(r"^([A-Za-z]+):[ \t]*(.*\S)[ \t]*$", re.MULTILINE)
_STRANGE = {**dict.fromkeys("\u2018\u201c\u201d\u201e\u00ab\u00bb", "a curly quote"),
            "\ufffd": "bytes that are not UTF-8"}
_TOKEN = re.compile(r"""
    (?P<space>\s+)
  | (?P<open>\() | (?P<close>\))
  | \[mh\s+(?P<heading>\^?"[^"\n]*")\]                  # CENTRAL
  | AREA\[(?P<area>[^\]\n]*)\]                           # ClinicalTrials.gov
  | \[(?P<tag>[^\]\n]*)\]                                # PubMed, behind a term
  | :(?P<in>[a-z]+(?:,[a-z]+)*)(?![\w"(])                # CENTRAL and Embase, behind a term
  | /(?P<of>[a-z]+)(?![\w/])                             # Embase, behind a term
  | (?P<before>[A-Za-z_]+)(?!:(?:ti|ab|kw|pt|it)\b):(?=[\w"(])  # Europe PMC, before a term
  | (?P<next>NEXT(?:/1)?|NEAR(?:/\d+)?)\b(?!/)
  | (?P<operator>AND|OR|NOT)\b
  | "(?P<double>[^"\n]*)" | (?<!\w)'(?P<single>[^'\n]*)'
  | (?P<word>[^\s()\[\]":/]+)
  | (?P<other>.)
""", re.VERBOSE)


@dataclass
class _Token:
    kind: str
    text: str
    line: int


@dataclass
class _Reader:
    """Makes a tree of tokens and gathers what is wrong with them."""

    syntax: Syntax
    tokens: list[_Token]
    problems: list[tuple[int, str]] = field(default_factory=list)
    at: int = 0

    def wrong(self, line: int, what: str) -> None:
        self.problems.append((line, what))

    def peek(self, *kinds: str) -> _Token | None:
        if self.at < len(self.tokens) and (not kinds or self.tokens[self.at].kind in kinds):
            return self.tokens[self.at]
        return None

    def take(self, *kinds: str) -> _Token | None:
        found = self.peek(*kinds)
        self.at += found is not None
        return found

    def expression(self, closing: bool, scope: str) -> Term | Group | None:
        """What stands up to the closing parenthesis, or to the end."""
        parts: list[Term | Group] = []
        operators: list[_Token] = []
        while (token := self.peek()) and token.kind != "close":
            part = self.operand(scope)
            if part is None:
                if not self.take("operator", "next"):
                    self.at += 1
                continue
            parts.append(part)
            if (token := self.take("operator", "next")) is None:
                if (following := self.peek()) and following.kind != "close":
                    self.wrong(following.line, f"{following.text}: no operator stands before it")
                continue
            operators.append(token)
            following = self.peek()
            if following is None or following.kind == "close":
                self.wrong(token.line, f"{token.text}: nothing follows it")
        if not closing and (extra := self.take("close")):
            self.wrong(extra.line, "a parenthesis closes that was not opened")
            return self.expression(closing, scope) if self.peek() else self.tree(parts, operators)
        return self.tree(parts, operators)

    def tree(self, parts: list, operators: list[_Token]) -> Term | Group | None:
        if not parts:
            return None
        said = [token.text for token in operators]
        if len({*said} - {"NOT"}) > 1 or ("OR" in said and "NOT" in said):
            self.wrong(operators[0].line, f"{' and '.join(sorted({*said}))} side by side: "
                       "parentheses are needed")
        whole, others = parts[0], parts[1:]
        for operator, part in zip(said, others, strict=False):
            if isinstance(whole, Group) and whole.operator == operator and whole is not parts[0]:
                whole = replace(whole, parts=(*whole.parts, part))
            else:
                whole = Group(operator, (whole, part))
        return whole

    def operand(self, scope: str) -> Term | Group | None:
        """A term, or a group in parentheses, with the field before or behind it."""
        if before := self.take("area", "before"):
            scope = self.known(before)
        if opened := self.take("open"):
            start = self.at
            # a field behind the parenthesis belongs to all that is in it
            inner = self.expression(True, scope or self.behind(start))
            if not self.take("close"):
                self.wrong(opened.line, "a parenthesis is not closed")
            elif inner is None:
                self.wrong(opened.line, "nothing stands in parentheses")
            if behind := self.take("tag", "in", "of"):
                self.known(behind)
            return inner
        if heading := self.take("heading"):
            return Term(heading.text.strip('^"'), "mh", heading.line)
        return self.term(scope)

    def behind(self, start: int) -> str:
        """The field behind the parenthesis that closes what begins at `start`."""
        depth = 1
        for number in range(start, len(self.tokens)):
            depth += {"open": 1, "close": -1}.get(self.tokens[number].kind, 0)
            if not depth:
                following = self.tokens[number + 1:number + 2]
                return following[0].text if following and following[0].kind == "in" else ""
        return ""

    def term(self, scope: str) -> Term | None:
        token = self.take("double", "single", "word")
        if token is None:
            if found := self.peek():
                if found.kind not in ("operator", "next"):
                    self.wrong(found.line, f"{found.text}: not expected here")
                else:
                    self.wrong(found.line, f"{found.text}: nothing stands before it")
            return None
        text, quoted = token.text, token.kind != "word"
        while self.syntax.runs and not quoted and (more := self.take("word")):
            text += f" {more.text}"
        if behind := self.take("tag", "in", "of"):
            scope = self.known(behind)
        self.examined(text, quoted, token.line)
        return Term(text, scope, token.line)

    def known(self, token: _Token) -> str:
        names = token.text.split(",") if token.kind == "in" else [token.text]
        for name in names:
            if _PROXIMITY.sub("", name) not in self.syntax.fields:
                self.wrong(token.line, f"{name}: no field of this source, which has "
                           f"{', '.join(sorted(self.syntax.fields))}")
        return token.text

    def examined(self, text: str, quoted: bool, line: int) -> None:
        if not text.strip(" *"):
            self.wrong(line, "an empty term")
        elif "*" in text.rstrip("*"):
            self.wrong(line, f"{text}: a star stands elsewhere than at the end")
        elif text.endswith("*"):
            if quoted and not self.syntax.ends:
                self.wrong(line, f"{text}: a phrase takes no star at this source")
            if len(re.sub(r"\W", "", text)) < self.syntax.shortest:
                self.wrong(line, f"{text}: fewer than {self.syntax.shortest} letters before "
                           "the star")


def plain(text: str) -> str:
    """A strategy as it is sent: without remarks, on one line.

    Parameters
    ----------
    text : str
        The file.

    Returns
    -------
    str
    """
    return " ".join(word for line in text.splitlines() if not line.lstrip().startswith("#")
                    for word in line.split())


def parsed(text: str, source: str) -> Term | Group:
    """The tree of a strategy.

    Parameters
    ----------
    text : str
        The file, with its remarks.
    source : str
        Of the list search_source.

    Returns
    -------
    Term or Group

    Raises
    ------
    StrategyError
        With everything that is not well formed, and its line.
    """
    syntax = SYNTAXES[source]
    code = "\n".join("" if line.lstrip().startswith("#") else line
                     for line in text.splitlines())
    problems = [(code.count("\n", 0, found.start()) + 1, f"{found[0]}: {_STRANGE[found[0]]}")
                for found in re.finditer(f"[{''.join(_STRANGE)}]", code)]
    if syntax.boxes:
        code = _BOX.sub(r"\1:(\2)", code)
        code = re.sub(r"\)\n(\s*\w+:\()", r")\n AND \1", code)
    reader = _Reader(syntax, list(_tokens(code, syntax, problems)), problems)
    try:
        whole = reader.expression(False, "")
    except RecursionError:
        raise StrategyError(["parentheses are nested too deeply"]) from None
    if problems:
        raise StrategyError(f"line {line}: {what}" for line, what in sorted(problems))
    if whole is None:
        raise StrategyError(["it says nothing"])
    return whole


def _tokens(code: str, syntax: Syntax, problems: list[tuple[int, str]]) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup, found[found.lastgroup]
        text = text.partition("/")[0] if kind == "next" else text
        if kind in ("double", "single") and {"double": '"', "single": "'"}[
                kind] not in syntax.quotes:
            kind, text = "other", found[0]
        if kind == "other" or kind == "word" and text in syntax.quotes:
            problems.append((line, f"{text}: a quote is not closed" if text in "\"'"
                             else f"{text}: not expected here"))
        elif kind != "space":
            yield _Token(kind, text, line)
        line += found[0].count("\n")


def terms_of(node: Term | Group) -> Iterator[Term]:
    """All terms of a strategy, in order."""
    if isinstance(node, Term):
        yield node
    else:
        for part in node.parts:
            yield from terms_of(part)


def untagged(node: Term | Group, source: str) -> tuple[Term, ...]:
    """Terms without a field, of a source that then chooses by itself where to look for them."""
    return tuple(term for term in terms_of(node)
                 if SYNTAXES[source].tagged and not term.field)


def blocks_of(node: Term | Group) -> tuple[Term | Group, ...]:
    """The blocks that must all match; what is taken away by NOT is none.

    Parameters
    ----------
    node : Term or Group

    Returns
    -------
    tuple of Term or Group
    """
    if isinstance(node, Group) and node.operator == "NOT":
        return blocks_of(node.parts[0])
    return node.parts if isinstance(node, Group) and node.operator == "AND" else (node,)


def words_of(text: str) -> list[str]:
    """Words of a text in lower case; hyphens part them, as they do in the indexes of sources."""
    return re.findall(r"\w+\*?", re.sub(r"['\u2019]", "", text.lower()))


def finds(node: Term | Group, text: str, source: str, without: Term | None = None) -> bool:
    """Whether a strategy finds a record by the words of a text alone.

    Headings find nothing here, as in a record that has none yet. What a source adds by itself
    (synonyms, plurals) is left out, so that it may find more.

    Parameters
    ----------
    node : Term or Group
    text : str
        Such as a title.
    source : str
    without : Term, optional
        A term that is to find nothing, as if the strategy did not have it.

    Returns
    -------
    bool
    """
    return _finds(node, words_of(text), SYNTAXES[source].headings, without)


def _finds(node: Term | Group, words: list[str], headings: frozenset[str],
           without: Term | None) -> bool:
    if isinstance(node, Term):
        return (node != without and node.field not in headings
                and _beside(words_of(node.text), words))
    if node.operator == "NEXT":
        terms = list(terms_of(node))
        return without not in terms and _beside([w for t in terms for w in words_of(t.text)],
                                                words)
    each = (_finds(part, words, headings, without) for part in node.parts)
    if node.operator == "NOT":
        return next(each) and not any(each)
    return any(each) if node.operator == "OR" else all(each)  # how near they are is left out


def _beside(wanted: list[str], words: list[str]) -> bool:
    """Whether words stand side by side in a text."""
    def same(want: str, word: str) -> bool:
        return word.startswith(want[:-1]) if want.endswith("*") else word == want

    return any(all(map(same, wanted, words[start:start + len(wanted)]))
               for start in range(len(words) - len(wanted) + 1))
