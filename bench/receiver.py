"""The receiver's process: `python -m bench.receiver [--hang]` prints its port and answers until it is killed.

HTTP/1.1 with kept-alive connections, as much of it as well-behaved clients need.
"""

import asyncio
import gc
import json
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
END_OF_HEAD = b"\r\n\r\n"

taken: list[tuple[float, str]] = []


class Connection(asyncio.Protocol):
    """One client's connection."""

    hangs = False

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
        if head.startswith(b"GET /taken"):
            body = json.dumps(taken).encode()
            taken.clear()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        taken.append((self._first_byte, fields.get(b"webhook-id", b"").decode()))
        if not self.hangs:
            self._transport.write(ANSWER)


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}


async def main() -> None:
    """Serve."""
    Connection.hangs = "--hang" in sys.argv
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1000)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
