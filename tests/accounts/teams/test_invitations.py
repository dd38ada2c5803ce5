"""Tests of invitations: one-time links into a team."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.errors import NotPermitted, NotThere, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.teams import editing, invitations
from calhooks.accounts.teams.invitations import (
    InvitationUnusable,
    accept_invitation,
    find_invitation,
    invite_to_team,
    open_invitations,
    revoke_invitation,
)
from calhooks.accounts.teams.memberships import find_membership, list_members
from calhooks.accounts.teams.models import Invitation, Role, Team
from calhooks.db import db, writing
from tests import factories
from tests.scheduling.at_once import UseCase, at_once


def invite(team: Team, by: User, role: Role = Role.MEMBER) -> str:
    with writing() as database:
        return invite_to_team(database, team.id, role, by)


def accept(token: str, user: User) -> None:
    with writing() as database:
        accept_invitation(database, token, user)


def test_who_accepts_joins_as_what_the_invitation_says(session: Session, team: Team, alice: User, dave: User) -> None:
    accept(invite(team, alice, Role.ADMIN), dave)
    found = find_membership(session, team.id, dave)
    assert found is not None
    assert found.role == Role.ADMIN
    assert open_invitations(session, team.id) == []


def test_only_the_hash_of_a_token_is_kept(session: Session, team: Team, alice: User) -> None:
    token = invite(team, alice)
    kept = session.scalars(select(Invitation)).one()
    assert len(token) == 43
    assert len(kept.token_hash) == 64
    assert token not in str(vars(kept))


def test_an_invitation_is_used_once(session: Session, team: Team, alice: User, dave: User) -> None:
    token, eve = invite(team, alice), factories.create_user("eve")
    accept(token, dave)
    with pytest.raises(InvitationUnusable):
        accept(token, eve)
    assert find_membership(session, team.id, eve) is None


def test_an_invitation_expires(
    session: Session, team: Team, alice: User, dave: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, now = invite(team, alice), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + invitations.INVITATION_LIFETIME - timedelta(seconds=1))
    assert find_invitation(session, token).team_id == team.id
    monkeypatch.setattr(clock, "now", lambda: now + invitations.INVITATION_LIFETIME + timedelta(seconds=1))
    with pytest.raises(InvitationUnusable):
        accept(token, dave)
    assert open_invitations(session, team.id) == []


def test_a_revoked_invitation_is_unusable(session: Session, team: Team, alice: User, dave: User) -> None:
    token = invite(team, alice)
    with writing() as database:
        revoke_invitation(database, team.id, open_invitations(session, team.id)[0].id, alice)
    with pytest.raises(InvitationUnusable):
        accept(token, dave)


def test_an_invitation_that_was_used_or_is_another_teams_cannot_be_revoked(
    session: Session, team: Team, alice: User, dave: User
) -> None:
    token = invite(team, alice)
    number = open_invitations(session, team.id)[0].id
    other = factories.create_team(dave, slug="other")
    with pytest.raises(NotThere), writing() as database:
        revoke_invitation(database, other.id, number, dave)
    accept(token, dave)
    with pytest.raises(NotThere), writing() as database:
        revoke_invitation(database, team.id, number, alice)


@pytest.mark.parametrize("token", ["", "x" * 43, "é", "a\x00b"])
def test_an_unknown_token_is_unusable(session: Session, team: Team, token: str) -> None:
    with pytest.raises(InvitationUnusable):
        find_invitation(session, token)


def test_a_member_keeps_the_role_and_leaves_the_invitation_open(
    session: Session, team: Team, alice: User, bob: User
) -> None:
    accept(invite(team, alice, Role.OWNER), bob)
    found = find_membership(session, team.id, bob)
    assert found is not None
    assert found.role == Role.MEMBER
    assert len(open_invitations(session, team.id)) == 1


def test_admins_invite_no_owners_and_members_nobody(session: Session, team: Team, bob: User, dave: User) -> None:
    factories.create_membership(team, dave, Role.ADMIN)
    assert invite(team, dave, Role.ADMIN)
    for by, role in ((dave, Role.OWNER), (bob, Role.MEMBER)):
        with pytest.raises(NotPermitted):
            invite(team, by, role)


def test_an_admin_does_not_revoke_the_invitation_of_an_owner(
    session: Session, team: Team, alice: User, dave: User
) -> None:
    factories.create_membership(team, dave, Role.ADMIN)
    invite(team, alice, Role.OWNER)
    with pytest.raises(NotPermitted), writing() as database:
        revoke_invitation(database, team.id, open_invitations(session, team.id)[0].id, dave)


def test_limits_are_said_in_sentences(
    session: Session, team: Team, alice: User, dave: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = invite(team, alice)
    with monkeypatch.context() as patch:
        patch.setattr(invitations, "MAX_OPEN_INVITATIONS", 1)
        with pytest.raises(TeamRefused, match="Revoke one"):
            invite(team, alice)
    with monkeypatch.context() as patch:
        patch.setattr(invitations, "MAX_MEMBERS", 3)
        with pytest.raises(TeamRefused, match="at most"):
            invite(team, alice)
        with pytest.raises(TeamRefused, match="at most"):
            accept(token, dave)
    monkeypatch.setattr(editing, "MAX_TEAMS", 0)
    with pytest.raises(TeamRefused, match="at most"):
        accept(token, dave)
    assert len(open_invitations(session, team.id)) == 1


def test_of_two_who_accept_at_once_one_joins(app: Flask, team: Team, alice: User, dave: User) -> None:
    with app.app_context():
        token, numbers = invite(team, alice), [dave.id, factories.create_user("eve").id]

    def joining(number: int) -> UseCase:
        return lambda database: accept_invitation(database, token, database.get_one(User, number))

    assert sorted(at_once(app, [joining(number) for number in numbers])) == ["InvitationUnusable", "done"]
    with app.app_context():
        assert len(list_members(db.session(), [team.id])[team.id]) == 4
