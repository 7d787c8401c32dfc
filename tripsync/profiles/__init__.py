"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.profiles import departure, digest, export, fellows, files, mail_settings, own

blueprints = (
    own.blueprint,
    fellows.blueprint,
    files.blueprint,
    export.blueprint,
    departure.blueprint,
    mail_settings.blueprint,
)

letters = (digest.WEEKLY_DIGEST,)

timers = (*departure.timers, *digest.timers)
