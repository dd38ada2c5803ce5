"""Who may see what. Every view carries exactly one of these rules; a test looks for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask_login import LoginManager, current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from calhooks.accounts import sessions
from calhooks.accounts.models import LoginSession, User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, write_only_if
from calhooks.web.http.redirects import own_path
from calhooks.web.site.htmx import is_htmx

ViewFunction = TypeVar("ViewFunction", bound=Callable[..., Any])

ONLY_ADMINS = "Only the team’s owners and admins can change this. Ask one of them."

login_manager = LoginManager()


def init_app(app: Flask) -> None:
    """Let sessions find their account."""
    login_manager.init_app(app)
    app.context_processor(_whose_page)


def public(view: ViewFunction) -> ViewFunction:
    """Let anybody in."""
    view.access_rule = "public"  # type: ignore[attr-defined]  # a mark for the test that walks the views
    return view


def signed_in(view: ViewFunction) -> ViewFunction:
    """Let people with an account in; send the others to the login page and back afterwards."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if current_user.is_authenticated else to_login()

    guarded.access_rule = "signed_in"  # type: ignore[attr-defined]  # a mark for the test that walks the views
    return cast(ViewFunction, guarded)


def admin_only(view: ViewFunction) -> ViewFunction:
    """Let administrators in; to other accounts the page does not exist."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return to_login()
        if not current_user.is_admin:
            abort(404)
        return view(*args, **kwargs)

    guarded.access_rule = "admin_only"  # type: ignore[attr-defined]  # a mark for the test that walks the views
    return cast(ViewFunction, guarded)


def sees_owners(view: ViewFunction) -> ViewFunction:
    """Let a person see what is their own, and a team's members what is the team's; `owner` says whose it is.

    To other accounts a team's page does not exist.
    """
    return _of_owner(view, "sees_owners", changes=False)


def changes_owners(view: ViewFunction) -> ViewFunction:
    """Let a person change what is their own, and a team's owners and admins what is the team's."""
    return _of_owner(view, "changes_owners", changes=True)


def _of_owner(view: ViewFunction, rule: str, *, changes: bool) -> ViewFunction:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return to_login()
        g.owner, g.membership = Owner(user_id=account().id), None
        if g.team_id is not None:
            g.owner, g.membership = Owner(team_id=g.team_id), _require_membership(db.session(), changes=changes)
            if changes:
                write_only_if(db.session(), _require_still_admin)
        return view(*args, **kwargs)

    guarded.access_rule = rule  # type: ignore[attr-defined]  # a mark for the test that walks the views
    return cast(ViewFunction, guarded)


def _require_membership(session: Session, *, changes: bool) -> Membership:
    """Return the reader's membership of the page's team: 404 without one, 403 for who may not change what is there."""
    found = find_membership(session, g.team_id, account())
    if found is None:
        abort(404)
    if changes and not found.is_admin:
        abort(403, ONLY_ADMINS)
    return found


def _require_still_admin(session: Session) -> None:
    """Refuse a change by who was removed after the page was let in. Whoever removes members has the team locked."""
    lock_owner(session, owner())
    _require_membership(session, changes=True)


def owner() -> Owner:
    """Return whose page this is: the person's who is signed in, or a team's. Only for views with one of the two."""
    found: Owner = g.owner
    return found


def holder() -> User | Team:
    """Return the person or the team whose page this is. Only for views with one of the two."""
    found = membership()
    return account() if found is None else found.team


def membership() -> Membership | None:
    """Return the membership by which a team's page is seen, None on a person's own page."""
    found: Membership | None = g.get("membership")
    return found


def account() -> User:
    """Return the account of the person who is signed in. Only for views that are `signed_in` or `admin_only`."""
    user = current_user._get_current_object()
    if not isinstance(user, User):
        raise TypeError("this view lets in people without an account")
    return user


def current_session() -> LoginSession:
    """Return the session of the person who is signed in. Only for views that are `signed_in` or `admin_only`."""
    account()
    found: LoginSession = g.login_session
    return found


def signed_in_user() -> User | None:
    """Return the account of whoever looks at a public page, if that person has one and is signed in."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None


def _whose_page() -> dict[str, Any]:
    """Tell templates which team's page this is, None for a person's own, and what the reader is and may do in it."""
    found = membership()
    return {
        "page_team": found.team if found else None,
        "page_membership": found,
        "may_change": found is None or found.is_admin,
    }


def to_login() -> BaseResponse:
    """Answer a request that needs an account: a redirect, which a script's request gets as a header."""
    if is_htmx():
        # The page that the person looks at, not the fragment that it asked for.
        page = own_path(_path(request.headers.get("HX-Current-URL", "")))
        return Response(status=401, headers={"HX-Redirect": url_for("login.login", next=page)})
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("login.login", next=own_path(here)))


def _path(url: str) -> str:
    """Return the path of a URL, empty where it has none or is not one."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


@login_manager.user_loader  # type: ignore[untyped-decorator]  # flask_login has no types
def _load_user(token: str) -> User | None:
    found = sessions.find(db.session(), token)
    if found is None:
        # The cookie is left as it is: another tab may have a new session by now, and this response would replace it.
        return None
    g.login_session = found
    return found.user
