"""Pages of a webhook's log with a million deliveries, and a search inside the bodies of the newest 10,000."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from sqlalchemy import select, text

from bench import backlog
from bench.figures import Line, milliseconds
from bench.place import Place
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.status import log
from calhooks.delivery.status.log_query import LogQuery
from tests import factories
from tests.web import pages

FEW, MANY = 1_000, 1_000_000
ROUNDS = 15
LOG_SECONDS, SEARCH_SECONDS = 0.03, 0.3
# One in a hundred has failed, one in a thousand waits.
ENDED = (
    "UPDATE deliveries SET due_at = NULL, body = NULL, attempt_count = 1,"
    " last_status = CASE WHEN id % 100 = 0 THEN 500 ELSE 200 END,"
    " state = CASE WHEN id % 100 = 0 THEN 'failed' ELSE 'delivered' END WHERE id % 1000 <> 7"
)


def log_page(place: Place) -> list[Line]:
    """Show the log's first page, as the browser gets it: of all, and of one day on which all were made."""
    seconds: dict[int, float] = {}
    of_day = 0.0
    for count in (FEW, place.some(MANY)):
        with place.stage() as stage:
            webhook_id, user_id, _ = _filled(count)
            browser = stage.app.test_client()
            pages.sign_in(browser, db.session.get_one(User, user_id))
            page = f"/integrations/webhooks/{webhook_id}"
            seconds[count] = _processor_seconds(partial(browser.get, page))
            today = db.session.scalars(select(Delivery.created_at).order_by(Delivery.id.desc()).limit(1)).one()
            of_day = _processor_seconds(partial(browser.get, f"{page}?day={today:%Y-%m-%d}"))
    few, many = seconds.values()
    return [
        Line(
            figure=f"processor time of a log page with {place.some(MANY):,} deliveries, over one with {FEW:,}",
            ours=milliseconds(many),
            baseline=milliseconds(few),
            ratio=many / few,
            must_reach="30 ms",
            ok=many <= LOG_SECONDS,
            limit="counting up to 10,000 in each state, grouping up to 500 failures, and the template.",
        ),
        Line(
            figure="processor time of the same page for one day, over that for all",
            ours=milliseconds(of_day),
            baseline=milliseconds(many),
            ratio=of_day / many,
            must_reach="300 ms",
            ok=of_day <= SEARCH_SECONDS,
            limit="finding where the day begins, and reading the newest 10,000 of it.",
        ),
    ]


def search(place: Place) -> list[Line]:
    """Look for what is in no body, so that all of the newest 10,000 are read; beside it, what is in each."""
    with place.stage():
        _, _, endpoint_id = _filled(place.some(MANY))
        absent, everywhere = (
            _processor_seconds(partial(_search_for, LogQuery(endpoint_ids=[endpoint_id], words=words)))
            for words in ("no such text", "ann lee")
        )
    return [
        Line(
            figure="processor time of a search in the newest 10,000 bodies, for a text that none has, over one in each",
            ours=milliseconds(absent),
            baseline=milliseconds(everywhere),
            ratio=absent / everywhere,
            must_reach="300 ms",
            ok=absent <= SEARCH_SECONDS,
            limit="reading each body and lowering its letters.",
        )
    ]


def _search_for(asked: LogQuery) -> None:
    log.first_page(db.session(), asked)


def _filled(count: int) -> tuple[int, int, int]:
    """Make a webhook with so many deliveries; return its id, its account's and its endpoint's."""
    owner = factories.create_user("rick")
    webhook = factories.create_webhook(owner, "https://example.com/hook")
    found = webhook.id, owner.id, webhook.endpoint_id
    backlog.owe([db.session.get_one(Endpoint, webhook.endpoint_id)], count)
    with writing() as session:
        session.execute(text(ENDED))
        session.execute(text("UPDATE endpoints SET next_due_at = NULL"))
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # A million that end at once leave holes in indexes, which those that end one by one do not.
            connection.execute(text("REINDEX TABLE deliveries"))
            connection.execute(text("VACUUM ANALYZE"))
    return found


def _processor_seconds(action: Callable[[], object]) -> float:
    """Return the median of some rounds; on PostgreSQL, whose server has its own processor time, by the wall clock."""
    clock = time.process_time if db.engine.dialect.name == "sqlite" else time.perf_counter
    taken = []
    for _ in range(ROUNDS):
        db.session.remove()
        began = clock()
        action()
        taken.append(clock() - began)
    return median(taken)
