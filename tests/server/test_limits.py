"""The limits that docs/architecture.md names are those of the code."""

from calhooks.server import limits
from tests.running import ROOT

KB = 1024


def test_the_documented_limits_are_the_ones_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    settings: dict[str, int] = {}
    exec((ROOT / "gunicorn.conf.py").read_text(), settings)
    for row in (
        f"| connects, or keeps its connection, and sends nothing | {settings['keepalive']} seconds;",
        f"| sends the request line and headers | {limits.HEAD_SECONDS:.0f} seconds from",
        f"| sends the body | {limits.TRANSFER_SECONDS:.0f} seconds, and 1 second for each"
        f" {limits.MIN_BYTES_PER_SECOND // 1000} kB",
        f"| request line | {limits.MAX_REQUEST_LINE_BYTES // KB} KB |",
        f"| request line and headers | {limits.MAX_HEAD_BYTES // KB} KB,",
        f"| body, also in chunks | {limits.MAX_REQUEST_BYTES // KB // KB} MiB |",
        f"| connections | {settings['worker_connections']} |",
        f"| unfinished requests and unread responses together | {limits.MAX_HELD_BYTES // KB // KB} MiB |",
    ):
        assert row in text, row
