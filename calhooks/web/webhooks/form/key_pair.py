"""The key pair in the webhook form, and for how long a replaced key also signs."""

from wtforms import BooleanField, SelectField
from wtforms.fields import SelectChoice

from calhooks.web.forms.fields import ServiceForm
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.key_pairs import OVERLAP_HOURS, KeyPairValues

COPY_PUBLIC_KEY = " Copy its public key from its page."
NOT_YET_SIGNED = "The key pair is created when you save, so it did not sign this test."
OLD_PAIR_SIGNED = "The current key pair signed this test. The new one is created when you save."


def overlap_field(label: str, name: str) -> SelectField:
    """Return the field that asks for how long a replaced secret or key pair also signs."""
    words = {"24": "also signs for 24 hours", "72": "also signs for 3 days", "168": "also signs for 7 days"}
    choices = [SelectChoice(hours, words.get(hours, "stops signing at once")) for hours in OVERLAP_HOURS]
    return SelectField(label, name=name, choices=choices, default=OVERLAP_HOURS[0], validate_choice=False)


class KeyPairFields(ServiceForm):
    """The fields of the webhook form about its key pair."""

    key_pair = BooleanField("Sign with a key pair", name="keyPair", false_values=(False, "false", "", "none"))
    replace_key_pair = BooleanField("Replace the key pair", name="replaceKeyPair")
    remove_key_pair = BooleanField("Remove the key pair", name="removeKeyPair")
    key_pair_overlap = overlap_field("The old key pair", "keyPairOverlap")

    def key_pair_values(self) -> KeyPairValues:
        """Return what was typed."""
        return KeyPairValues(
            wanted=self.key_pair.data,
            replace=self.replace_key_pair.data,
            remove=self.remove_key_pair.data,
            overlap=self.key_pair_overlap.data or OVERLAP_HOURS[0],
        )


def unsaved_key_pair_note(values: KeyPairValues, webhook: Webhook | None) -> str:
    """Return what a test of the form says about a key pair that saving would create; empty if it would create none."""
    is_stored = webhook is not None and bool(webhook.endpoint.key_pairs)
    if values.replace and is_stored:
        return OLD_PAIR_SIGNED
    return NOT_YET_SIGNED if values.makes_one and not is_stored else ""
