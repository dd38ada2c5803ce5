"""Receivers that write down what arrives, and that take it or not as they are told."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.delivery.receivers import Received, Receiver, Reply, answer
from tests.running import free_port

WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Behaviour:
    """How a request is answered, and whether that means that the receiver has taken it: a 2xx head went out."""

    reply: Reply
    takes: bool = False


TAKE = Behaviour(answer(), takes=True)
FAIL = Behaviour(answer(500))

# Chooses how to answer a request, the so-manieth of this message, counted from 1.
Choice = Callable[[Received, int], Behaviour]


@dataclass(frozen=True)
class Arrival:
    """A delivery that arrived; `at` is time.monotonic(), which all processes of a machine share on Linux."""

    at: float
    message_id: str
    attempt: int
    trigger: str
    uid: str
    taken: bool


class Witness:
    """One receiver. `choice` may be changed while it runs; `hold()` keeps senders waiting until `let_go()`."""

    def __init__(
        self,
        name: str,
        choice: Choice = lambda _request, _times: TAKE,
        *,
        certificate: str = "",
        listening: bool = True,
        port: int = 0,
    ) -> None:
        self.name = name
        self.choice = choice
        self.arrivals: list[Arrival] = []
        self._times: dict[str, int] = {}
        self._news = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        # The senders' ports of the requests that wait for an answer.
        self.in_flight: list[int] = []
        self.port = port or free_port()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}/hook"
        self._receiver: Receiver | None = None
        if listening:
            self.listen(certificate)

    def listen(self, certificate: str = "") -> None:
        """Listen, with another certificate than before if there is one."""
        if self._receiver is not None:
            self._receiver.close()
        self._receiver = Receiver(self._reply, certificate, self.port)

    def hold(self) -> None:
        """Answer nobody for the time being."""
        self._open.clear()

    def let_go(self) -> None:
        """Answer those who wait, and everybody from now on."""
        self._open.set()

    def wait_until_held(self, count: int) -> None:
        """Wait until so many requests wait for their answers."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.in_flight) >= count, WAIT_SECONDS), (
                f"{self.name}: nothing to hold"
            )

    def heal(self) -> None:
        """Take everything from now on."""
        self.choice = lambda _request, _times: TAKE

    def close(self) -> None:
        """Stop listening."""
        self.let_go()
        if self._receiver is not None:
            self._receiver.close()

    def _reply(self, request: Received, connection: socket.socket) -> bool:
        at, sender = time.monotonic(), connection.getpeername()[1]
        message_id = request.headers["webhook-id"]
        body = json.loads(request.body)
        with self._news:
            self._times[message_id] = self._times.get(message_id, 0) + 1
            behaviour = self.choice(request, self._times[message_id])
            attempt = int(request.headers["x-calhooks-attempt"])
            uid, trigger = body["payload"]["uid"], body["triggerEvent"]
            self.arrivals.append(Arrival(at, message_id, attempt, trigger, uid, behaviour.takes))
            self.in_flight.append(sender)
            self._news.notify_all()
        try:
            self._open.wait()
            return behaviour.reply(request, connection)
        finally:
            with self._news:
                self.in_flight.remove(sender)


def chosen(request: Received, one_in: int) -> bool:
    """Choose one message in so many, always the same ones."""
    return sum(request.headers["webhook-id"].encode()) % one_in == 0


def flaky(one_in: int) -> Choice:
    """Refuse the first attempt of one message in so many."""
    return lambda request, times: FAIL if times == 1 and chosen(request, one_in) else TAKE
