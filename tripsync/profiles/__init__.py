"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.profiles import departure, export, fellows, files, own

blueprints = (
    own.blueprint,
    fellows.blueprint,
    files.blueprint,
    export.blueprint,
    departure.blueprint,
)

timers = departure.timers
