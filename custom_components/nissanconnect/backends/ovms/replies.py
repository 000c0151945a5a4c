"""What a module's reply to a command means: only its words tell (ovms §1.7, §5.5)."""

from dataclasses import dataclass
from enum import StrEnum

from .values import decode

_LONGEST = 1000
"""Bytes; the replies to our commands have less than a hundred."""


class Verdict(StrEnum):
    """How a module took a command."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reply:
    """A verdict, and for a refusal the firmware's own words for it, as far as they are known to be its own."""

    verdict: Verdict
    code: str | None = None


UNCLEAR = "unexpected reply"

_REFUSALS = (
    "Error: Charge start functionality not available",
    "Error: Charge stop functionality not available",
    "Error: Climate Control failed",
    "Error: Climate Control functionality not available",
    "Error: Could not start charge",
    "Error: Could not stop charge",
    "Error: No vehicle module selected",
    "Error: Vehicle lock functionality not available",
    "Error: Vehicle unlock functionality not available",
    "Error: vehicle could not be locked",
    "Error: vehicle could not be unlocked",
    "Error: vehicle could not be woken",
)
_BEGINNINGS = {
    "error": "Error",
    "usage": "Usage",
    "subcommand required": "Usage",
    "unrecognised": "Unrecognised",
    "unimplemented": "Unimplemented",
    "unsupported": "Unsupported",
}
"""How any other refusal begins; the rest of it is not told, because nobody knows what it holds."""


def classify(payload: bytes, expected: str) -> Reply:
    """Return what a reply means to a command whose success is announced by ``expected``; line ends do not matter."""
    text = " ".join((decode(payload, _LONGEST) or "").split())
    if text == expected:
        return Reply(Verdict.ACCEPTED)
    lower = text.casefold()
    for refusal in _REFUSALS:
        if lower == refusal.casefold():
            return Reply(Verdict.REFUSED, refusal)
    for beginning, code in _BEGINNINGS.items():
        if lower.startswith(beginning):
            return Reply(Verdict.REFUSED, code)
    return Reply(Verdict.UNCLEAR, UNCLEAR)
