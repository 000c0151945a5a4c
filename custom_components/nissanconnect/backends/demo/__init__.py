"""The demo: a small scripted garage, to try the integration without a vehicle, an account or a network."""

from .backend import DemoBackend

__all__ = ["DemoBackend"]
