"""The backend on the simulated service: what is read when, and what is left when parts fail."""

from datetime import UTC, datetime, timedelta
import logging

import pytest

from custom_components.nissanconnect.backends.base import Backend, Json, Messages, Trips
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Capability,
    ChargeMode,
    ChargingStatus,
    ClimateLimits,
    Group,
    Lock,
    NoConnection,
    Powertrain,
    ProtocolError,
    RateLimited,
    Role,
    ServiceOutage,
    SetChargeLimit,
    TripPeriod,
    Unavailable,
    UpdateStatus,
    VehicleState,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import EMAIL, MyNissan
from tests.simulator.mynissan.faults import fractions, no_data, partial, replaced, without

from .conftest import Clock, MakeBackend, carry_out, vehicle


def test_it_is_a_backend(backend: MyNissanBackend) -> None:
    kind: Backend = backend
    assert isinstance(kind, Messages)
    assert isinstance(kind, Trips)


async def test_the_vehicles_of_an_account(backend: MyNissanBackend) -> None:
    vehicles = {each.info.model: each.info for each in await backend.list_vehicles()}

    assert set(vehicles) == {"Leaf", "Ariya", "Qashqai"}
    ariya, qashqai = vehicles["Ariya"], vehicles["Qashqai"]
    assert ariya.key == ariya.vin == "JN1FAKE0000000002"
    assert (ariya.year, ariya.role, ariya.generation) == (2023, Role.OWNER, "ElectricAVK2Vehicle")
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
    said = service.vehicle("Ariya").cloud.state
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
    assert said.battery
    assert (state.battery.level, state.battery.range) == (said.battery.level, said.battery.range)
    assert state.battery.reported_at is None, "the service does not tell when"
    assert state.charging
    assert said.charging
    assert (state.charging.plugged_in, state.charging.limit) == (said.charging.plugged_in, 80)
    assert state.climate
    assert said.climate
    assert state.climate.running is False
    assert state.climate.inside_temperature == said.climate.inside_temperature
    assert state.climate.target_temperature is None
    assert state.body
    assert said.body
    assert said.body.reported_at
    assert state.body.reported_at == said.body.reported_at.replace(microsecond=0)
    assert (state.body.locked, state.body.sunroof, state.body.bonnet) == (True, False, False)
    assert state.position
    assert said.position
    assert (state.position.latitude, state.position.longitude) == (said.position.latitude, said.position.longitude)
    assert state.odometer
    assert said.odometer
    assert state.odometer.distance == round(said.odometer.distance or 0)
    assert state.tyres
    assert said.tyres
    assert said.tyres.front_left.pressure
    assert state.tyres.front_left.pressure == pytest.approx(said.tyres.front_left.pressure, abs=4)
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
    said = service.vehicle("Qashqai").cloud.state
    state = (await backend.read(info)).state

    absent = {Group.BATTERY, Group.CHARGING, Group.CLIMATE, Group.SOFTWARE}
    assert absent.isdisjoint(state.groups())
    assert state.fuel
    assert said.fuel
    assert (state.fuel.range, state.fuel.level, state.fuel.quantity) == (said.fuel.range, None, None)
    assert state.health
    assert state.health.oil_change_in == 7347


async def test_miles_and_fahrenheit_are_taken_for_what_they_are(backend: MyNissanBackend, service: MyNissan) -> None:
    """Kilometres and °C are asked for; a service that does not care still names its units."""
    service.units = {"unit": "MILE", "temperatureUnit": "FAHRENHEIT"}
    info = await vehicle(backend, "Ariya")
    said = service.vehicle("Ariya").cloud.state
    state = (await backend.read(info)).state

    assert service.variables["VehicleDynamicData"]["unit"] == "KILOMETER"
    assert service.variables["VehicleDynamicData"]["temperatureUnit"] == "CELSIUS"
    assert state.odometer
    assert state.odometer.distance
    assert said.odometer
    assert state.odometer.distance == pytest.approx(said.odometer.distance, abs=1)
    assert state.battery
    assert state.battery.range
    assert said.battery
    assert state.battery.range == pytest.approx(said.battery.range, abs=1)
    assert state.climate
    assert said.climate
    assert state.climate.inside_temperature == said.climate.inside_temperature


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


