"""Reads: what is reported of vehicles, and what still works when a part fails."""

import json

import pytest

from custom_components.nissanconnect.backends.base import Backend, Messages, Pushing
from custom_components.nissanconnect.backends.opencarwings import OpenCarwingsBackend
from custom_components.nissanconnect.vehicle import (
    AlertType,
    Capability,
    ChargingStatus,
    Group,
    NotSupported,
    Powertrain,
    StartClimate,
    VehicleInfo,
)
from tests.departures import nobody
from tests.simulator.cars.places import TO_SCIENCE_PARK
from tests.simulator.opencarwings import LEAF_24, LEAF_40, Car, OpenCarwings

from ..conftest import NOW
from .conftest import MakeBackend, Owner


def test_what_the_backend_offers(backend: OpenCarwingsBackend) -> None:
    checked: Backend = backend
    assert not checked.description.pushes  # it does, but not every proxy lets WebSockets through
    assert isinstance(backend, Pushing)
    assert isinstance(backend, Messages)


async def test_an_old_leaf(car: Car, backend: OpenCarwingsBackend) -> None:
    car.vehicle.plug_in()
    (listed,) = await backend.list_vehicles()
    info, state = listed.info, listed.state
    assert (info.key, info.vin, info.model, info.nickname) == (LEAF_24, LEAF_24, "LEAF", "Old LEAF")
    assert (info.gateway, info.powertrain) == ("continental2012", Powertrain.ELECTRIC)
    assert info.capabilities == {
        Capability.BATTERY,
        Capability.CLIMATE,
        Capability.CLIMATE_SCHEDULE,
        Capability.CLIMATE_STATUS,
        Capability.LOCATION,
        Capability.REFRESH,
        Capability.SEND_DESTINATION,
        Capability.START_CHARGING,
    }
    assert state.battery is not None
    assert (state.battery.level, state.battery.capacity, state.battery.health) == (62, 24, 86)
    assert state.battery.health_bars == 11
    assert state.battery.energy == pytest.approx(24 * 0.86 * 0.62, abs=0.1)
    assert state.battery.reported_at == NOW
    assert state.charging is not None
    assert (state.charging.plugged_in, state.charging.status) == (True, ChargingStatus.CHARGING)
    assert state.charging.finish_at is None  # the power of the charger is unknown
    assert (state.charging.time_to_full_slow, state.charging.time_to_full_normal) == (None, 300)
    assert state.charging.time_to_full_fast == 160
    assert state.climate is not None
    assert (state.climate.running, state.climate.inside_temperature) == (False, None)
    assert state.odometer is not None
    assert (state.odometer.distance, state.odometer.reported_at) == (74_211, None)
    assert state.position is not None
    assert state.connectivity is not None
    assert (state.connectivity.reachable, state.connectivity.reported_at) == (None, NOW)
    assert (state.body, state.tyres, state.health) == (None, None, None)


async def test_a_newer_leaf(ficosa: Car, backend: OpenCarwingsBackend) -> None:
    (listed,) = await backend.list_vehicles()
    info, state = listed.info, listed.state
    assert info.key == info.vin == LEAF_40.upper()
    assert {Capability.LOCK, Capability.HORN, Capability.LIGHTS, Capability.STOP_SIGNALS} < info.capabilities
    assert state.battery is not None
    assert (state.battery.level, state.battery.capacity) == (62, 40)  # the dashboard's is 0 here, so the real one
    assert state.climate is not None
    assert state.climate.inside_temperature is not None
    assert state.tyres is not None
    assert (state.tyres.front_left.pressure, state.tyres.rear_right.pressure) == (250, None)
    assert state.tyres.front_left.warning is None
    assert state.odometer is not None
    assert (state.odometer.distance, state.odometer.reported_at) == (74_211, NOW)
    assert state.health is not None
    assert state.health.values == {
        "maintenance_alert": True,
        "tpms_light": False,
        "trouble_codes": "B2301-00-00 (BCM)",
    }


async def test_a_car_that_never_connected_is_unknown_and_not_empty(
    server: OpenCarwings, backend: OpenCarwingsBackend
) -> None:
    car = server.add(LEAF_24)
    car.connected, car.last_connection = False, None
    (listed,) = await backend.list_vehicles()
    assert listed.state.groups().keys() == {Group.CONNECTIVITY}
    assert listed.state.last_report is None
    assert Capability.REFRESH in listed.info.capabilities
    state = (await backend.read(listed.info, {Group.BATTERY})).state
    assert state.groups().keys() == {Group.CONNECTIVITY}
    assert state.last_report is None


