"""Moments as date and time fields send them."""

from datetime import datetime

from calhooks.zones import zone_info


def typed_moment(text: str, zone: str) -> datetime | None:
    """Return a time that was typed on the clock of a zone; None if it is not one, or near the ends of the calendar."""
    try:
        local = datetime.fromisoformat(text.strip()).replace(tzinfo=zone_info(zone))
    except ValueError:
        return None
    return local if 1970 <= local.year <= 9_000 else None
