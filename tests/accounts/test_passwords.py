"""Tests of which passwords are accepted and how they are kept."""

import runpy
import threading

import pytest
from argon2 import PasswordHasher

from calhooks import ROOT
from calhooks.accounts import passwords


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Choose a password."),
        ("seven 7", "Use at least 8 characters."),
        ("x" * 201, "Use at most 200 characters."),
        ("aaaaaaaaaa", "Use more than one character over and over."),
        ("          ", "Use more than one character over and over."),
        ("Rick@Example.com", "Choose something other than your name or e-mail address."),
        (" rick astley ", "Choose something other than your name or e-mail address."),
    ],
)
def test_a_bad_password_is_refused_with_a_sentence(password: str, sentence: str) -> None:
    assert passwords.password_problem(password, "Rick Astley", "rick", "rick@example.com") == sentence


@pytest.mark.parametrize("password", ["eight ch", "correct horse battery staple", "пароль-пароль", "ab" * 100])
def test_a_good_password_is_accepted(password: str) -> None:
    assert passwords.password_problem(password, "Rick", "rick", "rick@example.com") is None


def test_only_the_same_password_matches_its_hash() -> None:
    kept = passwords.hash_password("correct horse")
    assert kept.startswith("$argon2id$")
    assert "correct" not in kept
    assert passwords.matches(kept, "correct horse")
    assert not passwords.matches(kept, "correct horse ")


def test_a_password_matches_however_the_keyboard_composes_its_letters() -> None:
    assert passwords.matches(passwords.hash_password("caf\u00e9 noir"), "cafe\u0301 noir")


@pytest.mark.parametrize("kept", ["", "not a hash"])
def test_nothing_matches_an_account_without_a_password(kept: str) -> None:
    assert not passwords.matches(kept, "")
    assert not passwords.matches(kept, "anything")


def test_the_hash_of_nobody_costs_what_any_other_costs() -> None:
    hasher: PasswordHasher = passwords._hasher
    assert not hasher.check_needs_rehash(passwords._NOBODYS_HASH)


def test_a_team_of_ten_logs_in_at_one_moment_and_leaves_threads_for_pages() -> None:
    threads = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["threads"]
    assert 10 <= passwords.MAX_HASHING_OR_WAITING <= threads - 4
    start, outcomes = threading.Barrier(10), []

    def check() -> None:
        start.wait()
        outcomes.append(passwords.matches("", "some password"))

    team = [threading.Thread(target=check) for _ in range(10)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    assert outcomes == [False] * 10


def test_hashing_leaves_threads_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve at most hash or wait, two of them hash; the rest is turned away before it has cost anything."""
    go_on, began, at_work, outcomes = threading.Event(), threading.Semaphore(0), [0, 0], []
    counting = threading.Lock()

    class Slow:
        """A hasher that works until it is told to end, and counts how many do so at once."""

        def verify(self, *_: str) -> None:
            with counting:
                at_work[0] += 1
                at_work[1] = max(at_work)
            began.release()
            go_on.wait(30)
            with counting:
                at_work[0] -= 1

    def check() -> None:
        outcomes.append(passwords.matches("some hash", "some password"))

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=check) for _ in range(passwords.MAX_HASHING_OR_WAITING)]
    for thread in threads:
        thread.start()
    for _ in range(passwords.MAX_HASHING):
        assert began.acquire(timeout=30)
    while not _all_in():
        pass
    with pytest.raises(passwords.HashingBusy):
        passwords.matches("some hash", "some password")
    with pytest.raises(passwords.HashingBusy):
        passwords.hash_password("some password")
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert outcomes == [True] * passwords.MAX_HASHING_OR_WAITING
    assert at_work == [0, passwords.MAX_HASHING]


def _all_in() -> bool:
    """Tell whether every place is taken, without keeping one that was free."""
    if passwords._hashing_or_waiting.acquire(blocking=False):
        passwords._hashing_or_waiting.release()
        return False
    return True
