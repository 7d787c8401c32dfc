"""Whether the server is there, alive, and ready for traffic."""

from tripsync.health.endpoints import blueprint

blueprints = (blueprint,)
