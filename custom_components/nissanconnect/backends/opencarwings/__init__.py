"""OpenCARWINGS: the community's cloud for LEAFs and e-NV200s whose own was switched off; public, or the owner's."""

from ..base import Backend, Context, Fields
from .backend import OpenCarwingsBackend

__all__ = ["OpenCarwingsBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the address and the key, or the user name and password, that the owner has entered.

    Raises:
        InvalidAddress: The credentials must not be sent to this address.
    """
    return OpenCarwingsBackend(context, fields)
