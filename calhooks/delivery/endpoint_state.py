"""What an attempt's end says about its endpoint: failing, recovering, gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from calhooks.delivery.failures import Failure
from calhooks.delivery.models import InactiveReason
from calhooks.delivery.sender import Result

FAILING_FOR = timedelta(days=5)
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

    def note(self, result: Result, now: datetime) -> None:
        """Take one attempt into account."""
        if self.last_attempt_at is not None and now - self.last_attempt_at > FAILING_FOR:
            # Nobody tried for days: what was before proves nothing.
            self.failing_since = None
        self.last_attempt_at = now
        if result.succeeded:
            self._note_success(now)
        elif result.failure is not Failure.INTERNAL:
            self._note_failure(result, now)

    def _note_success(self, now: datetime) -> None:
        if self.consecutive_failures >= OUTAGE_FAILURES:
            self.recovering_since = now
        self.last_success_at = now
        self.consecutive_failures = 0
        self.failing_since = None

    def _note_failure(self, result: Result, now: datetime) -> None:
        self.consecutive_failures += 1
        self.failing_since = self.failing_since or now
        if self.consecutive_failures >= OUTAGE_FAILURES:
            self.recovering_since = None
        if result.status == HTTPStatus.GONE:
            self._switch_off(InactiveReason.GONE, now)
        elif now - self.failing_since >= FAILING_FOR:
            self._switch_off(InactiveReason.FAILING, now)

    def _switch_off(self, reason: InactiveReason, now: datetime) -> None:
        if self.active:
            self.active, self.inactive_reason, self.inactive_since = False, reason, now
