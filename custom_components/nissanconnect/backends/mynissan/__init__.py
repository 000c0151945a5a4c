"""MyNISSAN in the USA, Canada and Mexico, through the library ``pynissan``."""

from ..base import Backend, Context, Fields
from .backend import MyNissanBackend

__all__ = ["MyNissanBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the account that the owner has entered."""
    return MyNissanBackend(context, fields)
