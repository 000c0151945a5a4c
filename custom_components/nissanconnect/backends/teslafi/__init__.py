"""TeslaFi and the services that speak like it: what a logging service last heard of one vehicle, read-only.

Experimental: nobody has shown that such a service logs a Nissan (teslafi §0).
"""

from .address import service_url
from .backend import TeslaFiBackend
from .parse import BACKEND

__all__ = ["BACKEND", "TeslaFiBackend", "service_url"]
