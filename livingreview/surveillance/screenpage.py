"""The page on which people screen, served to this machine alone.

Pages of other sites that are open in the same browser can neither read nor post: a form needs a
token that only a page of this server has, and a request must name this server as its host.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..data.dataset import DataError
from ..render import languages
from ..render.engine import translations
from . import judging
from .desk import Desk, NotThere
from .ordering import View
from .screening import STAGES, TITLE, ScreeningError, name_of

HOST, PORT = "127.0.0.1", 8750
PAGE = Path(__file__).with_name("page")
FILES = {"/page.css": "text/css", "/page.js": "text/javascript"}
COOKIE, LANGUAGE = "livingreview-reviewer", "livingreview-language"
_YEAR = 365 * 24 * 3600  # seconds for which a browser remembers a name and a language
_LARGEST = 64 * 1024  # bytes of a form
_PATIENCE = 30  # seconds for a request to come
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is not answered, with its status and why."""

    def __init__(self, status: HTTPStatus, why: str):
        self.status = status
        super().__init__(why)


@dataclass(frozen=True)
class Seen:
    """What a request says: its path and fields, and who sends it."""

    path: str
    fields: Mapping[str, str]
    view: View

    def field(self, name: str) -> str:
        """The text of a field; empty where it is not there."""
        return self.fields.get(name, "")


class Server(ThreadingHTTPServer):
    """The page of a desk.

    Parameters
    ----------
    desk : Desk
    port : int, optional
        0 for any that is free.
    reviewer : str, optional
        Whose decisions all are; each browser asks for a name where it is left out.
    stage, indication : str, optional
        Where somebody stands who has chosen nothing.

    Raises
    ------
    OSError
        When the port is taken.
    """

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = PORT, reviewer: str = "", stage: str = TITLE,
                 indication: str = ""):
        self.desk, self.reviewer = desk, reviewer
        self.stage, self.indication = stage, indication
        self.token = secrets.token_urlsafe(32)
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}"

    @property
    def hosts(self) -> set[str]:
        """Names by which a browser may ask for it."""
        return {f"{name}:{self.server_port}" for name in (HOST, "localhost")}


def address(path: str, view: View, **more: str) -> str:
    """An address with where one stands."""
    fields = {"stage": view.stage, "indication": view.indication, **more}
    return f"{path}?{urlencode({k: v for k, v in fields.items() if v or k == 'indication'})}"


