"""Requests in odd pieces and of odd shapes, byte for byte, over real sockets."""

import json

import pytest

from calhooks.logs import TRACE_INDENT
from calhooks.server.limits import MAX_HEAD_BYTES, MAX_REQUEST_BYTES, MAX_REQUEST_LINE_BYTES
from tests.server.client import Address, exchange, is_closed, open_client, read_all, statuses
from tests.server.serving import serving

CLOSE = b"Host: x\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def sized(body: bytes, path: bytes = b"/s", close: bool = True) -> bytes:
    """Return a request with a body of known size."""
    connection = b"Connection: close\r\n" if close else b""
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + connection + length + body


def bodies(answers: bytes) -> list[str]:
    """Return the bodies that reached the application."""
    said = [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]
    return [json.loads(each)["body"] for each in said]


def test_a_request_may_arrive_byte_by_byte(echo: Address) -> None:
    request = sized(b"hello")
    answer = exchange(echo, *(request[at : at + 1] for at in range(len(request))))
    assert bodies(answer) == ["hello"]


def test_requests_that_come_together_are_answered_in_their_order(echo: Address) -> None:
    requests = [sized(b"%d" % number, close=number == 9) for number in range(10)]
    assert bodies(exchange(echo, b"".join(requests))) == [str(number) for number in range(10)]


def test_a_connection_is_kept_for_the_next_request(echo: Address) -> None:
    client = open_client(echo, sized(b"first", close=False))
    assert b"first" in client.recv(65536)
    client.sendall(b"\r\n" + sized(b"second"))
    assert bodies(read_all(client)) == ["second"]


def test_a_client_of_http_1_0_gets_its_answer_and_the_end(echo: Address) -> None:
    assert b"Connection: close" in exchange(echo, b"GET / HTTP/1.0\r\n\r\n")


def test_head_has_no_body_and_leaves_the_connection_usable(echo: Address) -> None:
    answers = exchange(echo, b"HEAD /?bytes=1000 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /g HTTP/1.1\r\n" + CLOSE)
    assert statuses(answers) == [200, 200]
    assert b"x" * 10 not in answers


def test_a_client_that_waits_for_it_is_told_to_send_the_body(echo: Address) -> None:
    head = sized(b"hello").replace(b"\r\n\r\nhello", b"\r\nExpect: 100-continue\r\n\r\n")
    client = open_client(echo, head)
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"hello")
    assert bodies(read_all(client)) == ["hello"]
    assert statuses(exchange(echo, head + b"hello")) == [200]


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"0\r\n\r\n", ""),
        (b"5\r\nhello\r\n0\r\n\r\n", "hello"),
        (b"005;name=value\r\nhello\r\n1 ; x\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n", "hello!"),
    ],
)
def test_a_chunked_body_arrives_whole(echo: Address, chunks: bytes, body: str) -> None:
    assert bodies(exchange(echo, CHUNKED + chunks)) == [body]
    assert bodies(exchange(echo, CHUNKED, *(chunks[at : at + 1] for at in range(len(chunks))))) == [body]


def test_what_follows_a_chunked_body_is_the_next_request(echo: Address) -> None:
    kept = CHUNKED.replace(b"Connection: close\r\n", b"")
    answers = exchange(echo, kept + b"3\r\none\r\n0\r\n\r\n" + sized(b"two"))
    assert bodies(answers) == ["one", "two"]


@pytest.mark.parametrize(
    "chunks",
    [
        b"x\r\n",
        b"-1\r\n",
        b"5\r\nhello!!",
        b"5\r\nhello0\r\n\r\n",
        b"fffffffff\r\n",
        b"5;\n\r\nhello\r\n",
        b"1" * 2000,
        b"0\r\nno trailer\r\n\r\n",
        b"1;" + b"x" * 900 + b"\r\na\r\n" * 1,
        b"\r\n",
    ],
)
def test_chunks_that_are_none_are_refused(echo: Address, chunks: bytes) -> None:
    chunks = chunks * 200 if chunks.startswith(b"1;") else chunks
    assert statuses(exchange(echo, CHUNKED + chunks)) == [400]


