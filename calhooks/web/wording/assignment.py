"""Why a round robin chose a host, or chooses this one next."""

from collections.abc import Mapping
from typing import Any

from calhooks.scheduling.assignment.turns import Choice, Reason
from calhooks.scheduling.models.event_types import Priority, SchedulingType

PRIORITY_NAMES = {priority: priority.name.title() for priority in Priority}
SCHEDULING_TYPE_NAMES = {SchedulingType.ROUND_ROBIN: "Round robin", SchedulingType.COLLECTIVE: "Collective"}


def why_chosen(record: Mapping[str, Any], name: str) -> str:
    """Return why the host called `name` got a booking, in one sentence; `record` is the booking's `assignment`."""
    free, among = int(record["free"]), len(record["shares"])
    which = " with the highest priority" if among < free else ""
    match record["reason"]:
        case Reason.ONLY_ONE:
            return f"{name} was the only host free."
        case Reason.PRIORITY:
            return f"{name} had the highest priority of the {free} free hosts."
        case Reason.WEIGHT:
            return f"Of the {among} free hosts{which}, {name} was furthest behind their share of the month’s bookings."
        case _:
            return (
                f"No free host{which} was further behind their share of the month’s bookings than {name}, "
                "who had waited longest."
            )


def why_next(choice: Choice, name: str, free: int) -> str:
    """Return why the next booking goes to the host called `name`, of as many as are `free`, in one sentence."""
    among = len(choice.shares)
    which = " with the highest priority" if among < free else ""
    match choice.reason:
        case Reason.ONLY_ONE:
            return "Nobody else can be chosen."
        case Reason.PRIORITY:
            return f"{name} has the highest priority of {free} hosts."
        case Reason.WEIGHT:
            return f"Of {among} hosts{which}, {name} is furthest behind their share of this month’s bookings."
        case _:
            return (
                f"No host{which} is further behind their share of this month’s bookings than {name}, "
                "who has waited longest."
            )


def scheduling_type_name(kind: SchedulingType) -> str:
    """Return what a way of sharing meetings is called."""
    return SCHEDULING_TYPE_NAMES[kind]


def priority_name(priority: Priority) -> str:
    """Return what a priority is called: Medium."""
    return PRIORITY_NAMES[priority]


def balance(credit: float) -> str:
    """Return how far a host is from their share, in bookings: 0.7 behind, 1.0 ahead, or even."""
    amount = round(abs(credit), 1)
    if not amount:
        return "even"
    return f"{amount} {'behind' if credit > 0 else 'ahead'}"
