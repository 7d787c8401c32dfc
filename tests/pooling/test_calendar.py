"""On which dates a weekly pattern has a ride, and when: also in nights when clocks are changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tripsync.pooling.calendar import (
    WEEKDAYS,
    Departure,
    Obstacle,
    Occurrence,
    Pattern,
    Verdict,
    next_look,
    next_opening,
    occurrence_on,
    occurrences,
    upcoming,
    verdict,
)

NEW_YORK, BERLIN, MUMBAI = map(ZoneInfo, ("America/New_York", "Europe/Berlin", "Asia/Kolkata"))
MONDAY = date(2026, 11, 2)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def pattern(
    *weekdays: str, at: str = "08:30", window: int = 30, zone: ZoneInfo = MUMBAI, **more: Any
) -> Pattern:
    departure = Departure(time.fromisoformat(at), minutes(window))
    return Pattern(zone, weekdays or WEEKDAYS, departure, **more)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dates(*args: Any) -> list[date]:
    return [each.date for each in occurrences(*args)]


def leaves(rides: Pattern, day: str) -> datetime:
    occurrence = occurrence_on(rides, date.fromisoformat(day))
    assert occurrence
    assert occurrence.depart_before - occurrence.depart_after == rides.departure.window
    return occurrence.depart_after


@pytest.mark.parametrize("weekday", range(7))
def test_a_weekday_comes_once_a_week(weekday: int) -> None:
    found = dates(pattern(WEEKDAYS[weekday]), utc("2026-11-01T00:00"), utc("2026-11-21T12:00"))
    assert found == [
        each for n in range(21) if (each := date(2026, 11, 1) + timedelta(n)).weekday() == weekday
    ]


def test_local_times_are_those_of_the_zone() -> None:
    assert leaves(pattern(), "2026-11-02") == utc("2026-11-02T03:00")
    assert leaves(pattern(zone=BERLIN), "2026-11-02") == utc("2026-11-02T07:30")


@pytest.mark.parametrize(
    ("zone", "day", "at", "leaves_at"),
    [
        # Clocks go from 02:00 to 03:00: what does not exist moves on by the hour.
        (NEW_YORK, "2026-03-08", "01:59", "2026-03-08T06:59"),
        (NEW_YORK, "2026-03-08", "02:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08", "02:30", "2026-03-08T07:30"),
        (NEW_YORK, "2026-03-08", "03:00", "2026-03-08T07:00"),
        (BERLIN, "2026-03-29", "01:59", "2026-03-29T00:59"),
        (BERLIN, "2026-03-29", "02:30", "2026-03-29T01:30"),
        (BERLIN, "2026-03-29", "03:00", "2026-03-29T01:00"),
        # Clocks go back: what exists twice is the first of the two.
        (NEW_YORK, "2026-11-01", "00:59", "2026-11-01T04:59"),
        (NEW_YORK, "2026-11-01", "01:00", "2026-11-01T05:00"),
        (NEW_YORK, "2026-11-01", "01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01", "02:00", "2026-11-01T07:00"),
        (BERLIN, "2026-10-25", "01:59", "2026-10-24T23:59"),
        (BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30"),
        (BERLIN, "2026-10-25", "03:00", "2026-10-25T02:00"),
    ],
)
def test_nights_when_clocks_are_changed(zone: ZoneInfo, day: str, at: str, leaves_at: str) -> None:
    assert leaves(pattern(at=at, zone=zone), day) == utc(leaves_at)


@pytest.mark.parametrize(
    ("zone", "before", "after", "first", "second"),
    [
        (NEW_YORK, "2026-03-07", "2026-03-08", "2026-03-07T13:30", "2026-03-08T12:30"),
        (NEW_YORK, "2026-10-31", "2026-11-01", "2026-10-31T12:30", "2026-11-01T13:30"),
        (BERLIN, "2026-03-28", "2026-03-29", "2026-03-28T07:30", "2026-03-29T06:30"),
        (BERLIN, "2026-10-24", "2026-10-25", "2026-10-24T06:30", "2026-10-25T07:30"),
    ],
)
def test_half_past_eight_stays_half_past_eight(
    zone: ZoneInfo, before: str, after: str, first: str, second: str
) -> None:
    rides = pattern(zone=zone)
    assert (leaves(rides, before), leaves(rides, after)) == (utc(first), utc(second))


def test_a_window_over_the_change_is_as_long_as_any() -> None:
    occurrence = occurrence_on(pattern(at="01:30", window=60, zone=NEW_YORK), date(2026, 11, 1))
    assert occurrence
    assert occurrence.depart_before == utc("2026-11-01T06:30")
    assert occurrence.depart_before.astimezone(NEW_YORK).strftime("%H:%M") == "01:30"


def test_a_date_that_a_zone_skipped_moves_on_too() -> None:
    apia = ZoneInfo("Pacific/Apia")
    rides = pattern(zone=apia)
    assert leaves(rides, "2011-12-30") == leaves(rides, "2011-12-31") == utc("2011-12-30T18:30")


def test_the_last_date_counts_and_none_after_it() -> None:
    ending = pattern(ends_on=date(2026, 11, 4))
    since = utc("2026-11-02T00:00")
    assert dates(ending, since) == [date(2026, 11, each) for each in (2, 3, 4)]
    assert dates(ending, utc("2026-11-05T00:00")) == []


def test_exceptions_are_left_out() -> None:
    rides = pattern("monday", exception_dates={date(2026, 11, 9)})
    found = dates(rides, utc("2026-11-01T00:00"), utc("2026-11-17T00:00"))
    assert found == [date(2026, 11, 2), date(2026, 11, 16)]


def test_a_changed_date_has_its_own_time_and_window() -> None:
    rides = pattern("monday", changes={MONDAY: Departure(time(10, 15), minutes(45))})
    occurrence = occurrence_on(rides, MONDAY)
    assert occurrence == Occurrence(
        MONDAY, utc("2026-11-02T04:45"), utc("2026-11-02T05:30"), changed=True
    )
    next_week = occurrence_on(rides, MONDAY + timedelta(7))
    assert next_week
    assert not next_week.changed


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"weekdays": ("tuesday",)},
        {"exception_dates": {MONDAY}},
        {"ends_on": MONDAY - timedelta(1)},
    ],
)
def test_a_changed_time_adds_no_date(elsewhere: dict[str, Any]) -> None:
    rides = pattern("monday", changes={MONDAY: Departure(time(10), minutes(30))})
    assert occurrence_on(rides, MONDAY)
    assert occurrence_on(replace(rides, **elsewhere), MONDAY) is None


def test_a_ride_counts_until_its_window_has_passed() -> None:
    rides = pattern("monday")
    week = utc("2026-11-08T00:00")
    for since, expected in (
        ("2026-11-02T02:59", [MONDAY]),
        ("2026-11-02T03:00", [MONDAY]),
        ("2026-11-02T03:29", [MONDAY]),
        ("2026-11-02T03:30", []),
    ):
        assert dates(rides, utc(since), week) == expected


def test_a_ride_counts_from_the_moment_its_window_begins() -> None:
    rides = pattern("monday")
    since = utc("2026-11-01T00:00")
    assert dates(rides, since, utc("2026-11-02T02:59")) == []
    assert dates(rides, since, utc("2026-11-02T03:00")) == [MONDAY]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"])
@pytest.mark.parametrize("at", ["00:00", "12:00", "23:59"])
def test_no_date_is_missed_far_from_greenwich(zone: str, at: str) -> None:
    rides = pattern(at=at, zone=ZoneInfo(zone))
    since = utc("2026-11-02T06:00")
    found = [each.depart_after for each in occurrences(rides, since, since + timedelta(7))]
    assert len(found) in (7, 8)
    assert found[0] <= since + timedelta(1)
    assert {later - sooner for sooner, later in pairwise(found)} == {timedelta(1)}


def test_a_window_over_midnight_still_counts_on_the_next_date() -> None:
    late = pattern("monday", at="23:50", window=720)
    assert dates(late, utc("2026-11-03T06:00"), utc("2026-11-03T07:00")) == [MONDAY]


def test_the_next_opening_is_two_hours_ahead_and_passes_over_what_was_decided() -> None:
    rides = pattern("monday", "tuesday")
    now = utc("2026-11-02T00:00")
    assert next_opening(rides, now, ()) == utc("2026-11-02T01:00")
    assert next_opening(rides, now, {MONDAY}) == utc("2026-11-03T01:00")
    assert [each.date for each, _ in zip(upcoming(rides, now, {MONDAY}), "xx", strict=False)] == [
        date(2026, 11, 3),
        date(2026, 11, 9),
    ]


def test_there_is_no_next_opening_after_the_last_date() -> None:
    rides = pattern("monday", ends_on=MONDAY)
    assert next_opening(rides, utc("2026-11-02T03:29"), ())
    assert next_opening(rides, utc("2026-11-02T03:30"), ()) is None
    assert next_opening(rides, utc("2026-11-02T00:00"), {MONDAY}) is None


@pytest.mark.parametrize(
    ("now", "banned", "obstacle", "word"),
    [
        (0, False, None, "open"),
        (119, False, None, "open"),
        (149, False, None, "open"),
        (150, False, None, "late"),
        (0, True, None, "banned"),
        (0, True, "busy", "banned"),
        (150, True, "busy", "late"),
        (0, False, "busy", "wait"),
        (119, False, "unverified", "wait"),
        (120, False, "busy", "busy"),
        (149, False, "unverified", "unverified"),
        (150, False, "busy", "late"),
    ],
)
def test_what_becomes_of_a_ride_whose_time_has_come(
    now: int, banned: bool, obstacle: Obstacle | None, word: Verdict
) -> None:
    opens = utc("2026-11-02T01:00")
    occurrence = occurrence_on(pattern(), MONDAY)
    assert occurrence
    assert occurrence.opens_at == opens
    assert verdict(occurrence, opens + minutes(now), banned=banned, obstacle=obstacle) == word


def test_who_waits_is_looked_at_again_until_the_window_begins() -> None:
    occurrence = occurrence_on(pattern(), MONDAY)
    assert occurrence
    assert next_look(occurrence, occurrence.opens_at) == occurrence.opens_at + minutes(5)
    almost = occurrence.depart_after - minutes(2)
    assert next_look(occurrence, almost) == occurrence.depart_after
