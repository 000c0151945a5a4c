"""MyNISSAN in the USA, Canada and Mexico, through the library ``pynissan``."""

from ..base import Backend, Context, Fields
from .backend import MyNissanBackend
from .client import ApiSession, NissanAuth

__all__ = ["ApiSession", "MyNissanBackend", "NissanAuth", "create"]


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend for the account that the owner has entered. The password is there in the dialogs only."""
    api = ApiSession(
        context.session,
        country=fields["country"].upper(),
        username=fields["username"],
        password=fields.get("password"),
        auth=NissanAuth.from_json(context.auth),
        on_auth=lambda auth: context.save_auth(auth.to_json()),
        now=context.now,
    )
    return MyNissanBackend(api, now=context.now, zone=context.zone, memory=context.memory)
