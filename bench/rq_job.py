"""One job for each POST, as most would write it."""

import requests


def post(url: str, body: str) -> None:
    """Send one delivery."""
    requests.post(url, data=body.encode(), headers={"Content-Type": "application/json"}, timeout=15).raise_for_status()
