"""Phones that are woken when their rider does not hear it on a socket."""

from tripsync.feature import Feature
from tripsync.notifications import api

feature = Feature(title="Notifications", api=(api,))
