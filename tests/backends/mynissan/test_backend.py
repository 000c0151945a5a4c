"""The backend on the simulated service: what is read when."""

from datetime import UTC, datetime
import json

import pytest

from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    ChargeMode,
    ClimateLimits,
    Group,
    Powertrain,
    SetChargeLimit,
    Tyres,
    UpdateStatus,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import EMAIL, MyNissan

from ..doubles import Clock
from .conftest import MakeBackend, carry_out, vehicle


async def test_the_vehicles_of_an_account(backend: MyNissanBackend) -> None:
    vehicles = {each.info.model: each.info for each in await backend.list_vehicles()}

    assert set(vehicles) == {"Leaf", "Ariya", "Qashqai"}
    ariya, qashqai = vehicles["Ariya"], vehicles["Qashqai"]
    assert ariya.key == ariya.vin == "JN1FAKE0000000002"
    assert (ariya.year, ariya.generation) == (2023, "ElectricAVK2Vehicle")
    assert (ariya.powertrain, qashqai.powertrain) == (Powertrain.ELECTRIC, Powertrain.COMBUSTION)
    assert ariya.climate_limits == ClimateLimits(16, 32, 0.5)


async def test_the_account_has_a_name_that_is_no_address(backend: MyNissanBackend) -> None:
    account = await backend.log_in()
    assert account == await backend.log_in()
    assert EMAIL not in account


@pytest.mark.parametrize("country", ["US", "CA", "MX"])
async def test_every_country_is_served(make_backend: MakeBackend, country: str) -> None:
    assert len(await make_backend(country=country).list_vehicles()) == 3


