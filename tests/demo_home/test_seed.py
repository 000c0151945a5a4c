"""The configuration directory that Home Assistant finds."""

from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint import Blueprint
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml, load_yaml_dict, parse_yaml
import pytest

from custom_components.nissanconnect.engine.alert_rules import AlertPreferences
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.engine.wake_policy import Wake, WakeLedger, WakeResult
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.store import Remembered, RememberedVehicle, VehicleStore
from custom_components.nissanconnect.vehicle import (
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Initiator,
    Odometer,
    VehicleInfo,
    VehicleState,
)
from script.demo_home.console import DemoError
from script.demo_home.seed import CHECKOUT, forget_vehicles, locked, seed

from ..pages import blocks

SIMULATOR = "http://127.0.0.1:8099"
OUR_BLUEPRINTS = CHECKOUT / "blueprints" / "automation" / "nissanconnect"


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Replace the harness's storage, in which nothing gets to a disk."""
    return {}


def test_home_assistant_finds_the_integration_and_where_to_listen(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)

    assert (tmp_path / "custom_components" / "nissanconnect" / "manifest.json").exists()
    http = json.loads((tmp_path / ".storage" / "http").read_text())["data"]
    assert (http["stable"]["server_host"], http["stable"]["server_port"]) == (["127.0.0.1"], 8124)
    assert http["pending"] is None
    configuration = load_yaml_dict(tmp_path / "configuration.yaml")
    assert configuration["homeassistant"]["internal_url"] == "http://127.0.0.1:8124"
    assert "http" not in configuration
    assert (tmp_path / "custom_components" / "demo_energy" / "manifest.json").exists()
    assert configuration["demo_energy"] == {"simulator": SIMULATOR}


def test_the_report_on_the_battery_is_kept_as_our_page_says(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)
    recipe = parse_yaml(blocks("docs/battery-health.md", "text")[0])
    assert load_yaml(tmp_path / "template.yaml") == recipe["template"]  # type: ignore[index,call-overload]


def test_a_second_start_may_choose_another_port_and_keeps_what_home_assistant_has_written(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)
    onboarding = tmp_path / ".storage" / "onboarding"
    onboarding.write_text("written by Home Assistant")

    seed(tmp_path, 8125, SIMULATOR)

    assert onboarding.read_text() == "written by Home Assistant"
    assert '"server_port": 8125' in (tmp_path / ".storage" / "http").read_text()


def test_two_demos_do_not_share_a_directory(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DemoError, match="Another demo"), locked(tmp_path, empty=True):
        pass

    with locked(tmp_path):
        pass


def test_starting_anew_empties_the_directory_and_leaves_alone_what_is_only_linked(tmp_path: Path) -> None:
    checkout, directory = tmp_path / "checkout", tmp_path / "demo"
    checkout.mkdir()
    (checkout / "precious").write_text("")
    (directory / ".storage").mkdir(parents=True)
    (directory / ".storage" / "auth").write_text("")
    (directory / "link").symlink_to(checkout)

    with locked(directory, empty=True):
        assert list(directory.iterdir()) == []

    assert (checkout / "precious").exists()


def test_automations_scripts_and_scenes_can_be_written_and_our_blueprints_are_offered(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)

    configuration = load_yaml_dict(tmp_path / "configuration.yaml")
    assert [configuration[each] for each in ("automation", "scene", "script")] == [[], [], {}]
    offered = tmp_path / "blueprints" / "automation" / "nissanconnect"
    assert (offered / "charging_finished.yaml").exists()


async def test_home_assistant_lists_our_blueprints_beside_its_own(hass: HomeAssistant, tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)
    hass.config.config_dir = str(tmp_path)

    found = await async_get_blueprints(hass).async_get_blueprints()

    assert {f"nissanconnect/{path.name}" for path in OUR_BLUEPRINTS.iterdir()} < found.keys()
    assert "homeassistant/motion_light.yaml" in found
    assert all(isinstance(each, Blueprint) for each in found.values())


