"""The form of an event type. It reads what was typed; `scheduling.event_types.form` judges it."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from calhooks.scheduling.event_types.form import DEFAULT_NOTICE, MAX_DESCRIPTION_LENGTH, TypedEventType
from calhooks.scheduling.event_types.lengths import DAY_MINUTES as DAY
from calhooks.scheduling.event_types.lengths import HOUR_MINUTES as HOUR
from calhooks.scheduling.event_types.lengths import length_of_time
from calhooks.scheduling.event_types.window_form import TypedWindow
from calhooks.scheduling.models.event_types import (
    MAX_BOOKING_NAME_LENGTH,
    MAX_LOCATION_LENGTH,
    MAX_REDIRECT_LENGTH,
    MAX_SLUG_LENGTH,
    MAX_TITLE_LENGTH,
    EventType,
    LocationKind,
    WindowKind,
)
from calhooks.scheduling.models.schedules import Schedule
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.scheduling.event_types.place_rows import LOCATION_CHOICES, Places, stored_places
from calhooks.web.scheduling.event_types.question_rows import Questions, stored_rows

NOTICES = (0, 30, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
BUFFERS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
REMINDERS = (1, 2, 4, 12, 24, 48, 72, 168)
INTERVALS = (5, 10, 15, 20, 30, 45, 60, 90, 120)
WINDOWS = (
    (WindowKind.UNLIMITED, "As far as people like"),
    (WindowKind.ROLLING, "So many days from today"),
    (WindowKind.RANGE, "Between two days"),
)
# What the service refuses in its own words.
NO_NUMBER = -1


def _number(text: object) -> int | None:
    """Return a number that was chosen, None for the choice of none."""
    try:
        return int(str(text)) if text not in ("", None) else None
    except ValueError:
        return NO_NUMBER


class EventTypeForm(ServiceForm):
    """What can be set about an event type; lengths of time in minutes."""

    title = StringField("Title", default="", render_kw={"maxlength": MAX_TITLE_LENGTH})
    slug = StringField("Address", default="", render_kw={"maxlength": MAX_SLUG_LENGTH})
    description = TextAreaField("Description", default="", render_kw={"maxlength": MAX_DESCRIPTION_LENGTH})
    length = IntegerField("Length in minutes", default=30)
    other_lengths = StringField("Other lengths", name="otherLengths", default="", render_kw={"maxlength": 100})
    location_kind = SelectField(
        "Location",
        name="locationKind",
        choices=LOCATION_CHOICES,
        default=str(LocationKind.SOMEWHERE_ELSE),
        validate_choice=False,
    )
    location = StringField("Where", default="", render_kw={"maxlength": MAX_LOCATION_LENGTH})
    places = Places("Other places")
    questions = Questions("Questions")
    booking_name = StringField(
        "Booking name", name="bookingName", default="", render_kw={"maxlength": MAX_BOOKING_NAME_LENGTH}
    )
    requires_confirmation = BooleanField("Each booking needs my confirmation", name="requiresConfirmation")
    minimum_notice = SelectField(
        "Minimum notice", name="minimumNotice", coerce=_number, default=DEFAULT_NOTICE, validate_choice=False
    )
    slot_interval = SelectField("Start times", name="slotInterval", coerce=_number, validate_choice=False)
    buffer_before = SelectField("Buffer before", name="bufferBefore", coerce=_number, default=0, validate_choice=False)
    buffer_after = SelectField("Buffer after", name="bufferAfter", coerce=_number, default=0, validate_choice=False)
    no_guests = BooleanField("Do not ask for guests", name="noGuests")
    redirect_url = StringField(
        "Afterwards, go to", name="redirectUrl", default="", render_kw={"maxlength": MAX_REDIRECT_LENGTH}
    )
    window_kind = SelectField(
        "How far ahead",
        name="windowKind",
        choices=[SelectChoice(str(kind), label) for kind, label in WINDOWS],
        default=str(WindowKind.UNLIMITED),
        validate_choice=False,
    )
    window_days = StringField("Days from today", name="windowDays", default="30")
    window_start = StringField("First day", name="windowStart", default="", widget=DateInput())
    window_end = StringField("Last day", name="windowEnd", default="", widget=DateInput())
    limit_day = StringField("Bookings a day", name="limitDay", default="")
    limit_week = StringField("Bookings a week", name="limitWeek", default="")
    limit_month = StringField("Bookings a month", name="limitMonth", default="")
    hidden = BooleanField("Hide it from my public page")
    reminder_hours = SelectField("Reminder", name="reminderHours", coerce=_number, validate_choice=False)
    schedule = SelectField("Availability", coerce=_number, validate_choice=False)

    def offer(self, schedules: Sequence[Schedule]) -> None:
        """Fill the lists to choose from: usual lengths of time besides the one that is set."""
        self.minimum_notice.choices = _choices(NOTICES, self.minimum_notice.data, "None")
        self.buffer_before.choices = _choices(BUFFERS, self.buffer_before.data, "None")
        self.buffer_after.choices = _choices(BUFFERS, self.buffer_after.data, "None")
        intervals = _choices(INTERVALS, self.slot_interval.data, "")
        self.slot_interval.choices = [("", "One after the other"), *((n, f"Every {said}") for n, said in intervals)]
        hours = sorted({*REMINDERS, *([self.reminder_hours.data] if (self.reminder_hours.data or 0) > 0 else [])})
        self.reminder_hours.choices = [("", "None"), *((n, f"{length_of_time(n * HOUR)} before") for n in hours)]
        self.schedule.choices = [(schedule.id, schedule.name) for schedule in schedules]

    def change(self, sent: MultiDict[str, str]) -> bool:
        """Do what a button beside a place or a question asks for; tell whether one was pressed."""
        return self.places.change(sent) or self.questions.change(sent)

    def values(self, sent: MultiDict[str, str]) -> TypedEventType:
        """Return what was typed. Places and questions that were not sent at all stay as they are."""
        return TypedEventType(
            title=self.title.data or "",
            slug=self.slug.data or "",
            description=self.description.data or "",
            length=self.length.data,
            other_lengths=self.other_lengths.data or "",
            location_kind=self.location_kind.data or "",
            location=self.location.data or "",
            other_places=self.places.typed() if "places" in sent else None,
            questions=self.questions.typed() if "questions" in sent else None,
            booking_name=self.booking_name.data or "",
            requires_confirmation=self.requires_confirmation.data,
            minimum_notice=self.minimum_notice.data,
            slot_interval=self.slot_interval.data,
            buffer_before=self.buffer_before.data,
            buffer_after=self.buffer_after.data,
            hidden=self.hidden.data,
            schedule_id=self.schedule.data,
            reminder_hours=self.reminder_hours.data,
            allows_guests=not self.no_guests.data,
            redirect_url=self.redirect_url.data or "",
            window=TypedWindow(
                kind=self.window_kind.data or "",
                days=self.window_days.data or "",
                start=self.window_start.data or "",
                end=self.window_end.data or "",
                limit_day=self.limit_day.data or "",
                limit_week=self.limit_week.data or "",
                limit_month=self.limit_month.data or "",
            ),
        )


def event_type_form_for(event_type: EventType | None, schedules: Sequence[Schedule]) -> EventTypeForm:
    """Return the form as it opens, or with what was typed when it was sent."""
    form = EventTypeForm(data=stored_fields(event_type) if event_type else {})
    form.offer(schedules)
    return form


def stored_fields(event_type: EventType) -> dict[str, object]:
    """Return an event type as the fields of its form show it."""
    names = (
        "title",
        "slug",
        "description",
        "length",
        "location_kind",
        "location",
        "booking_name",
        "requires_confirmation",
        "minimum_notice",
        "slot_interval",
        "buffer_before",
        "buffer_after",
        "hidden",
        "reminder_hours",
        "redirect_url",
        "window_kind",
    )
    # A field of text shows nothing for None, and a day as a date field writes it.
    written = ("window_start", "window_end", "limit_day", "limit_week", "limit_month")
    texts = {name: str(value) for name in written if (value := getattr(event_type, name)) is not None}
    days = {} if event_type.window_days is None else {"window_days": str(event_type.window_days)}
    return (
        {name: getattr(event_type, name) for name in names}
        | texts
        | days
        | {
            "no_guests": not event_type.allows_guests,
            "schedule": event_type.schedule_id,
            "other_lengths": ", ".join(map(str, event_type.other_lengths)),
            "places": stored_places(event_type),
            "questions": stored_rows(event_type),
        }
    )


def _choices(usual: Sequence[int], chosen: int | None, none: str) -> list[tuple[int, str]]:
    numbers = sorted({*usual, *([chosen] if chosen and chosen > 0 else [])})
    return [(number, length_of_time(number) if number else none) for number in numbers]
