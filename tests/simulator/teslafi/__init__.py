"""A stand-in for TeslaFi on 127.0.0.1, with a simulated car in it."""

from .server import TOKEN, Say, TeslaFi

__all__ = ["TOKEN", "Say", "TeslaFi"]
