"""RQ's default worker, which forks for each job, at its best: what the job needs is imported before the fork."""

import os
import sys

from redis import Redis
from rq import Queue, Worker

from bench import rq_job  # noqa: F401 - so that no child has to

if __name__ == "__main__":
    client = Redis.from_url(os.environ["REDIS_URL"])
    Worker([Queue("bench", connection=client)], connection=client).work(
        burst="--burst" in sys.argv, logging_level="WARNING"
    )
