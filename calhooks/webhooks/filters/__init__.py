"""Filters of webhooks: conditions that an event must meet to be sent."""
