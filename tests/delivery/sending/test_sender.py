"""What one attempt does with receivers of every kind: real sockets, real TLS, no stand-ins."""

import socket
import threading
import time

import pytest

from calhooks import clock
from calhooks.delivery.sending.sender import Result, Sender
from calhooks.egress.dialing import NEXT_ATTEMPT_SECONDS
from calhooks.egress.failures import Failure
from calhooks.egress.urls import check_url
from tests.delivery.receivers import (
    Received,
    Receiver,
    Reply,
    answer,
    drip,
    flood,
    hang,
    in_turn,
    receiving,
    say,
)
from tests.delivery.sending.posting import DEADLINE, LATE_SECONDS, LOOPBACK, OK, outgoing, post, resolve
from tests.faults.behaviours import Deaf


def test_a_delivery_arrives_whole_and_the_answer_is_kept(sender: Sender) -> None:
    with receiving(answer(201, b"thanks", "X-Id: 7")) as receiver:
        result = post(sender, f"{receiver.url}?a=1#part", b'{"name":"Zo\xc3\xab"}')
    assert (result.status, result.body, result.failure, result.detail) == (201, b"thanks", None, None)
    assert result.succeeded
    assert result.header("x-id") == "7"
    (request,) = receiver.received
    assert request.line == "POST /hook?a=1 HTTP/1.1"
    assert request.body == b'{"name":"Zo\xc3\xab"}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("calhooks/")
    assert request.headers["x-cal-signature-256"] == "no-secret-provided"
    assert request.headers["x-cal-webhook-version"] == "2021-10-20"
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["x-calhooks-attempt"] == "3"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5
    assert "webhook-signature" not in request.headers


def test_the_request_headers_that_are_kept_are_those_that_arrived(sender: Sender) -> None:
    with receiving() as receiver:
        result = post(sender, receiver.url, secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))
    assert {name.lower(): value for name, value in result.request_headers} == receiver.received[0].headers


def test_an_empty_body_is_sent_as_such(sender: Sender) -> None:
    with receiving() as receiver:
        assert post(sender, receiver.url, b"").succeeded
    assert receiver.received[0].headers["content-length"] == "0"
    assert "transfer-encoding" not in receiver.received[0].headers


def test_connections_are_kept_alive(sender: Sender) -> None:
    with receiving() as receiver:
        assert all(post(sender, receiver.url).succeeded for _ in range(5))
    assert receiver.connections == 1


def test_a_chunked_answer_is_read_and_its_connection_kept(sender: Sender) -> None:
    def chunked(_request: object, connection: socket.socket) -> bool:
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        return True

    with receiving(chunked) as receiver:
        assert [post(sender, receiver.url).body for _ in range(3)] == [b"abc"] * 3
    assert receiver.connections == 1


def test_a_kept_connection_that_turns_out_closed_is_replaced_within_the_same_attempt(sender: Sender) -> None:
    def close_instead_of_answering(_request: object, _connection: object) -> bool:
        return False

    with receiving(in_turn([answer(), close_instead_of_answering, answer(202)])) as receiver:
        assert post(sender, receiver.url).status == 200
        assert post(sender, receiver.url).status == 202
    assert [request.connection for request in receiver.received] == [1, 1, 2]


def test_a_kept_connection_that_was_closed_long_ago_costs_nothing(sender: Sender) -> None:
    with receiving() as receiver:
        assert post(sender, receiver.url).succeeded
        receiver.hang_up()
        assert post(sender, receiver.url).succeeded


def test_a_fresh_connection_that_closes_without_an_answer_is_not_tried_again(sender: Sender) -> None:
    with receiving(say()) as receiver:
        result = post(sender, receiver.url)
    assert (result.failure, result.status) == (Failure.CLOSED, None)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_status_outside_2xx_is_a_failure_with_its_answer_kept(sender: Sender, status: int) -> None:
    with receiving(answer(status, b"no")) as receiver:
        result = post(sender, receiver.url)
    assert (result.failure, result.status, result.body) == (Failure.STATUS, status, b"no")
    assert str(result.detail).startswith(f"The receiver answered {status} Said")


