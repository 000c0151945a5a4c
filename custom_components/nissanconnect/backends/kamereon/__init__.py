"""MyNISSAN Europe: the Kamereon platform behind the European app, reached with the account's e-mail and password."""

from .auth import Auth
from .backend import KamereonBackend
from .environment import EUROPE, Environment, simulated
from .groups import BACKEND
from .transport import Timeouts

__all__ = ["BACKEND", "EUROPE", "Auth", "Environment", "KamereonBackend", "Timeouts", "simulated"]
