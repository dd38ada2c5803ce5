"""How pages say things. Templates say them with filters, which have the functions' own names."""

from flask import Flask

from calhooks.delivery.endpoints import old_secret_until
from calhooks.delivery.key_pairs import old_key_pair_until
from calhooks.scheduling.event_types.places import places
from calhooks.web.wording import addresses, assignment, bodies, bookings, conditions, markdown, people, times

FILTERS = (
    times.iso,
    times.ago,
    times.about,
    times.duration,
    times.minutes,
    times.long_day,
    times.short_day,
    times.in_zone,
    times.near_moment,
    times.clock_time,
    times.time_span,
    times.zone_name,
    times.zone_offset,
    bookings.own_answers,
    bookings.initials,
    bookings.location_kind,
    bookings.places_in_words,
    people.names_in_words,
    people.hosts_in_order,
    people.who_is_met,
    people.hosts_needed,
    people.counterpart,
    people.named,
    assignment.why_chosen,
    addresses.profile_path,
    addresses.booking_path,
    assignment.why_next,
    assignment.scheduling_type_name,
    assignment.priority_name,
    assignment.balance,
    markdown.markdown,
    markdown.plain,
    bodies.body_as_text,
    bodies.form_fields,
    bodies.pretty_json,
    bodies.reason,
    conditions.filter_in_words,
    places,
    old_secret_until,
    old_key_pair_until,
)


def init_app(app: Flask) -> None:
    """Give templates every filter there is, and the page's script the words of `ago`."""
    app.jinja_env.globals["moment_words"] = times.MOMENT_WORDS
    for say in FILTERS:
        app.add_template_filter(say)
