"""Which machine this is, and whether a process of it still runs.

A process id means something only inside one PID namespace, of which each container has its own, and until the restart.
"""

import os
import socket
import sys
import uuid
from enum import Enum
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Places in /proc/<pid>/stat, counted after the name of the program: the state, and the start in ticks since the boot.
STATE, STARTED = 0, 19


class Life(Enum):
    """What this machine knows of a process."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"
    UNKNOWN = "unknown"


def this_machine() -> str:
    """Return what gives process ids their meaning here: the boot and the PID namespace. "" if that is not known."""
    if sys.platform != "linux":
        return f"{socket.gethostname()[:60]} {uuid.getnode():x}"
    try:
        # In a namespace whose /proc is another's, its ids are not this process's.
        if str(Path("/proc/self").readlink()) != str(os.getpid()):
            return ""
        return f"{BOOT_ID.read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def start_of(pid: int) -> int | None:
    """Return when a process was started, in ticks since the boot, so that another one with its id is told apart."""
    found = _stat(pid)
    return int(found[STARTED]) if found else None


def life_of(pid: int, started: int | None) -> Life:
    """Tell what became of the process that had this id and start. Of this machine, by its `this_machine()`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Life.GONE
    except OSError:
        # Somebody else's process, which is there.
        pass
    found = _stat(pid)
    if found is None or started is None:
        return Life.UNKNOWN
    if int(found[STARTED]) != started or found[STATE] in "ZX":
        return Life.GONE
    return Life.STOPPED if found[STATE] in "Tt" else Life.RUNNING


def _stat(pid: int) -> list[str] | None:
    try:
        # The program's name before the last bracket may contain anything.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
