"""Use cases that begin at the same instant: real threads, each with its own transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from calhooks.accounts.errors import TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.teams.invitations import InvitationUnusable
from calhooks.db import db, writing
from calhooks.scheduling.errors import NotAllowed, SlotTaken

UseCase = Callable[[Session], Any]


def at_once(app: Flask, use_cases: list[UseCase]) -> list[str]:
    """Run each use case in a thread of its own, all starting together; return what became of them."""
    start = Barrier(len(use_cases))

    def run(use_case: UseCase) -> str:
        with app.app_context():
            start.wait()
            try:
                with writing() as session:
                    use_case(session)
            except (NotAllowed, SlotTaken, TeamRefused, InvitationUnusable) as refusal:
                return type(refusal).__name__
            finally:
                db.session.remove()
            return "done"

    with ThreadPoolExecutor(len(use_cases)) as threads:
        return list(threads.map(run, use_cases))


def look_again(session: Session) -> None:
    """See what other transactions have done since."""
    session.rollback()
    session.expire_all()


def host_of(session: Session, number: int) -> User:
    """The host as this transaction's own object."""
    return session.get_one(User, number)
