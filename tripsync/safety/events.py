"""Events of alarms."""

import msgspec

from tripsync.http.fields import FullName, Id, Latitude, Longitude, Moment, PhoneNumber
from tripsync.realtime.events import Event, Pushed
from tripsync.safety.schemas import Heading, Words


class RiderInNeed(msgspec.Struct):
    """Who raised an alarm, and how to reach them."""

    id: Id
    full_name: FullName
    phone_number: PhoneNumber | None


class Sos(Event, pushed=Pushed.AT_ONCE):
    """A rider raised the alarm, or added to it; to the moderators of the college."""

    sos_id: Id
    rider: RiderInNeed
    latitude: Latitude | None
    longitude: Longitude | None
    note: Words
    raised_at: Moment


class SosResolved(Event, pushed=Pushed.AT_ONCE):
    """A moderator has resolved one's alarm."""

    sos_id: Id


class FellowPosition(Event, type="position", durable=False):
    """Where somebody is who rides along; at most once a second, while the ride is under way."""

    user_id: Id
    pool_id: Id
    latitude: Latitude
    longitude: Longitude
    heading: Heading | None
    seen_at: Moment
