"""Tests that a form takes exactly as much text as the database keeps."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String
from wtforms import SelectField

from calhooks.accounts.models import User
from calhooks.db import Base
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Absence, Schedule
from calhooks.text import MAX_EMAIL_LENGTH
from calhooks.web.accounts.people import PersonForm
from calhooks.web.accounts.settings import ProfileForm
from calhooks.web.accounts.setup import SetupForm
from calhooks.web.scheduling.absences import AwayForm
from calhooks.web.scheduling.availability import HoursForm, NameForm
from calhooks.web.scheduling.event_types.form import EventTypeForm

FORMS = (
    (SetupForm, User, {"name", "username", "email"}),
    (PersonForm, User, {"name", "username", "email"}),
    (ProfileForm, User, {"name", "username"}),
    (EventTypeForm, EventType, {"title", "slug", "location", "booking_name", "redirect_url"}),
    (HoursForm, Schedule, {"name"}),
    (NameForm, Schedule, {"name"}),
    (AwayForm, Absence, {"note"}),
)


@pytest.mark.parametrize(("form_class", "model", "names"), FORMS)
def test_a_field_takes_what_its_column_keeps(app: Flask, form_class: Any, model: type[Base], names: set[str]) -> None:
    columns = {column.name: column.type.length for column in model.__table__.columns if isinstance(column.type, String)}
    # The column of addresses has room for more than any address may have.
    columns["email"] = MAX_EMAIL_LENGTH
    with app.test_request_context():
        fields = {name: field for name, field in form_class()._fields.items() if not isinstance(field, SelectField)}
    taken = {name: field.render_kw["maxlength"] for name, field in fields.items() if columns.get(name)}
    assert taken == {name: columns[name] for name in names}
