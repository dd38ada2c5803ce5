import pytest

from calhooks.web.wording.people import names_in_words


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["Alice"], "Alice"),
        (["Alice", "Bob"], "Alice and Bob"),
        (["Alice", "Bob", "Carol", "Dave"], "Alice, Bob, Carol and Dave"),
        (["Alice", "Bob", "Carol", "Dave", "Eve"], "Alice, Bob, Carol and 2 others"),
    ],
)
def test_names_are_listed_as_a_sentence_has_them(names: list[str], words: str) -> None:
    assert names_in_words(names) == words
