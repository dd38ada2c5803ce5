"""Names that are nearly another name, found with a bounded amount of work."""

from collections.abc import Iterable
from difflib import get_close_matches

# Of one draft, in characters compared with characters: at most about 0.1 s, and many times what a template needs.
MAX_COMPARISONS = 3_000_000


class NearNames:
    """Looks for near names until MAX_COMPARISONS are made, and finds nothing from then on."""

    def __init__(self) -> None:
        self._left = MAX_COMPARISONS

    def nearest(self, name: str, offered: Iterable[str], cutoff: float) -> str | None:
        """Return the offered name that is most like another one, None where none is like it to the degree `cutoff`."""
        if self._left <= 0:
            return None
        # Names whose lengths differ by more cannot be alike, by the definition of difflib's ratio.
        longest = cutoff / (2 - cutoff)
        likely = [each for each in offered if longest * len(each) <= len(name) <= len(each) / longest]
        self._left -= (len(name) + 1) * sum(map(len, likely))
        if self._left < 0:
            return None
        found = get_close_matches(name, likely, n=1, cutoff=cutoff)
        return found[0] if found else None
