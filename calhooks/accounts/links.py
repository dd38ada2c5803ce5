"""One-time links with which a person chooses a password: for a new account, or for one whose password is lost."""

import hashlib
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts import users
from calhooks.accounts.models import AccountLink, User

LINK_LIFETIME = timedelta(days=7)


class LinkUnusable(Exception):
    """The link was used, has expired, was replaced by a newer one or a new password, or never existed."""


def create_link(session: Session, user: User) -> str:
    """Return the token of a new link for this person; links made before stop working."""
    session.execute(delete(AccountLink).where(AccountLink.user_id == user.id, AccountLink.used_at.is_(None)))
    return add_link(session, user, LINK_LIFETIME)


def add_link(session: Session, user: User, lifetime: timedelta) -> str:
    """Return the token of one more link for this person. Only its SHA-256 is kept."""
    token, now = ids.new_token(), clock.now()
    session.execute(delete(AccountLink).where(AccountLink.user_id == user.id, AccountLink.expires_at <= now))
    session.add(
        AccountLink(user_id=user.id, token_hash=_hash(token), created_at=now, expires_at=now + lifetime, used_at=None)
    )
    return token


def invite(session: Session, account: users.AccountDraft) -> tuple[User, str]:
    """Make an account and the token of its link. Raises InvalidAccount when its username or e-mail address is taken."""
    user = users.create_user(session, account)
    return user, create_link(session, user)


def find_user(session: Session, token: str) -> User:
    """Return whose link this is. Raises LinkUnusable."""
    link = session.scalar(select(AccountLink).where(AccountLink.token_hash == _hash(token), *_open()))
    if link is None:
        raise LinkUnusable
    return link.user


def use_link(session: Session, token: str, password_hash: str) -> User:
    """Give the link's account its password, which ends all its sessions. Raises LinkUnusable.

    Of two people who use one link at once, the database lets one.
    """
    user_id = session.scalar(
        update(AccountLink)
        .where(AccountLink.token_hash == _hash(token), *_open())
        .values(used_at=clock.now())
        .returning(AccountLink.user_id)
    )
    if user_id is None:
        raise LinkUnusable
    user = session.get_one(User, user_id)
    users.change_password(session, user, password_hash)
    return user


def waiting(session: Session) -> dict[int, AccountLink]:
    """Return the usable link of each account that has one, by the account's id."""
    return {link.user_id: link for link in session.scalars(select(AccountLink).where(*_open()))}


def address(base_url: str, token: str) -> str:
    """Return the link to hand over."""
    return f"{base_url}/auth/link/{token}"


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return AccountLink.used_at.is_(None), AccountLink.expires_at > clock.now()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
