"""The body of a response is for the log: however it comes, the status has decided."""

import socket
import time
from collections.abc import Callable

import pytest

from calhooks.delivery.sending.sender import Sender
from calhooks.egress.exchange import BODY_SECONDS
from calhooks.egress.failures import Failure
from tests.delivery.receivers import CERTIFICATES, Received, Reply, answer, drip, flood, hang, receiving, say
from tests.delivery.sending.posting import DEADLINE, LATE_SECONDS, LOOPBACK, OK, outgoing, post

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def then(head: bytes, rest: Reply) -> Reply:
    """Write a head at once, and the body in another way."""

    def reply(request: Received, connection: socket.socket) -> bool:
        connection.sendall(head)
        return rest(request, connection)

    return reply


@pytest.mark.timed
@pytest.mark.parametrize("certificate", ["", "good"])
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("rest", [hang, drip(b"a" * 1000, 0.05)], ids=["silence", "drips"])
def test_the_body_has_two_seconds_and_the_status_decides(certificate: str, status: int, rest: Reply) -> None:
    sender = Sender(LOOPBACK, CERTIFICATES / "ca.pem", deadline_seconds=30)
    with receiving(then(b"HTTP/1.1 %d So\r\nContent-Length: 1000\r\n\r\nx" % status, rest), certificate) as receiver:
        start = time.monotonic()
        result = post(sender, receiver.url)
        assert BODY_SECONDS <= time.monotonic() - start < BODY_SECONDS + LATE_SECONDS
        receiver.reply = answer(204, b"")
        assert post(sender, receiver.url).status == 204
    assert (result.status, result.succeeded) == (status, status == 200)
    assert result.body.startswith(b"x")
    assert "cut off" in str(result.detail)
    assert receiver.connections == 2
    sender.close()


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (OK + b"Content-Length: 10\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: -1\r\n\r\nabc", b"abc"),
        (OK + b"Content-Length: many\r\n\r\nabc", b"abc"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\nabc", b"abc"),
        (CHUNKED + b"3\r\nabc\r\n", b"abc"),
        (CHUNKED + b"3\r\nabc\r\nno number\r\n", b"abc"),
        (CHUNKED + b"3\r\nabc\r\n-3\r\nabc\r\n", b"abc"),
        (CHUNKED + b"3\r\nabcdef", b"abc"),
        (CHUNKED + b"3\r\nabc\r\n" + b"1" * 100_000, b"abc"),
        (CHUNKED + b"fffffffffffffffffff\r\nabc", b"abc"),
        (CHUNKED + b"3\r\nabc\r\n0\r\n" + b"A: b\r\n" * 200_000, b"abc"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (OK + b"Content-Encoding: br, nonsense\r\n\r\nabc", b"abc"),
        (CHUNKED, b""),
    ],
)
def test_no_body_undoes_a_success(sender: Sender, said: bytes, body: bytes) -> None:
    with receiving(say(said)) as receiver:
        result = post(sender, receiver.url)
        assert (result.status, result.failure) == (200, None)
        assert result.body.startswith(body)
        receiver.reply = answer(202)
        assert post(sender, receiver.url).status == 202


@pytest.mark.timed
@pytest.mark.parametrize(
    "head",
    [OK + b"Content-Length: 1000\r\n\r\n", OK + b"\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"],
    ids=["announced", "until it closes", "chunked"],
)
def test_a_body_that_drips_ends_at_the_deadline_and_2xx_stays_2xx(sender: Sender, head: bytes) -> None:
    def reply(request: Received, connection: socket.socket) -> bool:
        connection.sendall(head)
        return drip(b"a" * 1000, 0.05)(request, connection)

    with receiving(reply) as receiver:
        start = time.monotonic()
        result = post(sender, receiver.url)
        assert time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert result.succeeded
    assert 5 < len(result.body) < 100
    assert "cut off" in str(result.detail)


@pytest.mark.timed
def test_a_server_error_whose_body_never_ends_is_told_by_its_status(sender: Sender) -> None:
    def reply(request: Received, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 500 Oh\r\n\r\nx")
        return hang(request, connection)

    with receiving(reply) as receiver:
        result = post(sender, receiver.url)
    assert (result.failure, result.status, result.body) == (Failure.STATUS, 500, b"x")


@pytest.mark.timed
@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 314572800\r\n\r\n", OK + b"\r\n"], ids=["announced", "endless"]
)
def test_only_64_kib_of_an_answer_are_read(sender: Sender, head: bytes) -> None:
    piece = b"a" * 1024 * 1024
    with receiving(flood(head, piece, 300)) as receiver:
        start = time.monotonic()
        result = post(sender, receiver.url)
        assert time.monotonic() - start < DEADLINE + LATE_SECONDS
        assert post(sender, receiver.url).succeeded
    assert result.succeeded
    assert result.body == b"a" * 64 * 1024
    assert result.truncated
    assert receiver.connections == 2


def test_a_compressed_answer_is_kept_as_it_came(sender: Sender) -> None:
    with receiving(answer(200, b"\x1f\x8bnot really", "Content-Encoding: gzip")) as receiver:
        result = post(sender, receiver.url)
    assert receiver.received[0].headers["accept-encoding"] == "identity"
    assert result.body == b"\x1f\x8bnot really"


def test_a_body_that_breaks_off_does_not_undo_a_success(sender: Sender) -> None:
    with receiving(say(OK + b"Content-Length: 10\r\n\r\nabc")) as receiver:
        result = post(sender, receiver.url)
    assert (result.status, result.failure, result.body) == (200, None, b"abc")
    assert "cut off" in str(result.detail)


def called(answer: bool) -> tuple[list[float], Callable[[], bool]]:
    """Return the times of calls, and what to call."""
    calls: list[float] = []

    def let_go() -> bool:
        calls.append(time.monotonic())
        return answer

    return calls, let_go


@pytest.mark.timed
@pytest.mark.parametrize("certificate", ["", "good"])
@pytest.mark.parametrize("rest", [hang, drip(b"a" * 1000, 0.01)], ids=["silence", "drips"])
def test_a_2xx_head_lets_the_slot_go_long_before_its_body_ends(sender: Sender, rest: Reply, certificate: str) -> None:
    calls, let_go = called(True)
    with receiving(then(OK + b"Content-Length: 1000\r\n\r\n", rest), certificate) as receiver:
        start = time.monotonic()
        result = sender.send(outgoing(receiver.url), let_go)
    assert len(calls) == 1
    assert calls[0] - start < result.duration_ms / 1000 - DEADLINE / 4
    assert result.succeeded


@pytest.mark.timed
def test_a_body_that_may_not_be_waited_for_is_cut_off(sender: Sender) -> None:
    calls, let_go = called(False)
    with receiving(then(OK + b"Content-Length: 9\r\n\r\nabc", hang)) as receiver:
        start = time.monotonic()
        result = sender.send(outgoing(receiver.url), let_go)
        assert time.monotonic() - start < DEADLINE
    assert len(calls) == 1
    assert (result.failure, result.body) == (None, b"abc")


@pytest.mark.parametrize(
    "reply",
    [answer(), answer(204, b""), then(b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n", hang), hang],
    ids=["a whole answer", "no body", "a failure", "silence"],
)
def test_nothing_else_lets_the_slot_go(sender: Sender, reply: Reply) -> None:
    calls, let_go = called(True)
    with receiving(reply) as receiver:
        sender.send(outgoing(receiver.url), let_go)
    assert calls == []
