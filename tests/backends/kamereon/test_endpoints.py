"""Which version of an endpoint is asked, and when it is asked again (kamereon-eu §8.0, §8.4)."""

from dataclasses import replace
import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Capability,
    Group,
    NotSupported,
    Powertrain,
    ProtocolError,
    RateLimited,
    Unavailable,
    VehicleInfo,
    VehicleReport,
)

from ..doubles import Clock
from .conftest import MakeBackend
from .fake import ARIYA, CARS, LEAF, MICRA, NOT_FOUND, NOT_SERVED, QASHQAI, VIN, Fake, Say

THIN = Say.data(batteryLevel=81, plugStatus=0, chargeStatus=0)
V1 = Say.data(batteryLevel=50, rangeHvacOff=150, rangeHvacOn=140)
V2 = Say.data(batteryLevel=60, batteryAutonomy=220)
V3 = Say.data(batteryLevel=70, batteryAutonomy=240)
FAULT = Say.error(500, "500", "Internal Server Error")
ADAPTER_FAULT = Say.error(500, "500", "BatteryAdapter.getBatteryStatus()")
DENIED = Say.error(403, "403", "security.access", detail="Access is denied for this resource")


async def read_battery(backend: KamereonBackend, vehicle: VehicleInfo = LEAF) -> VehicleReport:
    return await backend.read(vehicle, {Group.BATTERY})


async def level(backend: KamereonBackend, vehicle: VehicleInfo = LEAF) -> float | None:
    battery = (await read_battery(backend, vehicle)).state.battery
    return battery.level if battery else None


def serve(fake: Fake, *, v1: Say = NOT_SERVED, v2: Say = NOT_SERVED, v3: Say = NOT_SERVED) -> None:
    fake.on_car("v1/battery-status", v1)
    fake.on_car("v2/battery-status", v2)
    fake.on_car("v3/battery-status", v3, host="bff-web")


def asked(fake: Fake) -> list[str]:
    """The versions that were asked since the last time, in order."""
    versions = [request.path.split("/cars/")[0].rsplit("/", 1)[1] for request in fake.asked]
    fake.asked.clear()
    return versions


@pytest.mark.parametrize(
    ("vehicle", "order"),
    [
        (LEAF, ["v1", "v3", "v2"]),
        (ARIYA, ["v3", "v2", "v1"]),
        (MICRA, ["v3", "v2", "v1"]),
        (replace(LEAF, model="Townstar", gateway="RVG"), ["v3", "v2", "v1"]),
        (replace(LEAF, model=None, gateway=None), ["v1", "v3", "v2"]),
        (QASHQAI, ["v1", "v3", "v2"]),
    ],
)
async def test_the_likeliest_version_comes_first(
    backend: KamereonBackend, fake: Fake, vehicle: VehicleInfo, order: list[str]
) -> None:
    serve(fake)
    report = await read_battery(backend, vehicle)
    assert asked(fake) == order
    assert report.failures == {}
    assert report.state.groups() == {}


@pytest.mark.parametrize("refusal", [NOT_FOUND, NOT_SERVED, Say(status=404), Say.error(501, "501", http=200)])
async def test_the_version_that_answers_is_remembered(
    backend: KamereonBackend, fake: Fake, clock: Clock, refusal: Say
) -> None:
    serve(fake, v1=refusal, v2=V2, v3=refusal)
    assert await level(backend) == 60
    assert asked(fake) == ["v1", "v3", "v2"]
    assert await level(backend) == 60
    assert asked(fake) == ["v2"]
    clock.advance(days=2)
    assert await level(backend) == 60
    assert asked(fake)[-1] == "v2"


async def test_it_is_remembered_over_a_restart(make_backend: MakeBackend, fake: Fake) -> None:
    serve(fake, v2=V2)
    first = make_backend()
    await level(first)
    asked(fake)
    again = make_backend(memory=json.loads(json.dumps(first.memory())))
    assert await level(again) == 60
    assert asked(fake) == ["v2"]


async def test_what_no_version_serves_is_left_alone_for_a_day(
    backend: KamereonBackend, fake: Fake, clock: Clock
) -> None:
    serve(fake)
    await read_battery(backend)
    asked(fake)
    clock.advance(hours=23)
    assert (await read_battery(backend)).failures == {}
    assert asked(fake) == []
    clock.advance(hours=1)
    await backend.log_in()
    asked(fake)
    await read_battery(backend)
    assert asked(fake) == ["v1", "v3", "v2"]


