"""How long a pump under load lets deliveries and results come together before its next turn.

A turn costs the database nearly the same for one delivery as for several. So while turns take much of the time, one
that claimed and recorded no more than a few is followed by a rest of twice its length: turns become rarer and do more.
Where there is little to do nobody waits for a rest, however the work is spread.
"""

import math

RESTS, MAX_REST_SECONDS = 2.0, 0.03
FEW = 8
# Turns count for about so long, less and less, and are a load from this share of the time on. At full load, turns and
# rests take turns, and a third of the time is a turn's.
WINDOW_SECONDS, LOAD = 0.25, 0.25


class Rest:
    """The rests of one pump. Times are monotonic, in seconds."""

    def __init__(self) -> None:
        self.until = -math.inf
        self._spent = 0.0
        self._ended = -math.inf

    def after(self, began: float, ended: float, count: int, *, more: bool) -> None:
        """Note a turn that claimed and recorded `count`; where there is `more` to claim, the next comes at once."""
        self._spent = self._spent * math.exp((self._ended - ended) / WINDOW_SECONDS) + ended - began
        self._ended = self.until = ended
        if count <= FEW and not more and self._spent > LOAD * WINDOW_SECONDS:
            self.until = ended + min(RESTS * (ended - began), MAX_REST_SECONDS)