@cache
def templates(key: str) -> Environment:
    """Templates of the page in a language, by its key."""
    spoken = languages.language(key)
    made = Environment(loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"])
    made.install_gettext_translations(translations(spoken.code), newstyle=True)
    made.globals |= {"address": address, "tag": spoken.tag,
                     "languages": tuple(languages.known().values())}
    return made


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version, sys_version = "livingreview", ""
    timeout = _PATIENCE

    def log_message(self, *args) -> None:
        """Say nothing of each request."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, do: Callable[[], None]) -> None:
        try:
            if self.headers.get("Host") not in self.server.hosts:
                raise Refused(HTTPStatus.FORBIDDEN, "this address is not the one of the page")
            do()
        except Refused as error:
            self._say(error.status, str(error))
        except NotThere as error:
            self._say(HTTPStatus.NOT_FOUND, str(error))
        except DataError as error:
            self._say(HTTPStatus.CONFLICT, "The data folder has errors: mend them first, and load "
                      f"this page again.\n{error}")
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # nobody waits for an answer any more
        except OSError as error:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error.filename}: {error.strerror}")

    def _get(self) -> None:
        parts = urlsplit(self.path)
        if parts.path in FILES:
            self._send(HTTPStatus.OK, FILES[parts.path], (PAGE / parts.path[1:]).read_bytes())
            return
        if parts.path not in _PAGES and (parts.path != "/name" or self.server.reviewer):
            raise NotThere(f"there is no page {parts.path}")
        seen = self._seen(parts.path, parts.query)
        if not seen.view.reviewer or parts.path == "/name":
            self._show(seen, "name.html")
            return
        self._page(seen)

    def _page(self, seen: Seen, status: HTTPStatus = HTTPStatus.OK, problem: str = "") -> None:
        """A page of the desk; with what was wrong about a form of it."""
        desk = self.server.desk
        made = {"/": lambda: desk.record(seen.view, seen.field("record")),
                "/decided": lambda: desk.decided(seen.view),
                "/disagreements": lambda: desk.differences(seen.view),
                "/duplicates": lambda: desk.duplicates(seen.view)}[seen.path]()
        self._show(seen, _PAGES[seen.path], status, problem=problem, said=seen.field("said"),
                   **desk.frame(seen.view), **made)

    def _post(self) -> None:
        path = urlsplit(self.path).path
        form = self._form()
        if not secrets.compare_digest(form.get("token", "").encode(), self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "this form is not of a page of this server, or "
                          "the server was started again: load the page again")
        seen = self._seen(path, urlencode(form))
        if path == "/name":
            self._name(seen)
            return
        if path == "/language":
            back = seen.field("page")
            self._go(back if back in _PAGES or back == "/name" else "/", seen.view,
                     cookie=_cookie(LANGUAGE, seen.field("language")))
            return
        if path not in _FORMS:
            raise NotThere(f"there is no form {path}")
        if not seen.view.reviewer:
            self._go("/name", seen.view)
            return
        back, do = _FORMS[path]
        try:
            more = do(self.server.desk, seen)
        except ScreeningError as error:
            shown = Seen(back, {k: v for k, v in seen.fields.items() if k == "record"}, seen.view)
            try:
                self._page(shown, HTTPStatus.CONFLICT, str(error))
            except NotThere:
                self._page(Seen(back, {}, seen.view), HTTPStatus.CONFLICT, str(error))
            return
        self._go(back, seen.view, **more)

    def _form(self) -> dict[str, str]:
        """The fields of a form that a page of this server has sent."""
        if self.headers.get("Origin", self.server.address) not in {
                f"http://{host}" for host in self.server.hosts}:
            raise Refused(HTTPStatus.FORBIDDEN, "this form is of another site")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this form is too long")
        text = self.rfile.read(int(length)).decode("utf-8", "replace")
        try:
            return {k: v[-1] for k, v in parse_qs(text, keep_blank_values=True,
                                                  max_num_fields=20).items()}
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, "this form has too many fields") from None

    def _seen(self, path: str, query: str) -> Seen:
        """What a request says; an unknown stage or indication is refused."""
        fields = {k: v[-1] for k, v in parse_qs(query, keep_blank_values=True).items()}
        stage = fields.get("stage") or self.server.stage
        indication = fields.get("indication", self.server.indication)
        known = self.server.desk.screening.data().indications
        if stage not in STAGES or indication not in ("", *known):
            raise Refused(HTTPStatus.BAD_REQUEST, f"stage {stage!r}, indication {indication!r}: "
                          f"expected one of {', '.join(STAGES)}, and one of {', '.join(known)}")
        return Seen(path, fields, View(self.server.reviewer or self._reviewer(), stage,
                                       indication, self._language()))

    def _remembered(self, what: str) -> str:
        """What the browser remembers; empty where it is nothing."""
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(what)
        except CookieError:
            return ""
        return unquote(found.value) if found else ""

    def _reviewer(self) -> str:
        """The name that the browser remembers; empty where it is none."""
        try:
            found = self._remembered(COOKIE)
            return name_of(found) if found else ""
        except ScreeningError:
            return ""

    def _language(self) -> str:
        """The key of the language that was chosen, else of the first one that the browser reads."""
        keys = [one.key for one in languages.known().values()]
        read = (part.partition(";")[0].strip().partition("-")[0].lower()
                for part in self.headers.get("Accept-Language", "").split(","))
        return next((k for k in (self._remembered(LANGUAGE), *read) if k in keys), keys[0])

    def _name(self, seen: Seen) -> None:
        """Have the browser remember who screens."""
        try:
            name = name_of(seen.field("name"))
        except ScreeningError as error:
            self._show(seen, "name.html", HTTPStatus.BAD_REQUEST, problem=str(error))
            return
        self._go("/", seen.view, cookie=_cookie(COOKIE, name))

    def _show(self, seen: Seen, template: str, status: HTTPStatus = HTTPStatus.OK, **more) -> None:
        fields = {"view": seen.view, "token": self.server.token, "problem": "", "said": "",
                  "path": seen.path, "fixed": bool(self.server.reviewer), **more}
        text = templates(seen.view.language).get_template(template).render(fields)
        self._send(status, "text/html", text.encode())

    def _say(self, status: HTTPStatus, what: str) -> None:
        """A page that says why there is no other."""
        text = templates(self._language()).get_template("message.html").render(
            status=status.value, what=what)
        self._send(status, "text/html", text.encode())

    def _go(self, path: str, view: View, cookie: str = "", **more: str) -> None:
        """Have the browser look at another page."""
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", address(path, view, **more))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self._end(b"")

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self._end(content)

    def _end(self, content: bytes) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _cookie(name: str, value: str) -> str:
    """What has a browser remember something."""
    return f"{name}={quote(value)}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Strict"


def _decide(desk: Desk, seen: Seen) -> dict[str, str]:
    following = desk.decide(seen.view, seen.field("record"), seen.field("decision"),
                            seen.field("before"))
    return {"record": following, "said": "kept"}


def _undo(desk: Desk, seen: Seen) -> dict[str, str]:
    gone = desk.screening.undo(seen.view.reviewer)
    return {"record": gone["record_id"], "stage": gone["stage"], "said": "taken-back"}


def _settle(desk: Desk, seen: Seen) -> dict[str, str]:
    desk.settle(seen.view, seen.field("record"), seen.field("decision"), seen.field("before"))
    return {"said": "settled"}


def _judge(desk: Desk, seen: Seen) -> dict[str, str]:
    judging.judge(desk.screening, (seen.field("record"), seen.field("other")),
                  seen.field("decision"), seen.view.reviewer)
    return {"said": "judged"}


def _unjudge(desk: Desk, seen: Seen) -> dict[str, str]:
    judging.unjudge(desk.screening, (seen.field("record"), seen.field("other")),
                    seen.view.reviewer)
    return {"said": "unjudged"}


_PAGES = {"/": "record.html", "/decided": "decided.html", "/disagreements": "disagreements.html",
          "/duplicates": "duplicates.html"}
# Forms, with the page that one comes back to.
_FORMS: dict[str, tuple[str, Callable[[Desk, Seen], dict[str, str]]]] = {
    "/decide": ("/", _decide), "/undo": ("/", _undo), "/settle": ("/disagreements", _settle),
    "/judge": ("/duplicates", _judge), "/unjudge": ("/duplicates", _unjudge)}
