"""Accounts: make them, change them, and tell who is at the door.

A draft is checked and its password hashed before a transaction begins; what only the database knows (who was first,
which names are taken) is decided inside. Services take the session and never commit.
"""

from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calhooks import clock, locales
from calhooks.accounts import details, passwords, sessions, usernames
from calhooks.accounts.errors import InvalidAccount
from calhooks.accounts.models import AccountLink, User
from calhooks.text import checked

TAKEN_SENTENCES = {
    "username": "This username is taken. Choose another one.",
    "email": "Somebody has an account with this e-mail address already.",
}


class SetupDone(Exception):
    """The first account exists already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """The checked details of a new account. `password_hash` is empty where a one-time link will ask for a password."""

    name: str
    username: str
    email: str
    time_zone: str
    locale: str
    password_hash: str = field(repr=False)


def draft_account(
    *,
    name: str,
    username: str,
    email: str,
    time_zone: str,
    locale: str = locales.DEFAULT_LOCALE,
    password: str | None = None,
) -> AccountDraft:
    """Check what was typed for a new account and hash its password, None for an account that waits for its link.

    `time_zone` is a canonical name, empty where none was chosen. Raises InvalidAccount with everything that is wrong.
    """
    name, username, errors = _tidy(name, username, time_zone, locale)
    email = checked(errors, "email", details.clean_email, email) or email
    if password is not None and (sentence := passwords.password_problem(password, name, username, email)):
        errors["password"] = sentence
    if errors:
        raise InvalidAccount(errors)
    return AccountDraft(
        name=name,
        username=username,
        email=email,
        time_zone=time_zone,
        locale=locale,
        password_hash="" if password is None else passwords.hash_password(password),
    )


def exist(session: Session) -> bool:
    """Tell whether there is any account."""
    return session.scalar(select(User.id).limit(1)) is not None


def create_first_user(session: Session, account: AccountDraft) -> User:
    """Make the first account, an administrator. Raises SetupDone when somebody was quicker."""
    if session.get_bind().dialect.name == "postgresql":
        # SQLite lets one writer in at a time; here the table makes two first accounts stand in line.
        session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    if exist(session):
        raise SetupDone
    return create_user(session, account, is_admin=True)


def create_user(session: Session, account: AccountDraft, *, is_admin: bool = False) -> User:
    """Make an account. Raises InvalidAccount when its username or e-mail address is taken."""
    _refuse_taken(session, username=account.username, email=account.email)
    user = User(
        name=account.name,
        username=account.username,
        email=account.email,
        time_zone=account.time_zone,
        locale=account.locale,
        password_hash=account.password_hash,
        is_admin=is_admin,
        created_at=clock.now(),
    )
    session.add(user)
    _flush(session)
    return user


def free_username(session: Session, name: str, email: str) -> str:
    """Return a username nobody has, made from the name, else from the e-mail address."""
    stem = usernames.suggestion(name) or usernames.suggestion(email.partition("@")[0]) or "calendar-1"
    root = stem[: usernames.MAX_USERNAME_LENGTH - 6]
    taken = set(session.scalars(select(User.username).where(User.username.startswith(root, autoescape=True))))
    if stem not in taken:
        return stem
    return next(f"{root}-{number}" for number in count(2) if f"{root}-{number}" not in taken)


def authenticate(session: Session, email: str, password: str) -> User | None:
    """Return the account that this e-mail address and password open, or None.

    An unknown address takes as long as a wrong password. Only for use outside of a transaction that writes.
    """
    user = by_email(session, email)
    # Ends the read: no transaction stays open during the slow part.
    session.commit()
    return user if passwords.matches(user.password_hash if user else "", password) else None


def by_email(session: Session, email: str) -> User | None:
    """Return the account with this e-mail address, in whatever letter case."""
    try:
        email = details.known_email(email)
    except ValueError:
        return None
    return session.scalar(select(User).where(User.email == email))


def change_password(session: Session, user: User, password_hash: str) -> None:
    """Give the account another password, which ends all its sessions and the links to choose one."""
    user.password_hash = password_hash
    # The account's row is locked before the sessions are looked for, so that one that begins meanwhile ends too.
    session.flush()
    sessions.end_all(session, user.id)
    session.execute(delete(AccountLink).where(AccountLink.user_id == user.id, AccountLink.used_at.is_(None)))


def update_profile(session: Session, user: User, *, name: str, username: str, time_zone: str, locale: str) -> None:
    """Change what others see of a person. Raises InvalidAccount with everything that is wrong."""
    name, username, errors = _tidy(name, username, time_zone, locale, kept=user.username)
    if errors:
        raise InvalidAccount(errors)
    _refuse_taken(session, username=username, besides=user.id)
    user.name, user.username, user.time_zone, user.locale = name, username, time_zone, locale
    _flush(session)


def _tidy(
    name: str, username: str, time_zone: str, locale: str, kept: str | None = None
) -> tuple[str, str, dict[str, str]]:
    errors: dict[str, str] = {}
    name, username = checked(errors, "name", details.clean_name, name) or name, usernames.clean(username)
    problems = {
        # A username that became reserved later may stay with the person who has it.
        "username": None if username == kept else usernames.username_problem(username),
        "timeZone": None if time_zone else "Choose a time zone from the list.",
        "locale": None if locale in locales.LOCALES else "Choose a language from the list.",
    }
    return name, username, errors | {field: sentence for field, sentence in problems.items() if sentence}


def _refuse_taken(session: Session, *, username: str, email: str | None = None, besides: int | None = None) -> None:
    wanted = {"username": username} | ({"email": email} if email is not None else {})
    errors = {}
    for column, value in wanted.items():
        owner_id = session.scalar(select(User.id).where(getattr(User, column) == value))
        if owner_id is not None and owner_id != besides:
            errors[column] = TAKEN_SENTENCES[column]
    if errors:
        raise InvalidAccount(errors)


def _flush(session: Session) -> None:
    """Write now. On PostgreSQL somebody may have taken a name since we looked; the database says which."""
    try:
        session.flush()
    except IntegrityError as error:
        # The first line names the constraint; only later ones quote values.
        constraint = str(error.orig).splitlines()[0]
        column = "email" if "email" in constraint else "username"
        raise InvalidAccount({column: TAKEN_SENTENCES[column]}) from error
