"""What the owner of an endpoint is told: once when it fails for long, when it is switched off, when it works again, and
once a day which deliveries were given up.

It is written with the result that says so, by whoever holds the endpoint's row: exactly once, however many workers.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from calhooks.accounts.owners import people_behind
from calhooks.accounts.teams.models import Team
from calhooks.config import current_config
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.mail.addresses import Correspondent
from calhooks.mail.letters import Letter, LetterFact, Link
from calhooks.mail.outbox import MailDraft, owe_mail

log = logging.getLogger(__name__)

MAIL_KIND = "webhook_notice"


@dataclass(frozen=True, slots=True)
class News:
    """Something about an endpoint that its owner should know, and what its receiver said last.

    News that deliveries were given up has their number, since when, and as `detail` the first reason.
    """

    endpoint_id: int
    kind: NoticeKind
    detail: str
    given_up_count: int = 0
    given_up_since: datetime | None = None


def notify_owner(connection: Connection, news: Sequence[News], now: datetime) -> None:
    """Put news on the owners' screens and owe them mails, in the transaction that the connection is in."""
    session = Session(bind=connection)
    for each in news:
        endpoint = session.get_one(Endpoint, each.endpoint_id)
        (settle_given_up if each.kind == NoticeKind.GIVEN_UP else settle)(session, endpoint.id, now)
        notice = Notice(
            **endpoint.belongs_to.columns,
            endpoint_id=endpoint.id,
            kind=each.kind,
            detail=each.detail,
            failing_since=endpoint.failing_since,
            given_up_count=each.given_up_count,
            given_up_since=each.given_up_since,
            created_at=now,
        )
        session.add(notice)
        session.flush()
        _owe_mail(session, endpoint, notice)
    # Writes what is left to be written. The transaction is the caller's and goes on.
    session.commit()


def settle(session: Session, endpoint_id: int, now: datetime) -> None:
    """Remove the notice about how an endpoint is doing: it has been seen, or is no longer true."""
    _settle(session, endpoint_id, now, Notice.kind != NoticeKind.GIVEN_UP)


def settle_given_up(session: Session, endpoint_id: int, now: datetime) -> None:
    """Remove the notice about deliveries that were given up: they are sent again, or there is a newer one."""
    _settle(session, endpoint_id, now, Notice.kind == NoticeKind.GIVEN_UP)


def _settle(session: Session, endpoint_id: int, now: datetime, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Notice)
        .where(Notice.endpoint_id == endpoint_id, Notice.seen_at.is_(None), which)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )


def _owe_mail(session: Session, endpoint: Endpoint, notice: Notice) -> None:
    team = session.get_one(Team, notice.team_id).name if notice.team_id is not None else ""
    try:
        for reader in people_behind(session, endpoint.belongs_to):
            draft = MailDraft(
                owner_id=reader.id,
                kind=MAIL_KIND,
                to=[Correspondent(reader.email, reader.name)],
                letter=_letter(notice, endpoint, team),
                sequence_key=f"endpoint-{endpoint.id}",
            )
            owe_mail(session, draft)
    except Exception:
        # A letter that cannot be written must not keep results from being recorded.
        log.exception("the owner of endpoint %d was not written to", endpoint.id)


def _host(endpoint: Endpoint) -> str:
    """Return the host that a mail names: the address may hold a secret."""
    return urlsplit(endpoint.url).hostname or "your server"


def _letter(notice: Notice, endpoint: Endpoint, team: str) -> Letter:
    """Write the letter about a webhook, of the `team` with that name; empty for a person's own."""
    if notice.kind == NoticeKind.GIVEN_UP:
        return _given_up_letter(notice, endpoint, team)
    whose = "The team’s webhook" if team else "Your webhook"
    webhook = f"{whose} “{endpoint.name}”" if endpoint.name else f"{whose} to {_host(endpoint)}"
    heading, paragraphs = {
        NoticeKind.FAILING: (
            f"{webhook} does not get through",
            (
                "Nothing but failures lately. What happens meanwhile waits and is tried again; nothing is lost yet.",
                "Put your server right. After five days of nothing but failures the webhook is switched off.",
            ),
        ),
        NoticeKind.GONE: (
            f"{webhook} was switched off",
            (
                "Your server answered 410 Gone, which says that it wants no more. What was waiting is held back.",
                "If that was a mistake, correct the address or your server, and switch the webhook on again.",
            ),
        ),
        NoticeKind.SWITCHED_OFF: (
            f"{webhook} was switched off",
            (
                "There was nothing but failures for five days. What was waiting is held back.",
                "Put your server right and switch the webhook on again: you then choose what becomes of what waits.",
            ),
        ),
        NoticeKind.SECRET_LOST: (
            f"{webhook} was switched off",
            (
                "The key that encrypted its secrets is lost. What was waiting is held back.",
                "Enter a new secret and the secret headers again, give your server the new public key if you sign with"
                " a key pair, and switch the webhook on.",
            ),
        ),
        NoticeKind.RECOVERED: (
            f"{webhook} works again",
            ("Your server took a delivery. What was waiting follows by itself.",),
        ),
    }[NoticeKind(notice.kind)]
    facts = _facts(("Team", team), ("Server", _host(endpoint)), ("Last answer", notice.detail))
    links = (Link(label="Open the webhook", url=_url(notice)),)
    return Letter(subject=heading, heading=heading, paragraphs=paragraphs, facts=facts, links=links)


def _given_up_letter(notice: Notice, endpoint: Endpoint, team: str) -> Letter:
    several = notice.given_up_count != 1
    deliveries, were, them = ("deliveries", "were", "them") if several else ("delivery", "was", "it")
    receiver = f"“{endpoint.name}”" if endpoint.name else _host(endpoint)
    heading = f"{notice.given_up_count:,} {deliveries} to {receiver} {were} given up"
    paragraphs = (
        f"calhooks no longer tries to send {them}. The webhook may work for everything else.",
        f"Once the cause is fixed, you can send {them} again with one button.",
    )
    facts = _facts(
        ("Team", team), ("Server", _host(endpoint)), ("First reason" if several else "Reason", notice.detail)
    )
    links = (Link(label=f"See {them} and send {them} again", url=_url(notice)),)
    return Letter(subject=heading, heading=heading, paragraphs=paragraphs, facts=facts, links=links)


def _facts(*known: tuple[str, str]) -> tuple[LetterFact, ...]:
    return tuple(LetterFact(label=label, value=value) for label, value in known if value)


def _url(notice: Notice) -> str:
    pages = "integrations" if notice.team_id is None else f"teams/{notice.team_id}"
    return f"{current_config().base_url}/{pages}/notices/{notice.id}"
