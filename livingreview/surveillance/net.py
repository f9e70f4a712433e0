"""The one way to ask a server: politely, again where that helps, and without saying a key.

Nothing that a `Client` returns, raises or logs holds a secret: neither its address, nor the body,
also where the server repeats it.
"""

from __future__ import annotations

import email.utils
import logging
import os
import random
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import requests
import tenacity
import urllib3

from .. import __version__

# How time passes; tests put their own in its place.
SLEEP = time.sleep
CLOCK = time.monotonic


def NOW() -> datetime:  # noqa: N802
    """The time of day."""
    return datetime.now(UTC)


TRIES, TOTAL, LONGEST = 6, 600.0, 60.0  # tries, and seconds for all of them and between two
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of an answer
CONTACT = "LIVINGREVIEW_EMAIL"  # variable with the address at which servers reach who asks
CAP = 64 * 2**20  # bytes of one answer, unpacked
SKEW = 24 * 3600  # seconds by which the clocks of server and machine may differ
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
REFUSED = {400: "it does not understand the request", 401: "it wants a key",
           403: "it refuses, which may be a quota that is used up", 404: "there is no such page"}
_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_SHORTEST = 6  # characters of a secret: a shorter one would be found in any text
_HIDDEN = "REDACTED"
_KEPT = ("content-type", "date", "last-modified", "etag", "x-rate-limit-limit",
         "x-rate-limit-interval")
_PIECE = 2**16


class SourceError(Exception):
    """A source did not answer as it should.

    Attributes
    ----------
    source, reason : str
    status : int or None
        What the server answered, where it did.
    """

    def __init__(self, source: str, reason: str, status: int | None = None):
        self.source, self.reason, self.status = source, reason, status
        super().__init__(f"{source}: {reason}")


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes
    ----------
    status : int
    body : bytes
        Unpacked, without secrets.
    headers : mapping of str to str
        Those that are kept, by their names in lower case.
    url : str
        What was asked for, without secrets; the parameters of a POST are written as those of a GET.
    time : str
        When it came, in UTC.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    time: str = ""


class _Again(Exception):
    """A try failed in a way that another one may not; `wait` is what the server asks for."""

    def __init__(self, reason: str, wait: float | None = None, status: int | None = None):
        self.reason, self.wait, self.status = reason, wait, status
        super().__init__(reason)


class _Limiter:
    """Lets one request to a host begin at a time, each so many seconds after the one before."""

    def __init__(self):
        self._lock, self._free = threading.Lock(), 0.0

    def wait(self, pause: float) -> None:
        with self._lock:
            late = self._free - CLOCK()
            if late > 0:
                SLEEP(late)
            self._free = max(CLOCK(), self._free) + pause


_limiters: dict[str, _Limiter] = {}
_secrets: set[str] = set()  # of all clients, for the log


