"""How good a status is, for whoever gives it a colour."""

from enum import StrEnum


class Tone(StrEnum):
    """From nothing to say to something to do: the colours that badges have."""

    NEUTRAL = "neutral"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"
