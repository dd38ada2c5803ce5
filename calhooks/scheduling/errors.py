"""Why something asked of scheduling cannot be done. Each carries a sentence for the person who asked."""


class InvalidInput(ValueError):
    """What was typed cannot be kept. `errors` has a sentence for each wrong field, keyed by its name in the form."""

    def __init__(self, errors: dict[str, str]) -> None:
        """Keep the sentences."""
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class NotFound(LookupError):
    """There is no such thing, or it is someone else's."""


class NotAllowed(Exception):
    """The booking is not in a state in which this can be done. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence."""
        super().__init__(sentence)
        self.sentence = sentence


class HostedByOthers(Exception):
    """A member may see this booking of the team, but not change it. `sentence` says who may."""

    def __init__(self) -> None:
        """Say whom to ask."""
        super().__init__()
        self.sentence = "Only this booking’s hosts and the team’s owners and admins can change it. Ask one of them."


class SlotNotOffered(NotAllowed):
    """The time is not one that the event type offers: past, too soon, outside the hours, off the grid."""


class SlotTaken(NotAllowed):
    """Something that was accepted meanwhile overlaps the time."""

    def __init__(self, sentence: str = "Somebody has just taken this time. Please choose another one.") -> None:
        """Say it to the booker, unless there is another sentence for the host."""
        super().__init__(sentence)
