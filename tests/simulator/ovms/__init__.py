"""A stand-in for an OVMS module in a LEAF, on any MQTT connection, and a broker in memory to connect it to."""

from .broker import MemoryBroker, MemoryBus, MemoryLink
from .module import Link, OvmsModule

__all__ = ["Link", "MemoryBroker", "MemoryBus", "MemoryLink", "OvmsModule"]
