"""The process that ends the others when the supervisor is gone, however it went.

It runs as a script of its own and imports nothing of ours, to be small. Its standard input is a pipe whose other
end only the supervisor holds: "guard PGID GRACE" and "release PGID" come in, and its end means that the
supervisor has died. GRACE is how many seconds the process group is given to finish; 0 ends it at once.
"""

import os
import signal
import sys
import time

POLL_SECONDS = 0.05


def keep() -> None:
    """Keep the list, then end what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    guarded: dict[int, float] = {}
    for line in sys.stdin:
        verb, group, *grace = line.split()
        if verb == "guard":
            guarded[int(group)] = float(grace[0])
        else:
            guarded.pop(int(group), None)
    end(guarded)


def end(guarded: dict[int, float]) -> None:
    """Stop every process group, the ones with a grace politely first."""
    started = time.monotonic()
    for group, grace in guarded.items():
        signal_group(group, signal.SIGTERM if grace else signal.SIGKILL)
    waiting = {group: grace for group, grace in guarded.items() if grace}
    while waiting:
        for group, grace in list(waiting.items()):
            if not signal_group(group, 0):
                del waiting[group]
            elif time.monotonic() - started > grace:
                signal_group(group, signal.SIGKILL)
                del waiting[group]
        time.sleep(POLL_SECONDS)


def signal_group(group: int, number: int) -> bool:
    """Send the signal and tell whether anybody was there."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    keep()
