"""OVMS: the owner's own module in the vehicle, reached through the owner's MQTT broker (ovms §1)."""

from secrets import token_hex

from ..base import Backend, Context, Fields
from .backend import OvmsBackend
from .module import LEAF, Topics

__all__ = ["LEAF", "OvmsBackend", "Topics", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the module whose topics the owner has entered.

    Raises:
        NoBroker: ``context`` has no message bus.
    """
    return OvmsBackend(context, fields, client=f"home-assistant-{token_hex(6)}")
