"""Actions and how they go (kamereon-eu §9, §10)."""

from datetime import timedelta
import uuid

import pytest

from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    Command,
    FlashLights,
    Group,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
)
from tests.backends.doubles import Clock
from tests.simulator import Simulator
from tests.simulator.cars.twelve_volt import WAKE_COST

from .client import ARIYA, JSON, LEAF, MICRA, QASHQAI, Client, failure
from .conftest import NOW

LATER = (NOW + timedelta(hours=1)).isoformat()
EARLIER = (NOW - timedelta(seconds=1)).isoformat()


def status_path(vin: str, action: str, host: str = "action-status") -> str:
    return f"{host}/v1/cars/{vin}/actions/status?actionId={action}"


async def accepted(client: Client, vin: str, name: str, type_name: str, /, **attributes: object) -> str:
    """Ask something that must be accepted; return the id."""
    response = await client.act(vin, name, type_name, **attributes)
    assert response.status == 200, await response.text()
    data = (await response.json())["data"]
    assert data["type"] == type_name
    assert str(uuid.UUID(data["id"])) == data["id"]
    return str(data["id"])


async def finished(client: Client, clock: Clock, vin: str, action: str) -> tuple[str, str | None]:
    """Wait for the end of an action; return its last status and error code."""
    clock.advance(minutes=2)
    said = await client.attributes(status_path(vin, action))
    return said["status"], said["errorCode"]


async def test_the_timeline(client: Client, clock: Clock) -> None:
    action = await accepted(client, LEAF, "refresh-battery-status", "RefreshBatteryStatus")
    assert await client.error(status_path(LEAF, action)) == (404, "404")

    seen: list[str] = []
    for _ in range(65):
        clock.advance(seconds=1)
        said = await client.attributes(status_path(LEAF, action))
        seen.append(said["status"])
    assert list(dict.fromkeys(seen)) == ["CREATED", "PENDING", "COMPLETED"]
    assert 10 <= seen.index("COMPLETED") + 1 <= 61
    assert said["actionType"] == "REFRESH_BATTERY_STATUS"
    assert (said["errorCode"], said["ruleKey"], said["data"]) == (None, None, [])
    assert await client.attributes(status_path(LEAF, action, "car-adapter")) == said


async def test_a_refresh_moves_the_time_of_what_it_refreshes(client: Client, clock: Clock) -> None:
    async def times() -> list[str]:
        paths = [f"car-adapter/v1/cars/{LEAF}/{data}" for data in ("battery-status", "location", "hvac-status")]
        return [(await client.attributes(path))["lastUpdateTime"] for path in paths]

    before = await times()
    action = await accepted(client, LEAF, "refresh-location", "RefreshLocation")
    assert await times() == before

    assert await finished(client, clock, LEAF, action) == ("COMPLETED", None)
    after = await times()
    assert [new == old for new, old in zip(after, before, strict=True)] == [True, False, True]


async def test_a_wake_is_counted_and_paid(client: Client, service: Simulator, clock: Clock) -> None:
    vehicle = service.vehicle("Leaf")
    charge = vehicle.twelve_volt.charge
    action = await accepted(client, LEAF, "wake-up-vehicle", "WakeUpVehicle")
    await finished(client, clock, LEAF, action)

    assert service.requests["wakes"] == vehicle.telematics.wakes == 1
    assert service.requests["actions"] == service.requests["actions/wake-up-vehicle"] == 1
    assert vehicle.twelve_volt.charge == pytest.approx(charge - WAKE_COST, abs=0.01)


