"""What attempts' ends say about their endpoint: failing, recovering, gone, and how much it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from calhooks.delivery.models.endpoints import InactiveReason, NoticeKind
from calhooks.delivery.pace import FIRST_RATE, PACE_COLUMNS, Pace, floor_of
from calhooks.delivery.sending.retry_after import read_retry_after
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure

FAILING_FOR = timedelta(days=5)
# How long failures last before the owner is told: soon enough to act, late enough for a restart to be over.
TOLD_AFTER = timedelta(minutes=15)
# Two failures in a row are an outage; a single one may be the delivery's own. It can end in a recovery once it has
# lasted: a receiver that fails for some bookings only has no outages.
OUTAGE_FAILURES = 2
OUTAGE_FOR = timedelta(minutes=1)
# So many failures in a row end a recovery: the outage is back.
MAX_FAILED_RECOVERY = 5
# One delivery that the receiver refuses again and again says no more about its pace than so many times.
MAX_TELLING = 3
# What was claimed before the pace was cut may leave so much after that.
FLIGHT = timedelta(milliseconds=250)
# A limit on requests a second asks to wait no longer than this.
MAX_PACED_WAIT = timedelta(seconds=2)
SECOND_WITHIN = timedelta(minutes=1)
# What a recovery's answers may take before it slows down.
SLOW_MS = 5000
TIMED_OUT = (Failure.DEADLINE, Failure.CONNECT_TIMEOUT)


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """How one attempt ended: `refused` for how long, where it was; `asked` when it was sent to find out the pace.

    `repeats` says how often its delivery had been refused, or had timed out, before.
    """

    result: Result
    asked: bool = False
    refused: timedelta | None = None
    repeats: int = 0


@dataclass(slots=True)
class EndpointState:
    """The columns of an endpoint that attempts change."""

    id: int
    active: bool
    inactive_reason: str | None
    inactive_since: datetime | None
    recovering_since: datetime | None
    failing_since: datetime | None
    consecutive_failures: int
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    told_at: datetime | None
    given_up_at: datetime | None
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def of(cls, row: Sequence[Any]) -> "EndpointState":
        """Return the state that a row of STATE_COLUMNS holds."""
        state = cls(*row[: len(HEALTH)])
        state.pace = Pace(*row[len(HEALTH) :])
        return state

    def values(self) -> dict[str, Any]:
        """Return the values of STATE_COLUMNS."""
        return {name: getattr(self, name) for name in HEALTH} | {
            name: getattr(self.pace, name) for name in PACE_COLUMNS
        }

    def note(self, answers: Sequence[AttemptAnswer], now: datetime) -> list[tuple[NoticeKind, Result]]:
        """Take attempts into account, in the order of their ends, and return what the owner has to be told of."""
        last = self.last_attempt_at
        since = now - last if last else timedelta()
        news = [(kind, each.result) for each in answers if (kind := self._note_one(each, now))]
        taken = [each.result for each in answers if each.result.succeeded]
        if taken:
            self.pace.note_taken(len(taken), max(result.duration_ms for result in taken), now, since)
        for each in answers:
            gap = each.result.started_at - last if last and not taken else timedelta()
            self._note_pace(each, now, gap)
        return news

    def _note_one(self, answer: AttemptAnswer, now: datetime) -> NoticeKind | None:
        if self.last_attempt_at is not None and now - self.last_attempt_at > FAILING_FOR:
            # Nobody tried for days: what was before proves nothing.
            self.failing_since = None
        self.last_attempt_at = now
        result = answer.result
        if result.succeeded:
            return self._note_success(now)
        if answer.refused is not None:
            return self._note_refusal(now)
        return self._note_failure(result, now) if result.failure is not Failure.INTERNAL else None

    def _note_success(self, now: datetime) -> NoticeKind | None:
        lasted = now - self.failing_since if self.failing_since else timedelta()
        if self.consecutive_failures >= OUTAGE_FAILURES and lasted >= OUTAGE_FOR:
            self.recovering_since = now
            self.pace.recover(now)
        self.last_success_at = now
        self.consecutive_failures = 0
        self.failing_since = None
        if self.told_at is None or not self.active:
            return None
        self.told_at = None
        return NoticeKind.RECOVERED

    def _note_refusal(self, now: datetime) -> NoticeKind | None:
        """Tell the owner of a receiver that has refused everything for long, though it is no failure."""
        since = self.pace.refusing_since
        is_told = self.told_at is not None and since is not None and self.told_at >= since
        if since is not None and now - since >= TOLD_AFTER and not is_told and self.active:
            self.told_at = now
            return NoticeKind.FAILING
        return None

    def _note_failure(self, result: Result, now: datetime) -> NoticeKind | None:
        self.consecutive_failures += 1
        self.failing_since = self.failing_since or now
        self.pace.refusing_since = None
        if self.consecutive_failures >= MAX_FAILED_RECOVERY:
            self.recovering_since = None
        failing_for = now - self.failing_since
        if result.status == HTTPStatus.GONE:
            return self._switch_off(InactiveReason.GONE, NoticeKind.GONE, now)
        if failing_for >= FAILING_FOR:
            return self._switch_off(InactiveReason.FAILING, NoticeKind.SWITCHED_OFF, now)
        # What was said before it was switched on again, or was left alone for days, is not about these failures.
        is_told = self.told_at is not None and self.told_at >= self.failing_since
        if failing_for >= TOLD_AFTER and not is_told and self.active:
            self.told_at = now
            return NoticeKind.FAILING
        return None

    def _note_pace(self, answer: AttemptAnswer, now: datetime, gap: timedelta) -> None:
        pace, result = self.pace, answer.result
        flight = timedelta() if answer.asked else FLIGHT
        sent_since = pace.pace is None or pace.paced_at is None or result.started_at >= pace.paced_at + flight
        is_news = answer.repeats < MAX_TELLING and sent_since
        if answer.refused is not None:
            is_telling = self._is_about_pace(answer.refused, now)
            pace.note_refused(answer.refused, now, asked=answer.asked, again=answer.repeats > 0)
            if is_news and is_telling and pace.is_cause(gap):
                said = read_retry_after(result.header("retry-after"), now)
                pace.cut(now, floor=floor_of(said.wait if said else None))
            elif is_news:
                pace.paced_at = now
            return
        if answer.asked:
            pace.note_answered(now, taken=result.succeeded)
        if result.failure in TIMED_OUT and is_news and self._has_taken_since(pace.paced_at):
            pace.cut(now, at_least=FIRST_RATE)
        elif self.recovering_since and (not result.succeeded or result.duration_ms > SLOW_MS):
            pace.back_off()

    def _is_about_pace(self, wait: timedelta, now: datetime) -> bool:
        """Tell whether a refusal is about the pace: a single one for long is not, unless another comes soon."""
        before = self.pace.paced_at
        is_second = before is not None and now - before < SECOND_WITHIN
        return wait <= MAX_PACED_WAIT or is_second or self.pace.refusing_since is not None

    def _has_taken_since(self, moment: datetime | None) -> bool:
        """Tell whether anything was taken since then: an outage is no matter of the pace."""
        return self.last_success_at is not None and (moment is None or self.last_success_at > moment)

    def _switch_off(self, reason: InactiveReason, kind: NoticeKind, now: datetime) -> NoticeKind | None:
        if not self.active:
            return None
        self.active, self.inactive_reason, self.inactive_since, self.told_at = False, reason, now, now
        return kind


HEALTH = tuple(each.name for each in fields(EndpointState) if each.name != "pace")
STATE_COLUMNS = (*HEALTH, *PACE_COLUMNS)
