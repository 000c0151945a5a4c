"""OVMS: the owner's own module in the vehicle, heard and commanded through the owner's MQTT broker (ovms §1)."""

from .backend import OvmsBackend
from .mapping import BACKEND
from .module import LEAF
from .mqtt import Topics

__all__ = ["BACKEND", "LEAF", "OvmsBackend", "Topics"]
