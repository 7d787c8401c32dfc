"""Moments that anybody may send, and PostgreSQL has to be asked for."""

from datetime import UTC, datetime

from tripsync.http.problems import FieldError, invalid


def in_utc(field: str, moment: datetime | None) -> datetime | None:
    """The same moment; a refusal of those at the edges of time, which have no place in UTC."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise invalid(FieldError(field, f"The field {field!r} is out of range.")) from None
