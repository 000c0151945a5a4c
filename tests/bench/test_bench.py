"""Measuring works. Whether the figures are good is no matter of a test: they depend on the machine."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path
import sys

import pytest

from script.bench_measures.__main__ import PARTS

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.timeout(600)  # some of its processes import Home Assistant; only one that hangs takes so long
async def test_every_part_measures() -> None:
    command = (sys.executable, "-m", "script.bench_measures", "--quick")
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=PIPE)
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    printed = out.decode()
    for part in PARTS:
        rows = printed.partition(f"\n{part}: ")[2].partition("\n\n|")[2].partition("\n\n")[0].splitlines()
        assert len(rows) > 5, part
    assert "never" not in printed
