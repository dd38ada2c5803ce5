"""Limits on what strangers could try over and over: logins, the setup code, bookings.

The counts are in Redis, so that every process knows them; while Redis is away each process counts in its own memory.
"""

import ipaddress
import logging
import re
from collections.abc import Callable
from threading import Lock

from flask import Flask, Response, g, make_response
from flask_limiter import Limiter, RequestLimit, RouteLimit
from flask_limiter.util import get_remote_address
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from calhooks.config import Config

log = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 0.2
IPV6_SITE = 64
CLIENT = re.compile(r"\[(?P<ipv6>[^\]]*)\](?::\d+)?|(?P<ipv4>[\d.]+)(?::\d+)?|(?P<other>.*)")


def client_network() -> str:
    """Return the client's address, of an IPv6 one the /64 that a single household or server has.

    Some proxies (Azure's, IIS) add the client's port to it.
    """
    match = CLIENT.fullmatch(get_remote_address())
    try:
        address = ipaddress.ip_address((match["ipv6"] or match["ipv4"] or match["other"]) if match else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_SITE), strict=False))


class LeanRedisStorage(RedisStorage):
    """Counts in Redis without loading the client of Valkey too, as the library does if that is installed."""

    STORAGE_SCHEME = ["redis", "rediss", "redis+unix"]  # noqa: RUF012 - as the library declares it
    DEPENDENCIES = {"redis": RedisStorage.DEPENDENCIES["redis"]}  # noqa: RUF012 - as the library declares it


class OrderlyMemory(MemoryStorage):
    """Counts in memory, one thread after the other: the library's own forgets some where many begin at once."""

    STORAGE_SCHEME = ["orderly-memory"]  # noqa: RUF012 - as the library declares it

    def __init__(self) -> None:
        super().__init__()
        self._turn = Lock()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that is forgotten after `expiry` seconds, and return it."""
        with self._turn:
            return super().incr(key, expiry, amount)


class GuardedLimiter(Limiter):
    """Limits also the requests that are under way when Redis becomes unreachable, which the library lets through."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except RedisError:
            # Another request has switched to counting in memory meanwhile.
            super()._check_request_limit(callable_name, in_middleware)


limiter = GuardedLimiter(client_network, in_memory_fallback_enabled=True, key_prefix="calhooks")

# Far more than a person books, and enough for an office behind one address.
booking = limiter.limit(
    "60 per minute; 600 per hour",
    methods=["POST"],
    error_message="Too many bookings come from your network. Wait a minute, go back and send the form again.",
)

# A person looks at some times before booking one; nobody closes a calendar by holding all of it.
holding = limiter.limit("20 per minute; 100 per hour", methods=["POST"])


def init_app(app: Flask, settings: Config) -> None:
    """Count in the Redis of the settings, without ever making a visitor wait for it."""
    app.config.update(
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("unix://", "redis+unix://", 1),
        RATELIMIT_STORAGE_OPTIONS={
            "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
            "socket_timeout": REDIS_TIMEOUT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        },
    )
    limiter.init_app(app)
    app.after_request(_give_back)
    # Whether the Redis of an earlier application in this process was away says nothing about this one's.
    limiter._storage_dead = False
    limiter._fallback_storage = memory = OrderlyMemory()
    limiter._fallback_limiter = FixedWindowRateLimiter(memory)


def guesses(
    amount: str, key: Callable[[], str], page: Callable[[], str], *, exempt: Callable[[], bool] | None = None
) -> RouteLimit:
    """Limit how often a POST may be wrong, counted by `key`; beyond that it gets `page` and status 429.

    A POST is counted before its view begins, so that many at once are no more than one after the other. It is taken
    off again unless the view calls `guess_failed`. `exempt` tells which requests are not limited.
    """

    def counted() -> str:
        g.is_guess = True
        return key()

    def answer(limit: RequestLimit) -> Response:
        response = make_response(page(), 429)
        response.headers["Retry-After"] = str(limit.limit.get_expiry())
        return response

    return limiter.limit(amount, key_func=counted, methods=["POST"], exempt_when=exempt, on_breach=answer)


def guess_failed() -> None:
    """Count this request against the limits that its view has on guesses."""
    g.guess_failed = True


def _give_back(response: Response) -> Response:
    """Take a guess off again that was right, or that was refused and so never judged."""
    if "is_guess" in g and "guess_failed" not in g:
        for counted in limiter.current_limits:
            try:
                # limits has no way to say so for every store, but each adds what it is given.
                limiter.limiter.storage.incr(counted.key, counted.limit.get_expiry(), amount=-1)
            except RedisError:
                log.warning("Taking back a guess failed (Redis is unreachable); it counts as wrong")
    return response
