"""What may become of a post. No database here: the table is the rule."""

from enum import StrEnum


class Status(StrEnum):
    """Where a post stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can happen to it."""

    # The last place is taken, or the owner begins with those who were accepted.
    START = "start"
    CLOSE = "close"
    REOPEN = "reopen"
    COMPLETE = "complete"


class ImpossibleError(Exception):
    """This act is not possible in this state."""


MOVES = {
    (Status.OPEN, Act.START): Status.IN_PROGRESS,
    (Status.OPEN, Act.CLOSE): Status.CANCELLED,
    (Status.IN_PROGRESS, Act.CLOSE): Status.CANCELLED,
    (Status.IN_PROGRESS, Act.COMPLETE): Status.COMPLETED,
    # Somebody left, or the team became larger.
    (Status.IN_PROGRESS, Act.REOPEN): Status.OPEN,
    (Status.CANCELLED, Act.REOPEN): Status.OPEN,
}


def after(status: Status, act: Act) -> Status:
    """The state that follows."""
    try:
        return MOVES[status, act]
    except KeyError:
        raise ImpossibleError(f"{act} is not possible once {status}") from None
