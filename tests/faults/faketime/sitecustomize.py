"""Loaded by every Python under libfaketime, whose version 0.9.10 fails at the system call behind time.sleep()."""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
