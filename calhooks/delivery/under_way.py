"""The sends of one pump that are under way, and how many more there is room for."""

from collections import Counter
from collections.abc import Collection
from time import monotonic

from calhooks.delivery.claim import Claim

# Only sends that are young count against the first, so that receivers that hang leave room for the others.
MOST_YOUNG = 16
MOST_IN_ALL = 200
YOUNG_SECONDS = 0.5
MOST_FOR_ENDPOINT = 16
MOST_FOR_SLOW_ENDPOINT = 2
MOST_FOR_FAILING_ENDPOINT = 1
MOST_FOR_FAILING_ENDPOINTS = MOST_IN_ALL // 2


class UnderWay:
    """Claims by delivery, oldest first, each with the moment when its sending began."""

    def __init__(self) -> None:
        self._claims: dict[int, tuple[Claim, float]] = {}
        self._by_endpoint: Counter[int] = Counter()
        self._failing = 0

    def __len__(self) -> int:
        return len(self._claims)

    def add(self, claim: Claim) -> None:
        """Count a send that begins now."""
        self._claims[claim.delivery_id] = (claim, monotonic())
        self._by_endpoint[claim.endpoint_id] += 1
        self._failing += claim.failing

    def remove(self, claim: Claim) -> None:
        """Count a send no longer."""
        if self._claims.pop(claim.delivery_id, None) is not None:
            self._failing -= claim.failing
            self._by_endpoint[claim.endpoint_id] -= 1
            if not self._by_endpoint[claim.endpoint_id]:
                del self._by_endpoint[claim.endpoint_id]

    def clear(self) -> list[Claim]:
        """Forget all claims and return them."""
        claims = [claim for claim, _ in self._claims.values()]
        self.__init__()  # type: ignore[misc]  # the same empty state as at first
        return claims

    def deliveries(self) -> Collection[int]:
        """Return the ids of the deliveries being sent."""
        return self._claims.keys()

    def has_old(self) -> bool:
        """Tell whether a receiver keeps one of the sends waiting."""
        return any(began < monotonic() - YOUNG_SECONDS for _, began in self._claims.values())

    def slots(self) -> int:
        """Return how many more sends there is room for in all."""
        youngest = monotonic() - YOUNG_SECONDS
        young = sum(began >= youngest for _, began in self._claims.values())
        return min(MOST_YOUNG - young, MOST_IN_ALL - len(self))

    def for_endpoint(self, endpoint_id: int, *, failing: bool) -> int:
        """Return how many more there is room for to one endpoint; one that fails or keeps us waiting gets less."""
        under_way = self._by_endpoint[endpoint_id]
        if failing:
            return min(MOST_FOR_FAILING_ENDPOINT - under_way, MOST_FOR_FAILING_ENDPOINTS - self._failing)
        return (MOST_FOR_SLOW_ENDPOINT if endpoint_id in self._slow() else MOST_FOR_ENDPOINT) - under_way

    def full(self) -> list[int]:
        """Return the endpoints that there is no more room for."""
        slow = self._slow()
        failing = {claim.endpoint_id for claim, _ in self._claims.values() if claim.failing}
        return [
            endpoint_id
            for endpoint_id, count in self._by_endpoint.items()
            if endpoint_id in failing or count >= (MOST_FOR_SLOW_ENDPOINT if endpoint_id in slow else MOST_FOR_ENDPOINT)
        ]

    def _slow(self) -> set[int]:
        old = monotonic() - YOUNG_SECONDS
        return {claim.endpoint_id for claim, began in self._claims.values() if began < old}
