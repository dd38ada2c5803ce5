"""How many requests a second a receiver takes: found out from its answers, never assumed.

An endpoint has no pace until its receiver first refuses (429, or 503 with Retry-After) or times out. From then on the
pace is a rate that grows while requests are taken and is cut by a refusal. It grows as CUBIC (RFC 9438) has it and not
by plain addition: fast to where it was last refused, flat around it, and faster again beyond, since a line either
wastes a quarter of what the receiver takes or is refused too often. Growth counts answers, so an idle hour proves
nothing. Where the limit is not known yet, the pace doubles each second instead.

After a refusal one other delivery is sent, a moment later: should it be refused too, everything waits as long as the
receiver said; should it be taken, the refusal was about one delivery, or the limit is passed, and the rest goes on.

Nothing here touches the database or the clock: the columns of `Endpoint` are read into a `Pace` and written back by
those who hold its row, so that all workers share it.
"""

import math
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

# What a refusal leaves of the rate at which it came: half would waste an eighth of what a receiver takes.
DECREASE = 0.85
# How many seconds of answers it takes to grow back to that rate.
REGROWTH_SECONDS = 40.0
# Where a recovery begins, in requests a second, and below what nothing but a refusal brings a pace.
FIRST_RATE = 4.0
MIN_FIRST_RATE = 0.5
MIN_RATE = 1 / 60
# Of the pace that a refusal's own wait would come to; receivers are not exact about it.
WAIT_SHARE = 0.5
MAX_FLOOR = 0.5
# Faster than anyone is sent to: from here on there is no pace.
MAX_RATE = 1000.0
# How much of a second's requests may go at once.
BURST_SECONDS = 0.1
MOMENT = timedelta(seconds=1)
# How long to wait for the answer to the one delivery that finds out: the sender's deadline and a bit.
ANSWER = timedelta(seconds=17)
# What was taken is counted over so many seconds at most.
WINDOW = timedelta(seconds=5)
PACE_FORGOTTEN_AFTER = timedelta(days=1)
# So many slots of the pace that went by unused prove that it was not the pace that was refused.
IDLE_SLOTS = 3
# Where the pace is thought too high, what was taken says more.
TRUSTED = 1.3
# An answer slower than this is no reason to double what is sent.
GROWING_MS = 3000
# A request after a longer pause than so many of the pace's own was not refused for the pace.
PACED_GAPS = 2.0
# A receiver that has refused everything for so long and then takes something: what it took before says nothing.
LONG_REFUSED = timedelta(minutes=1)


