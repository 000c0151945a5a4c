"""Leaf Spy Pro: an app with an adapter in the vehicle. It sends what it reads, live and in logs.

The reader of logs is in :mod:`.log`, which is imported only when there are logs.
"""

from ..base import Backend, Context, Fields
from .backend import ACCEPTED, REFUSED, LeafSpyBackend

__all__ = ["ACCEPTED", "REFUSED", "LeafSpyBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the password that the app must send, if any, and for the units that it is set to."""
    return LeafSpyBackend(context, fields)
