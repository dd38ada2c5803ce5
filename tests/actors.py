"""The people of the tests, each with a browser: accounts by their names, browsers by what they are to Rick's things.

Without an account comes `client`. A file whose Rick must be different (a password, another zone) makes its own `rick`;
`owner` is his browser all the same.

The people around a team are Alice, its owner, Bob and Carol, its members, and Dave, a stranger; `browser_of` gives each
a browser.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from tests import factories
from tests.web import pages


@pytest.fixture
def rick(app: Flask) -> User:
    """A host in London, to whom everything belongs."""
    with app.app_context():
        return factories.create_user("rick", name="Rick Sanders")


@pytest.fixture
def ann(app: Flask) -> User:
    """Another account."""
    with app.app_context():
        return factories.create_user("ann")


@pytest.fixture
def administrator(app: Flask) -> User:
    """An account that may add people, to whom nothing of Rick's belongs."""
    with app.app_context():
        return factories.create_user("ada", is_admin=True)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that keeps its cookies; nobody is signed in."""
    return app.test_client()


@pytest.fixture
def owner(app: Flask, rick: User) -> FlaskClient:
    """Rick's browser."""
    return _browser(app, rick)


@pytest.fixture
def other(app: Flask, ann: User) -> FlaskClient:
    """Ann's browser."""
    return _browser(app, ann)


@pytest.fixture
def admin(app: Flask, administrator: User) -> FlaskClient:
    """The administrator's browser."""
    return _browser(app, administrator)


@pytest.fixture
def alice(app: Flask) -> User:
    """The owner of the team."""
    with app.app_context():
        return factories.create_user("alice")


@pytest.fixture
def bob(app: Flask) -> User:
    """A member of the team."""
    with app.app_context():
        return factories.create_user("bob")


@pytest.fixture
def carol(app: Flask) -> User:
    """Another member of the team."""
    with app.app_context():
        return factories.create_user("carol")


@pytest.fixture
def dave(app: Flask) -> User:
    """An account that does not belong to the team."""
    with app.app_context():
        return factories.create_user("dave")


@pytest.fixture
def team(app: Flask, alice: User, bob: User, carol: User) -> Team:
    """Sales, at /team/sales."""
    with app.app_context():
        return factories.create_team(alice, members=[bob, carol])


@pytest.fixture
def browser_of(app: Flask) -> Callable[[User], FlaskClient]:
    """Give somebody a browser in which they are signed in."""
    return lambda user: _browser(app, user)


def _browser(app: Flask, user: User) -> FlaskClient:
    browser = app.test_client()
    pages.sign_in(browser, user)
    return browser
