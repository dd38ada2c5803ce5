"""TLS that does not come about, and what its sentence tells people to do."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calhooks.delivery.sending.sender import Sender
from calhooks.egress.failures import Failure
from tests.delivery.receivers import CERTIFICATES, greeting, receiving, say
from tests.delivery.sending.posting import DEADLINE, LATE_SECONDS, LOOPBACK, post

PLAIN = b"HTTP/1.1 400 Bad Request\r\n\r\n"


@contextmanager
def serving_tls(context: ssl.SSLContext) -> Iterator[int]:
    """Listen with a context on the port that is returned, and answer 200 after a handshake."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.recv(1)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def context() -> ssl.SSLContext:
    """A server's context with a good certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem")
    return context


def test_a_verified_certificate_is_accepted_and_its_connection_kept(sender: Sender) -> None:
    with receiving(certificate="good") as receiver:
        assert post(sender, receiver.url).succeeded
        assert post(sender, receiver.url.replace("127.0.0.1", "localhost")).succeeded
        assert post(sender, receiver.url).succeeded
    assert receiver.connections == 2
    assert receiver.received[1].headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        ("expired", "The certificate of 127.0.0.1 has expired: renew it on the server."),
        (
            "other-name",
            "The certificate of this server is for example.com, not for 127.0.0.1:"
            " use a name of the certificate in the URL.",
        ),
    ],
)
def test_a_bad_certificate_is_refused_with_its_reason(sender: Sender, certificate: str, sentence: str) -> None:
    with receiving(certificate=certificate) as receiver:
        result = post(sender, receiver.url)
    assert (result.failure, result.detail) == (Failure.TLS, sentence)
    assert receiver.received == []


def test_an_unknown_root_is_refused_and_can_be_added() -> None:
    sender = Sender(LOOPBACK, None, deadline_seconds=DEADLINE)
    with receiving(certificate="good") as receiver:
        result = post(sender, receiver.url)
    assert result.failure is Failure.TLS
    assert "unknown issuer" in str(result.detail)
    assert "CALHOOKS_CA_BUNDLE" in str(result.detail)
    assert receiver.received == []


def test_a_self_signed_certificate_is_refused(sender: Sender, context: ssl.SSLContext) -> None:
    context.load_cert_chain(CERTIFICATES / "self-signed.pem")
    with serving_tls(context) as port:
        result = post(sender, f"https://127.0.0.1:{port}/")
    assert result.failure is Failure.TLS
    assert str(result.detail).startswith("The certificate of 127.0.0.1 is self-signed")


def test_plain_http_behind_an_https_url_is_explained(sender: Sender) -> None:
    with greeting(PLAIN) as port:
        result = post(sender, f"https://127.0.0.1:{port}/")
    assert result.failure is Failure.TLS
    assert result.detail == f"Port {port} of this server answers without TLS: try http:// in the URL."


def test_a_plain_server_that_only_closes_is_explained(sender: Sender) -> None:
    with greeting(b"") as port:
        result = post(sender, f"https://127.0.0.1:{port}/")
    assert result.failure is Failure.TLS
    assert "try http://" in str(result.detail)


@pytest.mark.parametrize(
    "said",
    [
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x15\x03\x03\x00\x02\x02\x0a",
        b"HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>",
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ],
    ids=["an alert", "another alert", "nginx", "Go", "Apache"],
)
def test_tls_behind_an_http_url_is_explained(sender: Sender, said: bytes) -> None:
    with receiving(say(said)) as receiver:
        result = post(sender, receiver.url)
    assert result.failure in (Failure.NOT_HTTP, Failure.STATUS)
    assert "try https://" in str(result.detail)


def test_tls_that_only_closes_is_explained(sender: Sender) -> None:
    with receiving(certificate="good") as receiver:
        plain = post(sender, receiver.url.replace("https://", "http://"))
    assert plain.failure is Failure.CLOSED
    assert str(plain.detail).endswith("If this port wants TLS, try https:// in the URL.")


def test_a_server_that_wants_a_client_certificate_in_plain_words_is_explained(sender: Sender) -> None:
    said = b"HTTP/1.1 400 Bad Request\r\n\r\n<center>No required SSL certificate was sent</center>"
    with receiving(say(said), "good") as receiver:
        result = post(sender, receiver.url)
    assert "client certificate" in str(result.detail)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_a_server_of_old_tls_needs_a_newer_one(sender: Sender, context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with serving_tls(context) as port:
        result = post(sender, f"https://127.0.0.1:{port}/")
    assert result.failure is Failure.TLS
    assert str(result.detail).endswith("it needs TLS 1.2 or newer.")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_client_certificate_says_so(
    sender: Sender, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(CERTIFICATES / "ca.pem")
    context.minimum_version = context.maximum_version = version
    with serving_tls(context) as port:
        result = post(sender, f"https://127.0.0.1:{port}/")
    assert result.failure is Failure.TLS
    assert "client certificate" in str(result.detail)


@pytest.mark.timed
def test_a_tls_handshake_that_drips_ends_at_the_deadline(sender: Sender) -> None:
    with greeting(b"\x16\x03\x03\x40\x00" + b"\x02" * 100, seconds=0.05) as port:
        start = time.monotonic()
        result = post(sender, f"https://127.0.0.1:{port}/")
        assert time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert result.failure is Failure.DEADLINE
