"""Tests of roles: who may give and take them, and that a team keeps an owner."""

from collections.abc import Mapping

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from calhooks.accounts.errors import NotPermitted, NotThere, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.teams import invitations
from calhooks.accounts.teams.memberships import (
    change_role,
    find_member,
    find_membership,
    hand_over,
    list_members,
)
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from tests import factories
from tests.scheduling.at_once import UseCase, at_once


@pytest.fixture
def people(app: Flask, alice: User, bob: User, carol: User, dave: User) -> Mapping[str, User]:
    """An owner, two admins and a member."""
    return {"OWNER": alice, "ADMIN": bob, "OTHER": carol, "MEMBER": dave}


@pytest.fixture
def team(app: Flask, people: Mapping[str, User]) -> Team:
    """A team with all three roles."""
    with app.app_context():
        return factories.create_team(
            people["OWNER"], admins=[people["ADMIN"], people["OTHER"]], members=[people["MEMBER"]]
        )


def member(session: Session, team: Team, user: User) -> Membership:
    found = find_membership(session, team.id, user)
    assert found is not None
    return found


def role_of(session: Session, team: Team, user: User) -> Role:
    session.expire_all()
    return Role(member(session, team, user).role)


@pytest.mark.parametrize(
    ("by", "whom", "role", "permitted"),
    [
        ("OWNER", "MEMBER", Role.OWNER, True),
        ("OWNER", "ADMIN", Role.MEMBER, True),
        ("ADMIN", "MEMBER", Role.ADMIN, True),
        ("ADMIN", "OTHER", Role.MEMBER, True),
        ("ADMIN", "ADMIN", Role.MEMBER, True),
        ("ADMIN", "MEMBER", Role.OWNER, False),
        ("ADMIN", "ADMIN", Role.OWNER, False),
        ("ADMIN", "OWNER", Role.MEMBER, False),
        ("ADMIN", "OWNER", Role.ADMIN, False),
        ("MEMBER", "MEMBER", Role.ADMIN, False),
        ("MEMBER", "ADMIN", Role.MEMBER, False),
        ("MEMBER", "OWNER", Role.MEMBER, False),
    ],
)
def test_nobody_gives_a_role_above_their_own_or_takes_one(
    session: Session, team: Team, people: Mapping[str, User], by: str, whom: str, role: Role, permitted: bool
) -> None:
    number, before = member(session, team, people[whom]).id, role_of(session, team, people[whom])
    if permitted:
        with writing() as database:
            change_role(database, team.id, number, role, people[by])
    else:
        with pytest.raises(NotPermitted), writing() as database:
            change_role(database, team.id, number, role, people[by])
    assert role_of(session, team, people[whom]) == (role if permitted else before)


def test_the_last_owner_stays_one(session: Session, team: Team, people: Mapping[str, User]) -> None:
    alice = member(session, team, people["OWNER"]).id
    with pytest.raises(TeamRefused, match="only owner"), writing() as database:
        change_role(database, team.id, alice, Role.ADMIN, people["OWNER"])
    with writing() as database:
        change_role(database, team.id, member(session, team, people["ADMIN"]).id, Role.OWNER, people["OWNER"])
    with writing() as database:
        change_role(database, team.id, alice, Role.ADMIN, people["OWNER"])
    assert role_of(session, team, people["OWNER"]) == Role.ADMIN


def test_two_owners_who_step_down_at_once_leave_one(app: Flask, people: Mapping[str, User], team: Team) -> None:
    with app.app_context():
        owners = {people[name].id: member(db.session(), team, people[name]).id for name in ("OWNER", "ADMIN")}
        team_id = team.id
        with writing() as database:
            change_role(database, team.id, owners[people["ADMIN"].id], Role.OWNER, people["OWNER"])

    def stepping_down(user_id: int) -> UseCase:
        return lambda database: change_role(
            database, team_id, owners[user_id], Role.MEMBER, database.get_one(User, user_id)
        )

    outcomes = dict(zip(owners, at_once(app, [stepping_down(user_id) for user_id in owners]), strict=True))
    assert sorted(outcomes.values()) == ["TeamRefused", "done"]
    with app.app_context():
        left = [each.user_id for each in list_members(db.session(), [team_id])[team_id] if each.is_owner]
    assert [outcomes[user_id] for user_id in left] == ["TeamRefused"]


