"""What an attack found, as a row of a table."""

from typing import NamedTuple


class Row(NamedTuple):
    """One attack: how many were `tried`, the `worst` of them in words, and whether calhooks `held`."""

    what: str
    tried: int
    worst: str
    held: bool
