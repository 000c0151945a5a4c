"""Leaf Spy Pro: an app with an adapter in the vehicle. It sends what it reads, live and in logs (see :mod:`.log`)."""

from .backend import ACCEPTED, REFUSED, LeafSpyBackend
from .message import Units

__all__ = ["ACCEPTED", "REFUSED", "LeafSpyBackend", "Units"]