def test_what_a_receiver_says_cannot_break_the_line_it_is_told_in(sender: Sender) -> None:
    with receiving(say(b"HTTP/1.1 500 \x00\x1b[31m\xff\r\nContent-Length: 0\r\n\r\n")) as receiver:
        result = post(sender, receiver.url)
    assert result.detail == "The receiver answered 500 ??[31mÿ. The receiver's own log says why."


def test_a_reason_without_end_stays_a_part_of_a_sentence(sender: Sender) -> None:
    with receiving(say(b"HTTP/1.1 500 " + b"a" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n")) as receiver:
        result = post(sender, receiver.url)
    assert result.status == 500
    assert len(str(result.detail)) < 300


def test_badly_written_headers_do_not_fill_the_log(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    said = OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\nno header\r\n\r\n0\r\n\r\n"
    with receiving(say(said)) as receiver:
        assert post(sender, receiver.url).succeeded
    assert not caplog.records


def test_a_redirect_is_not_followed(sender: Sender) -> None:
    with receiving() as elsewhere, receiving(answer(307, b"", f"Location: {elsewhere.url}")) as receiver:
        result = post(sender, receiver.url)
        assert elsewhere.received == []
    assert (result.failure, result.status) == (Failure.REDIRECT, 307)
    assert elsewhere.url in str(result.detail)


def test_no_cookie_is_ever_sent_back(sender: Sender) -> None:
    with receiving(answer(200, b"", "Set-Cookie: a=1")) as receiver:
        post(sender, receiver.url)
        post(sender, receiver.url)
    assert "cookie" not in receiver.received[1].headers


def test_proxies_and_netrc_of_the_machine_are_not_used(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with receiving() as receiver:
        assert post(sender, receiver.url).succeeded
    assert "authorization" not in receiver.received[0].headers


@pytest.mark.timed
@pytest.mark.parametrize(
    "reply",
    [
        hang,
        drip(OK + b"X-A: " + b"a" * 1000, 0.05),
        drip(OK, 0.4),
        flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 300),
    ],
    ids=["silence", "drips headers", "drips the status", "continues for ever"],
)
def test_the_deadline_holds_until_the_end_of_the_headers(sender: Sender, reply: Reply) -> None:
    def keep_open(request: Received, connection: socket.socket) -> bool:
        reply(request, connection)
        return hang(request, connection)

    with receiving(keep_open) as receiver:
        start = time.monotonic()
        result = post(sender, receiver.url)
        assert DEADLINE <= time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert (result.failure, result.status) == (Failure.DEADLINE, None)
    assert result.duration_ms >= DEADLINE * 1000
    assert str(result.detail).startswith("After 1 seconds")


@pytest.mark.timed
def test_a_receiver_that_does_not_read_is_left_at_the_deadline(sender: Sender) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    start = time.monotonic()
    result = post(sender, f"http://127.0.0.1:{listener.getsockname()[1]}/", b"a" * 20_000_000)
    assert time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert result.failure is Failure.DEADLINE
    listener.close()


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"garbage\r\n\r\n", Failure.NOT_HTTP),
        (b"\x00\xff" * 50_000, Failure.NOT_HTTP),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Failure.NOT_HTTP),
        (b"HTTP/1.1 abc\r\n\r\n", Failure.NOT_HTTP),
        (b"HTTP/3.0 200 OK\r\n\r\n", Failure.NOT_HTTP),
        (b"HTTP/1.1 " + b"2" * 70_000 + b"\r\n\r\n", Failure.NOT_HTTP),
        (b"HTTP/1.1 200", Failure.CLOSED),
        (OK + b"Content-Le", Failure.CLOSED),
        (OK + b"Content-Length: 2\r\n", Failure.CLOSED),
    ],
)
def test_what_is_not_a_whole_answer_is_a_failure(sender: Sender, said: bytes, failure: Failure) -> None:
    with receiving(say(said)) as receiver:
        result = post(sender, receiver.url)
    assert (result.failure, result.status) == (failure, None)
    assert str(result.detail).endswith(".")


