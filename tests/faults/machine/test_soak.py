"""A calhooks without faults: what would be full or slow after a day grows from the first minute."""

import os
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from statistics import fmean, quantiles

import pytest

from tests.faults.conftest import Start
from tests.faults.course import Report, finish
from tests.faults.system import System
from tests.faults.witness import Witness, flaky
from tests.running import descendants

long = pytest.mark.faults

# `make soak` takes eight minutes.
SECONDS = int(os.environ.get("SOAK_SECONDS", "75"))
PER_SECOND = 8
PAGE_PER_SECOND = 1
SAMPLE_SECONDS = 1.0
# Caches fill at first: templates, statements, connections.
WARM_UP_SECONDS = 15.0
# Between the first third and the last. Pools keep a connection for each that was once needed at the same time, so on a
# busy machine they fill later than the warm-up. One descriptor lost in every 3 seconds makes 12.
MAX_GROWN_MEGABYTES = 6.0
MAX_GROWN_DESCRIPTORS = 12
MAX_SLOWER = 1.5
NOISE_SECONDS = 0.1


class Meter(threading.Thread):
    """Measures every process of a calhooks each second."""

    def __init__(self, calhooks: System) -> None:
        super().__init__()
        self._pid = calhooks.running.process.pid
        self._over = threading.Event()
        self.megabytes: dict[int, list[float]] = defaultdict(list)
        self.descriptors: dict[int, list[float]] = defaultdict(list)

    def run(self) -> None:
        """Measure until stopped."""
        while not self._over.wait(SAMPLE_SECONDS):
            for pid in (self._pid, *descendants(self._pid)):
                with suppress(OSError):
                    self.megabytes[pid].append(pss_megabytes(pid))
                    self.descriptors[pid].append(len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def stop(self) -> None:
        """Measure no more."""
        self._over.set()
        self.join()


def pss_megabytes(pid: int) -> float:
    """Return what a process has of its own, and its share of what several have."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def grown(samples: list[float]) -> float:
    """Return how much more the last third has than the first, on average."""
    third = len(samples) // 3
    return fmean(samples[-third:]) - fmean(samples[:third])


@long
def test_memory_descriptors_and_latency_stay_flat(start: Start, report: Report) -> None:
    good = Witness("good")
    calhooks = start(good, Witness("flaky", flaky(6)))
    calhooks.bookers.start(SECONDS * PER_SECOND, PER_SECOND)
    calhooks.bookers.start(SECONDS * PAGE_PER_SECOND, PAGE_PER_SECOND, page=True)
    time.sleep(WARM_UP_SECONDS)
    began = time.monotonic()
    meter = Meter(calhooks)
    meter.start()
    try:
        time.sleep(SECONDS - WARM_UP_SECONDS)
        calhooks.bookers.finish()
    finally:
        meter.stop()
    over = time.monotonic()
    calhooks.settle()
    early, late = p95_of_thirds(calhooks, good, began, over)
    worst = max(map(grown, meter.megabytes.values()))
    more = max(map(grown, meter.descriptors.values()))
    remark = f"{worst:+.1f} MB and {more:+.1f} descriptors in a process, p95 {early * 1000:.0f} → {late * 1000:.0f} ms"
    finish(calhooks, report, f"none for {SECONDS} s", over, remark)
    assert worst < MAX_GROWN_MEGABYTES, dict(meter.megabytes)
    assert more < MAX_GROWN_DESCRIPTORS, dict(meter.descriptors)
    assert late < early * MAX_SLOWER + NOISE_SECONDS


def p95_of_thirds(calhooks: System, witness: Witness, began: float, over: float) -> tuple[float, float]:
    """Return how soon after the commit deliveries came in the first third of the time, and in the last."""
    came = {(each.trigger, each.uid): each.at for each in reversed(witness.arrivals)}
    third = (over - began) / 3
    waits: dict[bool, list[float]] = {False: [], True: []}
    for done in calhooks.bookers.all:
        if began <= done.at < began + third or over - third <= done.at:
            waits[done.at >= over - third].append(came[done.trigger, done.uid] - done.at)
    early, late = (quantiles(waits[half], n=20)[18] for half in (False, True))
    return early, late
