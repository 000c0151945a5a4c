"""The file itself, on a real disk."""

from pathlib import Path
import stat
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import storage
from homeassistant.util.file import write_utf8_file_atomic
import pytest

from custom_components.nissanconnect.store import Remembered, VehicleStore


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Replace the harness's storage, in which nothing gets to a disk."""
    return {}


async def test_nobody_else_may_read_the_file_and_a_power_cut_leaves_a_whole_one(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Home Assistant's ways to write, only the atomic one waits until the new content is on the disk."""
    waited_for = []

    def write(filename: str, *args: Any, **kwargs: Any) -> None:
        waited_for.append(filename)
        write_utf8_file_atomic(filename, *args, **kwargs)

    monkeypatch.setattr(storage, "write_utf8_file_atomic", write)
    hass.config.config_dir = str(tmp_path)
    path = tmp_path / storage.STORAGE_DIR / "nissanconnect.entry"
    for content in ("first", "second"):
        await VehicleStore(hass, "entry").async_save(Remembered(memory=content))
        assert f'"{content}"' in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert waited_for == [str(path)] * 2


async def test_nobody_else_may_read_what_is_open(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path)
    await VehicleStore(hass, "entry").async_save_open()
    path = tmp_path / storage.STORAGE_DIR / "nissanconnect.entry.open"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
