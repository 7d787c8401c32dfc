"""What is written to those who can help."""

from collections.abc import Mapping
from typing import Any

from tripsync.mail import Mail

# Without the rider's name: a mail must not fail for what somebody calls themselves.
SUBJECT = "An alarm was raised on TripSync"


def to_contact(address: str, help: Mapping[str, Any], alarm: Mapping[str, Any]) -> Mail:
    return Mail(
        address,
        SUBJECT,
        f"{help['full_name']} raised an alarm on TripSync, and has named you as the person to tell "
        f"in an emergency.\n\n{facts(help, alarm)}\n"
        "Try to reach them, and call the emergency services if you cannot. The moderators of their "
        "college are told too.\n",
    )


def to_moderator(address: str, help: Mapping[str, Any], alarm: Mapping[str, Any]) -> Mail:
    return Mail(
        address,
        SUBJECT,
        f"{help['full_name']}, a student of your college, raised an alarm on TripSync.\n\n"
        f"{facts(help, alarm)}\n"
        f"Try to reach them, and call the emergency services if you cannot. Then resolve alarm "
        f"{alarm['id']} in the app.\n",
    )


def facts(help: Mapping[str, Any], alarm: Mapping[str, Any]) -> str:
    """What is known, a line each."""
    latitude, longitude = alarm["latitude"], alarm["longitude"]
    place = "not known"
    if latitude is not None:
        place = (
            f"{latitude}, {longitude}\n"
            f"Map: https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}"
            f"#map=17/{latitude}/{longitude}"
        )
    return "".join(
        f"{name}: {value}\n"
        for name, value in (
            ("When", help["told_at"]),
            ("Where", place),
            ("Telephone", help["phone_number"] or "not known"),
            ("In their words", alarm["note"] or "nothing"),
        )
    )
