"""Terms of the glossary explained on the pages that use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from ..data.dataset import Dataset
from ..render.engine import render
from ..view.glossary import address

FOLDERS = ("notebooks/", "figures/", "trials/")  # their pages explain terms
METHODS = "book/methods"
MOST, MOST_ABOVE = 25, 8  # links on a page, and above its summary of findings
STOPS_ABOVE = 10  # tab stops there, whatever they are: with the frame of the page at most 25

# What holds no running text, or text that is a name or a link already.
_WHOLE = ("a|button|h[1-6]|th|summary|code|pre|kbd|samp|script|style|svg|math|select|option|label"
          "|textarea|title|nav|legend|iframe|template")
_HIDDEN = re.compile(r"""\sclass\s*=\s*["']?[^"'>]*(?<![\w-])"""
                     r"""(?:lr-alt|sr-only|visually-hidden|math|lr-term)(?![\w-])""", re.IGNORECASE)
_INSIDE = r"""[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*"""  # of a tag: an attribute may hold ">"
_MARKUP = re.compile(rf"<!--.*?-->|<({_WHOLE})(?=[\s>/]){_INSIDE}>.*?</\1\s*>"
                     rf"|<(/?)([a-z][a-z0-9-]*){_INSIDE}>", re.IGNORECASE | re.DOTALL)
_OPENED = {name: re.compile(rf"<{name}(?=[\s>/])", re.IGNORECASE)
           for name in re.sub(r"h\[1-6\]", "h1|h2|h3|h4|h5|h6", _WHOLE).split("|")}
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_STOP = re.compile(r"""<(?:a\s[^>]*\bhref=|button\b|input\b|select\b|summary\b)"""
                   r"""|\stabindex=["']?0""")
_FINDINGS = re.compile(r"""<[a-z][^>]*\sclass=["'][^"']*\blr-sof\b""")

_NEEDED = ("term", *(f"{column}_{language}" for column in ("label", "forms", "explanation")
                     for language in ("en", "zh")))
_LETTERS = "0-9A-Za-z\u00c0-\u024f\u0370-\u03ff"  # Chinese text has no spaces between words
_LETTER = re.compile(f"[{_LETTERS}]")
_JOINS = "\u2010\u2011\u2013-"  # a part of a joined word is another word
_ABBREVIATION = re.compile(r"[A-Z][0-9A-Za-z]*[A-Z]|[A-Z]²")
_VARIED = {" ": r"(?:\s|&nbsp;|&#160;)+", "'": "(?:'|\u2019|&#39;|&#x27;)",
           **dict.fromkeys(_JOINS, f"[{_JOINS}]")}


@dataclass(frozen=True)
class Terms:
    """The terms of a glossary as pages in one language are searched for them."""

    pattern: re.Pattern | None  # all forms; the longer come first, and each is a group
    terms: tuple[str, ...]  # the term of each group
    explanations: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[Mapping], language: str = "en") -> Terms:
        """The terms of the rows of ``glossary.csv``.

        Parameters
        ----------
        rows : iterable of mapping
        language : str
            Of the pages, such as ``zh_CN``; English where the glossary does not have it.
        """
        rows, at = list(rows), "zh" if language.startswith("zh") else "en"
        forms = sorted(((form, row["term"]) for row in rows
                        for form in (row[f"label_{at}"], *(row[f"forms_{at}"] or ()))),
                       key=lambda one: (one[0][0].lower(), -len(one[0]), one))
        pattern = re.compile(_searched([form for form, _ in forms])) if forms else None
        return cls(pattern, tuple(term for _, term in forms),
                   {row["term"]: row[f"explanation_{at}"] for row in rows})


def rows(data: Dataset) -> list[dict]:
    """What :meth:`Terms.of` needs of the glossary of a data folder, as JSON keeps it."""
    return [{name: list(row[name] or ()) if name.startswith("forms") else row[name]
             for name in _NEEDED} for row in data.records("glossary")]


