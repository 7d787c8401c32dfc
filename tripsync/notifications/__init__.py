"""Phones that are woken when their rider does not hear it on a socket."""

from tripsync.notifications import api, api_quiet_hours

blueprints = (api.blueprint, api_quiet_hours.blueprint)
