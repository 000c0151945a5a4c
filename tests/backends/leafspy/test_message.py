"""Every quirk that is on record, as a message."""

from collections.abc import Mapping

import pytest

from custom_components.nissanconnect.backends.leafspy import LeafSpyBackend
from custom_components.nissanconnect.backends.leafspy.message import Message, Units, parse
from custom_components.nissanconnect.vehicle import ChargeSpeed, ChargingStatus, Group, VehicleState
from tests.simulator.leafspy_app import VIN, LeafSpyApp

from .conftest import World, told


def read(said: Mapping[str, str], units: Units | None = None) -> Message:
    message = parse({"VIN": VIN, **said}, units or Units())
    assert message is not None
    return message


def value(message: Message, name: str) -> object:
    """Return a value of a message; those that are not named below are the battery's."""
    state = message.state
    match name:
        case "charging":
            return message.charging
        case "odometer":
            return state.odometer.distance if state.odometer else None
        case "position":
            return (state.position.latitude, state.position.longitude) if state.position else None
        case "plugged_in" | "power" | "speed":
            return getattr(state.charging, name, None)
    return getattr(state.battery, name, None)


def outside(state: VehicleState) -> float | None:
    return state.climate.outside_temperature if state.climate else None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"SOC": "46.2757", "Gids": "219"}, {"level": 46.3, "energy": 16.97}),
        ({"SOC": "0", "Gids": "163"}, {"level": None, "energy": 12.63}),  # shutting down
        ({"SOC": "0", "Gids": "5"}, {"level": 0}),
        ({"SOC": "0"}, {"level": 0}),
        ({"SOC": "100.4"}, {"level": None}),
        ({"SOH": "0"}, {"health": None}),
        ({"SOH": "93"}, {"health": 93}),
        ({"AHr": "0"}, {"amp_hours": None}),
        ({"AHr": "55.00"}, {"amp_hours": 55, "capacity": None}),  # health is not known
        ({"AHr": "54.5632", "SOH": "83.0"}, {"capacity": 24}),
        ({"AHr": "70.1", "SOH": "87"}, {"capacity": 30}),
        ({"AHr": "107.3014", "SOH": "92.95"}, {"capacity": 40}),
        ({"AHr": "169.4145", "SOH": "96.04"}, {"capacity": 62}),
        ({"AHr": "95", "SOH": "99"}, {"capacity": None}),  # no pack that was ever sold
        ({"Hx": "102.51"}, {"hx": 102.51}),
        ({"Hx": "11034.6"}, {"hx": 107.76}),  # the register
        ({"Hx": "0"}, {"hx": None}),
        ({"BatTemp": "96.8", "Tunits": "F"}, {"temperature": 36}),
        ({"BatTemp": "33.2", "Tunits": "C"}, {"temperature": 33.2}),
        ({"BatTemp": "255"}, {"temperature": None}),
        ({"Odo": "3741.14"}, {"odometer": 3741.1}),
        ({"Odo": "0"}, {"odometer": None}),
        ({"Odo": "-12"}, {"odometer": None}),
        ({"Lat": "0.0", "Long": "0.0"}, {"position": None}),
        ({"Lat": "0.0", "Long": "32.5"}, {"position": (0, 32.5)}),
        ({"Lat": "91", "Long": "32.5"}, {"position": None}),
        ({"Lat": "60.0"}, {"position": None}),
        ({"PlugState": "0", "ChrgMode": "0"}, {"plugged_in": False, "charging": False, "power": 0, "speed": None}),
        ({"PlugState": "1"}, {"plugged_in": False, "charging": None, "power": None}),
        ({"PlugState": "2.0", "ChrgMode": "1", "ChrgPwr": "1000"}, {"plugged_in": True, "speed": ChargeSpeed.SLOW}),
        ({"ChrgMode": "2", "ChrgPwr": "3300"}, {"plugged_in": True, "power": 3.3, "speed": ChargeSpeed.NORMAL}),
        ({"ChrgMode": "2", "ChrgPwr": "6000"}, {"charging": True, "power": 6, "speed": ChargeSpeed.FAST}),
        ({"ChrgMode": "2"}, {"charging": True, "power": None, "speed": None}),
        ({"ChrgMode": "7"}, {"charging": None}),
    ],
)
def test_values_and_glitches(said: Mapping[str, str], meant: Mapping[str, object]) -> None:
    message = read(said)
    assert {name: value(message, name) for name in meant} == meant


def test_a_quick_charge_has_no_plug_and_its_power_comes_from_the_battery() -> None:
    message = read({"PlugState": "0", "ChrgMode": "3", "ChrgPwr": "0", "BatVolts": "354.59", "BatAmps": "-56.998"})
    assert [value(message, name) for name in ("plugged_in", "charging")] == [True, True]
    assert (value(message, "speed"), value(message, "power")) == (ChargeSpeed.FASTEST, 20.2)
    assert not message.doubtful


@pytest.mark.parametrize(
    ("volts", "amps", "power"),
    [
        ("-56.998", "354.59", 20.2),
        ("354.59", "3.1", 0),
        ("354.59", "-900", None),
        ("12", "-56", None),
        ("", "-56", None),
    ],
)
def test_volts_and_amperes_may_be_mixed_up(volts: str, amps: str, power: float | None) -> None:
    assert value(read({"ChrgMode": "3", "BatVolts": volts, "BatAmps": amps}), "power") == power


