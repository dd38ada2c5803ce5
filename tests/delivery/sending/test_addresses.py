"""A host with several addresses: all are judged, the first that answers is used and remembered."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from calhooks.delivery.pump.room import MAX_IN_ALL
from calhooks.delivery.sending.sender import Result, Sender
from calhooks.egress import dialing, working_addresses
from calhooks.egress.dialing import MAX_ADDRESSES, NEXT_ATTEMPT_SECONDS
from calhooks.egress.failures import ExchangeFailed, Failure
from calhooks.egress.resolver import Resolver
from calhooks.egress.working_addresses import MAX_REMEMBERED, WorkingAddresses
from tests.delivery.helpers import wait_until
from tests.delivery.receivers import Receiver, answer, receiving
from tests.delivery.sending.posting import DEADLINE, LATE_SECONDS, LOOPBACK, post, resolve
from tests.faults.behaviours import Deaf


def test_every_answer_for_a_name_is_judged(monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    resolve(monkeypatch, ["127.0.0.1", "10.0.0.7"])
    with receiving() as receiver:
        result = post(sender, f"http://mixed.example:{receiver.port}/")
        assert receiver.connections == 0
    assert result.failure is Failure.BLOCKED
    assert "10.0.0.7 is not a public address (10.0.0.0/8, private network)" in str(result.detail)


def test_the_address_that_was_judged_is_the_one_that_is_dialled(
    monkeypatch: pytest.MonkeyPatch, sender: Sender
) -> None:
    asked = resolve(monkeypatch, ["127.0.0.1"], ["10.0.0.7"])
    with receiving() as receiver:
        assert post(sender, f"http://rebind.example:{receiver.port}/").succeeded
    assert asked == ["rebind.example"]
    assert receiver.received[0].headers["host"] == f"rebind.example:{receiver.port}"


def test_tls_asks_for_the_name_although_an_address_is_dialled(monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    resolve(monkeypatch, ["127.0.0.1"])
    with receiving(certificate="other-name") as receiver:
        assert post(sender, f"https://example.com:{receiver.port}/").succeeded


def test_the_next_address_is_dialled_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    resolve(monkeypatch, ["127.0.0.2", "::1", "127.0.0.1"])
    with receiving() as receiver:
        assert post(sender, f"http://many.example:{receiver.port}/").succeeded


def test_localhost_means_loopback_without_asking_anyone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve(monkeypatch, ["10.0.0.7"])
    sender = Sender(LOOPBACK[:1], deadline_seconds=DEADLINE)
    with receiving() as receiver:
        assert post(sender, f"http://app.localhost:{receiver.port}/").succeeded
    assert asked == []


def test_a_name_that_does_not_exist_says_so(monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    def getaddrinfo(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    result = post(sender, "http://nowhere.example/")
    assert result.failure is Failure.DNS
    assert result.detail == "The name nowhere.example could not be found (Name or service not known)."


@pytest.mark.timed
def test_a_name_server_that_hangs_holds_one_thread_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, sender: Sender
) -> None:
    over = threading.Event()

    def getaddrinfo(*_args: object, **_options: object) -> None:
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    before = threading.active_count()
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(post(sender, "http://slow.example/"))) for _ in range(10)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert {result.failure for result in results} == {Failure.DNS}
    assert threading.active_count() == before + 1
    over.set()


@pytest.mark.timed
def test_names_that_hang_keep_no_other_from_being_found(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def getaddrinfo(host: str, *_args: object, **_options: object) -> list[tuple[object, ...]]:
        if host.startswith("slow"):
            over.wait(20)
        return [(0, 0, 0, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    resolver = Resolver()
    for number in range(MAX_IN_ALL):
        with pytest.raises(ExchangeFailed, match="took too long"):
            resolver.addresses(f"slow{number}.example", 0)
    assert resolver.addresses("hooks.example", 5) == [ipaddress.ip_address("192.0.2.1")]
    over.set()


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    """127.0.0.2, which swallows whatever is sent to its port."""
    deaf = Deaf("127.0.0.2")
    yield deaf
    deaf.close()


@pytest.fixture
def beside(deaf: Deaf) -> Iterator[Receiver]:
    """127.0.0.1 at the same port, which answers and closes each connection."""
    with receiving(answer(keep=False), port=deaf.port) as receiver:
        yield receiver


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timed
def test_an_address_that_swallows_packets_costs_a_quarter_of_a_second_once(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, beside: Receiver
) -> None:
    resolve(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    url = f"http://half.example:{beside.port}/"
    took = []
    for _ in range(4):
        start = time.monotonic()
        assert post(sender, url).succeeded
        took.append(time.monotonic() - start)
    assert NEXT_ATTEMPT_SECONDS <= took[0] < DEADLINE
    assert min(took[1:]) < NEXT_ATTEMPT_SECONDS
    assert beside.connections == 4


@pytest.mark.timed
def test_addresses_that_refuse_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, receiver: Receiver
) -> None:
    monkeypatch.setattr(dialing, "NEXT_ATTEMPT_SECONDS", 2 * DEADLINE)
    resolve(monkeypatch, ["127.0.0.3", "127.0.0.4", "::1", "127.0.0.5", "127.0.0.1"])
    assert post(sender, f"http://many.example:{receiver.port}/").succeeded


def test_the_losers_of_the_race_are_closed(monkeypatch: pytest.MonkeyPatch, beside: Receiver) -> None:
    resolve(monkeypatch, ["127.0.0.2", "127.0.0.1", "127.0.0.3"])
    # However long a busy machine takes.
    sender = Sender(LOOPBACK)
    assert post(sender, f"http://warm.example:{beside.port}/").succeeded
    files, threads = open_files(), threading.active_count()
    for number in range(3):
        assert post(sender, f"http://half{number}.example:{beside.port}/").succeeded
    # One connection for each name is kept, whose receiver has closed it. What the receiver has open too ends soon.
    wait_until(lambda: open_files() <= files + 3 and threading.active_count() <= threads + 1)


@pytest.mark.timed
def test_every_address_that_was_tried_is_named(monkeypatch: pytest.MonkeyPatch, sender: Sender, deaf: Deaf) -> None:
    resolve(monkeypatch, ["127.0.0.2", "127.0.0.3"])
    files, start = open_files(), time.monotonic()
    result = post(sender, f"http://bad.example:{deaf.port}/")
    assert DEADLINE <= time.monotonic() - start < DEADLINE + LATE_SECONDS
    assert result.failure is Failure.CONNECT_TIMEOUT
    assert result.detail == (
        f"127.0.0.2 did not take the connection to port {deaf.port} in time. "
        f"127.0.0.3 refused the connection to port {deaf.port}: nothing listens there."
    )
    assert open_files() <= files


def test_no_more_than_a_few_addresses_are_dialled(monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    resolve(monkeypatch, [f"127.0.1.{number}" for number in range(1, 100)])
    with receiving() as receiver:
        pass
    result = post(sender, f"http://many.example:{receiver.port}/")
    assert result.failure is Failure.REFUSED
    assert str(result.detail).count("refused") == MAX_ADDRESSES


def test_an_address_that_worked_is_dialled_only_while_the_name_has_it(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, beside: Receiver
) -> None:
    resolve(monkeypatch, ["127.0.0.2", "127.0.0.1"], ["127.0.0.3", "127.0.0.4"])
    url = f"http://moved.example:{beside.port}/"
    assert post(sender, url).succeeded
    result = post(sender, url)
    assert result.failure is Failure.REFUSED
    assert "127.0.0.1" not in str(result.detail)
    assert beside.connections == 1


def test_an_address_that_worked_is_judged_again(monkeypatch: pytest.MonkeyPatch, beside: Receiver) -> None:
    resolve(monkeypatch, ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "10.0.0.7"])
    sender = Sender(LOOPBACK, deadline_seconds=DEADLINE)
    url = f"http://turned.example:{beside.port}/"
    assert post(sender, url).succeeded
    assert post(sender, url).failure is Failure.BLOCKED
    assert beside.connections == 1


def in_order(worked: WorkingAddresses, *addresses: str, host: str = "a.example") -> list[str]:
    return [str(each) for each in worked.in_order(host, 443, [ipaddress.ip_address(each) for each in addresses])]


@pytest.mark.parametrize(
    ("found", "ordered"),
    [
        (["2001::1"], ["2001::1"]),
        (["2001::1", "2001::2", "1.0.0.1", "1.0.0.2"], ["2001::1", "1.0.0.1", "2001::2", "1.0.0.2"]),
        (["1.0.0.1", "1.0.0.2", "1.0.0.3", "2001::1"], ["1.0.0.1", "2001::1", "1.0.0.2", "1.0.0.3"]),
    ],
)
def test_both_families_have_their_turns(found: list[str], ordered: list[str]) -> None:
    assert in_order(WorkingAddresses(), *found) == ordered


def test_the_address_that_worked_is_first_for_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    worked = WorkingAddresses()
    worked.note("a.example", 443, ipaddress.ip_address("1.0.0.2"))
    assert in_order(worked, "1.0.0.1", "2001::1", "1.0.0.2") == ["1.0.0.2", "1.0.0.1", "2001::1"]
    assert in_order(worked, "1.0.0.1", "1.0.0.2", host="b.example") == ["1.0.0.1", "1.0.0.2"]
    assert in_order(worked, "1.0.0.1", "1.0.0.3") == ["1.0.0.1", "1.0.0.3"]
    later = time.monotonic() + 601
    monkeypatch.setattr(working_addresses.time, "monotonic", lambda: later)
    assert in_order(worked, "1.0.0.1", "1.0.0.2") == ["1.0.0.1", "1.0.0.2"]


def test_only_so_many_addresses_are_remembered() -> None:
    worked = WorkingAddresses()
    for number in range(MAX_REMEMBERED + 1):
        worked.note(f"{number}.example", 443, ipaddress.ip_address("1.0.0.2"))
    assert in_order(worked, "1.0.0.1", "1.0.0.2", host="0.example")[0] == "1.0.0.1"
    assert in_order(worked, "1.0.0.1", "1.0.0.2", host="1.example")[0] == "1.0.0.2"
