"""The queues and how Redis is reached: quickly or not at all."""

from functools import lru_cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "calhooks-deliveries"
MAIL_QUEUE = "calhooks-mail"
QUICK_SECONDS = 0.2
# What others catch who do not know redis.
RedisAway = RedisError


def pump_queue(client: Redis) -> Queue:
    """Return the queue of pumps."""
    return Queue(QUEUE, connection=client, serializer=JSONSerializer)


@lru_cache(maxsize=4)
def quick_client(url: str) -> Redis:
    """Return a client that gives up at once: a request must not wait for a Redis that is away."""
    return client_with_timeout(url, QUICK_SECONDS)


def client_with_timeout(url: str, seconds: float) -> Redis:
    """Return a client that tries once and waits for Redis for at most `seconds`."""
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=seconds, socket_connect_timeout=seconds)