def test_a_team_is_handed_over(session: Session, team: Team, people: Mapping[str, User]) -> None:
    with writing() as database:
        hand_over(database, team.id, member(session, team, people["MEMBER"]).id, people["OWNER"])
    assert role_of(session, team, people["MEMBER"]) == Role.OWNER
    assert role_of(session, team, people["OWNER"]) == Role.ADMIN


@pytest.mark.parametrize("by", ["ADMIN", "MEMBER"])
def test_only_owners_hand_over(session: Session, team: Team, people: Mapping[str, User], by: str) -> None:
    with pytest.raises(NotPermitted), writing() as database:
        hand_over(database, team.id, member(session, team, people["OTHER"]).id, people[by])
    assert role_of(session, team, people["OTHER"]) == Role.ADMIN


def test_a_team_is_not_handed_over_to_oneself(session: Session, team: Team, people: Mapping[str, User]) -> None:
    with pytest.raises(NotThere), writing() as database:
        hand_over(database, team.id, member(session, team, people["OWNER"]).id, people["OWNER"])
    assert role_of(session, team, people["OWNER"]) == Role.OWNER


def test_members_of_another_team_are_not_there(session: Session, team: Team, people: Mapping[str, User]) -> None:
    other = factories.create_team(people["MEMBER"], slug="other")
    elsewhere = member(session, other, people["MEMBER"]).id
    for change in (
        lambda: find_member(session, team.id, elsewhere),
        lambda: change_role(session, team.id, elsewhere, Role.MEMBER, people["OWNER"]),
        lambda: hand_over(session, team.id, elsewhere, people["OWNER"]),
    ):
        with pytest.raises(NotThere):
            change()


def test_who_was_removed_meanwhile_changes_nothing(session: Session, team: Team, people: Mapping[str, User]) -> None:
    number = member(session, team, people["OTHER"]).id
    stranger = factories.create_user("eve")
    with pytest.raises(NotThere), writing() as database:
        change_role(database, team.id, number, Role.MEMBER, stranger)


def test_invitations_that_somebody_could_not_make_now_are_revoked(
    session: Session, team: Team, people: Mapping[str, User]
) -> None:
    """Who made an invitation knows its link."""
    with writing() as database:
        for role in Role:
            invitations.invite_to_team(database, team.id, role, people["OWNER"])
        invitations.invite_to_team(database, team.id, Role.ADMIN, people["OTHER"])
    with writing() as database:
        hand_over(database, team.id, member(session, team, people["ADMIN"]).id, people["OWNER"])
    kept = [(each.invited_by_id, each.role) for each in invitations.open_invitations(session, team.id)]
    alice, carol = people["OWNER"].id, people["OTHER"].id
    assert kept == [(carol, Role.ADMIN), (alice, Role.ADMIN), (alice, Role.MEMBER)]
    with writing() as database:
        change_role(database, team.id, member(session, team, people["OWNER"]).id, Role.MEMBER, people["ADMIN"])
    assert [each.invited_by_id for each in invitations.open_invitations(session, team.id)] == [carol]


def test_members_are_listed_owners_first_then_by_name(session: Session, team: Team) -> None:
    members = list_members(session, [team.id])[team.id]
    assert [(each.role, each.user.name) for each in members] == [
        *(("OWNER", "Alice"), ("ADMIN", "Bob"), ("ADMIN", "Carol"), ("MEMBER", "Dave"))
    ]
