"""A lost password: a one-time link by mail, to the address of the account and nowhere else."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts import links, users
from calhooks.config import current_config
from calhooks.mail.addresses import Correspondent
from calhooks.mail.letters import Letter, LetterFact, Link
from calhooks.mail.models import Mail, MailKind
from calhooks.mail.outbox import MailDraft, owe_mail

RESET_LINK_LIFETIME = timedelta(hours=1)
MAX_RESETS_AN_HOUR = 3


def owe_reset_link(session: Session, email: str) -> None:
    """Owe the account with this address a link to choose a new password. Nothing where there is none.

    Whoever was invited and has not joined yet gets a link that lives as long as an invitation. Links of before go on
    working until one is used: anybody may ask for another one.
    """
    user = users.by_email(session, email)
    if user is None or _has_enough(session, user.id):
        return
    lifetime = RESET_LINK_LIFETIME if user.password_hash else links.LINK_LIFETIME
    token = links.add_link(session, user, lifetime)
    within = "an hour" if lifetime == RESET_LINK_LIFETIME else f"{lifetime.days} days"
    letter = Letter(
        subject="Choose a new password",
        heading="Choose a new password",
        paragraphs=(
            f"Somebody, probably you, has asked for a new password for {user.email}.",
            f"The link works once, within {within}.",
        ),
        facts=(LetterFact(label="Account", value=user.name),),
        links=(Link(label="Choose a password", url=links.address(current_config().base_url, token)),),
        closing="If it was not you, ignore this mail: your password stays as it is.",
    )
    draft = MailDraft(
        owner_id=user.id,
        kind=MailKind.PASSWORD_RESET,
        to=[Correspondent(user.email, user.name)],
        letter=letter,
        expires_at=clock.now() + lifetime,
    )
    owe_mail(session, draft)


def _has_enough(session: Session, user_id: int) -> bool:
    """Tell whether this account has been sent as many links lately as anybody needs."""
    recent = select(func.count()).where(
        Mail.owner_id == user_id,
        Mail.kind == MailKind.PASSWORD_RESET,
        Mail.created_at > clock.now() - timedelta(hours=1),
    )
    return (session.scalar(recent) or 0) >= MAX_RESETS_AN_HOUR
