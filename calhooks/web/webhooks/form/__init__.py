"""The form of a webhook, as a dialog and as a page."""
