"""Phones that are woken when their rider does not hear it on a socket."""

from tripsync.notifications import api

blueprints = (api.blueprint,)