def test_a_start_brings_our_blueprints_up_to_date_and_leaves_the_owners_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "blueprints" / "automation"
    folder.mkdir(parents=True)
    (checkout := tmp_path / "checkout").mkdir()
    (folder / "nissanconnect").symlink_to(checkout, target_is_directory=True)  # as an earlier demo had it
    seed(tmp_path, 8124, SIMULATOR)
    offered = folder / "nissanconnect"
    (offered / "left_area.yaml").write_text("old")
    (offered / "mine.yaml").write_text("mine")
    (folder / "homeassistant" / "motion_light.yaml").unlink()

    seed(tmp_path, 8124, SIMULATOR)

    assert list(checkout.iterdir()) == []
    assert (offered / "left_area.yaml").read_text() == (OUR_BLUEPRINTS / "left_area.yaml").read_text()
    assert (offered / "mine.yaml").read_text() == "mine"
    assert not (folder / "homeassistant" / "motion_light.yaml").exists()


def test_what_was_written_in_the_editors_stays(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)
    (tmp_path / "automations.yaml").write_text("- alias: Mine\n")

    seed(tmp_path, 8124, SIMULATOR)

    assert load_yaml_dict(tmp_path / "configuration.yaml")["automation"] == [{"alias": "Mine"}]


def test_a_start_forgets_the_vehicles_of_the_last_one_and_nothing_else(tmp_path: Path) -> None:
    seed(tmp_path, 8124, SIMULATOR)
    storage, broker = tmp_path / ".storage", tmp_path / "mosquitto"
    broker.mkdir()
    remembered = ("nissanconnect.abc", "nissanconnect.abc.open", "nissanconnect.abc.corrupt.2026")
    for path in (*(storage / name for name in remembered), storage / "core.restore_state", broker / "mosquitto.db"):
        path.write_text("{}")

    forget_vehicles(tmp_path)

    assert {path.name for path in storage.iterdir()} == {"core.restore_state", "core.network", "http", "onboarding"}
    assert list(broker.iterdir()) == []


async def test_a_start_keeps_the_logs_and_what_the_owner_has_set(hass: HomeAssistant, tmp_path: Path) -> None:
    (storage := tmp_path / ".storage").mkdir()
    hass.config.config_dir = str(tmp_path)
    now = datetime.now(UTC)
    owner = Initiator(kind="user", name="Demo")
    outcome = CommandOutcome(status=CommandStatus.CONFIRMED, ended_at=now, sent_at=now)
    record = CommandRecord(command="sound_horn", asked_at=now, asked_by=owner, backend="kamereon", outcome=outcome)
    kept = RememberedVehicle(
        info=VehicleInfo(key="FAKE"),
        log=(record,),
        wakes=WakeLedger((Wake(at=now, asked_by=owner, why="sound_horn", result=WakeResult.ANSWERED),)),
        alert_preferences=AlertPreferences(charge_below=55.0),
    )
    reported = replace(
        kept,
        reported=SourceState(
            state=VehicleState(odometer=Odometer(received_at=now, backend="kamereon", distance=1234.0))
        ),
        rests_since=now,
    )
    await VehicleStore(hass, "abc").async_save(Remembered(vehicles=[reported], memory={"quota": 1}))
    await VehicleStore(hass, "module").async_save(Remembered(vehicles=[reported]))
    keep_entries(tmp_path, abc=Source.EUROPE, module=Source.OVMS)

    forget_vehicles(tmp_path)

    assert await VehicleStore(hass, "abc").async_load() == Remembered(vehicles=[kept])
    assert {path.name for path in storage.glob("nissanconnect.*")} == {"nissanconnect.abc"}


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"data": {"vehicles": 1}}', '{"data": {"vehicles": [1]}}'])
def test_a_file_that_cannot_be_read_is_forgotten(tmp_path: Path, damaged: str) -> None:
    (storage := tmp_path / ".storage").mkdir()
    (storage / "nissanconnect.abc").write_text(damaged)
    keep_entries(tmp_path, abc=Source.EUROPE)

    forget_vehicles(tmp_path)

    assert not (storage / "nissanconnect.abc").exists()


def keep_entries(directory: Path, **kinds: Source) -> None:
    """Write config entries as Home Assistant keeps them, by their ids."""
    entries = [
        {"entry_id": entry, "domain": "nissanconnect", "data": {"source": kind}} for entry, kind in kinds.items()
    ]
    (directory / ".storage" / "core.config_entries").write_text(json.dumps({"data": {"entries": entries}}))
