"""The receiver's process: `python -m bench.receiver` prints its port and answers until it is killed.

HTTP/1.1 with kept-alive connections, as much of it as well-behaved clients need. With `--hang` it never answers, with
`--limit 5` it takes five a second and refuses the rest with `Retry-After: 1`, with `--fail-one-in 10` it always answers
500 to one delivery in ten, and with `--down` to all. `GET /up` ends the first and the last.
"""

import argparse
import asyncio
import gc
import json
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"

taken: list[tuple[float, str]] = []
others: list[tuple[float, str]] = []


class Manners:
    """How deliveries are answered."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.is_down: bool = options.down
        self.hangs: bool = options.hang
        self._limit: int = options.limit
        self._fail_one_in: int = options.fail_one_in
        self._tokens, self._at = float(self._limit), 0.0

    def answer(self, at: float, message: str) -> bytes:
        """Return what is answered to a delivery that came at `at`, nothing when it hangs."""
        if self.is_down or (self._fail_one_in and sum(message.encode()) % self._fail_one_in == 0):
            return FAILED
        if self._limit:
            self._tokens = min(self._limit, self._tokens + (at - self._at) * self._limit)
            self._at = at
            if self._tokens < 1:
                return REFUSED
            self._tokens -= 1
        return b"" if self.hangs else ANSWER


class Connection(asyncio.Protocol):
    """One client's connection."""

    manners: Manners

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._received = b""
        self._first_byte = 0.0

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        if not self._received:
            self._first_byte = time.monotonic()
        self._received += data
        while END_OF_HEAD in self._received:
            head, _, rest = self._received.partition(END_OF_HEAD)
            fields = _fields(head)
            length = int(fields.get(b"content-length", b"0"))
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._answer(head, fields)

    def _answer(self, head: bytes, fields: dict[bytes, bytes]) -> None:
        if head.startswith(b"GET "):
            self._transport.write(self._told(head.split()[1]))
            return
        message = fields.get(b"webhook-id", b"").decode()
        answer = self.manners.answer(self._first_byte, message)
        (taken if answer in (ANSWER, b"") else others).append((self._first_byte, message))
        self._transport.write(answer)

    def _told(self, path: bytes) -> bytes:
        """Do what the row asks: say what was taken or what was not, since it was last asked, or be up."""
        if path == b"/up":
            self.manners.is_down = self.manners.hangs = False
            return NOTHING
        asked = taken if path == b"/taken" else others
        body = json.dumps(asked).encode()
        asked.clear()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}


async def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.receiver")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--down", action="store_true")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--fail-one-in", type=int, default=0)
    Connection.manners = Manners(parser.parse_args())
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1000)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
