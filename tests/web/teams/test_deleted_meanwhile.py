"""Changing what is a team's while somebody else deletes the team."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db
from tests import factories
from tests.web import pages


@pytest.fixture
def deleted_meanwhile(app: Flask, team: Team) -> Iterator[Callable[[], None]]:
    """Have the team deleted once a request has found that its reader may change the team, before it changes it."""

    waiting = []

    def delete_team(_session: Session) -> None:
        if waiting:
            waiting.clear()
            with db.engine.begin() as connection:
                connection.execute(delete(Team).where(Team.id == team.id))

    event.listen(Session, "before_commit", delete_team)
    yield lambda: waiting.append(True)
    event.remove(Session, "before_commit", delete_team)


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("settings", {"name": "Support"}),
        ("settings/delete", {}),
        ("event-types/new", {"title": "Chat", "hosts": "{bob}"}),
        ("event-types/{talk}/edit", {"title": "Chat"}),
        ("event-types/{talk}/delete", {}),
        ("webhooks/new", {"subscriberUrl": "https://example.com/in"}),
        ("webhooks/{webhook}/edit", {"subscriberUrl": "https://example.com/in"}),
        ("webhooks/{webhook}/delete", {}),
        ("members/invite", {"role": "MEMBER"}),
        ("members/{bob}/remove", {}),
        ("members/{bob}/hand-over", {}),
        ("members/leave", {}),
    ],
)
def test_what_was_a_deleted_teams_does_not_exist(
    app: Flask,
    team: Team,
    alice: User,
    bob: User,
    browser_of: Callable[[User], FlaskClient],
    deleted_meanwhile: Callable[[], None],
    path: str,
    typed: dict[str, str],
) -> None:
    with app.app_context():
        bobs = db.session.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=bob.id)).one()
        talk, webhook = factories.create_team_event_type(team, [bob]).id, factories.create_webhook(team).id
    browser, ids = browser_of(alice), {"bob": bobs, "talk": talk, "webhook": webhook}
    form = pages.post_form(browser.get(f"/teams/{team.id}/{path.format_map(ids)}"))
    for name, value in typed.items():
        form.fields[name] = value.format_map(ids)
    deleted_meanwhile()
    answer = browser.post(form.path, data=form.fields)
    assert (answer.status_code, "This page does not exist" in answer.text) == (404, True)
