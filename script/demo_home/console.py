"""What the person at the terminal reads."""

from contextlib import suppress
import time


class DemoError(Exception):
    """The demo cannot go on; the message says why, to the person at the terminal."""


class Console:
    """Prints what happens, and when in seconds since ``script/demo`` was started."""

    def __init__(self, since: float | None = None) -> None:
        """Count from ``since``, a time of the system's clock, or from now."""
        self._since = since or time.time()

    def step(self, text: str) -> None:
        """Print a step that begins, or something that has been found out."""
        self.say(f"==> [{time.time() - self._since:3.0f} s] {text}")

    def say(self, text: str) -> None:
        """Print something. A terminal that is gone must not keep the processes from being stopped."""
        with suppress(OSError):
            print(text, flush=True)
