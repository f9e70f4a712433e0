"""Bytes of a file become text: its encoding is decided, and what is broken is named by place."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

SHOWN = 20  # problems of one file that are printed; the rest is counted
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"),
          (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
          (codecs.BOM_UTF16_BE, "utf-16-be"))
_LINE = re.compile(r"\r\n|\n|\r")
_LINE_OF_BYTES = re.compile(rb"\r\n|\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_OF_UTF8 = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe2-\xef][\x80-\xbf]{2}")
_BINARY = ((b"%PDF", "a PDF"), (b"PK\x03\x04", "a ZIP archive or an office document"),
           (b"\x1f\x8b", "a gzip archive"), (b"\xd0\xcf\x11\xe0", "an old office document"),
           (b"SQLite format 3", "a database"))


class FileError(Exception):
    """A file that cannot be taken, with every problem by its place; nothing of it was read.

    Attributes
    ----------
    problems : tuple of str
        All of them; `str` shows the first `SHOWN` and counts the others.
    """

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        more = len(self.problems) - SHOWN
        super().__init__("\n".join([*self.problems[:SHOWN],
                                    *([f"and {more} more such problems"] if more > 0 else [])]))


def decoded(content: bytes, name: str) -> str:
    """The text of a file in UTF-8, UTF-16, UTF-32 or, where nothing else fits, Windows-1252.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for errors.

    Returns
    -------
    str
        Without a mark of byte order; line ends as they are.

    Raises
    ------
    FileError
        When the file is empty, binary, in more than one encoding, cut within a character, or has
        control characters; each by line or byte.
    """
    for start, what in _BINARY:
        if content.startswith(start):
            raise FileError([f"{name}: this is {what}, expected an export as text"])
    if not content.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise FileError([f"{name}: the file is empty"])
    encoding = _encoding(content)
    if encoding:
        text = _strictly(content, encoding, name)
    else:
        text = _eight_bits(content, name)
    if problems := [*_controls(text, name)]:
        raise FileError(problems)
    return text.replace("\ufeff", "")  # files that were joined keep the marks of each


def _encoding(content: bytes) -> str:
    """The encoding that a mark, or every second byte, gives away; empty for one of eight bits."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding if encoding != "utf-8" else ""
    start = content[:64]
    odd, even = start[1::2], start[::2]
    if odd and odd.count(0) > len(odd) * 0.6 and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > len(even) * 0.6 and not odd.count(0):
        return "utf-16-be"
    return ""


def _strictly(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError([f"{name}: byte {error.start + 1}: no {encoding.upper()}, which the file "
                         "begins in: it is cut, or two files in different encodings were joined"
                         ]) from error


def _eight_bits(content: bytes, name: str) -> str:
    """UTF-8; else, where the whole file is in it, GB 18030, Windows-1252 or ISO 8859-1."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    of_utf8, others = 0, []
    for number, line in enumerate(_LINE_OF_BYTES.split(content), 1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            of_utf8 += 1
        except UnicodeDecodeError as error:
            others.append((number, error.start + 1, line))
    if not of_utf8:
        if _is_chinese(content):
            return content.decode("gb18030")
        if not any(_OF_UTF8.search(line) for _, _, line in others):
            windows = re.search(rb"[\x80-\x9f]", content) and not re.search(
                rb"[\x81\x8d\x8f\x90\x9d]", content)  # which Windows-1252 does not use
            return content.decode("cp1252" if windows else "latin-1")
    raise FileError(f"{name}:{number}: byte {at} of the line is no UTF-8, in which other text "
                    "of the file is: two encodings are mixed, or a character is cut"
                    for number, at, _ in others)


def _is_chinese(content: bytes) -> bool:
    """Whether a file is in the Chinese encoding: its bytes above ASCII stand together."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", content)]
    if sum(n for n in runs if n > 1) < 0.9 * sum(runs) or max(runs) < 4:
        return False
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    beyond = [c for c in text if ord(c) > 127]
    return sum("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u30ff" or "\uff00" <= c <= "\uffef"
               for c in beyond) > 0.8 * len(beyond)


def _controls(text: str, name: str) -> Iterator[str]:
    """A problem for each line with control characters."""
    if not _CONTROL.search(text):
        return
    for number, line in enumerate(lines_of(text), 1):
        if found := _CONTROL.search(line):
            what = ("a NUL: part of the file is in UTF-16, or it is damaged"
                    if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}")
            yield f"{name}:{number}: character {found.start() + 1} is {what}"


def lines_of(text: str) -> list[str]:
    """The lines of a text; ends are those of Windows, Unix or old Macs, and no other character."""
    return _LINE.split(text)
