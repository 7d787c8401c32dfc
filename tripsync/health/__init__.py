"""Whether the server is there, alive and ready for traffic, and its first page."""

from tripsync.health import endpoints, home

blueprints = (endpoints.blueprint, home.blueprint)
