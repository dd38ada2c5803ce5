"""The key pair of a webhook as its form asks for it: created, replaced, removed."""

from dataclasses import dataclass
from datetime import timedelta

from calhooks.delivery.key_pairs import create_key_pair, remove_key_pairs
from calhooks.delivery.models.endpoints import Endpoint

# For how many hours a replaced secret or key pair also signs; the first unless another is chosen.
OVERLAP_HOURS = ("24", "72", "168", "0")


@dataclass(frozen=True, slots=True)
class KeyPairValues:
    """The typed choices. Without any, the stored key pair stays. `overlap` is in hours, for the replaced key pair."""

    wanted: bool = False
    replace: bool = False
    remove: bool = False
    overlap: str = OVERLAP_HOURS[0]

    @property
    def makes_one(self) -> bool:
        """Tell whether saving shows a public key that the receiver does not know yet."""
        return self.wanted or self.replace


def key_pair_errors(values: KeyPairValues) -> dict[str, str]:
    """Return what is wrong, by the public names of the fields."""
    errors = dict[str, str]()
    if values.remove and values.makes_one:
        errors["removeKeyPair"] = "Either replace the key pair or remove it, not both."
    if values.overlap not in OVERLAP_HOURS:
        errors["keyPairOverlap"] = "Choose how long the old key pair also signs."
    return errors


def change_key_pair(endpoint: Endpoint, values: KeyPairValues) -> None:
    """Do to an endpoint's key pair what was typed; the values are valid."""
    if values.remove:
        remove_key_pairs(endpoint)
    elif values.replace or (values.wanted and not endpoint.key_pairs):
        create_key_pair(endpoint, timedelta(hours=int(values.overlap)))
