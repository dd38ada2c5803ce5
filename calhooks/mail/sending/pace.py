"""How fast mails follow each other: without a pause until the mail server says that it gets too many."""

from time import monotonic

FIRST_MAIL_GAP_SECONDS = 1.0
MAX_MAIL_GAP_SECONDS = 16.0
# Below this there is no pause.
MIN_MAIL_GAP_SECONDS = 0.2
EASING = 0.9


class MailPace:
    """The gap between two mails: doubled by each refusal, a tenth shorter after each mail that was taken."""

    def __init__(self) -> None:
        self._gap = 0.0
        self._began = 0.0

    def wait_seconds(self) -> float:
        """Return how long to wait before the next mail."""
        return max(0.0, self._began + self._gap - monotonic()) if self._gap else 0.0

    def begin(self) -> None:
        """Note that a mail begins."""
        self._began = monotonic()

    def ease(self) -> None:
        """Note that the server took a mail."""
        self._gap = self._gap * EASING if self._gap * EASING >= MIN_MAIL_GAP_SECONDS else 0.0

    def slow_down(self) -> bool:
        """Note a refusal, and tell whether to wait for the next mail here. If not, the server needs a longer rest."""
        if self._gap >= MAX_MAIL_GAP_SECONDS:
            return False
        self._gap = min(2 * self._gap, MAX_MAIL_GAP_SECONDS) or FIRST_MAIL_GAP_SECONDS
        return True
