"""TeslaFi and services with the same interface: the last values of one vehicle from a logging service, read-only.

Experimental: nobody has shown that such a service logs a Nissan (teslafi §0). This is the smallest backend, and the one
to copy for a new one: see docs/new-backend.md.
"""

from ..base import Backend, Context, Fields
from .backend import TeslaFiBackend

__all__ = ["TeslaFiBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the address and the token that the owner has entered.

    Raises:
        InvalidAddress: The token must not be sent to this address.
    """
    return TeslaFiBackend(context, fields)
