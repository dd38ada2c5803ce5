"""Sessions: the browsers in which an account is signed in. Only the SHA-256 of a session's token is stored.

A session that has ended keeps its row until it would have expired, because its network is still one of its owner's.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session, joinedload

from calhooks import clock, ids
from calhooks.accounts.models import LoginSession, User

SESSION_LIFETIME = timedelta(days=31)
# More than anybody's browsers; a script that logs in again and again ends its own oldest ones.
MAX_OPEN_SESSIONS = 50


class PasswordChanged(Exception):
    """The password that was checked is no longer the account's."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session begins: the client's name in words, and its network."""

    client: str
    network: str


def refuse_changed_password(session: Session, user_id: int, password_hash: str) -> None:
    """Lock the account's row. Raises PasswordChanged unless the account still has this `password_hash`.

    Checking and hashing a password are slow and happen before the transaction. A password changed meanwhile has ended
    all sessions, that of this request among them.
    """
    stored = session.scalar(select(User.password_hash).where(User.id == user_id).with_for_update())
    if stored != password_hash:
        raise PasswordChanged


def begin_session(session: Session, user_id: int, password_hash: str, browser: Browser) -> str:
    """Begin a session and return its token. Raises PasswordChanged unless the account still has this hash."""
    # A change of the password comes either before, and is seen, or after, and ends this session.
    refuse_changed_password(session, user_id, password_hash)
    for extra in open_sessions(session, user_id)[MAX_OPEN_SESSIONS - 1 :]:
        extra.ended_at = clock.now()
    token, now = ids.new_token(), clock.now()
    session.add(
        LoginSession(
            user_id=user_id,
            token_hash=_hash(token),
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
            client=browser.client,
            network=browser.network,
        )
    )
    return token


def find(session: Session, token: str) -> LoginSession | None:
    """Return the open session with this token, its account loaded with it in one query."""
    query = select(LoginSession).where(LoginSession.token_hash == _hash(token), *_open())
    return session.scalar(query.options(joinedload(LoginSession.user, innerjoin=True)))


def open_sessions(session: Session, user_id: int) -> list[LoginSession]:
    """Return an account's open sessions, the newest first."""
    query = select(LoginSession).where(LoginSession.user_id == user_id, *_open())
    return list(session.scalars(query.order_by(LoginSession.id.desc())))


def open_session(session: Session, user_id: int, session_id: int) -> LoginSession | None:
    """Return one of an account's open sessions."""
    return session.scalar(
        select(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == user_id, *_open())
    )


def end_one(session: Session, user_id: int, session_id: int) -> None:
    """End one of an account's sessions."""
    _end(session, LoginSession.id == session_id, LoginSession.user_id == user_id)


def end_with_token(session: Session, token: str) -> None:
    """End the session with this token, if there is one."""
    _end(session, LoginSession.token_hash == _hash(token))


def end_all(session: Session, user_id: int, *, but: int | None = None) -> None:
    """End all sessions of an account, but for the one with the id `but`."""
    _end(session, LoginSession.user_id == user_id, *([] if but is None else [LoginSession.id != but]))


def signed_in_from(session: Session, email: str, network: str) -> bool:
    """Tell whether the account with this email address was signed in from a network within the last 31 days.

    `email` is as accounts store it.
    """
    query = select(LoginSession.id).join(LoginSession.user).where(User.email == email)
    query = query.where(LoginSession.network == network, LoginSession.expires_at > clock.now())
    return session.scalar(query.limit(1)) is not None


def purge_sessions(session: Session, now: datetime) -> None:
    """Delete sessions that have expired."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))


def _end(session: Session, *conditions: ColumnElement[bool]) -> None:
    session.execute(update(LoginSession).where(*conditions, *_open()).values(ended_at=clock.now()))


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return LoginSession.ended_at.is_(None), LoginSession.expires_at > clock.now()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