def test_a_body_without_end_is_cut_off_for_the_page_that_says_so(echo: Address) -> None:
    endless = CHUNKED + b"100000\r\n" + b"x" * 0x100000 + b"\r\n100000\r\n" + b"x" * 0x100000
    assert len(bodies(exchange(echo, endless))[0]) > MAX_REQUEST_BYTES
    for digits in (7, 11, 4000):
        announced = sized(b"", close=False).replace(b"Content-Length: 0", b"Content-Length: " + b"9" * digits)
        assert bodies(exchange(echo, announced + b"x" * 100)) == [""]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\r\n\r\n\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: \xb2\r\n\r\nhello", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
        (CHUNKED.replace(b"Host", b"Content-Length: 5\r\nHost") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"chunked, gzip") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"invented") + b"0\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * MAX_HEAD_BYTES, 431),
        (b"GET /" + b"x" * MAX_REQUEST_LINE_BYTES, 414),
        (b"GET /" + b"x" * MAX_REQUEST_LINE_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"x" * 4 * MAX_REQUEST_LINE_BYTES, 414),
    ],
    ids=range(23),
)
def test_what_is_no_request_is_refused_and_the_connection_closed(echo: Address, request_: bytes, status: int) -> None:
    assert statuses(exchange(echo, request_ + sized(b"another"))) == [status]


def test_a_long_address_and_the_headers_that_repeat_it_reach_the_application(echo: Address) -> None:
    address = b"/?a=" + b"x" * (MAX_REQUEST_LINE_BYTES - 100)
    request = (
        b"GET " + address + b" HTTP/1.1\r\nReferer: http://x" + address + b"\r\nHX-Current-URL: http://x" + address
    )
    answer = exchange(echo, request + b"\r\n" + CLOSE)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["query"] > 64_000


def test_no_client_can_ask_for_a_refusal(echo: Address) -> None:
    for name in (b"refused", b"Refused", b"REFUSED"):
        assert statuses(exchange(echo, b"GET / HTTP/1.1\r\n" + name + b": 414\r\n" + CLOSE)) == [200]


def test_a_client_that_closes_in_the_middle_leaves_nothing_behind(echo: Address) -> None:
    for request in (sized(b"hello"), CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"GET /?bytes=9999999 HTTP/1.1\r\n" + CLOSE):
        for length in range(1, len(request) + 1, 3):
            open_client(echo, request[:length]).close()
    assert bodies(exchange(echo, sized(b"still here"))) == ["still here"]


def test_a_client_may_close_its_side_once_it_has_asked(echo: Address) -> None:
    client = open_client(echo, sized(b"hello", close=False))
    client.shutdown(1)
    assert bodies(read_all(client)) == ["hello"]


def test_an_application_that_fails_is_a_500_and_the_next_request_is_answered(echo: Address) -> None:
    assert statuses(exchange(echo, b"GET /?fails=1 HTTP/1.1\r\n" + CLOSE)) == [500]
    assert statuses(exchange(echo, b"GET / HTTP/1.1\r\n" + CLOSE)) == [200]


@pytest.mark.parametrize("fault", ["value", "os", "exit"])
def test_a_response_that_breaks_off_is_a_500_and_costs_nobody_else(echo: Address, fault: str) -> None:
    with open_client(echo) as other:
        request_ = f"GET /?breaks={fault} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        answer = exchange(echo, request_)
        assert statuses(answer) == [500]
        assert b"part" not in answer
        other.sendall(sized(b"still here"))
        assert bodies(read_all(other)) == ["still here"]


def test_what_a_response_fails_with_cannot_forge_a_line_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as (address, _):
        assert statuses(exchange(address, b"GET /?breaks=value HTTP/1.0\r\n\r\n")) == [500]
    log = capfd.readouterr().err
    assert "\x1b" not in log
    (forged,) = (line for line in log.splitlines() if line.strip().startswith("[2026-11-28] forged"))
    assert forged.startswith(TRACE_INDENT)


@pytest.mark.parametrize(
    "request_",
    [
        b"HEAD / HTTP/1.1\r\nno colon\r\n\r\n",
        b"HEAD /" + b"x" * MAX_REQUEST_LINE_BYTES,
        CHUNKED.replace(b"POST", b"HEAD") + b"no chunk\r\n",
    ],
)
def test_a_refusal_has_a_body_but_not_for_head(echo: Address, request_: bytes) -> None:
    assert exchange(echo, request_).endswith(b"\r\n\r\n")
    assert exchange(echo, request_.replace(b"HEAD", b"GET")).endswith(b"\r\n\r\nrefused")


def test_a_response_in_parts_arrives_whole(echo: Address) -> None:
    assert exchange(echo, b"GET /?parts=1000 HTTP/1.1\r\n" + CLOSE).count(b"part") == 1000


def test_a_client_that_waits_is_not_taken_for_closed(echo: Address) -> None:
    client = open_client(echo, b"GET /?wait=0.5 HTTP/1.1\r\n" + CLOSE)
    assert not is_closed(client)
    client.settimeout(60)
    assert statuses(read_all(client)) == [200]
