"""Rules of moderation that need no database."""

STUDENT = "student"
ADMIN = "admin"


def may_sanction(moderator_role: str, subject_role: str) -> bool:
    """Whether a moderator of this rank may warn or ban that one: only admins judge staff."""
    return subject_role == STUDENT or moderator_role == ADMIN
