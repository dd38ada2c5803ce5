"""Why something asked of accounts and teams cannot be done."""


class InvalidAccount(ValueError):
    """What was typed for an account or a team cannot be kept.

    `errors` has a sentence for each wrong field, keyed by its name in the form (`timeZone`, not time_zone).
    """

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class NotThere(LookupError):
    """There is no such team, member or invitation, or no longer."""


class NotPermitted(Exception):
    """The person's role in the team does not permit this. `sentence` says whose does."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class TeamRefused(Exception):
    """The team is in a state in which this cannot be done. `sentence` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