class _Silent(logging.Filter):
    """Takes secrets out of what libraries log."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (clean := _without(said, _secrets)) != said:
            record.msg, record.args = clean, ()
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.response"):
    logging.getLogger(_name).addFilter(_Silent())


def _without(text: str, secrets) -> str:
    """A text without secrets, in whatever way they are written in an address."""
    for secret in secrets:
        for form in dict.fromkeys((secret, quote(secret, safe=""), quote_plus(secret),
                                   quote(secret))):
            text = text.replace(form, _HIDDEN)
    return text


def _bytes_without(body: bytes, secrets) -> bytes:
    for secret in secrets:
        for form in dict.fromkeys((secret, quote(secret, safe=""))):
            body = body.replace(form.encode(), _HIDDEN.encode())
    return body


class Client:
    """Asks one source.

    Parameters
    ----------
    source : str
        For its errors.
    base : str
        Address below which its paths are.
    pause : float
        Seconds between two requests to its host, of all clients together.
    secrets : mapping of str to str
        Parameters that are sent and never said.
    headers : mapping of str to str
    tries : int
        How often one thing is asked for, at most.
    cap : int
        Bytes that one answer may have.
    """

    def __init__(self, source: str, base: str, *, pause: float,
                 secrets: Mapping[str, str] | None = None,
                 headers: Mapping[str, str] | None = None, tries: int = TRIES, cap: int = CAP):
        self.source, self.base, self.pause = source, base.rstrip("/"), pause
        self.tries, self.cap = tries, cap
        self._secrets = dict(secrets or {})
        for name, value in self._secrets.items():
            if len(value) < _SHORTEST:
                raise SourceError(source, f"what is given as {name} is too short to be one")
        _secrets.update(self._secrets.values())
        self._session = requests.Session()
        self._session.auth = lambda request: request  # else requests looks for ~/.netrc
        self._session.headers.update({"User-Agent": f"livingreview/{__version__}",
                                      "Accept-Encoding": "gzip"})
        self._session.headers.update(headers or {})

    def get(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """Ask for something.

        Parameters
        ----------
        path : str
            Below the base.
        params : mapping, optional

        Returns
        -------
        Answer
            With a status of 200 to 299.

        Raises
        ------
        SourceError
            When there is none, after all tries, or it is none that may be used.
        """
        return self._asked("GET", path, params)

    def post(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """Ask with parameters that are too long for an address; else as `get`."""
        return self._asked("POST", path, params)

    def url(self, path: str, params: Mapping[str, object] | None = None) -> str:
        """The address of a request, as an answer to it says it."""
        return _without(f"{self.base}/{relative(path, params)}", self._secrets.values())

    def _asked(self, method: str, path: str, params: Mapping[str, object] | None) -> Answer:
        begun = CLOCK()
        waited: list[float] = []

        def pause(state: tenacity.RetryCallState) -> float:
            asked = state.outcome.exception().wait
            wait = asked if asked is not None else random.uniform(0.5, 1) * min(
                LONGEST, 2.0 ** state.attempt_number)
            waited.append(wait)
            return wait

        def over(state: tenacity.RetryCallState) -> bool:
            spent = max(CLOCK() - begun + waited[-1], sum(waited))  # the next wait is in the list
            return state.attempt_number >= self.tries or spent > TOTAL

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again), wait=pause, stop=over,
            sleep=lambda seconds: SLEEP(seconds), reraise=True)
        failed = None
        try:
            return retrying(self._once, method, path, params)
        except _Again as error:
            failed = error
            tried = retrying.statistics["attempt_number"]
        asks = (f"; it asks to wait {failed.wait:.0f} seconds"
                if failed.wait is not None and failed.wait > LONGEST else "")
        raise SourceError(self.source, f"{failed.reason} (tried {tried} times){asks}",
                          failed.status)

    def _once(self, method: str, path: str, params: Mapping[str, object] | None) -> Answer:
        """One try, with the redirects that it meets."""
        said = self.url(path, params)
        target = f"{self.base}/{relative(path)}"
        sent = [*_pairs(params or {}), *self._secrets.items()]
        for _ in range(_HOPS):
            status, headers, body = self._sent(method, target, sent)
            if status not in _REDIRECTS:
                break
            target = self._redirected(target, headers.get("location", ""))
            if urlsplit(target).query:
                sent = list(self._secrets.items()) if not any(
                    value in target for value in self._secrets.values()) else []
            if status == 303:
                method = "GET"
        else:
            raise SourceError(self.source, f"it redirects more than {_HOPS} times", status)
        self._checked(status, headers)
        kept = {name: _without(headers[name], self._secrets.values())
                for name in _KEPT if name in headers}
        return Answer(status, _bytes_without(body, self._secrets.values()), kept, said,
                      NOW().isoformat(timespec="seconds"))

    def _sent(self, method: str, target: str, sent) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request and read what comes; what the library raises is said in own words."""
        _limiters.setdefault(urlsplit(target).netloc, _Limiter()).wait(self.pause)
        reason = ""
        try:
            with self._session.request(
                    method, target, **{"params" if method == "GET" else "data": sent},
                    timeout=TIMEOUT, allow_redirects=False, stream=True) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return response.status_code, headers, self._read(response)
        except requests.exceptions.ConnectTimeout:
            reason = f"no connection within {TIMEOUT[0]:g} seconds"
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            reason = f"it was silent for {TIMEOUT[1]:g} seconds"
        except requests.exceptions.SSLError:
            reason = "its certificate is not valid"
        except zlib.error:
            reason = "its answer cannot be unpacked"
        except urllib3.exceptions.HTTPError:
            reason = "its answer was cut off"
        except (requests.exceptions.RequestException, OSError):
            reason = "there is no connection, or it was cut off"
        raise _Again(reason)  # outside the block: what was caught holds the address with its key

    def _read(self, response: requests.Response) -> bytes:
        """The body, unpacked here: libraries do not notice that a packed one is cut."""
        packing = response.headers.get("Content-Encoding", "identity").lower()
        if packing not in ("identity", "gzip"):
            raise SourceError(self.source, f"its answer is packed as {packing}, not gzip")
        unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS) if packing == "gzip" else None
        body, begun = bytearray(), CLOCK()
        for piece in response.raw.stream(_PIECE, decode_content=False):
            room = self.cap + 1 - len(body)
            body += piece[:room] if unpacked is None else unpacked.decompress(piece, room)
            if len(body) > self.cap:
                raise SourceError(self.source, f"an answer is larger than {self.cap:,} bytes")
            if CLOCK() - begun > TOTAL:
                raise SourceError(self.source, f"an answer took more than {TOTAL:g} seconds")
        if unpacked is not None and (not unpacked.eof or unpacked.unused_data):
            raise zlib.error("the end is missing, or there is more behind it")
        return bytes(body)

    def _redirected(self, target: str, location: str) -> str:
        new = urljoin(target, location)
        old, to = urlsplit(target), urlsplit(new)
        if not location or (to.scheme, to.netloc) != (old.scheme, old.netloc):
            raise SourceError(self.source, "it redirects to another host: "
                              f"{to.scheme}://{to.hostname or ''}")
        return new

    def _checked(self, status: int, headers: Mapping[str, str]) -> None:
        """Raise what says that an answer is none."""
        if status in AGAIN:
            raise _Again(f"it answers {status}", _wait(headers), status)
        if not 200 <= status < 300:
            reason = REFUSED.get(status)
            raise SourceError(self.source, f"it answers {status}"
                              + (f": {reason}" if reason else ""), status)
        then = _date(headers.get("date", ""))
        age = headers.get("age", "")
        if then is not None:
            skew = (NOW() - then).total_seconds() - (int(age) if age.isdecimal() else 0)
            if abs(skew) > SKEW:
                raise SourceError(self.source, "the clock of this machine and that of the server "
                                  f"differ by {abs(skew) / 86400:.1f} days, so that no window of "
                                  "dates can be trusted")


