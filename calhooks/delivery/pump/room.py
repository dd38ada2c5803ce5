"""The sends of one pump that are under way, and how many more there is room for.

Only young sends take up room in all: a receiver that keeps one waiting costs a sleeping thread and not its
neighbours' turn. How many one endpoint may have at once depends on what is known of it. A delivery that was answered
with 2xx, and whose response body is still read for the log, takes up no room at all.
"""

from collections import Counter
from collections.abc import Collection
from time import monotonic

from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.sending.sender import Result

MAX_YOUNG = 64
MAX_IN_ALL = 200
MAX_FAILING = MAX_IN_ALL // 2

# One that answers at once gets them one after the other, whatever their number; when it stops doing so, the threads ask
# it as many at once as any that is proven.
MAX_FOR_QUICK = 64
MAX_FOR_PROVEN = 16
MAX_FOR_SILENT = 4
MAX_FOR_UNPROVEN = 2
MAX_FOR_FAILING = 1

# One that has not yet answered this process is expected to hang, and found out about sooner.
YOUNG_SECONDS = 0.25
YOUNG_SECONDS_UNPROVEN = 0.1
QUICK_MS = 10


class UnderWay:
    """Claims by delivery, oldest first, each with the moment when its sending began."""

    def __init__(self) -> None:
        self._claims: dict[int, tuple[Claim, float]] = {}
        # Those that receivers have taken, whose bodies are still read.
        self._taken: dict[int, Claim] = {}
        self._by_endpoint: Counter[int] = Counter()
        self._failing = 0
        # When each endpoint last took a delivery from this process; one that fails has to prove itself again.
        self._proven: dict[int, float] = {}
        self._quick: set[int] = set()

    def __len__(self) -> int:
        return len(self._claims) + len(self._taken)

    def add(self, claim: Claim) -> None:
        """Count a send that begins now."""
        self._claims[claim.delivery_id] = (claim, monotonic())
        self._by_endpoint[claim.endpoint_id] += 1
        self._failing += claim.failing

    def remove(self, claim: Claim, result: Result) -> None:
        """Count a send no longer, and remember whether its endpoint answers, and whether at once."""
        if result.duration_ms < QUICK_MS:
            self._quick.add(claim.endpoint_id)
        else:
            self._quick.discard(claim.endpoint_id)
        if self._taken.pop(claim.delivery_id, None) is not None or not self._give_up_room(claim):
            return
        if result.succeeded:
            self._proven[claim.endpoint_id] = monotonic()
        else:
            self._proven.pop(claim.endpoint_id, None)

    def remove_unsent(self, claim: Claim) -> None:
        """Count a claim no longer that came back without having been sent."""
        self._give_up_room(claim)

    def take(self, delivery_id: int) -> None:
        """Give up the room of a send that was answered with 2xx and whose response body is still on its way."""
        if (found := self._claims.get(delivery_id)) is None:
            return
        claim, _ = found
        self._give_up_room(claim)
        self._taken[delivery_id] = claim
        self._proven[claim.endpoint_id] = monotonic()

    def clear(self) -> list[Claim]:
        """Forget all claims and return them."""
        claims = [claim for claim, _ in self._claims.values()] + list(self._taken.values())
        self._claims.clear()
        self._taken.clear()
        self._by_endpoint.clear()
        self._failing = 0
        return claims

    def is_quick(self, endpoint_id: int) -> bool:
        """Tell whether an endpoint answered at once when it was last asked."""
        return endpoint_id in self._quick

    def deliveries(self) -> Collection[int]:
        """Return the ids of the deliveries being sent."""
        return self._claims.keys() | self._taken.keys() if self._taken else self._claims.keys()

    def slots(self) -> int:
        """Return how many more sends there is room for in all."""
        return min(MAX_YOUNG - self._young(), MAX_IN_ALL - len(self._claims))

    def for_endpoint(self, endpoint_id: int, *, failing: bool) -> int:
        """Return how many more there is room for to one endpoint; one that fails or keeps us waiting gets less."""
        room = self._most(endpoint_id, self._silent(), failing=failing) - self._by_endpoint[endpoint_id]
        return min(room, MAX_FAILING - self._failing) if failing else room

    def full(self) -> list[int]:
        """Return the endpoints that there is no more room for."""
        failing = {claim.endpoint_id for claim, _ in self._claims.values() if claim.failing}
        silent = self._silent()
        return [
            endpoint_id
            for endpoint_id, count in self._by_endpoint.items()
            if count >= self._most(endpoint_id, silent, failing=endpoint_id in failing)
        ]

    def _give_up_room(self, claim: Claim) -> bool:
        """Count a send no longer; tell whether it was counted."""
        if self._claims.pop(claim.delivery_id, None) is None:
            return False
        self._failing -= claim.failing
        self._by_endpoint[claim.endpoint_id] -= 1
        if not self._by_endpoint[claim.endpoint_id]:
            del self._by_endpoint[claim.endpoint_id]
        return True

    def _most(self, endpoint_id: int, silent: Collection[int], *, failing: bool) -> int:
        if failing:
            return MAX_FOR_FAILING
        if endpoint_id not in self._proven:
            return MAX_FOR_UNPROVEN
        if endpoint_id in silent:
            return MAX_FOR_SILENT
        return MAX_FOR_QUICK if endpoint_id in self._quick else MAX_FOR_PROVEN

    def _silent(self) -> set[int]:
        """Return the endpoints that keep a send waiting which began after their last answer."""
        old = monotonic() - YOUNG_SECONDS
        return {
            claim.endpoint_id
            for claim, began in self._claims.values()
            if began < old and began > self._proven.get(claim.endpoint_id, began)
        }

    def _young(self) -> int:
        now = monotonic()
        return sum(
            now - began < (YOUNG_SECONDS if claim.endpoint_id in self._proven else YOUNG_SECONDS_UNPROVEN)
            for claim, began in self._claims.values()
        )
