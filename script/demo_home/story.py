"""What the demo shows once Home Assistant is up: part after part, to the end whatever fails."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from .console import Console, DemoError


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the story, and what it is called in a sentence."""

    name: str
    play: Callable[[], Awaitable[None]]


async def tell_story(parts: Iterable[Part], console: Console) -> None:
    """Play all parts; what has failed does not keep the next from being played, and is named in the last line."""
    failed = []
    for part in parts:
        try:
            await part.play()
        except DemoError as reason:
            console.step(str(reason))
            failed.append(part.name)
    if failed:
        console.step(
            f"The demo goes on without {' and '.join(failed)}. Another start tries again; if that fails too, "
            "script/demo --fresh begins with an empty home"
        )
    else:
        console.step("All is set up; look around in Home Assistant, Ctrl-C stops everything")
