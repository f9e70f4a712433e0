"""Tests of surveillance: no host but this machine, no waiting, no keys from outside."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from livingreview.surveillance import net

sys.path.insert(0, str(Path(__file__).parent))  # the helpers of these tests, by their names

from server import OtherHost, Server  # noqa: E402

_HERE = ("127.0.0.1", "localhost", "::1")


@pytest.fixture(autouse=True)
def this_machine_only(monkeypatch):
    """Refuse every connection and every look-up of a name but to this machine."""
    connect, looked_up = socket.socket.connect, socket.getaddrinfo

    def here(self, address):
        if self.family != socket.AF_UNIX and address[0] not in _HERE:
            raise OtherHost(f"a test wants to reach {address[0]}")
        return connect(self, address)

    def found(host, *arguments, **more):
        if host not in (*_HERE, None, ""):
            raise OtherHost(f"a test wants to look up {host}")
        return looked_up(host, *arguments, **more)

    monkeypatch.setattr(socket.socket, "connect", here)
    monkeypatch.setattr(socket, "getaddrinfo", found)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("LIVINGREVIEW_URL_") or (
                name.endswith(("_KEY", "_EMAIL"))):
            monkeypatch.delenv(name)


class Time:
    """Time that passes only when somebody waits.

    Attributes
    ----------
    slept : list of float
        How long, each time.
    """

    def __init__(self):
        self.now, self.slept = 0.0, []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def waiting(monkeypatch) -> Time:
    """No test waits: what would be slept is listed."""
    time = Time()
    monkeypatch.setattr(net, "SLEEP", time.sleep)
    monkeypatch.setattr(net, "CLOCK", lambda: time.now)
    monkeypatch.setattr(net, "_limiters", {})
    return time


@pytest.fixture
def server():
    """A server with an empty script."""
    with Server() as made:
        yield made
