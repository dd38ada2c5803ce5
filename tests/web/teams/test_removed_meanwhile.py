"""Members who are removed at the very moment at which they change something."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select
from werkzeug.datastructures import MultiDict

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db
from tests.web import pages

WEBHOOK = {"subscriberUrl": "http://127.0.0.1:9/"}
TALK = {"title": "Talk", "slug": "talk"}


@pytest.mark.parametrize(("page", "typed"), [("webhooks/new", WEBHOOK), ("event-types/new", TALK), ("settings", {})])
def test_who_is_removed_while_they_change_a_team_gets_an_answer(
    app: Flask,
    team: Team,
    alice: User,
    browser_of: Callable[[User], FlaskClient],
    page: str,
    typed: dict[str, str],
) -> None:
    client, path = browser_of(alice), f"/teams/{team.id}/{page}"
    form = pages.post_form(client.get(path))
    with app.app_context():
        host = db.session.scalars(select(Membership.id).filter_by(user_id=alice.id)).one()
    form.fields = MultiDict(form.fields.to_dict() | {"hosts": str(host)} | typed)

    @event.listens_for(db.session, "after_commit", once=True)
    def remove_all(_session: object) -> None:
        with db.engine.begin() as connection:
            connection.execute(delete(Membership))

    answer = client.post(form.path, data=form.fields)
    assert answer.status_code < 500