HINTED = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nX-Which: final\r\nContent-Length: 2\r\n\r\nok"
)


@pytest.mark.timed
@pytest.mark.parametrize("reply", [say(HINTED), drip(HINTED, 0.001)], ids=["at once", "in drips"])
def test_interim_answers_are_not_the_answer(sender: Sender, reply: Reply) -> None:
    with receiving(reply) as receiver:
        result = post(sender, receiver.url)
        assert (result.status, result.header("X-Which"), result.header("Link")) == (200, "final", None)
        assert result.body == b"ok"


def test_interim_answers_without_end_are_bounded(sender: Sender) -> None:
    with receiving(say(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 20_000)) as receiver:
        assert post(sender, receiver.url).failure is Failure.NOT_HTTP


def test_another_protocol_is_no_answer(sender: Sender) -> None:
    with receiving(say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", b"\0\0")) as receiver:
        result = post(sender, receiver.url)
        assert result.failure is Failure.NOT_HTTP
        assert "101" in str(result.detail)
        receiver.reply = answer(204, b"")
        assert post(sender, receiver.url).status == 204


def test_a_refused_connection_says_so(sender: Sender) -> None:
    with receiving() as receiver:
        pass
    result = post(sender, receiver.url)
    assert result.failure is Failure.REFUSED
    assert str(receiver.port) in str(result.detail)


@pytest.mark.timed
def test_an_answer_that_never_begins_to_connect_ends_at_the_deadline(sender: Sender) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for connection in waiting:
        connection.setblocking(False)
        connection.connect_ex(listener.getsockname())
    start = time.monotonic()
    result = post(sender, f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert result.failure is Failure.CONNECT_TIMEOUT
    for connection in [*waiting, listener]:
        connection.close()


def test_a_private_address_is_refused_before_anything_is_sent() -> None:
    with receiving() as receiver:
        result = post(Sender(()), receiver.url)
    assert result.failure is Failure.BLOCKED
    assert "127.0.0.0/8, loopback" in str(result.detail)
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "\uff11\uff12\uff17.0.0.1", "127\u30020.0.1", "LocalHost", "127.1"])
def test_every_way_to_write_a_host_that_can_be_saved_is_delivered_to(sender: Sender, host: str) -> None:
    with receiving() as receiver:
        url = f"http://{host}:{receiver.port}/hook?a=b#c"
        assert check_url(url, LOOPBACK)
        assert post(sender, url).succeeded
    assert receiver.received[0].line == "POST /hook?a=b HTTP/1.1"
    assert receiver.received[0].headers["host"] in {
        f"{name}:{receiver.port}" for name in ("127.0.0.1", "localhost", "127.1")
    }


def test_a_stored_url_that_cannot_be_used_fails_with_its_reason(sender: Sender) -> None:
    result = post(sender, "http://user@127.0.0.1/")
    assert result.failure is Failure.BLOCKED
    assert "user name" in str(result.detail)


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: a\r\n" % i for i in range(150)),
        b"A: " + b"a" * 70_000 + b"\r\nX-149: a\r\n",
        b"A: " + b"a" * (65_536 - 5) + b"\r\nX-149: a\r\n",
        b"X-149: a\r\nA: " + b"a" * 400_000 + b"\r\n",
    ],
    ids=["150 headers", "a long one", "one as long as a piece", "a very long one"],
)
def test_many_and_long_headers_are_read(sender: Sender, headers: bytes) -> None:
    with receiving(say(OK + b"Content-Length: 2\r\n" + headers + b"\r\nok")) as receiver:
        result = post(sender, receiver.url)
    assert (result.status, result.failure, result.detail, result.body) == (200, None, None, b"ok")
    assert result.header("x-149") == "a"