@pytest.mark.parametrize(
    ("vin", "name", "type_name", "attributes", "command"),
    [
        (LEAF, "refresh-hvac-status", "RefreshHvacStatus", {}, Refresh(Group.CLIMATE)),
        (QASHQAI, "refresh-lock-status", "RefreshLockStatus", {}, Refresh(Group.BODY)),
        (LEAF, "hvac-start", "HvacStart", {"action": "start", "targetTemperature": 21}, StartClimate(21)),
        (LEAF, "hvac-start", "HvacStart", {"action": "stop"}, StopClimate()),
        (
            LEAF,
            "hvac-start",
            "HvacStart",
            {"action": "stop", "targetTemperature": 21, "startDateTime": LATER},
            StopClimate(),
        ),
        (LEAF, "hvac-start", "HvacStart", {"action": "cancel"}, CancelClimateSchedule()),
        (
            LEAF,
            "hvac-start",
            "HvacStart",
            {"action": "start", "targetTemperature": 19.5, "startDateTime": LATER},
            ScheduleClimate(at=NOW + timedelta(hours=1), target=19.5),
        ),
        (LEAF, "horn-lights", "HornLights", {"action": "start", "target": "lights", "duration": 5}, FlashLights()),
        (MICRA, "horn-lights", "HornLights", {"target": "horn_lights", "duration": 2}, SoundHorn()),
        (LEAF, "horn-lights", "HornLights", {"action": "stop", "target": "horn", "duration": 2}, Refresh()),
        (QASHQAI, "engine-start", "EngineStart", {"action": "start", "srp": ""}, StartEngine()),
        (QASHQAI, "engine-start", "EngineStart", {"action": "stop"}, StopEngine()),
    ],
)
async def test_what_the_vehicle_then_does(
    client: Client,
    service: Simulator,
    clock: Clock,
    vin: str,
    name: str,
    type_name: str,
    attributes: dict[str, object],
    command: Command,
) -> None:
    action = await accepted(client, vin, name, type_name, **attributes)

    assert await finished(client, clock, vin, action) == ("COMPLETED", None)
    assert service.cars[vin].vehicle.telematics.executed == [command]


async def test_charging_starts_and_stops_where_that_is_offered(
    client: Client, service: Simulator, clock: Clock
) -> None:
    service.vehicle("Ariya").plug_in()
    for name, command in (("stop", StopCharging()), ("start", StartCharging())):
        action = await accepted(client, ARIYA, "charging-start", "ChargingStart", action=name)
        assert await finished(client, clock, ARIYA, action) == ("COMPLETED", None)
        assert service.vehicle("Ariya").telematics.executed[-1] == command

    refused = await client.act(LEAF, "charging-start", "ChargingStart", action="stop")
    assert await failure(refused) == (403, "403")


@pytest.mark.parametrize(
    ("name", "type_name", "attributes"),
    [
        ("refresh-location", "RefreshLocations", {}),
        ("refresh-location", "RefreshLocation", {"force": True}),
        ("hvac-start", "HvacStart", {}),
        ("hvac-start", "HvacStart", {"action": "begin", "targetTemperature": 21}),
        ("hvac-start", "HvacStart", {"action": "start"}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": "21"}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": True}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 15}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 27}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 21, "unit": "C"}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 21, "startDateTime": "tomorrow"}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 21, "startDateTime": 5}),
        ("hvac-start", "HvacStart", {"action": "start", "targetTemperature": 21, "startDateTime": LATER[:19]}),
        ("hvac-start", "HvacStart", {"action": "cancel", "startDateTime": LATER}),
        ("charging-start", "ChargingStart", {"action": "pause"}),
        ("horn-lights", "HornLights", {"action": "start", "target": "horn"}),
        ("horn-lights", "HornLights", {"action": "start", "target": "horn", "duration": 10}),
        ("horn-lights", "HornLights", {"action": "start", "target": "wipers", "duration": 2}),
        ("engine-start", "EngineStart", {"action": "rev"}),
        ("lock-unlock", "LockUnlock", {"lock": "unlock", "doorType": "driver_s_door", "srp": ""}),
        ("lock-unlock", "LockUnlock", {"action": "lock", "srp": "", "deviceId": "ha-0123456789"}),
        ("lock-unlock", "LockUnlock", {"action": "open", "srp": "0" * 64, "deviceId": "ha-0123456789"}),
    ],
)
async def test_bodies_that_cannot_be_read(
    client: Client, service: Simulator, name: str, type_name: str, attributes: dict[str, object]
) -> None:
    response = await client.act(LEAF, name, type_name, **attributes)

    assert response.status == 400
    assert (await response.json())["errors"][0]["detail"] == "Http message is not readable"
    assert service.requests["wakes"] == 0


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"data": {"type": "RefreshLocation"}, "meta": {}},
        {"data": {"type": "RefreshLocation", "id": "1"}},
        {"data": {"type": "RefreshLocation", "attributes": None}},
        {"data": {"type": "RefreshLocation", "attributes": {}, "id": "1"}},
        {"type": "RefreshLocation"},
    ],
)
async def test_messages_must_be_of_the_right_form(client: Client, body: object) -> None:
    response = await client.post(f"car-adapter/v1/cars/{LEAF}/actions/refresh-location", body)

    assert await failure(response) == (400, "400")


