"""OpenCARWINGS: the community's cloud for LEAFs and e-NV200s whose own was switched off; public, or the owner's."""

from .address import PUBLIC, Address
from .auth import Auth, Credentials
from .backend import OpenCarwingsBackend
from .mapping import BACKEND
from .transport import Timeouts

__all__ = ["BACKEND", "PUBLIC", "Address", "Auth", "Credentials", "OpenCarwingsBackend", "Timeouts"]