async def test_or_until_the_services_change(backend: KamereonBackend, fake: Fake) -> None:
    def cars(*services: int) -> Say:
        active: list[Json] = [{"id": service, "activationState": "ACTIVATED"} for service in services]
        return Say(json={"data": [{"vin": VIN, "services": active}]})

    serve(fake)
    fake.on("GET", CARS, cars(12), cars(12), cars(12, 319))
    await backend.list_vehicles()
    await read_battery(backend)
    await backend.list_vehicles()
    asked(fake)
    await read_battery(backend)
    assert asked(fake) == []
    await backend.list_vehicles()
    fake.asked.clear()
    await read_battery(backend)
    assert asked(fake) == ["v1", "v3", "v2"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (FAULT, Unavailable),
        (Say.html(502), Unavailable),
        (Say.html(200), ProtocolError),
        (Say(status=200), ProtocolError),
        (Say(status=429), RateLimited),
        (Say.error(400, "400"), ProtocolError),
    ],
)
async def test_other_errors_do_not_lead_to_other_versions(
    backend: KamereonBackend, fake: Fake, answer: Say, error: type[BackendError]
) -> None:
    serve(fake, v1=answer, v2=V2, v3=V3)
    with pytest.raises(error):
        await read_battery(backend)
    assert asked(fake) == ["v1"]


async def test_a_missing_right_concerns_all_versions(backend: KamereonBackend, fake: Fake) -> None:
    serve(fake, v1=DENIED, v2=V2, v3=V3)
    report = await read_battery(backend)
    assert report.failures == {}
    assert asked(fake) == ["v1"]
    await read_battery(backend)
    assert asked(fake) == []


async def test_a_right_that_was_there_must_be_missing_several_times(
    backend: KamereonBackend, fake: Fake, clock: Clock
) -> None:
    serve(fake, v1=V1)
    assert await level(backend) == 50
    serve(fake, v1=DENIED)
    for _ in range(2):
        with pytest.raises(NotSupported):
            await read_battery(backend)
    asked(fake)
    report = await read_battery(backend)
    assert report.failures == {}
    assert str(report.given_up["battery-status"]) == "battery-status v1 answered 403 (code 403)"
    assert asked(fake) == ["v1"]
    await read_battery(backend)
    assert asked(fake) == []
    serve(fake, v1=V1)
    clock.advance(hours=1)
    await backend.log_in()
    report = await read_battery(backend)
    assert report.state.battery
    assert report.given_up == {}


async def test_what_was_given_up_is_told_with_every_report(backend: KamereonBackend, fake: Fake) -> None:
    serve(fake, v1=V1)
    fake.on_car("v1/cockpit", DENIED)
    await backend.read(LEAF, {Group.ODOMETER})
    assert set((await read_battery(backend)).given_up) == {"cockpit"}
    backend.forget_refusals(LEAF)
    fake.on_car("v1/cockpit", Say.data(totalMileage=5))
    assert (await backend.read(LEAF, {Group.ODOMETER})).given_up == {}