def wanted(page: str, root: str) -> bool:
    """Whether a page explains terms.

    Parameters
    ----------
    page, root : str
        Names without ending: of the page, and of the first page of the book.
    """
    return page.startswith(FOLDERS) or page in (root, METHODS)


def explained(body: str, page: str, terms: Terms) -> str:
    """A page whose terms lead to the glossary, each where the page first uses it.

    The explanation stands in ``aria-description``: screen readers say it, and the style sheet
    shows it while the term is pointed at or focused.

    Parameters
    ----------
    body : str
        HTML.
    page : str
        Address of the page from the root of the site.
    terms : Terms

    Returns
    -------
    str
        The same text with at most `MOST` links, at most `MOST_ABOVE` of them above the summary of
        findings. Where that many would keep who moves by keyboard from the summary (`STOPS_ABOVE`),
        the keyboard passes over some, and meets their terms below it.
    """
    if terms.pattern is None:
        return body
    summary = _FINDINGS.search(body)
    above = summary.start() if summary else 0
    room = min(MOST_ABOVE, STOPS_ABOVE - len(_STOP.findall(body, 0, above)))
    done, used, passed, end = [], set(), set(), 0

    def link(found: re.Match) -> str:
        term = terms.terms[found.lastindex - 1]
        if term in used or len(used) + len(passed) >= most or start < above and term in passed:
            return found[0]
        over = start < above and len(used) >= room
        (passed if over else used).add(term)
        return str(render({"template": "term", "data": {
            "href": address(term), "explanation": terms.explanations[term], "passed_over": over,
            "text": Markup(found[0])}}, page))

    for start, stop in _running(body):
        most = MOST_ABOVE if start < above else MOST
        if len(used) + len(passed) < most:
            done += body[end:start], terms.pattern.sub(link, body[start:stop])
            end = stop
    return "".join([*done, body[end:]])


def _searched(forms: list[str]) -> str:
    """What finds forms that are in order of their first letters: each is a group.

    A search passes over nearly all text, and does so fast where it looks at first letters first.
    """
    initials = {first: "|".join(map(_rest, same))
                for first, same in groupby(forms, key=lambda form: form[0].lower())}
    latin, other = ("|".join(f"[{re.escape(first + first.upper())}](?:{rest})"
                             for first, rest in initials.items()
                             if bool(_LETTER.match(first)) is wanted) for wanted in (True, False))
    latin = latin and f"(?<![{_LETTERS}&#{_JOINS}])(?:{latin})"
    return "|".join(filter(None, (latin, other)))


def _rest(form: str) -> str:
    """What finds a form behind its first letter; capitals count in abbreviations alone."""
    written = "".join(_VARIED.get(letter) or re.escape(letter) for letter in form[1:])
    if _ABBREVIATION.search(form):
        written = f"(?<={re.escape(form[0])}){written}"
    else:
        written = f"(?i:{written})"
    after = f"(?![{_LETTERS}{_JOINS}])" if _LETTER.match(form[-1]) else ""
    return f"({written}{after})"


def _running(body: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each piece of running text."""
    end, hidden, depth = 0, "", 0  # an element whose text does not run, and how deep it nests
    for tag in _MARKUP.finditer(body):
        start, stop = tag.span()
        if start > end and not hidden:
            yield end, start
        end, name = stop, (tag[1] or tag[3] or "").lower()
        if name and hidden == name or not hidden and (tag[1] or _HIDDEN.search(tag[0])):
            depth += _deeper(tag, name)
            hidden = name if depth > 0 else ""
    if end < len(body) and not hidden:
        yield end, len(body)


def _deeper(tag: re.Match, name: str) -> int:
    """How many more elements of a name are open behind a piece of markup than before it."""
    if tag[1]:  # it ends with the first end that it holds, which may be that of an inner one
        return len(_OPENED[name].findall(tag[0])) - 1
    return 0 if not name or name in _VOID else -1 if tag[2] else 1
