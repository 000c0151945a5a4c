"""The demo: no service, no secret, no request."""

from typing import ClassVar

from custom_components.nissanconnect.backends.base import Backend, Context, Fields
from custom_components.nissanconnect.backends.demo import DemoBackend
from custom_components.nissanconnect.vehicle import Command, StopClimate

from .base import Case


def _create(context: Context, fields: Fields) -> Backend:
    return DemoBackend(now=context.now, zone=context.zone)


class Demo(Case):
    """Its garage is part of the backend."""

    name = "demo"
    create = staticmethod(_create)
    http = False
    real = False
    command: ClassVar[Command | None] = StopClimate()
