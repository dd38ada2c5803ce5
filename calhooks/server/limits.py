"""How much a client may send, and how long it may take."""

# Booking links carry up to 4,000 bytes of metadata. A longer link still gets the booking page's own error.
MAX_REQUEST_LINE_BYTES = 64 * 1024
# Room for the request line, and for Referer and HX-Current-URL, which repeat it.
MAX_HEAD_BYTES = 192 * 1024
MAX_REQUEST_BYTES = 1024 * 1024
# One line, and all lines, of a chunked body: chunk sizes, extensions and trailers.
MAX_CHUNK_LINE_BYTES = 1024
MAX_CHUNK_OVERHEAD_BYTES = 128 * 1024
# Unfinished requests and unread responses of all connections together.
MAX_HELD_BYTES = 64 * 1024 * 1024
# Open files of a web process beside its connections: databases, Redis, logs, static files.
MIN_OTHER_FILES = 200

# From the first byte of a request to the end of its headers.
HEAD_SECONDS = 5.0
TRANSFER_SECONDS = 10.0
MIN_BYTES_PER_SECOND = 10_000
# For the client to read the last response and to close its side.
CLOSING_SECONDS = 2.0
# A stopping worker keeps silent connections this long: a request may be on its way.
STOPPING_SECONDS = 1.0


def transfer_seconds(size: int) -> float:
    """Return how many seconds a client may take to send or to read `size` bytes."""
    return TRANSFER_SECONDS + size / MIN_BYTES_PER_SECOND
