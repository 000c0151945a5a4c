"""OVMS: the owner's own module in the vehicle, heard and commanded through the owner's MQTT broker (ovms §1)."""

from .backend import OvmsBackend
from .bus import Listener, Message, MessageBus
from .groups import BACKEND
from .module import LEAF
from .topics import Topics

__all__ = ["BACKEND", "LEAF", "Listener", "Message", "MessageBus", "OvmsBackend", "Topics"]