def relative(path: str, params: Mapping[str, object] | None = None) -> str:
    """A request as it is written below the address of any server."""
    asked = urlencode(_pairs(params or {}))
    return path.lstrip("/") + ("?" + asked if asked else "")


def _pairs(params: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in params.items() if value is not None]


def _date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks for; a date counts from the server's own clock."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    then = _date(said)
    if then is None:
        return None
    return max(0.0, (then - (_date(headers.get("date", "")) or NOW())).total_seconds())


def base(source: str) -> str:
    """Where a source is asked: ``LIVINGREVIEW_URL_<SOURCE>``, else its public address."""
    from .sources import named

    variable = "LIVINGREVIEW_URL_" + source.upper().replace("-", "_")
    return os.environ.get(variable) or named(source).DEFAULT_BASE


def missing(source: str) -> tuple[str, ...]:
    """Variables of the environment that are not there and without which a source is not asked."""
    from .sources import named

    module = named(source)
    return tuple(variable for name in getattr(module, "NEEDED", ())
                 if not os.environ.get(variable := module.SECRETS[name], "").strip())


def client(source: str) -> Client:
    """A client of a source, with its address, its pause, and keys from the environment.

    Raises
    ------
    SourceError
        When a key is not there without which the source cannot be asked.
    """
    from .sources import named

    module = named(source)
    if lacking := missing(source):
        raise SourceError(source, f"it is not asked without {' and '.join(lacking)} in the "
                          "environment")
    secrets = {name: os.environ.get(variable, "").strip()
               for name, variable in module.SECRETS.items()}
    return Client(source, base(source), pause=module.PAUSE,
                  secrets={name: value for name, value in secrets.items() if value},
                  headers=getattr(module, "HEADERS", None), cap=getattr(module, "CAP", CAP))
