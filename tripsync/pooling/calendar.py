"""A weekly pattern has rides on dates at times. No database here.

A pattern speaks of the clocks of the college. When these are changed, a departure time that
does not exist moves on by as much as the clocks did (02:30 is 03:30 that night), and one that
exists twice is the first of the two. A window is measured in minutes that pass, not on the
dial: half an hour stays half an hour.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from tripsync.database.rows import RecurringListRides, RecurringLockDue

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# How long before its window a ride is put on the road.
OPENS_AHEAD = timedelta(hours=2)
# A ride whose time is taken is looked at again after this, until its window begins.
LOOKS_AGAIN_AFTER = timedelta(minutes=5)

# A window may last into the next date, and a zone may skip a whole one.
EARLIER_DATES = timedelta(days=2)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Departure:
    """When somebody leaves on a date: by the college's clocks, and how long that may take."""

    at: time
    window: timedelta


@dataclass(frozen=True, slots=True)
class Pattern:
    """A weekly ride, and what is different on single dates."""

    zone: ZoneInfo
    weekdays: Collection[str]
    departure: Departure
    ends_on: date | None = None
    exception_dates: Collection[date] = ()
    changes: Mapping[date, Departure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One ride of a pattern."""

    date: date
    depart_after: datetime
    depart_before: datetime
    changed: bool

    @property
    def opens_at(self) -> datetime:
        return self.depart_after - OPENS_AHEAD


def departure_of(departs_at: str, window_minutes: int) -> Departure:
    """When somebody leaves, as the database or a client writes it."""
    return Departure(time.fromisoformat(departs_at), timedelta(minutes=window_minutes))


def pattern_of(
    row: RecurringListRides | RecurringLockDue, changes: Mapping[date, Departure]
) -> Pattern:
    return Pattern(
        zone=ZoneInfo(row["time_zone"]),
        weekdays=frozenset(row["weekdays"]),
        departure=departure_of(row["departs_at"], row["window_minutes"]),
        ends_on=row["ends_on"],
        exception_dates=frozenset(row["exception_dates"]),
        changes=changes,
    )


def is_meant(pattern: Pattern, day: date) -> bool:
    """Tell whether the pattern, exceptions apart, has a ride on this date."""
    return WEEKDAYS[day.weekday()] in pattern.weekdays and (
        pattern.ends_on is None or day <= pattern.ends_on
    )


def occurrence_on(pattern: Pattern, day: date) -> Occurrence | None:
    """Return the ride of a date, if there is one.

    A changed time counts where the pattern has a ride at all: it neither adds a date nor brings
    an exception back.
    """
    if not is_meant(pattern, day) or day in pattern.exception_dates:
        return None
    departure = pattern.changes.get(day, pattern.departure)
    # fold=0, the default: the first of two, and in a gap the offset from before it.
    local = datetime.combine(day, departure.at, tzinfo=pattern.zone)
    depart_after = local.astimezone(UTC)
    return Occurrence(
        day, depart_after, depart_after + departure.window, changed=day in pattern.changes
    )


def occurrences(
    pattern: Pattern, since: datetime, until: datetime | None = None
) -> Iterator[Occurrence]:
    """Return the rides whose window ends after `since` and begins by `until`, in order."""
    day = since.astimezone(pattern.zone).date() - EARLIER_DATES
    while pattern.ends_on is None or day <= pattern.ends_on:
        occurrence = occurrence_on(pattern, day)
        if occurrence and until is not None and occurrence.depart_after > until:
            return
        if occurrence and occurrence.depart_before > since:
            yield occurrence
        if until is not None and day > until.astimezone(pattern.zone).date() + ONE_DAY:
            return
        day += ONE_DAY


def upcoming(pattern: Pattern, now: datetime, decided: Collection[date]) -> Iterator[Occurrence]:
    """Return the rides of dates that are not decided yet, in order."""
    return (each for each in occurrences(pattern, now) if each.date not in decided)


def next_opening(pattern: Pattern, now: datetime, decided: Collection[date]) -> datetime | None:
    """Return when the next request has to be opened; None when there is none any more."""
    following = next(upcoming(pattern, now, decided), None)
    return following.opens_at if following else None


Obstacle = Literal["busy", "unverified"]
Verdict = Literal["open", "wait", "banned", "late"] | Obstacle


def verdict(
    occurrence: Occurrence, now: datetime, *, banned: bool, obstacle: Obstacle | None
) -> Verdict:
    """Decide what becomes of a ride whose time has come.

    Busy is whoever has another open request that may leave in the window of this ride. It is not
    taken away: the ride waits for it to end until its own window begins, and then is skipped. So
    does the ride of one who has to confirm the address first.
    """
    if occurrence.depart_before <= now:
        return "late"
    if banned:
        return "banned"
    if obstacle:
        return "wait" if now < occurrence.depart_after else obstacle
    return "open"


def next_look(occurrence: Occurrence, now: datetime) -> datetime:
    """Return when a ride that waits is looked at again."""
    return min(now + LOOKS_AGAIN_AFTER, occurrence.depart_after)
