"""Pages of a built site on paper: Chromium prints each, with a running head and all its rows."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files as packaged
from pathlib import Path
from string import Template

_MORE = re.compile(r'<a class="lr-(more|apart)" href="([^"]+)"')
_BODY = re.compile(r"<tbody>(.*)</tbody>", re.DOTALL)
_PART = re.compile(r'<div class="lr-whole-part">(.*)</div>\s*</main>', re.DOTALL)
TITLED = " — "  # between the title of a page and that of the site, in the title of the document
_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = "CHROMIUM"
_WIDTH = 680  # pixels between the margins of the paper
_PATIENCE = 120_000  # milliseconds for one page


class PdfError(Exception):
    """Nothing can be printed; `exit_code` is 2 where the call or the machine is wrong."""

    def __init__(self, message: str, exit_code: int = 2):
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Sheet:
    """A page of the site that is printed."""

    address: str  # from the root of the site, without its ending
    title: str
    file: Path | None  # what was printed; none where it is in the file of the sheet before
    sections: tuple[tuple[str, str], ...] = ()  # anchor and heading of each
    left: tuple[str, ...] = ()  # names of the parts of it that are not printed


def chromium() -> str:
    """The browser that prints.

    Raises
    ------
    PdfError
        When there is none.
    """
    named = os.environ.get(CHROMIUM)
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise PdfError(f"{named}: no such program, though {CHROMIUM} names it" if named else
                       "no Chromium to print with: install it (apt-get install -y chromium), or "
                       f"name a Chrome in the variable {CHROMIUM}")
    return found


class Press:
    """Chromium, which prints pages of a site.

    Parameters
    ----------
    site : Path
        Folder of the built site.
    folder : Path
        Where files are printed to.
    browser : Browser
    """

    def __init__(self, site: Path, folder: Path, browser):
        self.site, self._folder = site.resolve(), folder
        # without the scripts of the site, which add what one chooses by; its policy of contents
        # would keep out the style that is added for printing
        context = browser.new_context(java_script_enabled=False, color_scheme="light",
                                      bypass_csp=True, viewport={"width": _WIDTH, "height": 900})
        context.set_default_timeout(_PATIENCE)
        self._page = context.new_page()
        self._page.emulate_media(media="print")

    @property
    def base(self) -> str:
        """Address of the site while it is printed."""
        return f"{self.site.as_uri()}/"

    def sheet(self, address: str) -> Sheet:
        """Print a page of the site.

        Parameters
        ----------
        address : str
            From the root of the site, without its ending.
        """
        return self._sheets([(address, ())], "")[0]

    def brief(self, pages: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> list[Sheet]:
        """Print some pages of a folder of the site in short, one behind the other.

        Parameters
        ----------
        pages : sequence of (str, sequence)
            Address of each, and selector and name of what is left out of it.

        Returns
        -------
        list of Sheet
            One of each page; all are in the file of the first.
        """
        return self._sheets(pages, _text("brief.css"))

    def _sheets(self, pages: Sequence[tuple[str, Sequence[tuple[str, str]]]],
                css: str) -> list[Sheet]:
        paths = [self.site / f"{address}.html" for address, _ in pages]
        self._page.goto(paths[0].as_uri())
        head, _, foot = self._page.title().partition(TITLED)
        css = Template(_text("printing.css")).substitute(head=_css(head), foot=_css(foot)) + css
        found = self._page.evaluate(_text("printing.js"), [css, [
            (address, path.read_text(encoding="utf-8") if n else "", _whole(path), left)
            for n, (path, (address, left)) in enumerate(zip(paths, pages, strict=True))]])
        file = self._print(pages[0][0])
        return [Sheet(address, one["title"], None if n else file,
                      tuple(map(tuple, one["sections"])), tuple(one["left"]))
                for n, ((address, _), one) in enumerate(zip(pages, found, strict=True))]

    def text(self, name: str, html: str) -> Sheet:
        """Print what is no page of the site."""
        self._page.goto("about:blank")
        self._page.set_content(html)
        return Sheet(name, self._page.title(), self._print(name))

    def _print(self, name: str) -> Path:
        file = self._folder / f"{name.replace('/', '_')}.pdf"
        self._page.pdf(path=file, format="A4", print_background=True, prefer_css_page_size=True,
                       tagged=True)
        return file


@contextmanager
def press(site: Path, folder: Path) -> Iterator[Press]:
    """A press for a site, as long as the block runs.

    Raises
    ------
    PdfError
        When there is no Chromium, or it fails.
    """
    from playwright.sync_api import Error, sync_playwright

    program = chromium()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program,
                                                 args=["--no-sandbox", "--disable-gpu"])
            try:
                yield Press(site, folder, browser)
            finally:
                browser.close()
    except Error as error:
        raise PdfError(f"{program}: {error.message.splitlines()[0]}", 1) from error


def _text(name: str) -> str:
    return packaged(__package__).joinpath(name).read_text("utf-8")


def _css(words: str) -> str:
    """Words as they stand inside a string of a style sheet."""
    return re.sub(r'["\\\n<]', lambda found: f"\\{ord(found[0]):x} ", words)


def _whole(page: Path) -> list[tuple[str, str]]:
    """What stands in files beside a page, by the address of each: rows of tables, parts of folds.

    A part stands before what it leads to itself.
    """
    found, texts = {}, [page.read_text(encoding="utf-8")]
    while texts:
        for kind, name in _MORE.findall(texts.pop()):
            whole = page.parent / name
            if name not in found and whole.is_file():
                text = whole.read_text(encoding="utf-8")
                found[name] = (_BODY if kind == "more" else _PART).search(text)[1]
                if kind == "apart":
                    texts.append(found[name])
    return list(found.items())
