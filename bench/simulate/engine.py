"""One endpoint's day: what `pump/` does with the database is done with heaps, by the same rules.

`outcome()`, `EndpointState.note()` and `Pace` decide. The numbers of sends under way and of deliveries that a recovery
brings forward come from `pump/`, too. The clock is virtual: a float, in seconds since the day began.
"""

import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from http import HTTPStatus
from math import inf
from typing import Any

from bench.simulate.receivers import START, Receiver
from calhooks.config import Config
from calhooks.delivery.endpoint_state import HEALTH, AttemptAnswer, EndpointState
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.pump import room
from calhooks.delivery.pump.outcome import outcome
from calhooks.delivery.pump.pump import GATE_SECONDS, NOTICE_SECONDS
from calhooks.delivery.pump.recovery import lead
from calhooks.delivery.sending.sender import Result
from calhooks.scheduler import SWEEP_SECONDS

WAITS = Config.from_env({}).retry_schedule
# How far apart the requests of one turn of the pump leave.
APART_SECONDS = 0.001
# By how much a request takes longer to its receiver than another.
MAX_JITTER_SECONDS = 0.004
NEW: dict[str, Any] = dict.fromkeys(HEALTH) | {"id": 1, "active": True, "consecutive_failures": 0}


class Delivery:
    """The columns of a delivery that the rules read, and what became of it.

    It waits for `after`, an earlier delivery of its booking, and `followers` wait for it. `is_burst`: it came with
    hundreds of others. `waits`: it is in the heap of those due later. Times are in seconds since the day began.
    """

    __slots__ = (
        *("number", "at", "after", "is_burst", "created_at", "scheduled_at", "tries", "refusals", "refused_since"),
        *("due", "not_before", "attempted_at", "waits", "over", "taken_at", "requests", "refused", "followers"),
    )

    def __init__(self, number: int, at: float, after: "Delivery | None" = None, *, is_burst: bool = False) -> None:
        self.number, self.at, self.after, self.is_burst = number, at, after, is_burst
        self.created_at = self.scheduled_at = moment(at)
        self.tries = self.refusals = self.requests = self.refused = 0
        self.refused_since: datetime | None = None
        self.due = at
        self.not_before = self.attempted_at = -inf
        self.waits = self.over = False
        self.taken_at: float | None = None
        self.followers: list[Delivery] = []


