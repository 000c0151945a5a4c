"""Commands, as they go out and as they come to an end (kamereon-eu §9, §10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Busy,
    CancelClimateSchedule,
    Capability,
    ClimateLimits,
    Command,
    FlashLights,
    Group,
    NotSupported,
    Phase,
    PrivacyMode,
    Progress,
    RateLimited,
    Reason,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Ticket,
    TimePassed,
    Unavailable,
    VehicleInfo,
)
from tests.departures import departing, nobody

from ..conftest import NOW
from .conftest import MakeBackend
from .fake import (
    BROKEN_OFF,
    DROPPED,
    LEAF,
    NOT_FOUND,
    NOT_SERVED,
    NOTHING,
    VIN,
    Fake,
    Say,
)

ACTIONS = f"/car-adapter/v1/cars/{VIN}/actions/"
STATUS = f"/action-status/v1/cars/{VIN}/actions/status"
ACCEPTED = Say(json={"data": {"type": "Whatever", "id": "action-1"}})
PATROL = replace(LEAF, climate_limits=ClimateLimits(minimum=16, maximum=30, step=0.5))
TOMORROW = datetime(2026, 11, 21, 7, 45, 30, 999, tzinfo=timezone(timedelta(hours=1)))


def hvac(**attributes: Json) -> tuple[str, Json]:
    return "hvac-start", {"data": {"type": "HvacStart", "attributes": attributes}}


def horn_lights(target: str, duration: int) -> tuple[str, Json]:
    attributes: Json = {"action": "start", "target": target, "duration": duration}
    return "horn-lights", {"data": {"type": "HornLights", "attributes": attributes}}


def refresh(name: str, kind: str) -> tuple[str, Json]:
    return name, {"data": {"type": kind}}


@pytest.mark.parametrize(
    ("command", "vehicle", "action"),
    [
        (StartClimate(), LEAF, hvac(action="start", targetTemperature=21)),
        (StartClimate(target=23.0), LEAF, hvac(action="start", targetTemperature=23)),
        (StartClimate(target=22.6), LEAF, hvac(action="start", targetTemperature=23)),
        (StartClimate(target=35), LEAF, hvac(action="start", targetTemperature=26)),
        (StartClimate(target=5), LEAF, hvac(action="start", targetTemperature=16)),
        (StartClimate(target=22.5), PATROL, hvac(action="start", targetTemperature=22.5)),
        (StartClimate(target=30), PATROL, hvac(action="start", targetTemperature=30)),
        (StopClimate(), LEAF, hvac(action="stop")),
        (
            ScheduleClimate(at=TOMORROW, target=20),
            LEAF,
            hvac(action="start", targetTemperature=20, startDateTime="2026-11-21T06:45:30+00:00"),
        ),
        (CancelClimateSchedule(), LEAF, hvac(action="cancel")),
        (
            StartCharging(),
            LEAF,
            ("charging-start", {"data": {"type": "ChargingStart", "attributes": {"action": "start"}}}),
        ),
        (
            StopCharging(),
            LEAF,
            ("charging-start", {"data": {"type": "ChargingStart", "attributes": {"action": "stop"}}}),
        ),
        (SoundHorn(), LEAF, horn_lights("horn", 2)),
        (FlashLights(), LEAF, horn_lights("lights", 5)),
        (StartEngine(), LEAF, ("engine-start", {"data": {"type": "EngineStart", "attributes": {"action": "start"}}})),
        (StopEngine(), LEAF, ("engine-start", {"data": {"type": "EngineStart", "attributes": {"action": "stop"}}})),
        (Refresh(), LEAF, refresh("refresh-battery-status", "RefreshBatteryStatus")),
        (Refresh(group=Group.BATTERY), LEAF, refresh("refresh-battery-status", "RefreshBatteryStatus")),
        (Refresh(group=Group.CHARGING), LEAF, refresh("refresh-battery-status", "RefreshBatteryStatus")),
        (Refresh(group=Group.POSITION), LEAF, refresh("refresh-location", "RefreshLocation")),
        (Refresh(group=Group.CLIMATE), LEAF, refresh("refresh-hvac-status", "RefreshHvacStatus")),
        (Refresh(group=Group.BODY), LEAF, refresh("refresh-lock-status", "RefreshLockStatus")),
        (Refresh(group=Group.ODOMETER), LEAF, refresh("wake-up-vehicle", "WakeUpVehicle")),
    ],
)
async def test_what_goes_out(
    backend: KamereonBackend, fake: Fake, command: Command, vehicle: VehicleInfo, action: tuple[str, Json]
) -> None:
    name, body = action
    fake.on("POST", ACTIONS + name, ACCEPTED)
    assert await backend.send(vehicle, command, nobody) == Ticket(id="action-1", sent_at=NOW)
    (asked,) = fake.asked
    assert json.loads(asked.body) == body
    assert asked.headers["Content-Type"] == "application/vnd.api+json"
    assert asked.headers["Accept"] == "application/vnd.api+json"
    assert asked.headers["Authorization"] == "Bearer access-0"


async def test_whole_degrees_go_out_as_integers(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("POST", ACTIONS + "hvac-start", ACCEPTED)
    await backend.send(LEAF, StartClimate(target=22.0), nobody)
    assert '"targetTemperature": 22}' in fake.asked[0].body


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        ({Capability.BATTERY, Capability.LOCATION}, "refresh-battery-status"),
        ({Capability.LOCATION, Capability.LOCK_STATUS}, "refresh-lock-status"),
        ({Capability.LOCK_STATUS, Capability.CLIMATE_STATUS}, "refresh-lock-status"),
        ({Capability.CLIMATE_STATUS, Capability.HORN}, "refresh-hvac-status"),
    ],
)
async def test_the_widest_refresh(
    backend: KamereonBackend, fake: Fake, capabilities: set[Capability], name: str
) -> None:
    fake.on("POST", ACTIONS + name, ACCEPTED)
    await backend.send(replace(LEAF, capabilities=frozenset(capabilities)), Refresh(), nobody)
    assert fake.paths == {ACTIONS + name: 1}


async def test_nothing_to_refresh(backend: KamereonBackend, fake: Fake) -> None:
    with pytest.raises(NotSupported):
        await backend.send(
            replace(LEAF, capabilities=frozenset()),
            Refresh(),
            departing(lambda: pytest.fail("nothing is asked of the vehicle")),
        )
    assert fake.asked == []


async def test_a_stop_that_is_not_understood_is_put_at_length(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("POST", ACTIONS + "hvac-start", Say.error(400, "400"), ACCEPTED)
    woken: list[int] = []
    departure = departing(lambda: woken.append(len(fake.asked)), woken.pop)
    assert (await backend.send(LEAF, StopClimate(), departure)).id == "action-1"
    assert woken == [1], "the service itself turned the first form away"
    assert [json.loads(asked.body)["data"]["attributes"] for asked in fake.asked] == [
        {"action": "stop"},
        {"action": "stop", "targetTemperature": 21, "startDateTime": "2026-11-20T18:30:05+00:00"},
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Say.error(400, "Future"), TimePassed),
        (Say.error(403, "403", "security.access"), NotSupported),
        (Say.error(403, "403009"), PrivacyMode),
        (Say.error(409, "409001"), Busy),
        (Say(status=429), RateLimited),
        (Say.error(500, "500"), Unavailable),
        (Say.error(500, "500", http=200), Unavailable),
        (Say.html(502), Unavailable),
        (NOT_SERVED, NotSupported),
        (NOTHING, Unavailable),
        (DROPPED, Unavailable),
        (BROKEN_OFF, Unavailable),
    ],
)
async def test_an_action_is_never_repeated(
    make_backend: MakeBackend, fake: Fake, answer: Say, error: type[BackendError]
) -> None:
    fake.on("POST", ACTIONS + "charging-start", answer, ACCEPTED)
    woken: list[int] = []
    with pytest.raises(error):
        await make_backend(timeout=0.5).send(LEAF, StartCharging(), departing(lambda: woken.append(len(fake.asked))))
    assert len(fake.asked) == 1
    assert woken == [0], "whatever came of it"


@pytest.mark.parametrize(
    ("answer", "action_id"),
    [
        (Say(status=202, json={"data": {"type": "x", "id": "a-2", "attributes": {"id": "other"}}}), "a-2"),
        (Say(json={"data": {"id": 17}}), "17"),
        (Say(status=202), ""),
        (Say(json={"data": []}), ""),
    ],
)
async def test_receipts(backend: KamereonBackend, fake: Fake, answer: Say, action_id: str) -> None:
    fake.on("POST", ACTIONS + "charging-start", answer)
    assert (await backend.send(LEAF, StartCharging(), nobody)).id == action_id


TICKET = Ticket(id="a/1 2", sent_at=datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("answer", "progress"),
    [
        (NOT_FOUND, Progress(Phase.PENDING)),
        (Say(status=404), Progress(Phase.PENDING)),
        (Say.data(status="PRISTINE"), Progress(Phase.PENDING)),
        (Say.data(status="CREATED"), Progress(Phase.PENDING)),
        (Say.data(status="PENDING"), Progress(Phase.PENDING)),
        (Say.data(status="PARTIAL"), Progress(Phase.PENDING)),
        (Say.data(status="COMPLETED", errorCode=None), Progress(Phase.DONE)),
        (Say.data(status="completed"), Progress(Phase.DONE)),
        (Say.data(status="SYNCHRONIZED"), Progress(Phase.DONE)),
        (Say.data(status="REJECTED", errorCode="12"), Progress(Phase.REJECTED, "12")),
        (Say.data(status="REJECTED", errorCode=12), Progress(Phase.REJECTED, "12")),
        (
            Say.data(status="REJECTED", errorCode=12, actionType="LOCK_UNLOCK"),
            Progress(Phase.REJECTED, "12", Reason.WRONG_PIN),
        ),
        (Say.data(status="REJECTED", errorCode=13, actionType="LOCK_UNLOCK"), Progress(Phase.REJECTED, "13")),
        (Say.data(status="REJECTED", errorCode=12, actionType="HVAC_START"), Progress(Phase.REJECTED, "12")),
        (Say.data(status="TIMEOUT"), Progress(Phase.TIMED_OUT)),
        (Say.data(status="CANCELLED", error={"code": "Failed"}), Progress(Phase.UNCERTAIN, "Failed")),
        (Say.data(status="REJECTED", errorCode="x" * 99), Progress(Phase.REJECTED, "x" * 32)),
        (Say.data(status="DREAMING"), Progress(Phase.PENDING)),
        (Say.data(), Progress(Phase.PENDING)),
    ],
    ids=lambda value: repr(value)[:90] if isinstance(value, Progress) else repr(value.json or value.status)[-60:],
)
async def test_how_far_it_has_come(backend: KamereonBackend, fake: Fake, answer: Say, progress: Progress) -> None:
    fake.on("GET", STATUS, answer)
    assert await backend.poll(LEAF, TICKET) == progress
    (asked,) = fake.asked
    assert asked.raw_query == "actionId=a%2F1%202"
    assert asked.headers["Content-Type"] == "application/vnd.api+json"


async def test_without_a_number_nobody_can_be_asked(backend: KamereonBackend, fake: Fake) -> None:
    assert await backend.poll(LEAF, Ticket(id="", sent_at=NOW)) == Progress(Phase.PENDING)
    assert fake.asked == []


async def test_an_outage_is_no_progress(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("GET", STATUS, Say(status=503))
    with pytest.raises(Unavailable):
        await backend.poll(LEAF, TICKET)
