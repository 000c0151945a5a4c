"""The demo: a small scripted garage, to try the integration without a vehicle, an account or a network."""

from ..base import Backend, Context, Fields
from .backend import DemoBackend

__all__ = ["DemoBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend; its owner enters nothing."""
    return DemoBackend(now=context.now, zone=context.zone)