class Day:
    """An endpoint and its receiver, whose answers take about `quick` seconds, beside a pump with nothing else to do.

    `recoveries` are when recoveries began, `requests` when requests arrived.
    """

    def __init__(self, receiver: Receiver, deliveries: Sequence[Delivery], chance: random.Random, quick: float) -> None:
        self.deliveries = deliveries
        self.out_of_order = 0
        self.recoveries: list[float] = []
        self.requests: list[float] = []
        self.state = EndpointState(**NEW)
        self.receiver = receiver
        self._chance = chance
        self._quick = quick
        self._arriving = 0
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._ready: deque[Delivery] = deque()
        self._flying: list[tuple[float, int, Delivery, Result, bool]] = []
        # What a recovery brings forward, of what failed before it.
        self._forward: list[tuple[int, Delivery]] = []
        self._forward_since = -inf
        self._look_at = inf
        self._proven_at: float | None = None
        self._is_quick = False

    def run(self, until: float) -> None:
        """Let the day pass."""
        while (now := self._next()) <= until:
            self._arrive(now)
            if self._flying and self._flying[0][0] <= now:
                self._record(now)
            while self._waiting and self._waiting[0][0] <= now:
                due, _, delivery = heappop(self._waiting)
                if due == delivery.due and delivery.waits:
                    delivery.waits = False
                    self._ready.append(delivery)
            self._claim(now)

    def _next(self) -> float:
        """Return when there is something to do."""
        arriving = self.deliveries[self._arriving].at if self._arriving < len(self.deliveries) else inf
        ended = self._flying[0][0] + NOTICE_SECONDS / 2 if self._flying else inf
        return min(arriving, ended, self._look_at)

    def _arrive(self, now: float) -> None:
        while self._arriving < len(self.deliveries) and self.deliveries[self._arriving].at <= now:
            delivery = self.deliveries[self._arriving]
            self._arriving += 1
            if delivery.after is not None and not delivery.after.over:
                delivery.after.followers.append(delivery)
            else:
                self._ready.append(delivery)

    def _claim(self, now: float) -> None:
        """Send what the pace and the sends under way leave room for, and note when to look again."""
        pace, at = self.state.pace, moment(now)
        mine = self._most(now) - len(self._flying)
        if self._ready and mine > 0:
            paced = pace.room(at)
            count = min(mine, len(self._ready)) if paced is None else min(mine, paced, len(self._ready))
            asked = pace.asking
            pace.take(count, at)
            for place in range(count):
                self._send(self._ready.popleft(), now + self._chance.uniform(1, 3 + place) * APART_SECONDS, asked)
            mine -= count
        self._look_at = self._looking_again(now) if mine > 0 else inf

    def _looking_again(self, now: float) -> float:
        due = now if self._ready else self._waiting[0][0] if self._waiting else inf
        gate = self.state.pace.gate(moment(now))
        at = max(due, seconds_of(gate)) if gate else due
        # A pump at work knows when the pace lets the next one go; what is due later the scheduler finds.
        return at + self._chance.uniform(0, NOTICE_SECONDS if at - now < GATE_SECONDS else SWEEP_SECONDS)

    def _send(self, delivery: Delivery, at: float, asked: bool) -> None:
        arrives = at + self._quick * 0.3 + self._chance.uniform(0, MAX_JITTER_SECONDS)
        said = self.receiver.answer(delivery.number, arrives)
        delivery.requests += 1
        self.requests.append(arrives)
        self.out_of_order += any(each.requests for each in delivery.followers)
        took = said.seconds if said.seconds is not None else self._quick * self._chance.uniform(0.5, 2)
        if said.failure is None:
            delivery.taken_at = arrives
        result = Result(
            started_at=moment(at),
            duration_ms=round(took * 1000),
            request_headers=(),
            status=said.status,
            headers=(("Retry-After", said.retry_after),) if said.retry_after is not None else (),
            failure=said.failure,
        )
        heappush(self._flying, (arrives + took, delivery.number, delivery, result, asked))

    def _most(self, now: float) -> int:
        """Return how many may be under way, as `room.UnderWay` has it."""
        if self.state.consecutive_failures:
            return room.MAX_FOR_FAILING
        if self._proven_at is None:
            return room.MAX_FOR_UNPROVEN
        if self._flying and self._is_silent(now):
            return room.MAX_FOR_SILENT
        return room.MAX_FOR_QUICK if self._is_quick else room.MAX_FOR_PROVEN

    def _is_silent(self, now: float) -> bool:
        return any(
            self._proven_at is not None and self._proven_at < seconds_of(result.started_at) < now - room.YOUNG_SECONDS
            for _, _, _, result, _ in self._flying
        )

    def _record(self, now: float) -> None:
        """Take what has ended into account, as `record_attempts` does."""
        answers: list[AttemptAnswer] = []
        at, state = moment(now), self.state
        was_recovering = state.recovering_since
        while self._flying and self._flying[0][0] <= now:
            _, _, delivery, result, asked = heappop(self._flying)
            self._note_room(result, now)
            found = outcome(delivery, result, WAITS, at, state.pace.refusing_since)
            wait = (found.due_at or at) - at if result.refused else None
            repeats = delivery.refusals if result.refused else delivery.tries
            answers.append(AttemptAnswer(result, asked=asked, refused=wait, repeats=repeats))
            delivery.tries, delivery.refusals, delivery.refused_since = found.tries, found.refusals, found.refused_since
            delivery.attempted_at = seconds_of(result.started_at)
            delivery.refused += result.refused
            if found.state is not DeliveryState.DUE:
                self._end(delivery, now)
                continue
            assert found.due_at is not None
            assert found.scheduled_at is not None
            delivery.scheduled_at, delivery.due, delivery.waits = found.scheduled_at, seconds_of(found.due_at), True
            delivery.not_before = seconds_of(found.not_before) if found.not_before else -inf
            heappush(self._waiting, (delivery.due, delivery.number, delivery))
            if delivery.attempted_at < self._forward_since:
                heappush(self._forward, (delivery.number, delivery))
        state.note(answers, at)
        if state.recovering_since is not None:
            if was_recovering is None:
                self.recoveries.append(now)
            self._bring_forward(now, seconds_of(state.recovering_since))

    def _end(self, delivery: Delivery, now: float) -> None:
        delivery.over = True
        for each in delivery.followers:
            each.due, each.scheduled_at = now, moment(now)
            self._ready.append(each)

    def _note_room(self, result: Result, now: float) -> None:
        self._is_quick = result.duration_ms < room.QUICK_MS
        self._proven_at = now if result.status == HTTPStatus.OK else None

    def _bring_forward(self, now: float, since: float) -> None:
        """Send the oldest that failed before the recovery, each once, as `recovery.bring_forward` does."""
        if since != self._forward_since:
            self._forward_since = since
            self._forward = [(each.number, each) for due, _, each in self._waiting if each.waits and due == each.due]
            heapify(self._forward)
        left, found, later = lead(self.state.pace) - len(self._ready), 0, []
        if left <= 0:
            return
        while self._forward and found < left:
            number, delivery = heappop(self._forward)
            if not delivery.waits or delivery.due <= now or delivery.attempted_at >= since:
                continue
            if delivery.not_before > now:
                later.append((number, delivery))
                continue
            delivery.due, delivery.waits = now, False
            self._ready.append(delivery)
            found += 1
        for each in later:
            heappush(self._forward, each)
        if not found:
            self.state.recovering_since, self._forward_since = None, -inf
            self.state.pace.recovered()


def moment(seconds: float) -> datetime:
    """Return the moment `seconds` after the day began."""
    return START + timedelta(seconds=seconds)


def seconds_of(at: datetime) -> float:
    """Return the seconds from the beginning of the day until a moment."""
    return (at - START).total_seconds()
