"""What a person typed that an account cannot have."""


class InvalidAccount(ValueError):
    """`errors` holds a sentence for each field that is wrong, keyed by the form's names (`timeZone`, not time_zone)."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors
