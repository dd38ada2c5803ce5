"""Which events of which event types a webhook is told of, and whether two webhooks are told of the same one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from calhooks.events import TRIGGER_LABELS, TRIGGERS
from calhooks.webhooks.models import Scope, Webhook
from calhooks.webhooks.settings.validation import WebhookValues, chosen_triggers


@dataclass(frozen=True, slots=True)
class Reach:
    """Triggers, and the event types they are about: the chosen ones where `scope` is chosen."""

    triggers: frozenset[str]
    scope: Scope
    event_type_ids: frozenset[int]

    def common(self, other: "Reach", own_ids: Collection[int]) -> frozenset[str]:
        """Return the triggers of events that go to both. `own_ids` are the event types that are their account's own."""
        shared = self.triggers & other.triggers
        mine, theirs = self._among(own_ids), other._among(own_ids)
        # Without a limit there is always something in common, as between two that are told of all the account's own.
        meets = mine is None or theirs is None or self.scope is other.scope is Scope.OWN or mine & theirs
        return shared if meets else frozenset()

    def _among(self, own_ids: Collection[int]) -> frozenset[int] | None:
        """Return the event types, None for all there will ever be."""
        match self.scope:
            case Scope.CHOSEN:
                return self.event_type_ids
            case Scope.OWN:
                return frozenset(own_ids)
            case _:
                return None


def same_url(common: Mapping[Webhook, Collection[str]]) -> str:
    """Return why a webhook cannot have the URL of others of its owner, with the triggers `common` to it and each."""
    holder = "You already have" if all(webhook.team_id is None for webhook in common) else "The team already has"
    names = _and(f"“{webhook.endpoint.name}”" for webhook in common if webhook.endpoint.name)
    webhooks, get = ("a webhook", "gets") if len(common) == 1 else (f"{len(common)} webhooks", "get")
    shared = _and(TRIGGER_LABELS[trigger] for trigger in TRIGGERS if any(trigger in each for each in common.values()))
    called = f", {names}," if names else ""
    return f"{holder} {webhooks} for this URL{called} that {get} {shared}. Choose other events or event types."


def _and(parts: Iterable[str]) -> str:
    """Join words: a, b and c."""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def reach_of(webhook: Webhook) -> Reach:
    """Return what a webhook is told of."""
    return Reach(frozenset(webhook.triggers), Scope(webhook.scope), frozenset(webhook.event_type_ids or ()))


def typed_reach(values: WebhookValues, stored: Webhook | None) -> Reach:
    """Return what a webhook would be told of. The scope stays as it is stored where none was sent."""
    triggers = frozenset(str(trigger) for trigger in chosen_triggers(values))
    if values.scope is None:
        return replace(reach_of(stored), triggers=triggers) if stored else Reach(triggers, Scope.ALL, frozenset())
    return Reach(triggers, Scope(values.scope), frozenset(values.event_type_ids))
