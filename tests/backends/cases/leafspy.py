"""Leaf Spy: an app that sends what it reads to us; nothing is ever sent to it."""

from contextlib import AsyncExitStack
from datetime import UTC
from typing import override

from custom_components.nissanconnect.backends.base import Backend, Receiving
from custom_components.nissanconnect.backends.leafspy import create
from tests.simulator.leafspy_app import LeafSpyApp, old_leaf

from .base import Case


class LeafSpy(Case):
    """A LEAF whose app has sent one message."""

    name = "leafspy"
    create = staticmethod(create)
    http = False
    fields = {"password": "sesame of the app", "odometer_unit": "kilometres", "outside_unit": "celsius"}
    public = frozenset({"odometer_unit", "outside_unit"})
    app: LeafSpyApp

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.app = LeafSpyApp(vehicle=old_leaf(self.clock(), UTC), password=self.fields["password"])

    @override
    def report(self, backend: Backend) -> None:
        assert isinstance(backend, Receiving)
        backend.receive(self.app.parameters())
