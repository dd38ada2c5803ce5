"""What the bookings of one account have brought: metadata keys and answers, for the picker and for warnings."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.owners import Owner
from calhooks.delivery.models.deliveries import Event
from calhooks.delivery.status.events import latest_events_of
from calhooks.webhooks.editor.catalogue import DocumentedVariable, Group
from calhooks.webhooks.editor.former_names import meant_by
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.template.syntax.scan import IDENTIFIER
from calhooks.webhooks.template.values.values import json_text, text_of

LOOKED_AT = 100
# Together; an ordinary event has 2,000.
MAX_LOOKED_AT_BYTES = 2_000_000
PAYLOADS_AT_ONCE = 10
MAX_KNOWN_KEYS = 100
MAX_KNOWN_SAMPLE_LENGTH = 80
NEAR = 0.75
STANDARD_QUESTIONS = {"name": "Your name", "email": "Email", "notes": "Additional notes", "guests": "Guests"}
# Asked where an event type offers several places.
PLACE = "location"
OF_QUESTIONS = ("responses", "userFieldsResponses")


@dataclass(frozen=True, slots=True)
class Known:
    """Metadata keys with a value that came, and questions by identifier with their label and an answer."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def variables(self) -> list[DocumentedVariable]:
        """Return them as the catalogue has its own."""
        keys = [
            DocumentedVariable(
                path_of("metadata", key), Group.METADATA, "string", "of a booking you had", own_sample=value
            )
            for key, value in self.metadata.items()
        ]
        answers = [
            DocumentedVariable(path_of("responses", key) + ".value", Group.ANSWERS, "any", label, own_sample=answer)
            for key, (label, answer) in self.questions.items()
        ]
        return answers + keys

    def paths(self) -> dict[str, str]:
        """Return the paths of all of them, by what they are without brackets; an answer's also by the question's."""
        keys = {f"metadata.{key}": path_of("metadata", key) for key in self.metadata}
        answers = {key: path_of("responses", key) + ".value" for key in self.questions}
        return {
            **{f"responses.{key}": path for key, path in answers.items()},
            **{f"responses.{key}.value": path for key, path in answers.items()},
            **keys,
        }

    def instead_of(self, parent: str, key: str, search: NearNames) -> str | None:
        """Return the known path that was probably meant by a key that no booking has had, None where it may be new."""
        keys = list(self.metadata) if parent == "metadata" else self._asked(parent)
        if key in keys:
            return None
        found = search.nearest(key, keys, NEAR)
        return path_of(parent, found) if found else None

    def former(self, parent: str, key: str) -> str | None:
        """Return what a key means where the payload of another service has it, None where this account has it too."""
        has_it = key in self.metadata if parent == "metadata" else self.asks(parent, key)
        return None if has_it else meant_by(f"{parent}.{key}")

    def asks(self, parent: str, key: str) -> bool:
        """Tell whether an event type asks a question, or a booking had it; of what is no question, that it may be."""
        return parent not in OF_QUESTIONS or key in (*self._asked(parent), PLACE)

    def _asked(self, parent: str) -> list[str]:
        """Return the identifiers that a booking can have below `parent`."""
        standard = STANDARD_QUESTIONS if parent == "responses" else ()
        return [*standard, *self.questions] if parent in OF_QUESTIONS else []


def known_to(session: Session, owner: Owner, questions: Iterable[tuple[str, str]] = ()) -> Known:
    """Return what the latest events of an account or a team brought, and the questions that its event types ask now.

    `questions` are identifiers with labels.
    """
    query = select(Event.payload).where(latest_events_of(owner, LOOKED_AT)).order_by(Event.id.desc()).limit(LOOKED_AT)
    metadata: dict[str, str] = {}
    answered: dict[str, tuple[str, str]] = {identifier: (label, "") for identifier, label in questions}
    looked_at = 0
    for payload in session.scalars(query.execution_options(yield_per=PAYLOADS_AT_ONCE)):
        looked_at += len(payload)
        if looked_at > MAX_LOOKED_AT_BYTES:
            break
        body: dict[str, Any] = json.loads(payload).get("payload", {})
        for key, value in body.get("metadata", {}).items():
            metadata.setdefault(key, _short(value))
        for key, answer in body.get("responses", {}).items():
            if key not in STANDARD_QUESTIONS and not answered.get(key, ("", ""))[1]:
                answered[key] = (str(answer.get("label", "")), _short(answer.get("value", "")))
    return Known(dict(list(metadata.items())[:MAX_KNOWN_KEYS]), dict(list(answered.items())[:MAX_KNOWN_KEYS]))


def path_of(parent: str, key: str) -> str:
    """Return how a template writes a key: in brackets where it is no plain name."""
    if re.fullmatch(IDENTIFIER, key) and key != "this":
        return f"{parent}.{key}"
    return f"{parent}.[{key.replace(chr(92), chr(92) * 2)}]"


def _short(value: object) -> str:
    text = text_of(value) if isinstance(value, str) else json_text(value)
    return text if len(text) <= MAX_KNOWN_SAMPLE_LENGTH else f"{text[:MAX_KNOWN_SAMPLE_LENGTH]}…"