class TestFailing:
    """A version that only ever fails may be one that is not served (dan-r #107)."""

    async def test_it_gives_way_after_three_in_a_row(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on_car("v1/cockpit", FAULT)
        fake.on_car("v2/cockpit", Say.data(totalMileage=4321))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await backend.read(LEAF, {Group.ODOMETER})
        report = await backend.read(LEAF, {Group.ODOMETER})
        assert report.state.odometer
        assert report.state.odometer.distance == 4321
        assert asked(fake) == ["v1", "v1", "v1", "v2"]
        await backend.read(LEAF, {Group.ODOMETER})
        assert asked(fake) == ["v2"]

    async def test_where_all_fail_they_take_turns(self, backend: KamereonBackend, fake: Fake) -> None:
        """Not each of them at each read: an outage must not triple the requests."""
        serve(fake, v1=FAULT, v2=FAULT, v3=FAULT)
        for _ in range(9):
            with pytest.raises(Unavailable):
                await read_battery(backend)
        order = asked(fake)
        assert set(order) == {"v1", "v2", "v3"}
        assert len(order) < 2 * 9

    async def test_what_has_answered_is_asked_in_any_case(self, backend: KamereonBackend, fake: Fake) -> None:
        """After an outage another version may have got its turn, which must not keep the good one away."""
        serve(fake, v1=V1)
        assert await level(backend) == 50
        serve(fake, v1=FAULT, v2=FAULT, v3=FAULT)
        for _ in range(4):
            with pytest.raises(Unavailable):
                await read_battery(backend)
        serve(fake, v1=V1, v2=FAULT, v3=FAULT)
        assert await level(backend) == 50
        asked(fake)
        assert await level(backend) == 50
        assert asked(fake) == ["v1"]

    @pytest.mark.parametrize("answer", [Say(status=429), Say.html(403)])
    async def test_what_concerns_the_account_concerns_no_version(
        self, backend: KamereonBackend, fake: Fake, answer: Say
    ) -> None:
        serve(fake, v1=answer, v2=V2, v3=V3)
        for _ in range(4):
            with pytest.raises(BackendError):
                await read_battery(backend)
        assert set(asked(fake)) == {"v1"}


class TestEmpty:
    """A 200 that holds no value of the endpoint is no answer (renault-api #1135)."""

    EMPTY = Say(json={"message": "there is nothing here"})

    async def test_another_version_is_asked(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on_car("v2/cockpit", self.EMPTY)
        fake.on_car("v1/cockpit", Say.data(totalMileage=20003))
        report = await backend.read(MICRA, {Group.ODOMETER})
        assert report.state.odometer
        assert report.state.odometer.distance == 20003
        assert asked(fake) == ["v2", "v1"]
        await backend.read(MICRA, {Group.ODOMETER})
        assert asked(fake) == ["v1"]

    async def test_where_all_are_empty_one_is_asked(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=self.EMPTY, v2=Say.data(), v3=Say.data(id="x"))
        assert await level(backend) is None
        assert asked(fake) == ["v1", "v3", "v2"]
        assert await level(backend) is None
        assert asked(fake) == ["v1"]
        serve(fake, v1=V1)
        assert await level(backend) == 50

    async def test_it_proves_no_version(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=self.EMPTY)
        await read_battery(backend)
        serve(fake)
        assert (await read_battery(backend)).failures == {}
        asked(fake)
        await read_battery(backend)
        assert asked(fake) == []

    async def test_a_version_that_has_answered_may_be_empty_once(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=V1)
        assert await level(backend) == 50
        serve(fake, v1=self.EMPTY)
        assert await level(backend) is None
        serve(fake, v1=V1)
        assert await level(backend) == 50

    async def test_a_fault_elsewhere_is_told(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=self.EMPTY, v3=FAULT)
        with pytest.raises(Unavailable):
            await read_battery(backend)


class TestThin:
    """A version that says little is only the last resort (§8.4)."""

    async def test_a_richer_version_is_preferred(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=THIN, v3=V3)
        assert await level(backend) == 70
        assert asked(fake) == ["v1", "v3"]
        assert await level(backend) == 70
        assert asked(fake) == ["v3"]

    async def test_better_little_than_nothing(self, backend: KamereonBackend, fake: Fake, clock: Clock) -> None:
        serve(fake, v1=THIN)
        assert await level(backend) == 81
        assert asked(fake) == ["v1", "v3", "v2"]
        assert await level(backend) == 81
        assert asked(fake) == ["v1"]

    async def test_of_several_thin_ones_the_richest_stays(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=Say.data(batteryLevel=1), v2=Say.data(), v3=THIN)
        assert await level(backend) == 81
        assert asked(fake) == ["v1", "v3", "v2"]
        assert await level(backend) == 81
        assert asked(fake) == ["v3"]

    async def test_a_fault_elsewhere_does_not_spoil_it_and_decides_nothing(
        self, backend: KamereonBackend, fake: Fake
    ) -> None:
        serve(fake, v1=THIN, v3=FAULT)
        report = await read_battery(backend)
        assert report.failures == {}
        assert report.state.battery is not None
        assert asked(fake) == ["v1", "v3"]
        serve(fake, v1=THIN, v3=V3)
        assert await level(backend) == 70

    async def test_a_range_alone_is_enough(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=Say.data(rangeHvacOn=400), v2=V2, v3=V3)
        report = await read_battery(backend, QASHQAI)
        assert report.state.fuel is not None
        assert report.state.fuel.range == 400
        assert asked(fake) == ["v1"]


class TestStrikes:
    """Where a refusal may be an accident, it takes three in a row."""

    async def test_the_battery_adapter(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=ADAPTER_FAULT)
        vehicle = replace(QASHQAI, gateway="RVG")
        for _ in range(3):
            with pytest.raises(Unavailable):
                await read_battery(backend, vehicle)
        assert asked(fake) == ["v3", "v2", "v1", "v1", "v1"]
        assert (await read_battery(backend, vehicle)).failures == {}
        assert asked(fake) == []

    async def test_an_answer_in_between_starts_anew(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake)
        fake.on_car("v1/battery-status", ADAPTER_FAULT, ADAPTER_FAULT, V1, ADAPTER_FAULT)
        for works in (False, False, True, False, False, False):
            if works:
                assert await level(backend) == 50
            else:
                with pytest.raises(Unavailable):
                    await read_battery(backend)
        assert (await read_battery(backend)).failures == {}

    async def test_a_version_that_answered_before(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=V1)
        assert await level(backend) == 50
        serve(fake)
        for _ in range(2):
            with pytest.raises(NotSupported):
                await read_battery(backend)
        asked(fake)
        serve(fake, v1=V1)
        assert await level(backend) == 50
        serve(fake)
        for _ in range(2):
            with pytest.raises(NotSupported):
                await read_battery(backend)
        assert (await read_battery(backend)).failures == {}
        asked(fake)
        await read_battery(backend)
        assert asked(fake) == []

    async def test_another_version_may_step_in_at_once(self, backend: KamereonBackend, fake: Fake) -> None:
        serve(fake, v1=V1)
        assert await level(backend) == 50
        serve(fake, v3=V3)
        assert await level(backend) == 70
        asked(fake)
        assert await level(backend) == 70
        assert asked(fake) == ["v3"]


async def test_the_front_end_is_told_the_generation(backend: KamereonBackend, fake: Fake) -> None:
    serve(fake, v3=V3)
    await read_battery(backend, ARIYA)
    request = fake.last(f"/bff-web/v3/cars/{VIN}/battery-status")
    assert request.raw_query == "canGen=C1A_HS%20EVO"
    assert request.headers["Accept"] == "application/json"

    fake.asked.clear()
    await read_battery(backend, replace(ARIYA, generation=None))
    assert fake.last(f"/bff-web/v3/cars/{VIN}/battery-status").raw_query == ""


async def test_the_adapter_is_asked_for_the_full_form(backend: KamereonBackend, fake: Fake) -> None:
    serve(fake, v1=V1)
    await read_battery(backend)
    request = fake.last(f"/car-adapter/v1/cars/{VIN}/battery-status")
    assert request.raw_query == ""
    assert request.headers["Accept"] == "application/vnd.api+json"
    assert request.headers["Authorization"] == "Bearer access-0"
    assert "Content-Type" not in request.headers


@pytest.mark.parametrize(("vehicle", "order"), [(LEAF, ["v1", "v2"]), (MICRA, ["v2", "v1"])])
async def test_cockpits(backend: KamereonBackend, fake: Fake, vehicle: VehicleInfo, order: list[str]) -> None:
    await backend.read(vehicle, {Group.ODOMETER})
    assert asked(fake) == order


async def test_gates(backend: KamereonBackend, fake: Fake) -> None:
    bare = VehicleInfo(key=VIN, powertrain=Powertrain.COMBUSTION)
    await backend.read(bare)
    endpoints = {request.path.rsplit("/", 1)[1] for request in fake.asked}
    assert endpoints == {"battery-status", "cockpit", "pressure", "health-status"}

    fake.asked.clear()
    gates = {Capability.BATTERY, Capability.CLIMATE_STATUS, Capability.LOCATION, Capability.LOCK_STATUS}
    await backend.read(replace(bare, key="OTHER", capabilities=frozenset(gates)))
    endpoints |= {"charge-mode", "hvac-status", "location", "lock-status"}
    assert {request.path.rsplit("/", 1)[1] for request in fake.asked} == endpoints
