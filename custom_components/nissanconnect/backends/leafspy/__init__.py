"""Leaf Spy Pro: an app with an adapter in the vehicle, which tells what it reads, live and in logs."""

from .archive import Damaged, log_files
from .backend import ACCEPTED, REFUSED, LeafSpyBackend
from .hourly import HourlyValue, HourlyValues, Series
from .log import LogReader, LogRow, Skipped
from .message import Units

__all__ = [
    "ACCEPTED",
    "REFUSED",
    "Damaged",
    "HourlyValue",
    "HourlyValues",
    "LeafSpyBackend",
    "LogReader",
    "LogRow",
    "Series",
    "Skipped",
    "Units",
    "log_files",
]
