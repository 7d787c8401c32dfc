"""A feature: everything that a part of the application brings with it, listed in one place.

Each feature's package has one, named `feature`, and the application mounts them (tripsync/app.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import cast

from sanic import Blueprint

from tripsync.jobs import Job
from tripsync.jobs.timers import AnyTimer
from tripsync.mail import Letter
from tripsync.own_data import Erasure, Section
from tripsync.realtime.events import Event
from tripsync.realtime.frames import Frame
from tripsync.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What one feature serves, does by itself, and tells."""

    # As people call it: its tag in the API documents.
    title: str
    # What it is for, in a sentence or two.
    description: str
    # The modules of its endpoints, which all hang on the blueprint of the first.
    api: tuple[ModuleType, ...]
    # What riders hear of it, and what they say to it on sockets.
    events: tuple[type[Event], ...] = ()
    frames: tuple[Frame, ...] = ()
    # Work outside requests: asked for, or done by the clock.
    jobs: tuple[Job, ...] = ()
    timers: tuple[AnyTimer, ...] = ()
    # What it mails.
    letters: tuple[Letter, ...] = ()
    # What it exports of a rider, and what it erases when their account is deleted.
    sections: tuple[Section, ...] = ()
    erasures: tuple[Erasure, ...] = ()
    # Adds what it keeps open in a server.
    open: Callable[[Resources], object] | None = None

    def __post_init__(self) -> None:
        if any(module.blueprint is not self.blueprint for module in self.api):
            raise TypeError(f"{self.title}: the endpoints of a feature hang on one blueprint")
        self.blueprint.ctx.title = self.title
        self.blueprint.ctx.description = self.description

    @property
    def blueprint(self) -> Blueprint:
        return cast("Blueprint", self.api[0].blueprint)
