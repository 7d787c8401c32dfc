"""Whether the server is there, alive and ready for traffic, and its first page."""

from tripsync.feature import Feature
from tripsync.health import api, api_home

feature = Feature(
    title="Health",
    description="Whether the server works, and where its documents are.",
    api=(api, api_home),
    open=api_home.open_probe,
)
