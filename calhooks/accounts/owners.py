"""Whose something is: an account's or a team's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from calhooks.accounts.errors import NotThere
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Role, Team

# For a table's constraint named "owner".
ONE_OWNER = "(owner_id IS NULL) <> (team_id IS NULL)"


@dataclass(frozen=True, slots=True)
class Owner:
    """The account or the team that something belongs to: one of the two ids is set."""

    user_id: int | None = None
    team_id: int | None = None

    def of(self, model: "type[Owned]") -> ColumnElement[bool]:
        """Return the condition for the rows of a model that are this owner's."""
        column, number = (model.owner_id, self.user_id) if self.team_id is None else (model.team_id, self.team_id)
        return column == number

    @property
    def columns(self) -> dict[str, int | None]:
        """Return the two columns of a new row of this owner's."""
        return {"owner_id": self.user_id, "team_id": self.team_id}


class Owned:
    """What is an account's or a team's: one of its two columns is set."""

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))

    @property
    def belongs_to(self) -> Owner:
        """Return whose it is."""
        return Owner(self.owner_id, self.team_id)


def owner_of(holder: User | Team) -> Owner:
    """Return an account or a team as an owner."""
    return Owner(team_id=holder.id) if isinstance(holder, Team) else Owner(user_id=holder.id)


def people_behind(session: Session, owner: Owner) -> Sequence[User]:
    """Return who looks after what is an owner's: the account itself, or a team's owners and admins."""
    if owner.team_id is None:
        return [session.get_one(User, owner.user_id)]
    query = select(User).join(Membership, Membership.user_id == User.id)
    query = query.where(Membership.team_id == owner.team_id, Membership.role.in_((Role.OWNER, Role.ADMIN)))
    return session.scalars(query.order_by(User.id)).all()


def lock_owner(session: Session, owner: Owner) -> bool:
    """Wait until no other transaction changes what is an owner's, and tell whether the owner is still there.

    Locks are taken in this order by everyone: a team, accounts by their ids, endpoints by theirs. Not the lock that
    would also hold up rows which merely refer to the owner.
    """
    model, number = (User, owner.user_id) if owner.team_id is None else (Team, owner.team_id)
    return session.scalar(select(model.id).where(model.id == number).with_for_update(key_share=True)) is not None


def require_owner(session: Session, owner: Owner) -> None:
    """Lock an owner to whom something is about to be given. Raises NotThere for a team that has just been deleted."""
    if not lock_owner(session, owner):
        raise NotThere
