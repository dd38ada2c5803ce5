"""The lines of a header by the letter of RFC 5322 and RFC 2047, read by a reader of our own."""

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calhooks.mail import headers
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent
from calhooks.mail.headers import MAX_SUBJECT_LENGTH
from calhooks.text import shortened

ADDRESS = "ann@example.com"
ENCODED_WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/]+={0,2})\?=")
ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)" ')
# Quotation marks and long words, which have lines of their own kind.
TEXT = st.one_of(
    st.text(max_size=300),
    st.text("ab.,é🙂 ", max_size=300),
    st.text('a.,"\\', max_size=300),
    st.text("a b", max_size=300),
    st.text("a", min_size=50, max_size=300),
)
NAMES = [
    *("Ann Lee", "J. R. R. Tolkien", "O'Brien, Seán", "Zoë Müller-Lüdenscheidt", "Nguyễn Thị Minh Khai", "José Ñuñez"),
    *("Łukasz Żółć", "Şükrü Çağlar İnönü", "Þórbjörg Ásgeirsdóttir", "Ελένη Παπαδοπούλου", "Владимир Щербаков"),
    *("Գրիգոր Նարեկացի", "გიორგი ბერიძე", "דָּוִד בן־גוריון", "محمد عبد الرحمن", "नरेन्द्र शर्मा", "தமிழ்ச்செல்வி இராமசாமி"),
    *(
        "สมชาย ใจดี",
        "山田太郎",
        "김철수",
        "王小明",
        "𠮷野家",
        "👩‍👩‍👧‍👦 Familie",
        "Dr. Maximilian-Alexander (Max) von und zu Hohenlohe-Waldenburg, M.D., Ph.D.",
    ),
]


def unfolded(header: str, name: str) -> str:
    """Return the value of a header whose lines are all as long as they may be."""
    first, *others = header.split("\r\n")
    for line in (first, *others):
        assert len(line) <= (76 if ENCODED_WORD.search(line) else 78)
        assert re.fullmatch("[ -~]+", line)
    assert all(re.match(" +[!-~]", line) for line in others)
    assert first.startswith(f"{name}: ")
    return "".join((first, *others)).removeprefix(f"{name}: ")


def decoded(value: str) -> str:
    """Return unstructured text with its encoded words decoded, each by itself."""
    shown, after_encoded = "", False
    for space, word in re.findall(r"( *)([^ ]+)", value):
        found = ENCODED_WORD.fullmatch(word)
        assert "=?" not in word or found
        assert len(word) <= 75
        shown += "" if after_encoded and found else space
        shown += base64.b64decode(found[1], validate=True).decode() if found else word
        after_encoded = bool(found)
    return shown


def name_in(value: str) -> str:
    """Return the name before an address."""
    assert value.endswith(f"<{ADDRESS}>")
    phrase = value.removesuffix(f"<{ADDRESS}>")
    if quoted := QUOTED.fullmatch(phrase):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    assert all(ENCODED_WORD.fullmatch(word) or ATOM.fullmatch(word) for word in phrase.split())
    return decoded(phrase.rstrip(" "))


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_the_lines_of_any_text_are_short_and_whole(text: str) -> None:
    assert decoded(unfolded(headers.subject_line(text), "Subject")) == shortened(text, MAX_SUBJECT_LENGTH)
    for name in ("From", "To", "Reply-To"):
        value = unfolded(headers.address_line(name, Correspondent("", text), ADDRESS), name)
        shown = shortened(text, MAX_SHOWN_NAME_LENGTH)
        assert (name_in(value) if shown else value) == (shown or ADDRESS)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_language_is_read_as_it_is_written(name: str) -> None:
    assert name_in(unfolded(headers.address_line("Reply-To", Correspondent("", name), ADDRESS), "Reply-To")) == name
