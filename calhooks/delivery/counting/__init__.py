"""Exact counts of deliveries and attempts, kept as they happen, so that reading them does not read the log."""
