"""A simulator of an OpenCARWINGS server for tests; it listens on 127.0.0.1 only."""

from .accounts import Account
from .car import SECRETS, Car
from .server import OpenCarwings
from .vehicles import LEAF_24, LEAF_40

__all__ = ["LEAF_24", "LEAF_40", "SECRETS", "Account", "Car", "OpenCarwings"]
