"""The story goes on to its end, whatever fails."""

import pytest

from script.demo_home.console import Console, DemoError
from script.demo_home.story import Part, tell_story


async def test_what_fails_keeps_nothing_else_from_being_shown_and_is_named_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    played = []

    async def fine() -> None:
        played.append("fine")

    async def broken() -> None:
        raise DemoError("Waited in vain")

    await tell_story([Part("the tour", broken), Part("the module", fine), Part("the phone", broken)], Console())

    first, second, last = capsys.readouterr().out.splitlines()
    assert played == ["fine"]
    assert first.endswith("Waited in vain")
    assert second.endswith("Waited in vain")
    assert "without the tour and the phone." in last
    assert "--fresh" in last


async def test_the_last_line_says_that_all_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    await tell_story([], Console())

    (last,) = capsys.readouterr().out.splitlines()
    assert "All is set up" in last
