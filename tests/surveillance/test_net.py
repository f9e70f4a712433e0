"""Servers that fail in every way: asked again where that helps, named where not, no key said."""

from __future__ import annotations

import logging
import socket
import traceback
from datetime import UTC, datetime, timedelta

import pytest
import server as fake
from server import OtherHost

from livingreview.surveillance import net
from livingreview.surveillance.net import Client, SourceError

CANARY = "canary-key+0123/4567"


@pytest.fixture
def client(server):
    return Client("pubmed", server.url, pause=0.0)


def failure(client, path="page", **params) -> SourceError:
    with pytest.raises(SourceError) as raised:
        client.get(path, params)
    return raised.value


def test_an_answer_is_what_the_server_said(server, client):
    server.on("/page", fake.text('{"a": 1}'))
    answer = client.get("page", {"q": "a b", "left_out": None})
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.url == f"{server.url}/page?q=a+b"
    assert answer.headers["content-type"] == fake.JSON and answer.time
    assert server.requests[0].params == {"q": "a b"}


def test_a_form_is_sent_as_the_body(server, client):
    server.on("/page", fake.text("{}"))
    assert client.post("page", {"term": "x"}).url == f"{server.url}/page?term=x"
    assert (server.requests[0].method, server.requests[0].body) == ("POST", b"term=x")


@pytest.mark.parametrize("status", sorted(net.AGAIN))
def test_what_may_pass_is_asked_for_again(server, client, status):
    server.on("/page", fake.failing(status), fake.failing(status), fake.text("good"))
    assert client.get("page").body == b"good"
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_does_not_pass_is_asked_for_once(server, client, status):
    server.on("/page", fake.failing(status), fake.text("good"))
    error = failure(client)
    assert str(status) in error.reason and error.status == status
    assert len(server.requests) == 1


def test_a_server_that_always_fails_is_asked_six_times(server, client, waiting):
    server.on("/page", fake.failing(500))
    assert "500" in failure(client).reason
    assert len(server.requests) == 6
    waits = [s for s in waiting.slept if s]
    assert all(wait <= 60 for wait in waits) and len(waits) == 5
    assert all(2 ** n / 2 <= wait <= 2 ** n for n, wait in enumerate(waits, 1))


def test_the_server_says_how_long_to_wait_in_seconds(server, client, waiting):
    server.on("/page", fake.too_many(17), fake.text("good"))
    client.get("page")
    assert waiting.slept == [17.0]


@pytest.mark.parametrize("wrong", [timedelta(), timedelta(hours=-9), timedelta(hours=9)])
def test_the_server_says_until_when_to_wait_by_its_own_clock(server, client, waiting, wrong):
    server.on("/page", fake.too_many_until(23, datetime.now(UTC) + wrong), fake.text("good"))
    client.get("page")
    assert waiting.slept == [23.0]


def test_what_would_take_longer_than_ten_minutes_is_given_up(server, client, waiting):
    server.on("/page", fake.too_many(3600), fake.text("good"))
    assert "3600 seconds" in failure(client).reason
    assert waiting.slept == [] and len(server.requests) == 1


def test_tries_end_after_ten_minutes_in_all(server, client, waiting):
    server.on("/page", fake.too_many(250))
    failure(client)
    assert sum(waiting.slept) <= 600 and len(server.requests) == 3


@pytest.mark.parametrize(("fault", "said"), [
    ("reset", "cut off"), ("short", "cut off"), ("cut-gzip", "unpacked")])
def test_a_body_that_is_cut_is_asked_for_again(server, client, fault, said):
    body = b"0123456789" * 500
    server.on("/page", fake.Reply(body, fault=fault), fake.Reply(body))
    assert client.get("page").body == body
    server.on("/page", fake.Reply(body, fault=fault))
    assert said in failure(client).reason


def test_packed_answers_are_unpacked(server, client):
    server.on("/page", fake.text("words " * 100, fault="gzip"))
    assert client.get("page").body == b"words " * 100


def test_a_slow_body_comes_in_the_end(server, client):
    server.on("/page", fake.text("slow" * 20, fault="slow"))
    assert client.get("page").body == b"slow" * 20


@pytest.mark.parametrize("fault", ["hang", "silent"])
def test_a_server_that_falls_silent_is_not_waited_for(server, client, monkeypatch, fault):
    monkeypatch.setattr(net, "TIMEOUT", (0.2, 0.1))
    server.on("/page", fake.Reply(b"x" * 100, fault=fault), fake.text("good"))
    assert client.get("page").body == b"good"
    client.tries = 2
    server.on("/page", fake.Reply(b"x" * 100, fault=fault))
    assert "silent" in failure(client).reason


def test_a_body_that_drips_for_ever_ends(server, client, waiting, monkeypatch):
    monkeypatch.setattr(net, "_PIECE", 1)
    monkeypatch.setattr(net, "CLOCK", lambda: waiting.now)
    server.on("/page", fake.text("drip" * 50, fault="slow"))
    passing = iter(range(0, 10**6, 100))
    monkeypatch.setattr(net, "CLOCK", lambda: next(passing))
    assert "more than 600 seconds" in failure(client).reason


