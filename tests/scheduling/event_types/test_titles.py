import pytest

from calhooks.scheduling.event_types.titles import booking_title


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        ("", "Quick chat"),
        ("  ", "Quick chat"),
        ("{Event type title} between {Organiser} and {Scheduler}", "Quick chat between Rick Stone and Ann Lee"),
        ("{Scheduler first name} / {organizer first name} / { Event  duration }", "Ann / Rick / 30 min"),
        ("At {Location}: {unknown} {}", "At Room 1: {unknown} {}"),
    ],
)
def test_a_pattern_is_filled_in(pattern: str, title: str) -> None:
    filled = booking_title(
        pattern, event_title="Quick chat", organiser="Rick Stone", scheduler="Ann Lee", location="Room 1", length=30
    )
    assert filled == title


def test_what_a_person_is_called_is_no_pattern_and_a_title_has_an_end() -> None:
    title = booking_title(
        "{Scheduler}" * 45, event_title="x", organiser="x", scheduler="{Location}" * 20, location="secret", length=30
    )
    assert "secret" not in title
    assert len(title) == 1_000
