"""A simulated garage: the integration without an account, and the vehicles behind the tests' servers."""

from .backend import DemoBackend

__all__ = ["DemoBackend"]