@dataclass(slots=True)
class Pace:
    """The columns of an endpoint that decide when it is sent to.

    `pace` is in requests a second, `pace_ceiling` the one at which the receiver last refused, None while doubling;
    both as they were at the last answer. `paced_at` is when a refusal was about the pace, or may have been. Nothing
    goes out before `held_until`; while `asking`, one delivery at a time does. In all `taken_count` were taken since
    `taken_since`.
    """

    rate_limit: float | None = None
    pace: float | None = None
    pace_ceiling: float | None = None
    paced_at: datetime | None = None
    next_slot_at: datetime | None = None
    held_until: datetime | None = None
    asking: bool = False
    taken_since: datetime | None = None
    taken_count: int = 0
    refusing_since: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether nothing but the sender itself sets the pace."""
        return self.rate is None and self.held_until is None and not self.asking

    @property
    def rate(self) -> float | None:
        """Return how many requests a second may go out; None is as many as there are."""
        if self.rate_limit is None or self.pace is None:
            return self.pace or self.rate_limit
        return min(self.pace, self.rate_limit)

    def gate(self, now: datetime) -> datetime | None:
        """Return when the next request may go out, None for now."""
        slot = self.next_slot_at if self.rate is not None else None
        moments = [moment for moment in (self.held_until, slot) if moment is not None and moment > now]
        return max(moments, default=None)

    def room(self, now: datetime) -> int | None:
        """Return how many requests may go out at this moment; None is as many as there are."""
        self._forget(now)
        if self.gate(now) is not None:
            return 0
        if self.asking:
            return 1
        if self.rate is None:
            return None
        return 1 + self._saved(now)

    def take(self, count: int, now: datetime) -> None:
        """Use up room for `count` requests that go out now."""
        if not count:
            return
        if self.asking:
            self.held_until = now + ANSWER
        if self.rate is not None:
            # From now on and not from when the slot was free: at a slow pace, two are never nearer than it has it.
            self.next_slot_at = now + timedelta(seconds=(count - self._saved(now)) / self.rate)

    def note_taken(self, count: int, duration_ms: int, now: datetime, since: timedelta) -> None:
        """Take into account that `count` requests were taken, `since` the last answer, the slowest in `duration_ms`."""
        self._end_refusals(now)
        if self.taken_since is None or now < self.taken_since:
            self.taken_since, self.taken_count = now, 0
        elif now - self.taken_since > WINDOW:
            # The window that ends counts as one second of the next, or that would begin with nothing to go by.
            self.taken_since, self.taken_count = now - MOMENT, round(self._taken_a_second(now))
        self.taken_count += count
        if self.pace is None or (self.pace_ceiling is None and duration_ms > GROWING_MS):
            return
        # As long as these should have taken at this pace: those who are not sent to much do not prove much.
        seconds = min(max(since.total_seconds(), 0.0), count / self.pace)
        if self.pace_ceiling is None:
            # What was under way when the receiver refused shows how much more than that it takes.
            self.pace = max(self.pace * 2 ** min(seconds, count), DECREASE * self._taken_a_second(now))
        else:
            self.pace = _grown(self.pace, self.pace_ceiling, seconds)
        if self.pace > MAX_RATE:
            self.forget()

    def note_answered(self, now: datetime, *, taken: bool) -> None:
        """Take into account how the one delivery that finds out was answered, other than by a refusal."""
        if self.asking:
            self.held_until = None if taken else now + MOMENT
            self.asking = not taken

    def note_refused(self, wait: timedelta, now: datetime, *, asked: bool, again: bool = False) -> None:
        """Hold the endpoint after a refusal that asked to wait: for a moment, in full if it was `asked` to find out.

        A delivery that is refused `again` finds out nothing about the others: the next is asked a moment later.
        """
        self.refusing_since = self.refusing_since or now
        if asked or not self.asking:
            self.held_until = now + (wait if asked and not again else min(wait, MOMENT))
        self.asking = True

    def cut(self, now: datetime, *, at_least: float = MIN_FIRST_RATE, floor: float = MIN_RATE) -> None:
        """Slow down: to a part of what was taken lately, or of the pace at which the receiver refused.

        The first pace is `at_least` so much, and none is below `floor`. A refusal while far less was sent than the pace
        allows changes nothing.
        """
        if self._is_idle(now):
            return
        taken = self._taken_a_second(now)
        if self.pace is None:
            self.pace = max(DECREASE * taken, at_least)
        elif not taken:
            # Refused since the last cut: that was no rate at which anything was taken.
            self.pace = max(DECREASE * self.pace, floor)
        else:
            self.pace_ceiling = self.pace if self.pace < TRUSTED * taken else max(taken, DECREASE * self.pace)
            self.pace = max(DECREASE * self.pace_ceiling, floor)
        self.paced_at = now
        self.taken_since, self.taken_count = now, 0

    def is_cause(self, gap: timedelta) -> bool:
        """Tell whether a request that was sent `gap` after the last answer can have come too soon for its receiver.

        Some refuse the first after each pause. Slowed down for it, they would have longer pauses and refuse more.
        """
        return self.pace is None or gap.total_seconds() <= PACED_GAPS / self.pace

    def recover(self, now: datetime) -> None:
        """Begin slowly with what has been waiting."""
        self.pace = min(self.pace or FIRST_RATE, FIRST_RATE)
        self.paced_at = now

    def back_off(self) -> None:
        """Halve the pace of a recovery whose answers are not good."""
        if self.pace is not None:
            self.pace = max(self.pace / 2, 1.0)

    def recovered(self) -> None:
        """End a recovery."""
        if self.pace_ceiling is None:
            self.forget()

    def forget(self) -> None:
        """Send as fast as before any refusal."""
        self.pace = self.pace_ceiling = self.paced_at = None

    def _is_idle(self, now: datetime) -> bool:
        """Tell whether nothing was taken lately, though the pace would have let several go."""
        if self.taken_since is None:
            return True
        return now - self.taken_since > max(2 * WINDOW, timedelta(seconds=IDLE_SLOTS / (self.pace or MAX_RATE)))

    def _end_refusals(self, now: datetime) -> None:
        """Find the pace anew, from below, after a long time of nothing but refusals: much may be waiting."""
        if self.refusing_since is not None and now - self.refusing_since >= LONG_REFUSED:
            self.pace, self.pace_ceiling = max(self.pace or FIRST_RATE, MIN_FIRST_RATE), None
            self.paced_at = now
        self.refusing_since = None

    def _taken_a_second(self, now: datetime) -> float:
        if self.taken_since is None:
            return 0.0
        return self.taken_count / max((now - self.taken_since).total_seconds(), 1.0)

    def _saved(self, now: datetime) -> int:
        """Return how many requests beyond one a short pause has saved up."""
        late = (now - self.next_slot_at).total_seconds() if self.next_slot_at else BURST_SECONDS
        return int(min(late, BURST_SECONDS) * (self.rate or 0.0))

    def _forget(self, now: datetime) -> None:
        if self.paced_at is not None and now - self.paced_at > PACE_FORGOTTEN_AFTER:
            self.forget()


def floor_of(wait: timedelta | None) -> float:
    """Return the pace that no refusal goes below which asks to wait so long; None is one that does not say.

    Whoever is asked to come again in a second is not meant to come once a minute: some refuse at random, at any pace.
    """
    return min(max(WAIT_SHARE / wait.total_seconds(), MIN_RATE), MAX_FLOOR) if wait else MIN_RATE


def _grown(rate: float, ceiling: float, seconds: float) -> float:
    """Return the rate after so many more seconds on the cubic curve through `ceiling` (RFC 9438, 4.2)."""
    depth = 1 - DECREASE
    at = 1 + math.cbrt((rate / ceiling - 1) / depth)
    return ceiling * (1 + depth * (at + seconds / REGROWTH_SECONDS - 1) ** 3)


PACE_COLUMNS = tuple(each.name for each in fields(Pace))
