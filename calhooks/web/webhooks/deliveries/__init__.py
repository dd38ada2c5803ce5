"""The log of deliveries, and sending them again."""
