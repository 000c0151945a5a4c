"""Measuring works. Whether the figures are good is no matter of a test: they depend on the machine."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path
import sys

import pytest

from script.bench_measures.__main__ import PARTS

CHECKOUT = Path(__file__).parents[2]


async def bench(*arguments: str) -> str:
    """Run the command; return what it prints."""
    command = (sys.executable, "-m", "script.bench_measures", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=PIPE)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 50)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    return out.decode()


@pytest.mark.parametrize("part", PARTS)
async def test_every_part_measures(part: str) -> None:
    printed = await bench("--quick", part)
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(rows) > 5
    assert "never" not in printed
