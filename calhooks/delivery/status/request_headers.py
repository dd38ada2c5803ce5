"""The request headers of a delivery: those that all its attempts share, and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calhooks.delivery.models.deliveries import Attempt


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """The headers that every attempt had, in order, and the others by the attempt's id."""

    shared: Sequence[Sequence[str]]
    different: Mapping[int, Sequence[Sequence[str]]]


def request_headers(attempts: Sequence[Attempt]) -> RequestHeaders:
    """Return the request headers of attempts. An attempt that sent nothing has none and is left out."""
    sent = [attempt for attempt in attempts if attempt.request_headers]
    if not sent:
        return RequestHeaders([], {})
    common = set.intersection(*({tuple(pair) for pair in attempt.request_headers} for attempt in sent))
    different = {
        attempt.id: [pair for pair in attempt.request_headers if tuple(pair) not in common] for attempt in sent
    }
    return RequestHeaders([pair for pair in sent[-1].request_headers if tuple(pair) in common], different)