async def test_an_electric_vehicle_is_read(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    cached = service.vehicle("Ariya").cloud.state
    report = await backend.read(info)
    state = report.state

    assert not report.failures
    assert set(state.groups()) == {
        Group.BATTERY,
        Group.BODY,
        Group.CHARGING,
        Group.CLIMATE,
        Group.HEALTH,
        Group.ODOMETER,
        Group.POSITION,
        Group.SCHEDULES,
        Group.SOFTWARE,
        Group.SUBSCRIPTION,
        Group.TYRES,
    }
    assert state.battery
    assert cached.battery
    assert (state.battery.level, state.battery.range) == (cached.battery.level, cached.battery.range)
    assert state.battery.reported_at is None, "the service does not report when"
    assert state.charging
    assert cached.charging
    assert (state.charging.plugged_in, state.charging.limit) == (cached.charging.plugged_in, 80)
    assert state.climate
    assert cached.climate
    assert state.climate.running is False
    assert state.climate.inside_temperature == cached.climate.inside_temperature
    assert state.climate.target_temperature is None
    assert state.body
    assert cached.body
    assert cached.body.reported_at
    assert state.body.reported_at == cached.body.reported_at.replace(microsecond=0)
    assert (state.body.locked, state.body.sunroof, state.body.bonnet) == (True, False, False)
    assert state.position
    assert cached.position
    assert (state.position.latitude, state.position.longitude) == (cached.position.latitude, cached.position.longitude)
    assert state.odometer
    assert cached.odometer
    assert state.odometer.distance == round(cached.odometer.distance or 0)
    assert state.tyres
    assert cached.tyres
    for place in Tyres.measured:
        sent = round(getattr(cached.tyres, place).pressure / 6.894757)  # whole pounds on a square inch
        assert getattr(state.tyres, place).pressure == round(sent * 6.894757), place
    assert state.schedules
    assert state.schedules.charge_mode is ChargeMode.ALWAYS
    assert state.subscription
    assert (state.subscription.active, state.subscription.ends_at) == (True, datetime(2027, 3, 1, tzinfo=UTC))
    assert state.software
    assert (state.software.update, state.software.status) == (None, UpdateStatus.UP_TO_DATE)
    for group in state.groups().values():
        assert (group.backend, group.received_at) == ("mynissan", clock())


async def test_a_combustion_vehicle_is_read(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Qashqai")
    cached = service.vehicle("Qashqai").cloud.state
    state = (await backend.read(info)).state

    absent = {Group.BATTERY, Group.CHARGING, Group.CLIMATE, Group.SOFTWARE}
    assert absent.isdisjoint(state.groups())
    assert state.fuel
    assert cached.fuel
    assert (state.fuel.range, state.fuel.level, state.fuel.quantity) == (cached.fuel.range, None, None)
    assert state.health
    assert state.health.oil_change_in == 7347


async def test_vehicles_are_not_mixed_up(backend: MyNissanBackend, service: MyNissan) -> None:
    for model in ("Ariya", "Leaf", "Qashqai", "Leaf", "Ariya"):
        battery = (await backend.read(await vehicle(backend, model))).state.battery
        expected = service.vehicle(model).cloud.state.battery
        assert (battery and battery.level) == (expected and expected.level)
    assert service.vehicle("Qashqai").cloud.state.battery is None


async def test_miles_and_fahrenheit_are_taken_for_what_they_are(backend: MyNissanBackend, service: MyNissan) -> None:
    """Kilometres and °C are requested; a service that does not care still names its units."""
    service.units = {"unit": "MILE", "temperatureUnit": "FAHRENHEIT"}
    info = await vehicle(backend, "Ariya")
    cached = service.vehicle("Ariya").cloud.state
    state = (await backend.read(info)).state

    assert service.variables["VehicleDynamicData"]["unit"] == "KILOMETER"
    assert service.variables["VehicleDynamicData"]["temperatureUnit"] == "CELSIUS"
    assert state.odometer
    assert state.odometer.distance
    assert cached.odometer
    assert state.odometer.distance == pytest.approx(cached.odometer.distance, abs=1)
    assert state.battery
    assert state.battery.range
    assert cached.battery
    assert state.battery.range == pytest.approx(cached.battery.range, abs=1)
    assert state.climate
    assert cached.climate
    assert state.climate.inside_temperature == cached.climate.inside_temperature


async def test_openings_lamps_and_windows(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    car = service.car("Ariya")
    car.windows.add("rear_left")
    car.lamps["MASTER_WARNING"] = True
    car.vehicle.body.open |= {"bonnet", "door_front_left"}
    car.vehicle.report([Group.BODY])
    state = (await backend.read(info)).state

    assert state.body
    assert (state.body.bonnet, state.body.door_front_left, state.body.door_front_right) == (True, True, False)
    assert (state.body.window_rear_left, state.body.window_rear_right) == (True, False)
    assert state.health
    assert state.health.lamps == ("master_warning",)
    assert state.health.values["tire_pressure"] is False

    car.lamps.clear()
    state = (await backend.read(info)).state
    assert state.health
    assert state.health.lamps == (), "an empty list says that no lamp is lit"


async def test_contracts_and_capabilities_are_requested_once_a_day(
    make_backend: MakeBackend, service: MyNissan, clock: Clock
) -> None:
    daily = {"VehicleCapabilities", "VehicleAlerts", "VehicleSubscriptions", "OtaUpdate"}
    backend = make_backend()

    async def look() -> set[str]:
        service.requests.clear()
        await backend.read(await vehicle(backend, "Ariya"))
        return daily & service.requests.keys()

    assert await look() == daily
    clock.advance(hours=23)
    assert await look() == set()
    backend = make_backend(memory=backend.memory())
    assert await look() == set(), "a restart is no reason"
    clock.advance(hours=1)
    assert await look() == daily

    info = await vehicle(backend, "Ariya")
    backend.forget_refusals(info)
    assert await look() == daily


async def test_the_charge_limit_is_requested_hourly_and_after_commands(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    service.token_lifetime *= 10
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    for _ in range(7):
        state = (await backend.read(info, {Group.CHARGING})).state
        assert state.charging
        assert state.charging.limit == 80
        clock.advance(minutes=10)
    assert service.requests["VehicleDynamicData"] == 7
    assert service.requests["ChargeConfig"] == 2

    await carry_out(backend, info, SetChargeLimit(85), clock)
    state = (await backend.read(info, {Group.CHARGING})).state
    assert state.charging
    assert state.charging.limit == 85


async def test_a_clock_that_is_set_back_stops_nothing(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    service.fail("OtaUpdate", Fault.http(403))
    info = await vehicle(backend, "Ariya")
    assert (await backend.read(info)).state.battery
    service.heal()
    clock.advance(hours=-5)
    state = (await backend.read(info)).state
    assert state.battery
    assert state.battery.received_at == clock()
    assert state.software


async def test_after_a_restart_the_limit_is_not_forgotten(
    make_backend: MakeBackend, service: MyNissan, clock: Clock
) -> None:
    """The rest of its group is read anew, and must not take it away if it cannot be read."""
    backend = make_backend()
    info = await vehicle(backend, "Ariya")
    await backend.read(info)
    again = make_backend(memory=json.loads(json.dumps(backend.memory())))
    service.fail("ChargeConfig", Fault.http(500))
    clock.advance(minutes=1)
    charging = (await again.read(info, {Group.CHARGING})).state.charging
    assert charging
    assert (charging.limit, charging.plugged_in, charging.received_at) == (80, True, clock())
    service.heal()
    service.vehicle("Ariya").order(SetChargeLimit(90))
    clock.advance(minutes=5)
    charging = (await again.read(info, {Group.CHARGING})).state.charging
    assert charging
    assert charging.limit == 90


async def test_an_update_of_the_vehicles_software(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    info = await vehicle(backend, "Ariya")
    software = (await backend.read(info)).state.software
    assert software
    assert (software.update, software.status, software.progress) == ("campaign-7", UpdateStatus.READY, 100)
    assert software.notes == "Better everything"

    firmware.finish()
    clock.advance(days=1)
    software = (await backend.read(info)).state.software
    assert software
    assert (software.update, software.status) == (None, UpdateStatus.UP_TO_DATE)


@pytest.mark.parametrize(
    ("ends", "subscribed", "active", "ends_at"),
    [
        ("2027-03-01T00:00:00Z", True, True, datetime(2027, 3, 1, tzinfo=UTC)),
        (None, True, True, None),
        ("2026-03-01T00:00:00Z", False, False, None),
    ],
)
async def test_subscriptions(
    backend: MyNissanBackend,
    service: MyNissan,
    ends: str | None,
    subscribed: bool,
    active: bool,
    ends_at: datetime | None,
) -> None:
    car = service.car("Ariya")
    car.subscription_ends_at, car.subscribed = ends, subscribed
    subscription = (await backend.read(await vehicle(backend, "Ariya"))).state.subscription
    assert subscription
    assert (subscription.active, subscription.ends_at) == (active, ends_at)


async def test_an_update_that_was_activated(backend: MyNissanBackend, service: MyNissan) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    firmware.status = UpdateStatus.UP_TO_DATE
    software = (await backend.read(await vehicle(backend, "Ariya"))).state.software
    assert software
    assert (software.update, software.status) == (None, UpdateStatus.UP_TO_DATE)
