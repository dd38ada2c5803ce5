"""The largest events that a booker can cause, as a template sees them."""

from dataclasses import replace
from typing import Any

from calhooks.events import Answer, BookingEvent, Trigger
from calhooks.scheduling.bookings.metadata import MAX_KEYS, parse_metadata
from calhooks.scheduling.bookings.submission import MAX_NOTES_LENGTH
from calhooks.scheduling.event_types.question_form import MAX_LABEL_LENGTH, MAX_QUESTIONS
from calhooks.scheduling.event_types.questions import MAX_LONG_TEXT_LENGTH
from calhooks.scheduling.fields import MAX_REASON_LENGTH
from calhooks.text import MAX_NAME_LENGTH
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.settings.subscriptions import MAX_WEBHOOKS

# More than the booking form takes.
GUESTS = 30
MANY_WEBHOOKS = MAX_WEBHOOKS
# What costs most to write differs: plain letters, what JSON escapes, what has four bytes.
LETTERS = {"plain": "x", "quotes": '"', "emoji": "😀", "mixed": 'é"\\\n '}


def largest_event(letters: str = "plain") -> BookingEvent:
    """Return an event whose every text is as long as it may be, of one kind of letters."""
    unit = LETTERS[letters]
    sample = sample_event(Trigger.BOOKING_RESCHEDULED)

    def text(length: int) -> str:
        return (unit * length)[:length]

    guests = [replace(sample.attendees[0], email=f"{'x' * 200}{number}@example.com") for number in range(GUESTS)]
    answers = {
        f"question-{number}": Answer(label=text(MAX_LABEL_LENGTH), value=text(MAX_LONG_TEXT_LENGTH))
        for number in range(MAX_QUESTIONS)
    }
    return replace(
        sample,
        attendees=(replace(sample.attendees[0], name=text(MAX_NAME_LENGTH)), *guests),
        additional_notes=text(MAX_NOTES_LENGTH),
        description=text(MAX_NOTES_LENGTH),
        reschedule_reason=text(MAX_REASON_LENGTH),
        responses={**sample.responses, **answers},
        metadata=parse_metadata("&".join(f"metadata[key{number:02}]={'9' * 56}" for number in range(MAX_KEYS))),
    )


def largest_body(letters: str = "plain") -> dict[str, Any]:
    """Return the default body of such an event."""
    return build_payload(largest_event(letters), "https://cal.example.com")
