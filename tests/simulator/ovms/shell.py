"""The module's shell, as far as anybody is to use it: command lines, and the firmware's words in reply (ovms §1.7)."""

from collections.abc import Mapping
import re
from typing import Protocol

from custom_components.nissanconnect.vehicle import (
    Command,
    Lock,
    Refresh,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Unlock,
)


class Controls(Protocol):
    """What the shell does with a vehicle and with the module."""

    def control(self, command: Command) -> bool:
        """Send the frames of a command; whether that is permitted."""

    def configure(self, name: str, value: str) -> None:
        """Set a parameter of ``xnl``."""

    def tell_all(self) -> None:
        """Publish everything."""


_ACTIONS: Mapping[str, tuple[Command, str, str]] = {
    "charge start": (StartCharging(), "Charge has been started", "Error: Could not start charge"),
    "charge stop": (StopCharging(), "Charge has been stopped", "Error: Could not stop charge"),
    "climatecontrol off": (StopClimate(), "Climate Control \noff", "Error: Climate Control failed"),
    "climatecontrol on": (StartClimate(), "Climate Control \non", "Error: Climate Control failed"),
    "lock": (Lock(), "Vehicle locked", "Error: vehicle could not be locked"),
    "unlock": (Unlock(), "Vehicle unlocked", "Error: vehicle could not be unlocked"),
    "wakeup": (Refresh(), "Vehicle has been woken", "Error: vehicle could not be woken"),
}


def run_line(line: str, controls: Controls) -> str:
    """Execute what was sent as one command; a line feed in it would end one command and begin the next (§1.9)."""
    return "".join(f"{_one(each, controls)}\n" for each in line.split("\n") if each)


def _one(line: str, controls: Controls) -> str:
    if line == "server v3 update all":
        controls.tell_all()
        return "Server V3 data update for all metrics has been scheduled"
    if found := re.fullmatch(r"config set xnl (\w+) (\S+)", line):
        controls.configure(found[1], found[2])
        return "Parameter has been set."
    name, _, pin = line.partition(" ")
    if name not in ("lock", "unlock"):
        name, pin = line, "none"
    if name not in _ACTIONS:
        return "Unrecognised command"
    if not pin:
        return f"Usage: {name} <pin>"
    command, success, failure = _ACTIONS[name]
    return success if controls.control(command) else failure
