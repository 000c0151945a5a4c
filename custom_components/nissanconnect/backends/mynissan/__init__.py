"""MyNISSAN in the USA, Canada and Mexico, through the library ``pynissan``."""

from .auth import Auth
from .backend import MyNissanBackend
from .values import BACKEND

__all__ = ["BACKEND", "Auth", "MyNissanBackend"]
