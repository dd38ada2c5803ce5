"""Tests of making and changing teams."""

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.errors import InvalidAccount, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.teams import editing
from calhooks.accounts.teams.models import Role, Team
from calhooks.db import writing
from tests import factories

TYPED = {"name": "Support", "slug": "support", "description": "", "time_zone": "Europe/London"}


def refused(**typed: str) -> dict[str, str]:
    with pytest.raises(InvalidAccount) as error:
        editing.draft_team(**TYPED | typed)
    return error.value.errors


def test_who_makes_a_team_owns_it(session: Session, alice: User) -> None:
    with writing() as database:
        team = editing.create_team(database, editing.draft_team(**TYPED), alice)
    mine = editing.list_memberships(session, alice)
    assert [(each.team_id, each.role) for each in mine] == [(team.id, Role.OWNER)]


@pytest.mark.parametrize(
    ("name", "slug"), [("Café Sales!", "cafe-sales"), ("  Sales  ", "sales"), ("A" * 200, "a" * 64), ("a_b", "a_b")]
)
def test_an_empty_slug_is_made_from_the_name(name: str, slug: str) -> None:
    assert editing.draft_team(**TYPED | {"name": name, "slug": " "}).slug == slug


@pytest.mark.parametrize("slug", ["a/b", "-a", "a-", "a.b", "ä", "a" * 65, "..", "a b", ".well-known", "a\n"])
def test_a_slug_that_no_address_can_have_is_refused(slug: str) -> None:
    if slug == "a\n":
        assert editing.draft_team(**TYPED | {"slug": slug}).slug == "a"
    else:
        assert list(refused(slug=slug)) == ["slug"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert set(refused(name=" ", slug="a/b", description="x" * 2_001, time_zone="")) == {
        *("name", "slug", "description", "timeZone")
    }


def test_a_name_of_which_no_slug_can_be_made_asks_for_one() -> None:
    assert refused(name="営業", slug="") == {"slug": "Enter a slug, such as sales."}
    assert list(refused(name="", slug="")) == ["name"]


def test_a_slug_belongs_to_one_team_whatever_its_letter_case(session: Session, alice: User, team: Team) -> None:
    with pytest.raises(InvalidAccount) as error, writing() as database:
        editing.create_team(database, editing.draft_team(**TYPED | {"slug": " SALES "}), alice)
    assert error.value.errors == {"slug": editing.TEAM_SLUG_TAKEN}


def test_a_team_keeps_its_slug_and_takes_no_other_teams(session: Session, alice: User, team: Team) -> None:
    factories.create_team(alice, slug="support")
    with writing() as database:
        editing.update_team(database, team.id, editing.draft_team(**TYPED | {"name": "Selling", "slug": "sales"}))
    changed = session.get_one(Team, team.id)
    assert (changed.name, changed.slug) == ("Selling", "sales")
    with pytest.raises(InvalidAccount), writing() as database:
        editing.update_team(database, team.id, editing.draft_team(**TYPED))
    assert session.get_one(Team, team.id, populate_existing=True).slug == "sales"


def test_nobody_belongs_to_more_teams_than_may_be(
    session: Session, alice: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "MAX_TEAMS", 1)
    with pytest.raises(TeamRefused, match="1 teams at most"), writing() as database:
        editing.create_team(database, editing.draft_team(**TYPED), alice)
