"""OpenCARWINGS: the community's cloud for LEAFs and e-NV200s whose own was switched off; public, or the owner's."""

from ..base import Backend, Context, Fields
from ..http import base_url
from .backend import OpenCarwingsBackend
from .client import Credentials

__all__ = ["Credentials", "OpenCarwingsBackend", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the address and the key, or the user name and password, that the owner has entered.

    Raises:
        InvalidAddress: The credentials must not be sent to this address.
    """
    return OpenCarwingsBackend(
        context.session,
        base=base_url(fields["url"]),
        credentials=Credentials(
            key=fields.get("api_key"),
            username=fields.get("username"),
            password=fields.get("password"),
            code=fields.get("code"),
        ),
        now=context.now,
        auth=context.auth,
        save_auth=context.save_auth,
        memory=context.memory,
    )
