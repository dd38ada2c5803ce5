from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.scheduling.bookings.metadata import (
    MAX_ENCODED_BYTES,
    MetadataError,
    merge_metadata,
    metadata_pairs,
    metadata_query,
    parse_metadata,
)


def refusal(query: str | bytes) -> MetadataError:
    with pytest.raises(MetadataError) as refused:
        parse_metadata(query)
    return refused.value


def test_a_key_stands_between_the_first_and_the_final_bracket() -> None:
    assert parse_metadata("date=2026-11-23&metadata[user_id]=123&month=2026-11") == {"user_id": "123"}


@pytest.mark.parametrize(
    "query",
    [
        "metadata=x",
        "metadata[]=x",
        "metadata.a=1",
        "metadatax[a]=1",
        "xmetadata[a]=1",
        "Metadata[a]=1",
        "metadata[a][b]=1",
        "metadata[a]]=1",
        "metadata[[a]=1",
        "metadata[a]x=1",
        "metadata[a=1",
        "metadata[" + "k" * 101 + "]=1",
        "metadata%255Ba%255D=1",
        "metadata[]=%00",
        "",
        "&&=&=x&[a]=1",
    ],
)
def test_what_merely_looks_like_metadata_is_ignored(query: str) -> None:
    assert parse_metadata(query) == {}


@pytest.mark.parametrize(
    ("query", "metadata"),
    [
        ("metadata%5Ba%5D=1", {"a": "1"}),
        ("metadata[a]=", {"a": ""}),
        ("metadata[a]", {"a": ""}),
        ("metadata[a]=1&metadata[a]=2&metadata%5Ba%5D=3", {"a": "1"}),
        ("metadata[a]=x%26y%3Dz", {"a": "x&y=z"}),
        ("metadata[a]=b=c", {"a": "b=c"}),
        ("metadata[a b]=c+d", {"a b": "c d"}),
        ("metadata[stra%C3%9Fe]=%E6%97%A5%E6%9C%AC", {"straße": "日本"}),
        ("metadata[日]=本".encode(), {"日": "本"}),
        ("metadata[" + "k" * 100 + "]=1", {"k" * 100: "1"}),
        ("metadata[user-id]=1&metadata[user_id]=2", {"user-id": "1", "user_id": "2"}),
    ],
)
def test_values_are_strings_as_they_stand_in_the_link(query: str | bytes, metadata: dict[str, str]) -> None:
    assert parse_metadata(query) == metadata


@pytest.mark.parametrize(
    "query", [b"metadata[a]=\xff\xfe", "metadata[a]=%FF%FE", b"metadata[\xc3]=1", "metadata[%ED%A0%80]=x"]
)
def test_bytes_that_are_not_utf_8_become_replacement_characters(query: str | bytes) -> None:
    (item,) = parse_metadata(query).items()
    assert "\ufffd" in "".join(item)
    assert metadata_query(dict([item]))


def test_pairs_decoded_by_a_form_are_read_the_same_way() -> None:
    pairs = [
        ("name", "Ann"),
        ("metadata[a]", "1"),
        ("metadata[a]", "2"),
        ("metadata[]", "3"),
        ("metadata[b]", "x\ud800y"),
    ]
    assert parse_metadata(pairs) == {"a": "1", "b": "x\ufffdy"}


def test_fifty_keys_are_kept_and_the_next_one_is_named() -> None:
    fifty = "&".join(f"metadata[k{number}]=v" for number in range(50))
    assert len(parse_metadata(fifty)) == 50
    error = refusal(fifty + "&metadata[one_more]=v")
    assert error.key == "one_more"
    assert "50" in error.limit


def test_a_value_has_at_most_two_thousand_characters() -> None:
    assert parse_metadata("metadata[a]=" + "x" * 2_000) == {"a": "x" * 2_000}
    error = refusal("metadata[a]=" + "x" * 2_001)
    assert (error.key, "2,000" in error.limit) == ("a", True)


def test_all_of_it_has_at_most_four_thousand_bytes_as_it_stands_in_a_link() -> None:
    room = MAX_ENCODED_BYTES - len("metadata%5Ba%5D=&metadata%5Bb%5D=")
    exactly = f"metadata[a]={'x' * 2_000}&metadata[b]={'x' * (room - 2_000)}"
    assert len(metadata_query(parse_metadata(exactly))) == MAX_ENCODED_BYTES
    error = refusal(exactly + "x")
    assert (error.key, "4,000" in error.limit) == ("b", True)
    assert refusal("metadata[a]=" + quote("日" * 500)).key == "a"


def test_a_nul_is_refused_in_keys_and_values() -> None:
    assert "NUL" in refusal("metadata[a]=x%00y").limit
    assert refusal("metadata[a%00b]=x").key == "a\N{SYMBOL FOR NULL}b"


def test_a_repeated_value_that_is_left_out_is_held_to_no_limit() -> None:
    assert parse_metadata("metadata[a]=1&metadata[a]=" + "x" * 5_000) == {"a": "1"}


def test_the_new_booking_keeps_the_old_metadata_under_the_new() -> None:
    assert merge_metadata({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}


def test_what_is_merged_is_held_to_the_same_limits_and_a_new_key_is_named() -> None:
    old = {f"old{number}": "v" for number in range(50)}
    assert merge_metadata(old, {}) == old
    assert merge_metadata(old, {"old7": "w"})["old7"] == "w"
    with pytest.raises(MetadataError) as refused:
        merge_metadata(old, {"new": "v"})
    assert refused.value.key == "new"
    with pytest.raises(MetadataError) as refused:
        merge_metadata({"a": "", "b": "x" * 2_000, "c": "x" * 1_500}, {"a": "x" * 1_000})
    assert refused.value.key == "a"


names = st.one_of(st.sampled_from(["metadata[a]", "metadata[]", "metadata[a][b]", "name"]), st.text())


@given(st.binary())
def test_no_query_string_breaks_it(query: bytes) -> None:
    try:
        metadata = parse_metadata(query)
    except MetadataError:
        return
    assert parse_metadata(metadata_query(metadata)) == metadata


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6), names)
def test_metadata_survives_being_handed_on(metadata: dict[str, str], look_alike: str) -> None:
    pairs = [*metadata_pairs(metadata), (look_alike, "x")]
    try:
        kept = parse_metadata(pairs)
    except MetadataError:
        return
    assert parse_metadata(metadata_query(kept)) == kept == parse_metadata(metadata_query(kept).encode())
