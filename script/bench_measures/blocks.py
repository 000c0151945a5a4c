"""For how long the event loop is kept from going on, and by whom."""

from asyncio.events import Handle
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
import gc
from pathlib import Path
import sys
import threading
from time import perf_counter, sleep
from types import FrameType
from unittest.mock import patch

_LOOK_AFTER = 0.010
_LOOK_EVERY = 0.002
_STACK = 40


@dataclass(slots=True)
class Blocks:
    """Seconds that each callback of the loop took, and where the longest ones were seen at work."""

    seconds: list[float] = field(default_factory=list)
    culprits: dict[float, str] = field(default_factory=dict)

    @property
    def longest(self) -> float:
        """The longest in ms."""
        return 1000 * max(self.seconds, default=0.0)

    @property
    def culprit(self) -> str:
        """Where the longest block was."""
        return self.culprits.get(max(self.seconds, default=0.0), "")


@contextmanager
def watched() -> Generator[Blocks]:
    """Time every callback that the running loop executes inside the context."""
    blocks, run = Blocks(), Handle._run
    loop_thread = threading.get_ident()
    began: float | None = None
    seen = ""
    stop = threading.Event()

    def timed(handle: Handle) -> None:
        nonlocal began, seen
        began, seen = perf_counter(), ""
        try:
            run(handle)
        finally:
            took, began = perf_counter() - began, None
            if not stop.is_set():  # what goes on after the end is none of it
                blocks.seconds.append(took)
                if took > _LOOK_AFTER:
                    blocks.culprits[took] = seen or repr(handle)

    def collecting(phase: str, info: dict[str, int]) -> None:
        nonlocal seen
        if phase == "start":
            seen = f"garbage collection of generation {info['generation']}"
        elif began is not None and perf_counter() - began <= _LOOK_AFTER:
            seen = ""

    def watch() -> None:
        nonlocal seen
        while not stop.is_set():
            start = began
            if start is not None and not seen and perf_counter() - start > _LOOK_AFTER:
                seen = _place(sys._current_frames().get(loop_thread))
            sleep(_LOOK_EVERY)

    thread = threading.Thread(target=watch, daemon=True)
    gc.collect()
    gc.callbacks.append(collecting)
    with patch.object(Handle, "_run", timed):
        thread.start()
        try:
            yield blocks
        finally:
            gc.callbacks.remove(collecting)
            stop.set()
            thread.join()


def _place(frame: FrameType | None) -> str:
    """Return the innermost functions of ours and of Home Assistant in a stack."""
    found: list[str] = []
    for _ in range(_STACK):
        if frame is None:
            break
        path = Path(frame.f_code.co_filename)
        if "asyncio" not in path.parts and path.name != Path(__file__).name:
            found.append(f"{path.parent.name}/{path.stem}.{frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(found[:2])
