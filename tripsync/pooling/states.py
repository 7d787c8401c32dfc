"""The state machine of a request. No database here: the table is the rule."""

from enum import StrEnum


class Status(StrEnum):
    """The state of a request."""

    ACTIVE = "active"
    MATCHED = "matched"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What changes the state of a request."""

    MATCH = "match"
    CANCEL = "cancel"
    EXPIRE = "expire"
    RETURN = "return"
    STRAND = "strand"
    COMPLETE = "complete"


class ImpossibleError(Exception):
    """This act is not possible in this state."""


MOVES = {
    (Status.ACTIVE, Act.MATCH): Status.MATCHED,
    (Status.ACTIVE, Act.CANCEL): Status.CANCELLED,
    (Status.ACTIVE, Act.EXPIRE): Status.CANCELLED,
    (Status.MATCHED, Act.CANCEL): Status.CANCELLED,
    # The partners left: back on the road while the window lasts, stranded after it.
    (Status.MATCHED, Act.RETURN): Status.ACTIVE,
    (Status.MATCHED, Act.STRAND): Status.CANCELLED,
    (Status.MATCHED, Act.COMPLETE): Status.COMPLETED,
}
REASONS = {Act.CANCEL: "rider", Act.EXPIRE: "expired", Act.STRAND: "partner_left"}


def after(status: Status, act: Act) -> Status:
    """Return the state that follows."""
    try:
        return MOVES[status, act]
    except KeyError:
        raise ImpossibleError(f"{act} is not possible once {status}") from None


def reason_of(act: Act) -> str | None:
    """Return why a request was cancelled by this act; None for acts that do not cancel."""
    return REASONS.get(act)
