"""How many deliveries a second: against a bare loop, against one RQ job for each POST, and with two workers."""

import os
import time
from contextlib import ExitStack
from statistics import median

import requests
from redis import Redis
from rq import Queue

from bench import backlog
from bench.figures import Line, spread
from bench.place import Place, Stage, busy_cores, processor_times
from bench.receivers import Receiver
from calhooks.config import current_config
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories

BACKLOG = 5_000
ROUNDS = 3
RQ_JOBS = 150
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
JSON = {"Content-Type": "application/json"}


def against_a_loop(place: Place) -> list[Line]:
    """One worker and one healthy receiver: first against a bare loop, then against one RQ job for each POST."""
    count = place.some(BACKLOG)
    ours, loops, jobs = [], [], []
    with place.stage() as stage:
        receiver = stage.receiver()
        targets = _endpoints([receiver])
        stage.start("worker")
        warm_up(targets)
        for _ in range(ROUNDS):
            loops.append(_bare_loop(receiver.url, count))
            backlog.owe(targets, count)
            ours.append(backlog.deliver(count))
            receiver.take()
            jobs.append(_rq_jobs(stage, receiver, place.some(RQ_JOBS)))
    ratio, jobs_ratio = median(ours) / median(loops), median(ours) / median(jobs)
    return [
        Line(
            figure="deliveries a second, one worker, one receiver, against a bare requests.Session",
            ours=spread(ours),
            baseline=spread(loops),
            ratio=ratio,
            must_reach="0.6",
            ok=ratio >= 0.6,
            limit="one Python process that builds, signs, sends, claims and records; the loop only sends.",
        ),
        Line(
            figure="the same, against one RQ job for each POST under RQ's default worker",
            ours=spread(ours),
            baseline=spread(jobs),
            ratio=jobs_ratio,
            must_reach="10",
            ok=jobs_ratio >= 10,
            limit="RQ's worker forks for each job.",
        ),
    ]


def two_workers(place: Place) -> list[Line]:
    """Two workers against one, over four receivers."""
    count, cores = place.some(BACKLOG), os.cpu_count() or 1
    rates: dict[int, list[float]] = {1: [], 2: []}
    busy: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(2):
        for workers in (1, 2):
            with place.stage() as stage:
                targets = _endpoints([stage.receiver() for _ in range(4)])
                for _ in range(workers):
                    stage.start("worker")
                warm_up(targets)
                backlog.owe(targets, count)
                before = processor_times()
                rates[workers].append(backlog.deliver(count))
                busy[workers].append(busy_cores(before, processor_times()))
    ratio, one = median(rates[2]) / median(rates[1]), median(busy[1])
    possible = cores / one
    return [
        Line(
            figure="two workers against one, four receivers",
            ours=spread(rates[2]),
            baseline=spread(rates[1]),
            ratio=ratio,
            must_reach="1.5 where the cores allow",
            ok=ratio >= 1.5 or ratio >= 0.9 * possible or median(busy[2]) > 0.95 * cores,
            limit=f"one worker with its receivers and the database kept {one:.1f} of {cores} cores busy, two workers "
            f"{median(busy[2]):.1f}: the cores allowed {possible:.2f}.",
        )
    ]


def _endpoints(receivers: list[Receiver]) -> list[Endpoint]:
    owner = factories.create_user("rick")
    return [factories.create_endpoint(owner, receiver.url, SECRET) for receiver in receivers]


def warm_up(targets: list[Endpoint]) -> None:
    """Have the workers open their connections and load what they need."""
    backlog.owe(targets, 400)
    backlog.deliver(400)
    time.sleep(1.0)


def _bare_loop(url: str, count: int) -> float:
    with requests.Session() as session:
        # Without this the loop would look for proxies and .netrc at each turn, and be a third slower.
        session.trust_env = False
        began = time.monotonic()
        for _ in range(count):
            session.post(url, data=backlog.BODY, headers=JSON)
        return count / (time.monotonic() - began)


def _rq_jobs(stage: Stage, receiver: Receiver, count: int) -> float:
    """Return how many a second RQ's own worker does; its start and its first job do not count."""
    queue = Queue("bench", connection=Redis.from_url(current_config().redis_url))
    for _ in range(count):
        queue.enqueue("bench.rq_job.post", receiver.url, backlog.BODY.decode())
    with ExitStack() as ends:
        worker = stage.python("-m", "bench.rq_worker", "--burst")
        ends.callback(worker.wait)
    arrived = sorted(at for at, _ in receiver.take())
    assert len(arrived) == count, f"RQ sent {len(arrived)} of {count}"
    return (count - 1) / (arrived[-1] - arrived[0])
