"""The Kamereon platform behind the apps of Europe and Japan, reached with the account's name and password."""

from .auth import Auth
from .backend import KamereonBackend
from .environment import EUROPE, JAPAN, Environment, simulated
from .groups import BACKEND
from .transport import Timeouts

__all__ = ["BACKEND", "EUROPE", "JAPAN", "Auth", "Environment", "KamereonBackend", "Timeouts", "simulated"]
