"""Handing actions to the service, and asking how they go (kamereon-eu §9.1, §10)."""

from ..base import Json
from .actions import Action, action_id
from .answer import NotServed
from .client import Client, Leave
from .environment import Host, segment


class Dispatcher:
    """The actions of one account's vehicles."""

    def __init__(self, client: Client) -> None:
        """Keep the way to the service."""
        self._client = client

    async def start(self, vin: str, action: Action, departure: Leave) -> str:
        """Queue an action; return the id under which it can be followed, empty if the service gave none."""
        path = f"v1/cars/{segment(vin)}/actions/{action.name}"
        return action_id(await self._client.post(Host.CARS, path, action.name, action.body(), departure))

    async def status(self, vin: str, identifier: str) -> Json:
        """Return what is said of an action; ``None`` in its first seconds, when the service does not know it yet."""
        if not identifier:
            return None
        path = f"v1/cars/{segment(vin)}/actions/status"
        try:
            return await self._client.get(Host.ACTION_STATUS, path, "action status", actionId=identifier)
        except NotServed:
            return None
