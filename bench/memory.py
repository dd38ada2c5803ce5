"""What an idle `python app.py` takes of the memory."""

import time
from pathlib import Path

from bench.figures import Line
from bench.place import Place
from tests.running import Running, descendants

SETTLE_SECONDS = 5.0
MAX_MEGABYTES = 250.0
# The embedded Redis is part of what is measured, and so are the limits that only other rows are better without.
LEFT_OUT = ("REDIS_URL", "CALHOOKS_RATE_LIMITS")


def idle_memory(place: Place) -> list[Line]:
    """Add up what each process has of its own and its share of what several have (PSS); the baseline is the target."""
    with place.stage() as stage:
        environ = {name: value for name, value in stage.environ.items() if name not in LEFT_OUT}
        with Running(environ) as running:
            running.wait_until_ready()
            running.status_of("/healthz")
            time.sleep(SETTLE_SECONDS)
            family = [running.process.pid, *descendants(running.process.pid)]
            megabytes = sorted((_pss_megabytes(pid) for pid in family), reverse=True)
    total = sum(megabytes)
    return [
        Line(
            figure="memory of an idle `python app.py`, all processes (PSS)",
            ours=f"{total:.0f} MB",
            baseline=f"{MAX_MEGABYTES:.0f} MB",
            ratio=total / MAX_MEGABYTES,
            must_reach="at most 250 MB",
            ok=total < MAX_MEGABYTES,
            limit=f"{len(family)} processes: {', '.join(f'{each:.0f}' for each in megabytes)} MB.",
        )
    ]


def _pss_megabytes(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
