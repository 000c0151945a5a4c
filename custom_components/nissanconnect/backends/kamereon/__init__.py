"""The Kamereon platform behind the apps of Europe and Japan, reached with the account's name and password."""

from ..base import Backend, Context, Fields
from .auth import KamereonAuth
from .backend import KamereonBackend
from .region import EUROPE, Region

__all__ = ["EUROPE", "KamereonAuth", "KamereonBackend", "Region", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend of a European account for the name and the password that the owner has entered.

    :func:`.japan.create` does the same for Japan.
    """
    return KamereonBackend(context, fields, EUROPE)
