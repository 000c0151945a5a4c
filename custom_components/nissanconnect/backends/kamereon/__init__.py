"""The Kamereon platform behind the apps of Europe and Japan, reached with the account's name and password."""

from .auth import Auth
from .backend import KamereonBackend
from .client import EUROPE, JAPAN, Environment, Timeouts, simulated
from .mapping import BACKEND

__all__ = ["BACKEND", "EUROPE", "JAPAN", "Auth", "Environment", "KamereonBackend", "Timeouts", "simulated"]
