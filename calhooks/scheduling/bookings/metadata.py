"""Metadata of a booking link: `metadata[key]=value` in its query string, checked, handed on and merged."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode

from calhooks.text import whole

PREFIX = "metadata["
MAX_KEYS = 50
MAX_KEY_LENGTH = 100
MAX_VALUE_LENGTH = 2_000
MAX_ENCODED_BYTES = 4_000


class MetadataError(ValueError):
    """A link carries more metadata than a booking keeps. `key` and `limit` are fit to be shown."""

    def __init__(self, key: str, limit: str) -> None:
        """Name the key that went over the limit, and the limit as a sentence."""
        self.key = key.replace("\0", "\N{SYMBOL FOR NULL}")
        self.limit = limit
        super().__init__(f"metadata[{self.key}]: {limit}")


def parse_metadata(query: str | bytes | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the metadata in a raw query string, or in pairs that are decoded already.

    What merely looks like metadata is left out, a repeated key keeps its first value, and bytes that are not UTF-8
    become U+FFFD. Raises MetadataError when a limit is passed.
    """
    metadata: dict[str, str] = {}
    for name, value in _pairs(query):
        key = _key(name)
        if key is not None:
            metadata.setdefault(key, value)
    _check(metadata.items())
    return metadata


def merge_metadata(replaced: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return a rescheduled booking's metadata: the replaced booking's, with the link's keys laid over it.

    The limits hold for the result too, so that a booking moved many times does not grow without end.
    Raises MetadataError, naming one of the added keys.
    """
    # The kept ones come first in the check: they are within the limits already.
    kept = [(key, value) for key, value in replaced.items() if key not in added]
    _check([*kept, *added.items()])
    return {**replaced, **added}


def metadata_pairs(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names and values that carry the metadata on, in a link's query or in hidden fields."""
    return [(f"{PREFIX}{key}]", value) for key, value in metadata.items()]


def metadata_query(metadata: Mapping[str, str]) -> str:
    """Return the metadata as a percent-encoded query string, empty when there is none."""
    return urlencode(metadata_pairs(metadata), quote_via=quote, safe="")


def _pairs(query: str | bytes | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    if isinstance(query, bytes):
        query = query.decode("utf-8", "replace")
    if isinstance(query, str):
        query = parse_qsl(query, keep_blank_values=True, errors="replace")
    return [(whole(name), whole(value)) for name, value in query]


def _key(name: str) -> str | None:
    if not name.startswith(PREFIX) or not name.endswith("]"):
        return None
    key = name[len(PREFIX) : -1]
    if not 1 <= len(key) <= MAX_KEY_LENGTH or "[" in key or "]" in key:
        return None
    return key


def _check(pairs: Iterable[tuple[str, str]]) -> None:
    encoded = 0
    for count, (key, value) in enumerate(pairs, start=1):
        if "\0" in key or "\0" in value:
            raise MetadataError(key, "a NUL character is not allowed.")
        if count > MAX_KEYS:
            raise MetadataError(key, f"a booking keeps at most {MAX_KEYS} keys.")
        if len(value) > MAX_VALUE_LENGTH:
            raise MetadataError(key, f"a value has at most {MAX_VALUE_LENGTH:,} characters.")
        encoded += len(metadata_query({key: value})) + (count > 1)
        if encoded > MAX_ENCODED_BYTES:
            raise MetadataError(key, f"all metadata together has at most {MAX_ENCODED_BYTES:,} bytes, percent-encoded.")