def test_no_connection_is_named(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        lonely = Client("pubmed", f"http://127.0.0.1:{free.getsockname()[1]}", pause=0)
    assert "there is no connection" in failure(lonely).reason


def test_an_answer_without_end_is_refused(server, client):
    client.cap = 1000
    server.on("/page", fake.text("x" * 1001))
    assert "larger than 1,000 bytes" in failure(client).reason
    server.on("/page", fake.text("x" * 5000, fault="gzip"))  # small until it is unpacked
    assert "larger than 1,000 bytes" in failure(client).reason


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_followed(server, client, status):
    server.on("/W1", fake.moved("/W2", status))
    server.on("/W2", fake.text("merged"))
    answer = client.get("W1", {"q": "1"})
    assert answer.body == b"merged" and answer.url == f"{server.url}/W1?q=1"


@pytest.mark.parametrize("to", ["http://example.org/W2", "//example.org/", "file:///etc/passwd",
                                "http://127.0.0.1:1/", ""])
def test_a_redirect_elsewhere_is_refused(server, client, to):
    server.on("/W1", fake.moved(to))
    assert "redirects to another host" in failure(client, "W1").reason


def test_a_circle_of_redirects_ends(server, client):
    server.on("/W1", fake.moved("/W1"))
    assert "redirects more than 5 times" in failure(client, "W1").reason


def test_clocks_that_differ_by_days_are_refused(server, client):
    server.on("/page", fake.text("x", date=datetime.now(UTC) - timedelta(days=40)))
    assert "differ by 40.0 days" in failure(client).reason
    old = {"Age": str(40 * 86400)}  # of a store on the way
    server.on("/page", fake.text("x", date=datetime.now(UTC) - timedelta(days=40), headers=old))
    assert client.get("page").body == b"x"


def test_requests_to_a_host_are_so_many_seconds_apart(server, waiting):
    server.on("/page", fake.text("x"))
    for name in ("one", "two", "one"):  # whoever asks
        Client(name, server.url, pause=0.5).get("page")
    assert waiting.slept == [0.5, 0.5]


def test_no_test_reaches_another_host():
    with pytest.raises(OtherHost):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(OtherHost):
        Client("pubmed", "https://eutils.ncbi.nlm.nih.gov", pause=0).get("x")


def _everything(error: BaseException) -> str:
    """All that an exception says, also of those that it came from."""
    said = "".join(traceback.format_exception(error)) + repr(vars(error))
    while error := error.__context__ or error.__cause__:
        said += repr(error) + repr(vars(error))
    return said


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("reply", [
    fake.failing(500), fake.failing(403), fake.Reply(b"x" * 99, fault="reset"),
    fake.moved("http://example.org/?api_key=canary-key%2B0123%2F4567"), None])
def test_no_error_and_no_log_says_a_key(server, caplog, method, reply):
    caplog.set_level(logging.DEBUG)
    keyed = Client("pubmed", server.url if reply else "http://127.0.0.1:9", pause=0,
                   secrets={"api_key": CANARY})
    if reply:
        server.on("/page", reply)
    with pytest.raises(SourceError) as raised:
        getattr(keyed, method)("page", {"q": "1"})
    if reply:
        assert server.requests[0].params["api_key"] == CANARY  # it was sent
    assert "canary-key" not in _everything(raised.value)
    assert "canary-key" not in caplog.text


def test_no_answer_says_a_key_though_the_server_repeats_it(server):
    keyed = Client("pubmed", server.url, pause=0, secrets={"api_key": CANARY})
    server.on("/page", fake.text('{"api-key": "canary-key+0123/4567", '
                                 '"next": "?k=canary-key%2B0123%2F4567"}',
                                 headers={"ETag": CANARY}))
    answer = keyed.get("page")
    assert "canary-key" not in answer.url + answer.body.decode() + str(answer.headers)


def test_a_redirect_keeps_the_key(server):
    keyed = Client("openalex", server.url, pause=0, secrets={"api_key": CANARY})
    server.on("/W1", fake.moved("/W2?select=id"))
    server.on("/W2", fake.text("x"))
    keyed.get("W1")
    assert server.requests[1].params == {"select": "id", "api_key": CANARY}


def test_a_key_that_would_be_found_in_any_text_is_none():
    with pytest.raises(SourceError, match="too short"):
        Client("pubmed", "http://127.0.0.1", pause=0, secrets={"api_key": "a"})


def test_the_address_of_a_source_comes_from_the_environment(monkeypatch):
    assert net.base("europe-pmc") == "https://www.ebi.ac.uk/europepmc/webservices/rest"
    monkeypatch.setenv("LIVINGREVIEW_URL_EUROPE_PMC", "http://127.0.0.1:1234/rest")
    assert net.client("europe-pmc").base == "http://127.0.0.1:1234/rest"


def test_a_source_is_not_asked_without_the_address_of_who_asks(monkeypatch):
    with pytest.raises(SourceError, match="LIVINGREVIEW_EMAIL"):
        net.client("pubmed")
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "someone@example.org")
    assert net.client("pubmed").url("esearch.fcgi", {"email": "someone@example.org"}).endswith(
        "email=REDACTED")
