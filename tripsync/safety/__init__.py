"""Safety on the road: links by which somebody outside follows a ride, and alarms."""

from tripsync.safety import alarm_desk, alarms, shares

blueprints = (
    shares.blueprint,
    alarms.blueprint,
    alarm_desk.blueprint,
)

timers = shares.timers