async def test_messages_must_be_of_the_right_type(client: Client) -> None:
    address = f"car-adapter/v1/cars/{LEAF}/actions/refresh-location"
    body = {"data": {"type": "RefreshLocation"}}
    headers = {"Authorization": f"Bearer {client.bearer}", "Content-Type": "application/vnd.api+json"}
    broken = await client.session.post(f"{client.url}/{address}", headers=headers, data=b"{")

    assert await failure(await client.post(address, body, JSON)) == (415, "415")
    assert await failure(broken) == (400, "400")
    assert await failure(await client.get(address)) == (405, "405")


async def test_a_start_in_the_past(client: Client) -> None:
    response = await client.act(
        LEAF, "hvac-start", "HvacStart", action="start", targetTemperature=21, startDateTime=EARLIER
    )
    (error,) = (await response.json())["errors"]

    assert response.status == 400
    assert error["code"] == "Future"
    assert error["detail"] == "must be a future date"
    assert error["source"] == {"pointer": "/data/attributes/startDateTime"}


@pytest.mark.parametrize(
    ("vin", "name", "type_name", "attributes"),
    [
        (QASHQAI, "hvac-start", "HvacStart", {"action": "stop"}),
        (LEAF, "engine-start", "EngineStart", {"action": "start"}),
        (LEAF, "refresh-lock-status", "RefreshLockStatus", {}),
        (
            ARIYA,
            "lock-unlock",
            "LockUnlock",
            {
                "action": "unlock",
                "target": "doors_hatch",
                "deviceId": "ha-0123456789abcdef",
                "duration": 0,
                "srp": "a" * 64,
            },
        ),
        (
            ARIYA,
            "lock-unlock",
            "LockUnlock",
            {"action": "lock", "target": "hatch", "deviceId": "ha-0123456789abcdef", "duration": 0, "srp": "a" * 64},
        ),
    ],
)
async def test_what_the_vehicle_has_no_right_to(
    client: Client, service: Simulator, vin: str, name: str, type_name: str, attributes: dict[str, object]
) -> None:
    assert await failure(await client.act(vin, name, type_name, **attributes)) == (403, "403")
    assert service.requests["wakes"] == 0


async def test_privacy_mode_refuses_to_be_located(client: Client, service: Simulator) -> None:
    service.vehicle("Leaf").set_privacy(on=True)

    response = await client.act(LEAF, "refresh-location", "RefreshLocation")
    assert await failure(response) == (403, "403009")


@pytest.mark.parametrize(
    ("version", "name", "status"),
    [
        ("v1", "charge-mode", 501),
        ("v2", "charge-schedule", 501),
        ("v1", "create-area-restrictions", 501),
        ("v1", "dance", 404),
        ("v2", "hvac-start", 404),
    ],
)
async def test_actions_that_are_not_offered(client: Client, version: str, name: str, status: int) -> None:
    response = await client.post(f"car-adapter/{version}/cars/{LEAF}/actions/{name}", {"data": {"type": "X"}})

    assert response.status == status


async def test_statuses_that_nobody_knows(client: Client) -> None:
    assert await client.error(status_path(LEAF, str(uuid.uuid4()))) == (404, "404")
    assert await client.error(f"action-status/v1/cars/{LEAF}/actions/status") == (400, "400")
