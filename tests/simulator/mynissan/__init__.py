"""A simulator of MyNISSAN in North America for tests; it listens on 127.0.0.1 only."""

from .car import Car
from .detour import Detour
from .server import EMAIL, PASSWORD, MyNissan

__all__ = ["EMAIL", "PASSWORD", "Car", "Detour", "MyNissan"]
