"""Which events of which event types a webhook is told of, and whether two webhooks are told of the same one."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from calhooks.webhooks.models import Scope, Webhook
from calhooks.webhooks.settings.validation import WebhookValues, chosen_triggers


@dataclass(frozen=True, slots=True)
class Reach:
    """Triggers, and the event types they are about: the chosen ones where `scope` is chosen."""

    triggers: frozenset[str]
    scope: Scope
    event_type_ids: frozenset[int]

    def meets(self, other: "Reach", own_ids: Collection[int]) -> bool:
        """Tell whether one event goes to both. `own_ids` are the event types that are their account's own."""
        if not self.triggers & other.triggers:
            return False
        mine, theirs = self._among(own_ids), other._among(own_ids)
        # Without a limit there is always something in common, as between two that are told of all the account's own.
        return mine is None or theirs is None or self.scope is other.scope is Scope.OWN or bool(mine & theirs)

    def _among(self, own_ids: Collection[int]) -> frozenset[int] | None:
        """Return the event types, None for all there will ever be."""
        match self.scope:
            case Scope.CHOSEN:
                return self.event_type_ids
            case Scope.OWN:
                return frozenset(own_ids)
            case _:
                return None


def reach_of(webhook: Webhook) -> Reach:
    """Return what a webhook is told of."""
    return Reach(frozenset(webhook.triggers), Scope(webhook.scope), frozenset(webhook.event_type_ids or ()))


def typed_reach(values: WebhookValues, stored: Webhook | None) -> Reach:
    """Return what a webhook would be told of. The scope stays as it is stored where none was sent."""
    triggers = frozenset(str(trigger) for trigger in chosen_triggers(values))
    if values.scope is None:
        return replace(reach_of(stored), triggers=triggers) if stored else Reach(triggers, Scope.ALL, frozenset())
    return Reach(triggers, Scope(values.scope), frozenset(values.event_type_ids))
