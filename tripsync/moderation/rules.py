"""Rules of moderation that need no database."""

from typing import Literal, get_args

Role = Literal["student", "moderator", "admin"]
ROLES = get_args(Role)


def may_sanction(moderator_role: str, subject_role: str) -> bool:
    """Whether a moderator of this rank may warn or ban that one: only admins judge staff, and
    whose role is not known has no rank."""
    match moderator_role:
        case "admin":
            return True
        case "moderator":
            return subject_role == "student"
        case _:
            return False
