"""The energy dashboard of the demo's home."""

from pathlib import Path
from typing import Any, override

import pytest

from script.demo_home.client import Answer, HomeAssistant
from script.demo_home.console import Console, DemoError
from script.demo_home.energy import energy_issues, fill_energy_dashboard
from script.demo_home.running import Home
from script.demo_home.vehicles import Vehicle
from tests.simulator.cars.garage import LEAF

METER = "sensor.leaf_energy_charged_at_home"


def leaf(**entities: str) -> Vehicle:
    return Vehicle(
        "device", "ours", LEAF.key, "LEAF", "Leaf", {f"sensor.{key}": each for key, each in entities.items()}
    )


class Dashboard(HomeAssistant):
    """A Home Assistant with an energy dashboard, about which it finds these issues."""

    def __init__(self, directory: Path, vehicle: Vehicle, *issues: tuple[str, str]) -> None:
        self.home = Home(self, directory, None, "ours", [vehicle], {})  # type: ignore[arg-type] # is not stopped here
        self.issues = issues
        self.saved: list[dict[str, Any]] = []

    @override
    async def command(self, kind: str, **fields: Any) -> Answer:
        match kind:
            case "energy/save_prefs":
                self.saved.append(fields)
                return None
            case "energy/get_prefs":
                return self.saved[-1]
            case "energy/validate":
                found = [{"type": kind, "affected_entities": [[entity_id, None]]} for kind, entity_id in self.issues]
                return {"energy_sources": [], "device_consumption": [[issue] for issue in found]}
        raise AssertionError(kind)


async def test_the_leaf_is_put_on_it_once(tmp_path: Path) -> None:
    api = Dashboard(tmp_path, leaf(energy_charged_at_home=METER))

    await fill_energy_dashboard(api.home, Console())
    await fill_energy_dashboard(api.home, Console())

    [saved] = api.saved
    assert saved["device_consumption"] == [{"stat_consumption": METER, "name": "LEAF"}]
    assert [source["type"] for source in saved["energy_sources"]] == ["grid"]


async def test_without_the_meter_nothing_is_put_on_it(tmp_path: Path) -> None:
    api = Dashboard(tmp_path, leaf(range="sensor.leaf_range"))

    with pytest.raises(DemoError, match="disabled"):
        await fill_energy_dashboard(api.home, Console())

    assert api.saved == []


@pytest.mark.parametrize(
    ("issues", "wrong"),
    [
        ([], []),
        ([("statistics_not_defined", METER)], []),
        ([("entity_unavailable", "sensor.washing_machine")], []),
        ([("entity_unexpected_state_class", METER)], [f"{METER}: entity_unexpected_state_class"]),
    ],
)
async def test_what_home_assistant_finds_wrong_with_our_entities_is_told(
    tmp_path: Path, issues: list[tuple[str, str]], wrong: list[str]
) -> None:
    api = Dashboard(tmp_path, leaf(energy_charged_at_home=METER), *issues)
    await fill_energy_dashboard(api.home, Console())

    assert await energy_issues(api, api.home.vehicles) == ([METER], wrong)
