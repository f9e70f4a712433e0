"""A server for tests: real sockets on 127.0.0.1, a script of answers for each path, and faults.

What it serves is made up. `Reply` is one answer; a path has several, of which the last is given
again, or a function of the request.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

JSON, XML, HTML = "application/json", "text/xml; charset=utf-8", "text/html; charset=utf-8"
CAPTIVE = b"<!DOCTYPE html><html><body>Please sign in to the network</body></html>"


class OtherHost(AssertionError):
    """A test has tried to reach another host."""


@dataclass(frozen=True)
class Request:
    """What was asked: parameters of address and form together, the first value of each."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer, and how it goes wrong.

    `fault` is one of '', 'reset' (the connection is reset in mid-body), 'short' (Content-Length is
    larger than the body), 'cut-gzip', 'gzip', 'slow' (a byte at a time), 'hang' (silence after
    half of the body), 'silent' (no byte at all).
    """

    body: bytes = b""
    status: int = 200
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    date: datetime | None = None  # of the server's clock


def text(content: str, **more) -> Reply:
    return Reply(content.encode(), **more)


def xml(content: str, **more) -> Reply:
    return Reply(content.encode(), kind=XML, **more)


def too_many(seconds: int) -> Reply:
    """429 with Retry-After in seconds."""
    return Reply(b"slow down", 429, headers={"Retry-After": str(seconds)})


def too_many_until(seconds: int, clock: datetime | None = None) -> Reply:
    """429 with Retry-After as a date, by a clock of the server that may be wrong."""
    clock = (clock or datetime.now(UTC)).replace(microsecond=0)
    return Reply(b"slow down", 429, date=clock, headers={
        "Retry-After": format_datetime(clock + timedelta(seconds=seconds), usegmt=True)})


def failing(status: int = 500) -> Reply:
    return Reply(b"out of order", status, kind=HTML)


def captive() -> Reply:
    """A page of HTML with 200, as of a captive portal or maintenance."""
    return Reply(CAPTIVE, kind=HTML)


def moved(to: str, status: int = 301) -> Reply:
    return Reply(b"", status, headers={"Location": to})


BOMB = ('<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>')
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


class Server:
    """The server and its script; use it as a context.

    Attributes
    ----------
    url : str
    requests : list of Request
        What was asked so far.
    clock : callable
        The time that answers say; a test may put its own in its place.
    """

    def __init__(self):
        self.requests: list[Request] = []
        self.clock = lambda: datetime.now(UTC)
        self._script: dict[str, list[Reply] | Callable[[Request], Reply]] = {}
        self._lock, self.over = threading.Lock(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path: str, *replies: Reply) -> None:
        """Answer a path with these, one after the other; the last one again and again."""
        self._script[path] = list(replies)

    def route(self, path: str, function: Callable[[Request], Reply]) -> None:
        """Answer a path, or with a star at its end all paths below, by a function."""
        self._script[path] = function

    def asked(self, path: str) -> list[Request]:
        return [r for r in self.requests if r.path == path]

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            script = self._script.get(request.path)
            if script is None:
                fitting = [p for p in self._script
                           if p.endswith("*") and request.path.startswith(p[:-1])]
                script = self._script[max(fitting, key=len)] if fitting else None
            if script is None:
                return Reply(b"no such page", 404)
            if callable(script):
                return script(request)
            return script.pop(0) if len(script) > 1 else script[0]

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()
        return self

    def __exit__(self, *_error) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(_Handler):
            script = server

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Server
    _date: datetime | None = None

    def log_message(self, *_arguments) -> None:
        pass

    def do_GET(self) -> None:  # noqa: N802
        self._answer()

    def do_POST(self) -> None:  # noqa: N802
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(
            address.query, keep_blank_values=True).items()}
        asked |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        reply = self.script.reply_to(Request(self.command, address.path, asked,
                                             dict(self.headers), body))
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True

    def date_time_string(self, timestamp=None) -> str:
        return format_datetime(self._date or self.script.clock(), usegmt=True)

    def _send(self, reply: Reply) -> None:
        if reply.fault == "silent":
            self.script.over.wait(30)
            self.close_connection = True
            return
        body = reply.body
        self._date = reply.date
        headers = {"Content-Type": reply.kind, **reply.headers}
        if reply.fault in ("gzip", "cut-gzip"):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if reply.fault == "cut-gzip":
            body = body[:len(body) // 2]
        length = len(body) + (1000 if reply.fault == "short" else 0)
        self.send_response(reply.status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self._body(body, reply.fault)

    def _body(self, body: bytes, fault: str) -> None:
        if fault == "slow":
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.002)
        elif fault in ("reset", "hang"):
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            if fault == "hang":
                self.script.over.wait(30)
            else:  # closed without the usual farewell
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(body)
            if fault == "short":
                self.close_connection = True