async def test_an_e_nv200_is_known_by_its_plant(server: OpenCarwings, backend: OpenCarwingsBackend) -> None:
    server.add("VSKHAAME0U0000009", "ficosa2016", capacity=40)
    (listed,) = await backend.list_vehicles()
    assert listed.info.model == "e-NV200"


async def test_reads_follow_the_vehicle(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    car.vehicle.depart(TO_SCIENCE_PARK)
    owner.clock.advance(hours=1)
    state = (await owner.backend.read(vehicle)).state
    assert state.odometer is not None
    assert state.odometer.distance is not None
    assert state.odometer.distance > 74_211
    assert state.position is not None
    assert state.position.longitude == pytest.approx(4.9555, abs=1e-4)
    assert server.dispatch.sms == 0


async def test_the_case_of_a_vin_survives_a_restart(
    ficosa: Car, owner: Owner, make_backend: MakeBackend, server: OpenCarwings
) -> None:
    vehicle = await owner.vehicle()
    saved = json.loads(json.dumps(owner.backend.memory()))
    server.requests.clear()
    assert (await make_backend(memory=saved).read(vehicle)).state.battery
    assert server.requests["list"] == 0
    assert (await make_backend().read(vehicle)).state.battery  # without a memory the list is requested
    assert server.requests["list"] == 1


async def test_no_request_is_sent_for_a_vehicle_that_is_not_listed(
    server: OpenCarwings, car: Car, backend: OpenCarwingsBackend
) -> None:
    """The server would make timers for anybody's VIN (opencarwings §3)."""
    stranger = VehicleInfo(key="SJNFAAZE0U0099999", vin="SJNFAAZE0U0099999")
    for request in (backend.read(stranger), backend.send(stranger, StartClimate(), nobody)):
        with pytest.raises(NotSupported):
            await request
    assert server.requests["detail"] == server.requests["command"] == 0


async def test_without_the_details_the_list_is_read(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    server.fail("detail", 502)
    report = await owner.backend.read(vehicle)
    assert report.state.battery is not None
    assert report.failures.keys() == {"vehicle"}
    assert (await owner.vehicle()).capabilities == vehicle.capabilities


async def test_without_details_capabilities_come_from_the_telematics_unit(
    server: OpenCarwings, car: Car, ficosa: Car, backend: OpenCarwingsBackend
) -> None:
    server.fail("detail", 500)
    old, new = await backend.list_vehicles()
    assert Capability.CLIMATE in old.info.capabilities
    assert Capability.LOCK not in old.info.capabilities
    assert Capability.LOCK in new.info.capabilities


async def test_one_bad_car_does_not_hide_the_others(
    server: OpenCarwings, car: Car, backend: OpenCarwingsBackend
) -> None:
    entries = [None, {"nickname": "no VIN"}, car.entry(), "car"]
    server.fail("list", 200, entries)  # type: ignore[arg-type]
    assert [each.info.key for each in await backend.list_vehicles()] == [LEAF_24]


async def test_the_additions_of_september_change_nothing_else(
    server: OpenCarwings, backend: OpenCarwingsBackend
) -> None:
    server.september = True
    server.add(LEAF_40, "ficosa2016", capacity=40)
    (listed,) = await backend.list_vehicles()
    assert listed.state.battery is not None
    assert Capability.LOCK_PIN not in listed.info.capabilities


async def test_behind_a_prefix(car: Car, server: OpenCarwings, make_backend: MakeBackend) -> None:
    await server.stop()
    url = await server.start("/leaf/ocw")
    backend = make_backend({"url": url, "api_key": server.account.key})
    assert len(await backend.list_vehicles()) == 1
    assert server.requests["unknown"] == 0


async def test_notifications_have_kinds_and_alert_types(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    for kind in (1, 4, 7, 19, 20, 21, 97, 250):
        owner.clock.advance(seconds=1)
        server.dispatch.alert(car, kind, owner.clock())
    found = await owner.backend.read_notifications(vehicle)
    assert [(each.kind, each.alert) for each in found] == [
        ("alert_250", AlertType.CLOUD_MESSAGE),
        ("climate_failed", AlertType.CLOUD_MESSAGE),
        ("towed", AlertType.UNEXPECTED_MOVEMENT),
        ("burglar_alarm", AlertType.ALARM),
        ("climate_auto_off", AlertType.CLIMATE_STOPPED),
        ("climate_on", AlertType.CLIMATE_STARTED),
        ("charge_stop", AlertType.CLOUD_MESSAGE),
    ]
    assert len({each.id for each in found}) == len(found)
    assert found[0].sent_at == owner.clock()
    assert await owner.backend.read_notifications(vehicle, first=2, count=2) == found[1:3]
