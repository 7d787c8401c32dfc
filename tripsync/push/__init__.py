"""Phones that are woken when their rider does not hear it on a socket."""

from tripsync.push import devices, quiet_hours

blueprints = (devices.blueprint, quiet_hours.blueprint)
