"""A visit to a booking page: what is booked, by what link, in place of which booking, and who looks at it."""

from dataclasses import dataclass, replace
from typing import Any

from flask import request
from werkzeug.datastructures import CombinedMultiDict

from calhooks.db import db
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.rules import is_host
from calhooks.scheduling.event_types.lookups import find_bookable, find_bookable_of_team
from calhooks.scheduling.event_types.places import Place, places
from calhooks.scheduling.event_types.questions import Question, asked
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.public.booking_link import BookingLink, link_metadata, read_link
from calhooks.web.public.forwarding import own_parameters
from calhooks.web.site import access
from calhooks.web.site.visitor import known_visitor, visitor_id, visitor_zone
from calhooks.web.wording.addresses import booking_path

# The name by which the booking pages are registered once more, for teams.
TEAM_BOOKER = "team_booker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """All that a request says about a booking page.

    `replaced` is the booking that is being moved, if any, and `by_host` tells whether its own host moves it. `zone` is
    the one to show times in; `zone_known` is false while it is the host's, for want of the booker's. `visitor` is the
    id of this browser's session, empty while it has none.
    """

    bookable: EventType
    link: BookingLink
    replaced: Booking | None
    by_host: bool
    zone: str
    zone_known: bool
    visitor: str

    def to(self, **changes: Any) -> "Visit":
        """Return the visit with some of its link changed."""
        return replace(self, link=self.link.to(**changes))

    @property
    def length(self) -> int:
        """Return the length that the link asks for, or the replaced booking had, where it is offered; in minutes."""
        wanted = (self.link.duration, self.replaced.length if self.replaced else None)
        offered = self.bookable.lengths
        return next((length for length in wanted if length and length in offered), self.bookable.length)

    @property
    def questions(self) -> list[Question]:
        """Return what is asked; a host who moves a booking answers nothing in the booker's place."""
        return [] if self.by_host else asked(self.bookable)

    @property
    def places(self) -> list[Place]:
        """Return where it can be; a host who moves a booking leaves it where the booker chose."""
        return [] if self.by_host else places(self.bookable)

    @property
    def allows_guests(self) -> bool:
        """Tell whether guests can be invited; a host who moves a booking keeps its guests."""
        return self.bookable.allows_guests or self.by_host

    @property
    def right_link(self) -> BookingLink | None:
        """Return the same link to the page of the replaced booking's event type, where this is another one's."""
        booked = self.replaced.event_type if self.replaced else None
        return self.link.to(path=booking_path(booked)) if booked and booked.id != self.bookable.id else None


def read_visit(username: str, slug: str) -> Visit:
    """Return what this request says, in its address and in a form that was sent; below /team, `username` is a team's.

    Raises NotFound where there is no such page or no such booking to move. Answers 400 where the link has more
    metadata than a booking keeps.
    """
    find = find_bookable_of_team if request.blueprint == TEAM_BOOKER else find_bookable
    bookable = find(db.session(), username, slug)
    link = _link(bookable)
    replaced = find_booking(db.session(), link.reschedule_uid) if link.reschedule_uid else None
    by_host = replaced is not None and is_host(db.session(), replaced, access.signed_in_user())
    zone = link.time_zone or visitor_zone()
    if not zone and replaced and not by_host:
        zone = replaced.attendees[0].time_zone
    return Visit(
        bookable=bookable,
        link=link,
        replaced=replaced,
        by_host=by_host,
        zone=zone or bookable.holder.time_zone,
        zone_known=bool(zone),
        # Who only looks needs no id; who sends a form is recognised when it comes twice.
        visitor=visitor_id() if request.method == "POST" else known_visitor(),
    )


def _link(bookable: EventType) -> BookingLink:
    identifiers = [question.identifier for question in asked(bookable)]
    in_address, in_form = [*request.args.items(multi=True)], [*request.form.items(multi=True)]
    link = read_link(
        booking_path(bookable),
        CombinedMultiDict([request.form, request.args]),
        link_metadata([*in_address, *in_form]),
        identifiers,
    )
    return link.to(others=own_parameters(bookable, identifiers, in_address))
