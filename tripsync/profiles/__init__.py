"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.profiles import fellows, files, own

blueprints = (
    own.blueprint,
    fellows.blueprint,
    files.blueprint,
)
