"""A simulator of NissanConnect Europe for tests and for trying things out; it listens on 127.0.0.1 only."""

from .account import EMAIL, PASSWORD, Account, Car, Family
from .faults import Fault
from .server import Simulator
from .world import Login

__all__ = ["EMAIL", "PASSWORD", "Account", "Car", "Family", "Fault", "Login", "Simulator"]