def test_headers_may_end_where_a_piece_of_them_does(sender: Sender) -> None:
    for length in range(65_536 - 8, 65_536 + 3):
        headers = b"A: " + b"a" * (length - 5) + b"\r\n"
        with receiving(say(OK + headers + b"\r\n" + b"body")) as receiver:
            result = post(sender, receiver.url)
        assert (result.failure, len(str(result.header("a"))), result.body) == (None, length - 5, b"body")


@pytest.mark.timed
@pytest.mark.parametrize(
    "reply",
    [
        flood(OK + b"A: ", b"a" * 1024 * 1024, 300),
        say(OK + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 60_000) for i in range(90)) + b"\r\n"),
        say(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
    ],
    ids=["without end", "far too long", "two lengths"],
)
def test_2xx_is_success_although_its_headers_cannot_be_used(sender: Sender, reply: Reply) -> None:
    with receiving(reply) as receiver:
        start = time.monotonic()
        result = post(sender, receiver.url)
        assert time.monotonic() - start < DEADLINE + LATE_SECONDS
        receiver.reply = answer(202)
        assert post(sender, receiver.url).status == 202
    assert (result.status, result.failure, result.headers) == (200, None, ())
    assert "not read" in str(result.detail)
    assert receiver.connections == 2


def test_a_failure_whose_headers_are_too_long_is_told_by_its_status(sender: Sender) -> None:
    with receiving(flood(b"HTTP/1.1 503 Busy\r\nA: ", b"a" * 1024 * 1024, 300)) as receiver:
        result = post(sender, receiver.url)
    assert (result.status, result.failure) == (503, Failure.STATUS)
    assert result.detail == "The receiver answered 503 Busy. It sent headers longer than 512 KiB, which were not read."


def test_a_request_that_comes_too_late_is_not_sent(sender: Sender) -> None:
    with receiving() as receiver:
        result = sender.send(outgoing(receiver.url, send_before=clock.since_boot() - 0.001))
        assert (result.failure, result.status) == (Failure.STALE, None)
        assert sender.send(outgoing(receiver.url, send_before=clock.since_boot() + 60)).succeeded
        # Over the connection that is open now, too.
        result = sender.send(outgoing(receiver.url, send_before=clock.since_boot() - 0.001))
        assert result.failure is Failure.STALE
        assert post(sender, receiver.url).succeeded
    assert len(receiver.received) == 2


def test_a_request_that_comes_too_late_after_connecting_is_not_sent(sender: Sender) -> None:
    deaf = Deaf("127.0.0.2")
    with receiving(port=deaf.port) as receiver, pytest.MonkeyPatch.context() as patch:
        resolve(patch, ["127.0.0.2", "127.0.0.1"])
        url = f"http://slow.example:{receiver.port}/"
        result = sender.send(outgoing(url, send_before=clock.since_boot() + NEXT_ATTEMPT_SECONDS / 2))
        assert (result.failure, receiver.received) == (Failure.STALE, [])
    deaf.close()


def test_the_second_connection_of_an_attempt_is_not_used_too_late(sender: Sender) -> None:
    def close_late(_request: object, _connection: object) -> bool:
        time.sleep(0.3)
        return False

    with receiving(in_turn([answer(), close_late, answer()])) as receiver:
        assert post(sender, receiver.url).succeeded
        result = sender.send(outgoing(receiver.url, send_before=clock.since_boot() + 0.2))
        assert result.failure is Failure.STALE
        assert len(receiver.received) == 2


def test_many_threads_share_one_sender(sender: Sender) -> None:
    results: list[Result] = []
    with receiving(certificate="good") as tls, receiving() as plain:

        def run(receiver: Receiver) -> None:
            results.extend(post(sender, receiver.url) for _ in range(20))

        threads = [threading.Thread(target=run, args=(receiver,)) for receiver in (tls, plain) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert tls.connections <= 8
    assert len(results) == 160
    assert all(result.succeeded for result in results)
