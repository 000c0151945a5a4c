"""The demo: no service, no secret, no request."""

from typing import ClassVar

from custom_components.nissanconnect.backends.demo import create
from custom_components.nissanconnect.vehicle import Command, StopClimate

from .base import Case


class Demo(Case):
    """Its garage is part of the backend."""

    name = "demo"
    create = staticmethod(create)
    http = False
    real = False
    command: ClassVar[Command | None] = StopClimate()