@pytest.mark.parametrize(
    "text", ["", " ", "NaN", "inf", "-inf", "1e999", "0x10", "1_0", "٣", "1,5", "12 V", "--1", "1" * 41]
)
def test_what_is_no_number_is_unknown(text: str) -> None:
    names = ("SOC", "SOH", "Odo", "ChrgMode", "PlugState", "Lat", "Long", "Amb", "Gids")
    assert read(dict.fromkeys(names, text)) == read({})
    assert read({}).state.groups().keys() == {Group.CONNECTIVITY}


def test_the_owner_may_say_that_the_odometer_counts_miles() -> None:
    assert value(read({"Odo": "1000"}, Units(odometer_miles=True)), "odometer") == 1609.3


async def test_power_that_contradicts_the_charge_mode_is_believed_the_second_time(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    async def status(**said: str) -> ChargingStatus | None:
        world.tick(seconds=6)
        backend.receive(app.parameters() | said)
        charging = (await told(backend)).charging
        return charging.status if charging else None

    assert await status(PlugState="2", ChrgMode="2", ChrgPwr="6000") is ChargingStatus.CHARGING
    assert await status(PlugState="2", ChrgMode="0", ChrgPwr="5100") is ChargingStatus.CHARGING
    assert await status(PlugState="2", ChrgMode="2", ChrgPwr="6000") is ChargingStatus.CHARGING
    assert await status(PlugState="2", ChrgMode="0", ChrgPwr="5100") is ChargingStatus.CHARGING
    assert await status(PlugState="2", ChrgMode="0", ChrgPwr="5100") is ChargingStatus.NOT_CHARGING
    assert await status(PlugState="2", ChrgMode="2", ChrgPwr="0") is ChargingStatus.NOT_CHARGING
    assert await status(PlugState="2", ChrgMode="2", ChrgPwr="0") is ChargingStatus.CHARGING


async def test_the_last_message_of_a_drive_loses_nothing(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    backend.receive(app.parameters())
    before = (await told(backend)).battery
    assert before is not None
    world.tick(seconds=5)
    backend.receive(app.parameters() | {"SOC": "0", "SOH": "0", "AHr": "0", "Amb": "203"})
    after = (await told(backend)).battery
    assert after is not None
    assert (after.level, after.health, after.amp_hours) == (before.level, before.health, before.amp_hours)
    world.tick(days=3)
    backend.receive(app.parameters() | {"SOC": "0", "SOH": "0"})
    days_later = (await told(backend)).battery
    assert days_later is not None
    assert (days_later.level, days_later.health) == (None, None)


async def test_the_oldest_apps_send_less(backend: LeafSpyBackend, app: LeafSpyApp) -> None:
    newer = {"SOH", "Hx", "Speed", "BatVolts", "BatAmps"}
    backend.receive({name: value for name, value in app.parameters().items() if name not in newer})
    battery = (await told(backend)).battery
    assert battery is not None
    assert (battery.health, battery.hx, battery.capacity, battery.amp_hours) == (None, None, None, 101.59)


async def test_an_app_without_a_fix_has_no_position(backend: LeafSpyBackend, app: LeafSpyApp, world: World) -> None:
    app.gps = False
    backend.receive(app.parameters())
    assert (await told(backend)).position is None
    assert world.heard[-1].info.capabilities == {"battery"}


@pytest.mark.parametrize(
    ("units", "tunits", "sent", "degrees"),
    [
        ({}, "C", "7.0", 7),
        ({}, "C", "72.5", 22.5),  # more than 50: °F
        ({}, "C", "33.8", 1),  # fits to the steps of °F only
        ({}, "C", "-0.4", -18),
        ({}, "C", "12.5", 12.5),
        ({}, "C", "9.5", 9.5),  # fits to both
        ({}, "C", "11.1", 11.1),  # fits to neither
        ({}, "F", "84.2", 29),
        ({}, "F", "95.0", 35),
        ({}, "F", "188.6", None),
        ({}, "C", "203", None),
        ({}, "C", "95.0", None),
        ({}, "C", "87.0", None),
        ({}, "F", "203", None),
        ({"outside_unit": "celsius"}, "F", "12.0", 12),
        ({"outside_unit": "fahrenheit"}, "C", "41.0", 5),
    ],
)
async def test_the_unit_of_the_outside_temperature_is_found_out(
    world: World, app: LeafSpyApp, units: dict[str, str], tunits: str, sent: str, degrees: float | None
) -> None:
    backend = world.backend(**units)
    backend.receive(app.parameters() | {"Amb": sent, "Tunits": tunits})
    assert outside(await told(backend)) == degrees


async def test_a_unit_once_found_out_is_remembered_over_a_restart(world: World, app: LeafSpyApp) -> None:
    backend = world.backend()
    backend.receive(app.parameters() | {"Amb": "72.5"})
    backend.receive(app.parameters() | {"Amb": "50.0"})
    assert outside(await told(backend)) == 10
    after = world.backend(memory=backend.memory())
    after.receive(app.parameters() | {"Amb": "5.0"})
    assert outside(await told(after)) == -15
    after.receive(app.parameters() | {"Amb": "7.0"})  # the owner has ticked the app's option
    after.receive(app.parameters() | {"Amb": "5.0"})
    assert outside(await told(after)) == 5


async def test_every_half_degree_comes_out_right_in_a_winter_of_fahrenheit(world: World, app: LeafSpyApp) -> None:
    """The law behind the digits: one message in five may be undecided, and is when nothing was before it."""
    backend, wrong = world.backend(), 0
    app.converts_outside = False
    for half in range(-40, 30):
        world.tick(minutes=1)
        grid = round((half / 2 + 40.5) * 2) * 0.9 - 40.9
        backend.receive(app.parameters() | {"Amb": f"{grid:.1f}"})
        wrong += outside(await told(backend)) != half / 2
    assert wrong <= 1
