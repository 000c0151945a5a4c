"""The book as files: what is in them, and where they may be."""

import csv
from dataclasses import replace
import errno
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime

from ..conftest import set_up
from ..simulator import Simulator
from ..test_command_log import ask
from .entries import at, charge, trip, write_book

FILES = ["leaf-charges.csv", "leaf-trips.csv", "leaf.json"]


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder that Home Assistant may use, in one that it may not."""
    found = tmp_path / "media"
    found.mkdir()
    hass.config.allowlist_external_dirs = {str(found)}
    return found


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a file as a spreadsheet reads them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


async def fails(hass: HomeAssistant, device: str, path: str, key: str) -> None:
    """Export into a folder that will not do."""
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "export_book", device, path=path)
    assert error.value.translation_key == key
    assert (error.value.translation_placeholders or {})["path"].startswith(path)


async def test_all_that_is_kept_goes_into_tables_and_a_document(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path
) -> None:
    await write_book(leaf, Entries([trip(at(12, 6, month=3))], [charge(at(18, 20))]), Entries([trip(at(19, 6))]))
    told = await ask(hass, "export_book", device, path=str(folder))
    assert told == {
        "files": [str(folder / name) for name in ("leaf-trips.csv", "leaf-charges.csv", "leaf.json")],
        "trips": 2,
        "charges": 1,
    }
    assert names(folder) == FILES
    assert {(folder / name).stat().st_mode & 0o777 for name in FILES} == {0o644}
    trips = await ask(hass, "get_trips", device, period="trip", **{"from": "2026-01-01"})
    charges = await ask(hass, "get_charges", device)
    units = {name: f"{name} ({unit})" for each in (*trips, *charges) for name, unit in each.pop("units").items()}
    words = {None: "", True: "yes", False: "no"}
    for path, rows in ((folder / "leaf-trips.csv", trips), (folder / "leaf-charges.csv", charges)):
        assert table(path) == [
            {
                units.get(name, name): words[value] if value is None or isinstance(value, bool) else str(value)
                for name, value in row.items()
            }
            for row in rows
        ]
    document = json.loads((folder / "leaf.json").read_text())
    assert (document["vehicle"], document["trips"], document["charges"]) == ("LEAF", trips, charges)
    assert document["units"]["charges"]["wall_energy"] == "kWh"
    assert leaf.info.key not in "".join((folder / name).read_text() for name in FILES)


async def test_some_days_in_one_format_without_a_response(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path
) -> None:
    await write_book(leaf, Entries([trip(at(17, 6)), trip(at(18, 6)), trip(at(19, 6))]))
    data = {"device_id": device, "path": str(folder), "format": "csv", "from": "2026-11-18", "to": "2026-11-18"}
    await hass.services.async_call(DOMAIN, "export_book", data, blocking=True)
    assert names(folder) == FILES[:2]
    assert [row["start"][:10] for row in table(folder / "leaf-trips.csv")] == ["2026-11-18"]
    header = (folder / "leaf-charges.csv").read_text(encoding="utf-8-sig")
    assert header.startswith("start,end,duration (min),place,level_from (%),")
    assert table(folder / "leaf-charges.csv") == []


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_no_place_is_a_formula(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path, begin: str
) -> None:
    name = f'{begin}HYPERLINK("x";"y"),\'1\'\n"Zürich"'
    await write_book(leaf, Entries([trip(at(19, 6), destination=name, outside=-4.5)]))
    await ask(hass, "export_book", device, path=str(folder))
    (row,) = table(folder / "leaf-trips.csv")
    assert (row["to"], row["outside_temperature (°C)"]) == (f"'{name}", "-4.5")
    assert json.loads((folder / "leaf.json").read_text())["trips"][0]["to"] == name


async def test_vehicles_of_one_name_have_files_of_their_own(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, folder: Path
) -> None:
    for model in ("Leaf", "Ariya", "Qashqai"):
        vehicle = simulator.car(model).vehicle
        vehicle.info = replace(vehicle.info, nickname="../Max Auto")
    await set_up(hass, entry)
    vehicles = entry.runtime_data.vehicles.values()
    for each in vehicles:
        await write_book(each, Entries([trip(at(19, 6))]))
    devices = [each.id for each in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)]
    told: Any = await hass.services.async_call(
        DOMAIN,
        "export_book",
        {"device_id": devices, "path": str(folder), "format": "json"},
        blocking=True,
        return_response=True,
    )
    files = [name for each in told["vehicles"].values() for name in each["answer"]["files"]]
    assert len({*files}) == len(files) == len(vehicles) == len(names(folder))
    assert all(Path(each).name.startswith("max_auto_vehicle_") for each in files)
    assert not any(vehicle.info.key.casefold() in name.casefold() for vehicle in vehicles for name in files)


async def test_nothing_is_written_outside(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    (outside / "target").write_text("untouched")
    for path in (outside, folder / "link", folder / ".." / "outside", tmp_path, Path("/")):
        await fails(hass, device, str(path), "folder_not_allowed")
    for path in (folder / "missing", folder / "loop", folder / "missing" / ".." / ".." / "outside"):
        await fails(hass, device, str(path), "folder_missing")
    await fails(hass, device, f"{folder}\0", "folder_missing")
    for relative in ("", ".", "media", "../outside"):
        await fails(hass, device, relative, "path_not_full")
    (folder / "file").touch()
    await fails(hass, device, str(folder / "file"), "folder_missing")
    assert names(outside) == ["target"]

    (folder / "leaf.json").symlink_to(outside / "target")
    await ask(hass, "export_book", device, path=f"{folder}/../media")
    assert (outside / "target").read_text() == "untouched"
    assert not (folder / "leaf.json").is_symlink()
    assert names(outside) == ["target"]


async def test_files_that_cannot_be_written(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path
) -> None:
    (folder / "leaf-charges.csv").mkdir()
    await fails(hass, device, str(folder), "file_not_written")
    assert names(folder) == ["leaf-charges.csv", "leaf-trips.csv"], "what has failed leaves nothing behind"
    hass.config.allowlist_external_dirs = {"/proc"}
    await fails(hass, device, "/proc", "file_not_written")


async def test_a_full_disk_leaves_what_was_there(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "leaf-trips.csv").write_text("of last year")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("atomicwrites._proper_fsync", full)
    await fails(hass, device, str(folder), "disk_full")
    assert names(folder) == ["leaf-trips.csv"]
    assert (folder / "leaf-trips.csv").read_text() == "of last year"
