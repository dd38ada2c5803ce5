"""Tests of which usernames are accepted."""

import pytest
from flask import Flask

from calhooks.accounts import usernames


@pytest.mark.parametrize("username", ["rick", "r", "7", "ann-lee", "ann_lee", "a" * 64, "test", "demo", "owner"])
def test_a_sensible_username_is_accepted(username: str) -> None:
    assert usernames.username_problem(username) is None


@pytest.mark.parametrize(
    "username",
    ["", "a" * 65, "ann lee", "ann.lee", "-ann", "ann-", "_", "änn", "ann/lee", "rick\n", "٣", "ann%20", "..", "a@b"],
)
def test_any_other_username_is_refused_with_a_sentence(username: str) -> None:
    assert (usernames.username_problem(username) or "").endswith(".")


def test_a_username_is_stored_in_lower_case_without_spaces_around_it() -> None:
    assert usernames.clean("  Rick ") == "rick"


@pytest.mark.parametrize(
    "username",
    [
        "static",
        "api",
        "auth",
        "settings",
        "profile",
        "account",
        "admin",
        "embed",
        "docs",
        "d",
        ".well-known",
        "team",
        "logout",
    ],
)
def test_the_contracts_names_are_reserved(username: str) -> None:
    assert usernames.username_problem(username) is not None


def test_the_first_part_of_every_address_of_this_site_is_reserved(app: Flask) -> None:
    first_parts = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    routed = {part for part in first_parts if part and "<" not in part}
    assert routed
    assert routed <= usernames.RESERVED_USERNAMES


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Ann Lee", "ann-lee"),
        ("José  Núñez", "jose-nunez"),
        ("O'Brien, Pat", "o-brien-pat"),
        ("李", ""),
        ("Admin", ""),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_username_is_suggested_from_a_name(name: str, username: str) -> None:
    assert usernames.suggestion(name) == username