async def test_only_what_is_wanted_is_asked_for(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    await backend.read(info, {Group.POSITION})
    assert service.requests == {"VehicleLocation": 1}

    service.requests.clear()
    await backend.read(info, {Group.AUX_BATTERY, Group.PRIVACY})
    assert not service.requests


async def test_contracts_and_capabilities_are_asked_for_once_a_day(
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


async def test_the_charge_limit_is_asked_for_hourly_and_after_commands(
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


async def test_after_a_restart_the_limit_is_not_forgotten(make_backend: MakeBackend, clock: Clock) -> None:
    backend = make_backend()
    info = await vehicle(backend, "Ariya")
    await backend.read(info)
    again = make_backend(memory=backend.memory())
    clock.advance(minutes=1)
    state = (await again.read(info, {Group.CHARGING})).state
    assert state.charging
    assert state.charging.limit == 80


async def test_reading_wakes_nobody(backend: MyNissanBackend, service: MyNissan) -> None:
    wakes = [car.vehicle.telematics.wakes for car in service.cars.values()]
    for listed in await backend.list_vehicles():
        await backend.read(listed.info)
        await backend.read_notifications(listed.info)
    assert [car.vehicle.telematics.wakes for car in service.cars.values()] == wakes


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


# When parts fail


async def test_a_number_in_the_wrong_form_takes_nothing_away(backend: MyNissanBackend, service: MyNissan) -> None:
    """The library takes 73.1 for no number at all (mynissan-na §5)."""
    info = await vehicle(backend, "Ariya")
    before = (await backend.read(info)).state
    service.fail("VehicleDynamicData", fractions())
    after = (await backend.read(info)).state

    assert after.battery == before.battery
    assert after.odometer == before.odometer
    assert after.tyres == before.tyres


async def test_a_word_in_place_of_a_number_keeps_the_last_one(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info = await vehicle(backend, "Ariya")
    before = (await backend.read(info)).state
    clock.advance(minutes=10)
    service.fail("VehicleDynamicData", Fault.values(level="73", isCharging="yes", total=None))
    after = (await backend.read(info)).state

    assert before.battery
    assert after.battery
    assert after.battery.level == before.battery.level
    assert after.battery.received_at == clock()
    assert after.charging
    assert after.charging.status is ChargingStatus.NOT_CHARGING
    assert after.odometer is None, "a group of which nothing was heard is not reported"


async def test_what_is_missing_silently_is_left_out(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", without("doorsStatus", "tirePressure", "mils"))
    report = await backend.read(info)
    assert not report.failures
    assert {Group.BODY, Group.TYRES}.isdisjoint(report.state.groups())
    assert report.state.battery is not None


async def test_a_part_that_the_service_says_it_cannot_tell_is_a_failure(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", partial("doorsStatus", "batteryStatus"))
    report = await backend.read(info)
    assert set(report.failures) == {"status: doorsStatus", "status: batteryStatus"}
    assert all(isinstance(error, Unavailable) for error in report.failures.values())
    assert {Group.BATTERY, Group.BODY}.isdisjoint(report.state.groups())
    assert report.state.odometer is not None


async def test_errors_are_not_quoted(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    path: Json = ["vehicle", info.key]
    errors: Json = [{"message": f"{info.key} {EMAIL}", "path": path}, {"path": "odd"}, "odd"]
    service.fail(
        "VehicleLocation", Fault(rewrite=lambda body: {**(body if isinstance(body, dict) else {}), "errors": errors})
    )
    report = await backend.read(info, {Group.POSITION})
    assert set(report.failures) == {"location: something"}
    assert info.key not in str(report.failures)
    assert EMAIL not in str(report.failures)


async def test_one_part_down(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    for part, operation, group in (
        ("location", "VehicleLocation", Group.POSITION),
        ("subscription", "VehicleSubscriptions", Group.SUBSCRIPTION),
        ("software", "OtaUpdate", Group.SOFTWARE),
    ):
        backend.forget_refusals(info)
        service.fail(operation, Fault.http(500))
        report = await backend.read(info)
        assert set(report.failures) == {part}
        assert group not in report.state.groups()
        assert report.state.battery
        service.heal()


@pytest.mark.parametrize("fault", [no_data(), Fault.html(200), Fault.http(502)])
async def test_the_whole_service_down(backend: MyNissanBackend, service: MyNissan, fault: Fault) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("*", fault)
    with pytest.raises(ServiceOutage):
        await backend.read(info)
    with pytest.raises(Unavailable):
        await backend.list_vehicles()
    service.heal()
    assert (await backend.read(info)).state.battery


@pytest.mark.parametrize(
    ("fault", "error", "asked"), [(Fault.http(403), AccessBlocked, 2), (Fault.rate_limited(300), RateLimited, 1)]
)
async def test_a_service_that_wants_to_be_left_alone_is(
    backend: MyNissanBackend, service: MyNissan, fault: Fault, error: type[BackendError], asked: int
) -> None:
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    service.fail("*", fault)
    with pytest.raises(error):
        await backend.read(info)
    assert service.requests.total() == asked


@pytest.mark.parametrize("operation", ["VehicleDynamicData", "VehicleLocation", "OtaUpdate"])
async def test_a_part_that_is_refused_is_left_alone_for_a_day(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, operation: str
) -> None:
    service.token_lifetime *= 1000
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    service.fail(operation, Fault.http(403))
    report = await backend.read(info)
    assert [type(error) for error in report.failures.values()] == [AccessBlocked]
    assert {Group.SCHEDULES, Group.SUBSCRIPTION} <= report.state.groups().keys(), "the rest is read"
    clock.advance(hours=5)
    assert not (await backend.read(info)).failures
    assert service.requests[operation] == 1

    backend.forget_refusals(info)
    assert (await backend.read(info)).failures
    clock.advance(days=1)
    service.heal()
    assert not (await backend.read(info)).failures
    assert service.requests[operation] == 3


async def test_a_limit_reached_halfway_is_told(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleLocation", Fault.rate_limited(300))
    report = await backend.read(info)
    assert report.state.battery
    assert report.failures["location"].retry_after == 300


async def test_without_a_network(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    await service.stop()
    with pytest.raises(Unavailable):
        await backend.read(info)
    with pytest.raises(NoConnection):
        await backend.read(info)


async def test_an_account_that_is_not_let_in_any_more(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.end_sessions(for_good=True)
    service.requests.clear()
    with pytest.raises(AuthenticationFailed):
        await backend.read(info)
    assert service.requests == {"VehicleDynamicData": 1, "token": 1}


async def test_an_odd_answer_is_one_part_only(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", replaced(climateStatus={"temperature": {"value": "warm", "unit": 5}}))
    report = await backend.read(info)
    assert isinstance(report.failures["status"], ProtocolError)
    assert report.state.position


# What a vehicle can do


async def test_what_cannot_be_learnt_now_is_learnt_later(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleCapabilities", Fault.http(500))
    info = await vehicle(backend, "Ariya")
    assert Capability.CLIMATE not in info.capabilities
    assert Capability.BATTERY in info.capabilities
    service.heal()
    assert Capability.CLIMATE in (await vehicle(backend, "Ariya")).capabilities


async def test_the_log_tells_the_names_of_services(
    backend: MyNissanBackend, service: MyNissan, caplog: pytest.LogCaptureFixture
) -> None:
    """Most of them are assumed (mynissan-na §9), so owners can tell which they really are."""
    caplog.set_level(logging.DEBUG)
    service.car("Ariya").services["REMOTE_TRUNK_UNLOCK"] = True
    info = await vehicle(backend, "Ariya")
    assert "remote_trunk_unlock" in caplog.text
    assert info.key not in caplog.text


async def test_what_was_learnt_is_not_lost_by_a_failure(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    known = (await vehicle(backend, "Ariya")).capabilities
    clock.advance(days=1)
    for operation in ("VehicleCapabilities", "VehicleDynamicData", "VehicleLocation", "ChargeConfig"):
        service.fail(operation, Fault.http(500))
    assert (await vehicle(backend, "Ariya")).capabilities == known


async def test_a_lapsed_subscription_takes_the_commands_away(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    await vehicle(backend, "Ariya")
    service.car("Ariya").enrolled = False
    clock.advance(days=1)
    info = await vehicle(backend, "Ariya")
    assert Capability.BATTERY in info.capabilities
    assert info.capabilities.isdisjoint({Capability.CLIMATE, Capability.LOCK, Capability.REFRESH})


async def test_vehicles_that_are_gone_are_forgotten(backend: MyNissanBackend, service: MyNissan) -> None:
    await backend.list_vehicles()
    del service.cars["SJNFAKE0000000001"]
    await backend.list_vehicles()
    assert set(_items(backend.memory())) == {"JN1FAKE0000000002", "SJNFAKE0000000003"}


def _items(memory: Json) -> dict[str, Json]:
    assert isinstance(memory, dict)
    return memory


# What happened


async def test_trips(backend: MyNissanBackend, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    today = clock().date()
    days = await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=6), today)
    assert [day.start.isoformat() for day in days] == ["2026-11-16", "2026-11-17", "2026-11-19"]
    assert [day.trips for day in days] == [2, 2, 2]
    assert days[0].distance == 63.5
    assert days[0].duration == 45
    assert days[0].energy_used == pytest.approx(12.65, abs=0.1)
    assert days[0].co2_saved == pytest.approx(7493, abs=1)

    assert await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=3), today) == days[1:]
    months = await backend.read_trips(info, TripPeriod.MONTH, today, today)
    assert [(month.start.isoformat(), month.trips) for month in months] == [("2026-11-01", 6)]
    years = await backend.read_trips(info, TripPeriod.YEAR, today, today)
    assert [year.start.isoformat() for year in years] == ["2026-01-01"]
    assert await backend.read_trips(await vehicle(backend, "Qashqai"), TripPeriod.DAY, today, today) == ()


async def test_what_the_app_has_asked_for_is_told_and_what_we_asked_for_is_not(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info = await vehicle(backend, "Ariya")
    await carry_out(backend, info, Lock(), clock)
    car = service.car("Ariya")
    car.note("from-the-app", "INITIATED", "REMOTE_DOOR_UNLOCK", clock())
    assert await backend.read_notifications(info) == (), "it has not ended"
    car.note("from-the-app", "SUCCESS", "REMOTE_DOOR_UNLOCK", clock())
    (message,) = await backend.read_notifications(info)

    assert message.kind == "remote.remote_door_unlock.success"
    assert (message.title, message.text) == ("Remote door unlock", "Success")
    assert message.sent_at == clock()
    assert "from-the-app" not in message.id


async def test_our_own_commands_are_known_after_a_restart(make_backend: MakeBackend, clock: Clock) -> None:
    backend = make_backend()
    info = await vehicle(backend, "Ariya")
    await carry_out(backend, info, Lock(), clock)
    again = make_backend(memory=backend.memory())
    assert await again.read_notifications(info) == ()


async def test_alerts_are_asked_for_only_if_the_owner_has_set_some_up(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info, car = await vehicle(backend, "Ariya"), service.car("Ariya")
    await backend.read_notifications(info)
    assert service.requests["BreachAlerts"] == 0

    car.watch_speed("Freeway")
    clock.advance(days=1)
    await backend.list_vehicles()
    car.breach("SPEED_ALERT", "Freeway", clock())
    car.note("from-the-app", "SUCCESS", "REMOTE_CHARGE", clock() - timedelta(minutes=5))
    first, second = await backend.read_notifications(info)
    assert (first.kind, first.text, first.sent_at) == ("breach.speed_alert", "Freeway", clock())
    assert second.kind == "remote.remote_charge.success"
    assert "35.96" not in str(first), "where it was is nobody's business"
    assert await backend.read_notifications(info, first=2, count=1) == (second,)
    assert await backend.read_notifications(info) == (first, second), "the same event has the same name"


async def test_nobody_is_named_in_a_description(backend: MyNissanBackend) -> None:
    await backend.list_vehicles()
    description = backend.description
    assert description.name == "mynissan"
    assert description.requests > 0
    assert EMAIL not in repr(description)
    doubted = {weakness.group: weakness.cached for weakness in description.weaknesses}
    assert "inside_temperature" in doubted[Group.CLIMATE]
    assert set(doubted) <= set(VehicleState.__dataclass_fields__)


async def test_a_vehicle_without_alerts_of_its_own_kind(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleAlerts", Fault(rewrite=lambda body: {"data": {"vehicle": None}}))
    info = await vehicle(backend, "Ariya")
    await backend.read_notifications(info)
    assert service.requests["BreachAlerts"] == 0


async def test_nothing_more_is_learnt_from_a_service_that_wants_to_be_left_alone(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleCapabilities", Fault.rate_limited(60))
    assert len(await backend.list_vehicles()) == 3
    assert service.requests["VehicleDynamicData"] == 0


async def test_a_log_in_that_ends_while_learning(backend: MyNissanBackend, service: MyNissan) -> None:
    def end(body: Json) -> Json:
        service.end_sessions(for_good=True)
        return body

    service.fail("VehiclesStaticData", Fault(rewrite=end))
    with pytest.raises(AuthenticationFailed):
        await backend.list_vehicles()


async def test_an_update_that_was_activated(backend: MyNissanBackend, service: MyNissan) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    firmware.status = UpdateStatus.UP_TO_DATE
    software = (await backend.read(await vehicle(backend, "Ariya"))).state.software
    assert software
    assert (software.update, software.status) == (None, UpdateStatus.UP_TO_DATE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"day": 31, "month": 2}, 0),
        ({"day": None}, 0),
        ({"duration": "a while", "co2Saved": None, "distanceTraveled": None, "numberOfTrips": -1}, 3),
        ({"duration": "P1DT2H3M4S"}, 3),
    ],
)
async def test_trips_that_make_no_sense(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, change: dict[str, Json], told: int
) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("DrivingHistory", Fault.values(**change))
    today = clock().date()
    trips = await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=6), today)
    assert len(trips) == told
    for trip in trips:
        assert trip.duration == (1563.1 if change["duration"] == "P1DT2H3M4S" else None)
        assert trip.trips == (None if "numberOfTrips" in change else 2)
