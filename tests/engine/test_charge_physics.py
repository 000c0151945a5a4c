"""What batteries hold, and how fast vehicles charge."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.nissanconnect.engine.charge_physics import ac_power, phases, usable_capacity
from custom_components.nissanconnect.vehicle import Battery, Powertrain, VehicleInfo, VehicleState

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def info(model: str | None = "Leaf", year: int | None = None, **changed: Any) -> VehicleInfo:
    return VehicleInfo(key="X", model=model, year=year, **{"powertrain": Powertrain.ELECTRIC, **changed})


def state(**battery: Any) -> VehicleState:
    return VehicleState.of(Battery(backend="b", received_at=NOON, **battery))


@pytest.mark.parametrize(
    ("vehicle", "reported", "usable"),
    [
        # by what is reported
        (info(), {"capacity": 40.0}, 38.5),
        (info(), {"capacity": 40.0, "health": 80.0}, 30.8),
        (info(year=2020), {"capacity": 62.0, "health": 95.0}, 56.05),
        (info("e-NV200"), {"capacity": 40.0}, 37.5),
        (info("ARIYA"), {"capacity": 87.0, "level": 52.0, "energy": 44.0}, 84.6),
        (info("ARIYA"), {"level": 52.0, "energy": 44.0}, 84.6),
        # what the battery holds today is no nominal capacity, so its health counts in it already
        (info(), {"capacity": 17.5, "health": 78.0}, 17.5),
        # of a model that is not in the table
        (info("Sakura"), {"capacity": 20.0, "health": 90.0}, 18.0),
        (info(None), {"capacity": 24.0}, 24.0),
        (info("Sakura"), {"level": 50.0, "energy": 9.5}, 19.0),
        # by the model
        (info("Townstar EV"), {}, 45.0),
        (info("Townstar EV"), {"health": 90.0}, 40.5),
        (info("LEAF", 2012), {"health": 70.0}, 15.4),
        (info("LEAF", 2018), {}, 38.5),
        (info("e-NV200", 2016), {}, 22.0),
        # several batteries, none, or a vehicle that has none
        (info(), {}, None),
        (info("LEAF", 2016), {}, None),
        (info("LEAF", 2021), {"health": 90.0}, None),
        (info("Ariya"), {"level": 60.0}, None),
        (info("Sakura"), {"health": 90.0}, None),
        (info(None), {}, None),
        (info("Townstar", powertrain=Powertrain.COMBUSTION), {}, None),
        (info("Micra", 2018), {}, None),
        # an energy that cannot be, or that says too little
        (info(), {"capacity": 40.0, "level": 90.0, "energy": 10.0}, 38.5),
        (info(), {"capacity": 40.0, "level": 40.0, "energy": 30.0}, 38.5),
        (info(), {"capacity": 40.0, "level": 5.0, "energy": 1.0}, 38.5),
        (info(), {"level": 5.0, "energy": 1.0}, None),
        (info(), {"level": 50.0, "energy": 0.0}, None),
    ],
)
def test_the_capacity_today(vehicle: VehicleInfo, reported: dict[str, float], usable: float | None) -> None:
    assert usable_capacity(vehicle, state(**reported)) == pytest.approx(usable, abs=0.05)


def test_the_capacity_of_what_has_never_reported() -> None:
    assert usable_capacity(info("Townstar"), VehicleState()) == 45.0
    assert usable_capacity(info("Leaf"), VehicleState()) is None


@pytest.mark.parametrize(
    ("vehicle", "power", "lines"),
    [
        (info("LEAF", 2013), 3.6, 1),
        (info("Leaf", 2021), 6.6, 1),
        (info("LEAF", 2026), 7.4, 1),
        (info("LEAF"), 3.6, 1),
        (info("e-NV200"), 3.6, 1),
        (info("Ariya e-4ORCE", 2023), 7.4, 1),
        (info("MICRA", 2025), 11.0, 3),
        (info("Townstar"), 11.0, 3),
        (info("Sakura"), None, None),
        (info("Qashqai", powertrain=Powertrain.HYBRID), None, None),
        (info(None), None, None),
    ],
)
def test_the_power_of_the_charger(vehicle: VehicleInfo, power: float | None, lines: int | None) -> None:
    assert (ac_power(vehicle), phases(vehicle)) == (power, lines)
