"""A booker, a host and a reason that try to write header lines of a mail: real bookings, a real mail server."""

import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import getaddresses

from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.db import db
from tests import factories
from tests.attack.pages.hostile import MARK
from tests.attack.pages.visitors import Visitor
from tests.attack.rows import Row, worst_of
from tests.attack.target import Target
from tests.mail.smtp_server import ReceivedMail
from tests.web.pages import forms_in

TEXTS = [
    f"=?utf-8?q?x=0d=0a{MARK}:_yes?=",
    f"=?utf-8?q?=0d=0aContent-Type:text/html=0d=0a=0d=0a<h1>{MARK}</h1>?=",
    f"=?utf-8?b?eA0KenphdHRhY2s6IHllcw==?= {MARK}",
    f"=?us-ascii?q?Bcc=3A_{MARK}@example.com?=",
    "=?utf-8?q?=E2=80=AEgnp.exe?=",
    f"x\r\n{MARK}: yes",
    f"x\n\n<h1>{MARK}</h1>",
    f"x\x0b{MARK}: yes\x0c\x85\u2028{MARK}: yes",
    f'"Rick" <{MARK}@example.com>, x',
    f"(comment) {MARK}@example.com; group: a@example.com;",
    "é" * 60 + f" =?utf-8?q?{MARK}?=",
    "=?" * 30,
    "\\" * 40 + '"',
]
SETTLE_SECONDS = 60.0
# The tidied text is what the page shows; blanks and quotes may be written differently.
SHOWN = {text: text for text in TEXTS if text.isprintable() and '"' not in text and ";" not in text}


def attack(target: Target, _seed: str) -> list[Row]:
    """Book and cancel with every text as the booker's name, notes and reason, of hosts who are called like it."""
    wrong: list[str] = []
    usual = _letters_of(target, "Rick Sanders", "Ann Lee", "Not well")
    known = {name for letter in usual for name in header_names(letter)}
    tried = len(usual)
    for text in TEXTS:
        letters = _letters_of(target, text, text, text)
        tried += len(letters)
        wrong += [f"{len(letters)} letters instead of {len(usual)} for {text!r}"] * (len(letters) != len(usual))
        for letter in letters:
            wrong += [f"{fault}, typed as {text!r}" for fault in faults(letter, known)]
    wrong += target.complaints()
    return [Row("header lines in mails", tried, worst_of(wrong) or "no line that was typed", not wrong)]


def header_names(letter: ReceivedMail) -> set[str]:
    """Return the names in the head of a mail, in lower case, as its bytes have them."""
    head = letter.data.partition(b"\r\n\r\n")[0]
    return {line.partition(b":")[0].decode("latin-1").lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"}


def faults(letter: ReceivedMail, known: set[str]) -> list[str]:
    """Return what a mail has that nobody but calhooks may write."""
    head = letter.data.partition(b"\r\n\r\n")[0]
    found = [f"a header {name}" for name in sorted(header_names(letter) - known)]
    if any(byte < 32 and byte != 9 for byte in head.replace(b"\r\n", b"")):
        found.append("a control character in the head")
    pages = [part for part in message_from_bytes(letter.data).walk() if part.get_content_type() == "text/html"]
    if len(pages) != 1 or b"<h1>" + MARK.encode() in pages[0].get_payload(decode=True):
        found.append("another page than ours")
    if MARK in letter.recipient or any(MARK in address for address in _addresses(letter)):
        found.append("another recipient")
    return found


def _addresses(letter: ReceivedMail) -> list[str]:
    # As written: a newer policy of Python would decode it first.
    message = message_from_bytes(letter.data)
    fields = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(fields)]


def _letters_of(target: Target, host_name: str, booker_name: str, reason: str) -> list[ReceivedMail]:
    """Return the mails about a booking that was made and cancelled on the real pages."""
    people = target.people(name=host_name)
    with target.app.app_context():
        host = db.session.scalars(select(User).where(User.username == people.things["username"])).one()
        hours = factories.create_schedule(host, hours=(0, 24), days=range(7))
        factories.create_event_type(host, slug="call", title=reason[:100], schedule=hours, minimum_notice=0)
        email = host.email
    before = len(target.mail.mails)
    booker = f"booker-{email}"
    uid = _book(
        people.stranger, f"/{people.things['username']}/call", {"name": booker_name, "email": booker, "notes": reason}
    )
    _send(people.stranger, f"/booking/{uid}", f"/booking/{uid}?cancel=1", {"reason": reason})
    deadline = time.monotonic() + SETTLE_SECONDS
    # The confirmation and the cancellation, for the booker and the host.
    while len(target.mail.mails) < before + 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    return target.mail.mails[before:]


def _book(visitor: Visitor, path: str, typed: dict[str, str]) -> str:
    start = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0).isoformat()
    where = _send(visitor, path, f"{path}?slot={start.replace('+', '%2B')}", typed)
    return where.rpartition("/")[2].partition("?")[0]


def _send(visitor: Visitor, path: str, page: str, typed: dict[str, str]) -> str:
    form = next(
        form
        for form in forms_in(visitor.url + page, visitor.ask("GET", page).text)
        if form.method == "post" and form.path.partition("?")[0] == path
    )
    answer = visitor.ask("POST", form.path, data={**form.fields.to_dict(flat=False), **typed})
    return answer.headers.get("Location", "")
