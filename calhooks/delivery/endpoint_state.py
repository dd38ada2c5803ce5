"""What an attempt's end says about its endpoint: failing, recovering, gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from calhooks.delivery.models.endpoints import InactiveReason, NoticeKind
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure

FAILING_FOR = timedelta(days=5)
# How long failures last before the owner is told: soon enough to act, late enough for a restart to be over.
TOLD_AFTER = timedelta(minutes=15)
# Two failures in a row are an outage that can end; a single one may be the delivery's own.
OUTAGE_FAILURES = 2


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

    def note(self, result: Result, now: datetime) -> NoticeKind | None:
        """Take one attempt into account, and return what the owner has to be told of."""
        if self.last_attempt_at is not None and now - self.last_attempt_at > FAILING_FOR:
            # Nobody tried for days: what was before proves nothing.
            self.failing_since = None
        self.last_attempt_at = now
        if result.succeeded:
            return self._note_success(now)
        return self._note_failure(result, now) if result.failure is not Failure.INTERNAL else None

    def _note_success(self, now: datetime) -> NoticeKind | None:
        if self.consecutive_failures >= OUTAGE_FAILURES:
            self.recovering_since = now
        self.last_success_at = now
        self.consecutive_failures = 0
        self.failing_since = None
        if self.told_at is None or not self.active:
            return None
        self.told_at = None
        return NoticeKind.RECOVERED

    def _note_failure(self, result: Result, now: datetime) -> NoticeKind | None:
        self.consecutive_failures += 1
        self.failing_since = self.failing_since or now
        if self.consecutive_failures >= OUTAGE_FAILURES:
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

    def _switch_off(self, reason: InactiveReason, kind: NoticeKind, now: datetime) -> NoticeKind | None:
        if not self.active:
            return None
        self.active, self.inactive_reason, self.inactive_since, self.told_at = False, reason, now, now
        return kind
