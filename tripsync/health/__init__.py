"""Whether the server is there, alive and ready for traffic, and its first page."""

from tripsync.health import api, home

blueprints = (api.blueprint, home.blueprint)
