"""Bodies cut into pieces anywhere come out as they went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.server.bodies import BadBody, ChunkedBody, SizedBody
from calhooks.server.limits import MAX_REQUEST_BYTES

NEXT = b"GET /next"


def feed(body: SizedBody | ChunkedBody, data: bytes, sizes: list[int]) -> bytes:
    """Let data arrive in pieces of these sizes, the rest at once, and return what the body leaves."""
    received = bytearray()
    complete = False
    for size in [*sizes, len(data)]:
        received += data[:size]
        data = data[size:]
        complete = complete or body.take(received)
    assert complete
    return bytes(received) + data


@given(
    st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(1, 40)), st.sampled_from([b"", b";a=b", b" "])
)
def test_chunks_come_out_as_they_went_in(chunks: list[bytes], pieces: list[int], extension: bytes) -> None:
    framed = b"".join(b"%X%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    body = ChunkedBody()
    assert feed(body, framed + b"0\r\nX-Sum: 1\r\n\r\n" + NEXT, pieces) == NEXT
    assert bytes(body.content) == b"".join(chunks)


@given(st.binary(max_size=1000), st.lists(st.integers(1, 40)))
def test_a_body_of_known_size_takes_no_byte_of_the_next_request(content: bytes, pieces: list[int]) -> None:
    body = SizedBody(len(content))
    assert feed(body, content + NEXT, pieces) == NEXT
    assert bytes(body.content) == content


@given(st.binary(max_size=200))
def test_what_is_no_chunk_is_refused_or_waited_for_but_never_an_error(data: bytes) -> None:
    body = ChunkedBody()
    try:
        body.take(bytearray(data))
    except BadBody:
        return


def test_chunks_with_more_framing_than_anyone_needs_are_refused() -> None:
    with pytest.raises(BadBody):
        ChunkedBody().take(bytearray(b"1\r\nx\r\n" * MAX_REQUEST_BYTES))


def test_a_body_over_the_limit_is_not_collected() -> None:
    announced, endless = SizedBody(MAX_REQUEST_BYTES + 1), ChunkedBody()
    assert announced.take(bytearray(b"x" * 1000))
    assert len(announced.content) == 0
    assert endless.take(bytearray(b"FFFFFF\r\n" + b"x" * (MAX_REQUEST_BYTES + 1)))
    assert MAX_REQUEST_BYTES < len(endless.content) <= MAX_REQUEST_BYTES + 1
