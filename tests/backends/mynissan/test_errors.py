"""What the service's documented errors (mynissan-na §5) mean for a read and for a command, and what they cost.

A refusal is not an outage, and an outage no refusal; what was certainly not done has woken nobody.
"""

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Command,
    Declined,
    Group,
    Lock,
    NotSupported,
    ProtocolError,
    RateLimited,
    Refresh,
    ServiceError,
    SetChargeSchedule,
    TokenRejected,
    Unavailable,
    UnsafeRedirect,
)
from tests.departures import departing
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan
from tests.simulator.mynissan.faults import partial

from ..doubles import Clock
from .conftest import carry_out, vehicle
from .test_commands import NIGHT


def graphql(*errors: Json, **body: Json) -> Fault:
    """Answer with nothing but these errors; ``data`` is left out if it is not given."""
    return Fault(rewrite=lambda _: {"errors": list(errors), **body})


def coded(code: Json, message: str = "Something") -> Json:
    return {"message": message, "extensions": {"code": code}}


def lock_response(**fields: Json) -> Fault:
    return Fault(rewrite=lambda _: {"data": {"doorLock": fields}})


NULL: Json = {"vehicle": None, "doorLock": None}

RESPONSES: list[tuple[str, Fault, type[BackendError], bool]] = [
    ("not authorised", graphql({"message": "Unauthorized field or type"}, data=NULL), NotSupported, True),
    ("not authorised, no data", graphql(coded("UNAUTHORIZED_FIELD_OR_TYPE")), NotSupported, True),
    ("forbidden", graphql(coded("FORBIDDEN"), data=NULL), NotSupported, True),
    ("no access", graphql({"message": "No access to 1N4AZ1CPXNC500042"}, data=NULL), NotSupported, True),
    ("not subscribed", graphql({"message": "Vehicle is not subscribed"}, data=NULL), NotSupported, True),
    ("bad input", graphql(coded("BAD_USER_INPUT"), data=NULL), Declined, True),
    ("validation", graphql({"message": "x", "extensions": {"classification": "ValidationError"}}), Declined, True),
    ("unauthenticated", graphql(coded("UNAUTHENTICATED"), data=NULL), TokenRejected, True),
    ("limit in 200", graphql(coded("TOO_MANY_REQUESTS"), data=NULL), RateLimited, True),
    ("two refusals", graphql(coded("FORBIDDEN"), coded("BAD_USER_INPUT"), data=NULL), NotSupported, True),
    ("internal", graphql(coded("INTERNAL_SERVER_ERROR"), data=NULL), Unavailable, False),
    ("internal in words", graphql({"message": "Internal error"}, data=NULL), Unavailable, False),
    ("upstream", graphql({"message": "503: Service Unavailable"}, data=NULL), Unavailable, False),
    ("time-out", graphql({"message": "Request timed out"}, data=NULL), Unavailable, False),
    ("refusal and failure", graphql(coded("FORBIDDEN"), coded("INTERNAL_SERVER_ERROR")), Unavailable, False),
    ("unknown", graphql({"message": "Moose"}, data=NULL), ServiceError, False),
    ("unknown code", graphql(coded("MOOSE"), data=NULL), ServiceError, False),
    ("unreadable error", graphql(5, None, {"extensions": []}, data=NULL), ServiceError, False),
    ("status in 200", Fault.errors_in_200("403", "No"), NotSupported, True),
    ("outage in 200", Fault.errors_in_200(), Unavailable, False),
    ("errors are an object", Fault(rewrite=lambda _: {"errors": coded("FORBIDDEN")}), NotSupported, True),
    ("not readable", Fault.http(400), Declined, True),
    ("not let in", Fault.http(401), TokenRejected, True),
    ("blocked", Fault.http(403), AccessBlocked, True),
    ("gateway", Fault.html(403), AccessBlocked, True),
    ("not there", Fault.http(404), Declined, True),
    ("conflict", Fault.http(409), Declined, True),
    ("limit", Fault.rate_limited(60), RateLimited, True),
    ("redirect", Fault.redirect("https://elsewhere.example.com/"), UnsafeRedirect, True),
    ("too slow", Fault.http(408), Unavailable, False),
    ("failed", Fault.http(500), Unavailable, False),
    ("outage page", Fault.html(503), Unavailable, False),
    ("gateway time-out", Fault.html(504), Unavailable, False),
    ("maintenance page", Fault.html(200), Unavailable, False),
    ("broken off", Fault.malformed(), Unavailable, False),
    ("nothing", graphql(data=NULL), ProtocolError, False),
]
READS = [each for each in RESPONSES if each[2] is not ProtocolError]
"""A read may bring nothing."""


class Wakes(list[None]):
    """Which wakes were counted, without those that were taken back."""

    async def send(self, backend: MyNissanBackend, model: str, command: Command) -> None:
        info = await vehicle(backend, model)
        await backend.send(info, command, departing(lambda: self.append(None), self.pop))


@pytest.mark.parametrize(
    ("fault", "error", "nothing_done"), [each[1:] for each in RESPONSES], ids=[each[0] for each in RESPONSES]
)
async def test_a_response_to_a_command(
    backend: MyNissanBackend, service: MyNissan, fault: Fault, error: type[BackendError], nothing_done: bool
) -> None:
    await backend.list_vehicles()
    service.fail("DoorLock", fault)
    wakes = Wakes()
    with pytest.raises(error) as raised:
        await wakes.send(backend, "Ariya", Lock())
    assert type(raised.value) is error
    assert raised.value.nothing_done is nothing_done
    assert len(wakes) == (not nothing_done), "what was certainly refused woke nobody"


@pytest.mark.parametrize(("fault", "error"), [each[1:3] for each in READS], ids=[each[0] for each in READS])
async def test_a_response_to_a_read(
    backend: MyNissanBackend, service: MyNissan, fault: Fault, error: type[BackendError]
) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleLocation", fault)
    report = await backend.read(info)
    assert type(report.failures["location"]) is error
    assert report.state.battery is not None, "the rest is read"


REFUSED_LATER: list[tuple[Command, str, Fault]] = [
    (Refresh(Group.BATTERY), "RefreshBatteryStatus", Fault.values(success=False)),
    (Refresh(Group.CLIMATE), "RefreshClimateStatus", Fault.values(success=False)),
    (Lock(), "DoorLock", lock_response(serviceRequestId=None, message="No")),
    (Lock(), "DoorLock", lock_response(message="No")),
    (Lock(), "DoorLock", lock_response(success=False)),
]


@pytest.mark.parametrize(("command", "operation", "fault"), REFUSED_LATER)
async def test_what_was_not_accepted_woke_nobody(
    backend: MyNissanBackend, service: MyNissan, command: Command, operation: str, fault: Fault
) -> None:
    service.fail(operation, fault)
    wakes = Wakes()
    with pytest.raises(Declined) as raised:
        await wakes.send(backend, "Ariya", command)
    assert raised.value.nothing_done
    assert "No" not in str(raised.value).split()
    assert not wakes


TOKEN: list[tuple[Fault, type[BackendError]]] = [
    (Fault.http(400), AuthenticationFailed),
    (Fault.http(401), AuthenticationFailed),
    (Fault.http(403), AuthenticationFailed),
    (Fault.rate_limited(60), RateLimited),
    (Fault.http(503), Unavailable),
    (Fault.html(200), Unavailable),
    (Fault.missing("access_token"), ProtocolError),
]


@pytest.mark.parametrize(("fault", "error"), TOKEN)
async def test_a_command_that_no_token_was_to_be_had_for_was_not_sent(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, fault: Fault, error: type[BackendError]
) -> None:
    info = await vehicle(backend, "Ariya")
    service.end_sessions()
    service.fail("token", fault)
    wakes = Wakes()
    with pytest.raises(error) as raised:
        await backend.send(info, Lock(), departing(lambda: wakes.append(None), wakes.pop))
    assert type(raised.value) is error
    assert raised.value.nothing_done
    assert not wakes
    assert service.requests["DoorLock"] == 1


@pytest.mark.parametrize(
    "fault", [Fault.http(404), Fault.http(403), Fault.rate_limited(60), graphql(coded("FORBIDDEN"))]
)
async def test_a_timer_of_which_the_last_part_is_refused_is_not_as_before(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, fault: Fault
) -> None:
    info, car = await vehicle(backend, "Leaf"), service.car("Leaf")
    await carry_out(backend, info, SetChargeSchedule(NIGHT), clock)
    car.entries["other"] = car.planned["other"] = {**car.entries["timer-1"], "id": "other"}
    service.fail("UpdateChargeSchedule", fault)
    wakes = Wakes()
    with pytest.raises(BackendError) as raised:
        await wakes.send(backend, "Leaf", SetChargeSchedule(NIGHT))
    assert not raised.value.nothing_done, "the other entry has been switched off"
    assert len(wakes) == 1


async def test_an_error_beside_an_id_is_no_refusal(backend: MyNissanBackend, service: MyNissan) -> None:
    """An error beside an id does not take back what was accepted."""
    service.fail("DoorLock", Fault(rewrite=lambda body: {**(body if isinstance(body, dict) else {}), "errors": [5]}))
    wakes = Wakes()
    await wakes.send(backend, "Ariya", Lock())
    assert len(wakes) == 1


async def test_a_field_that_is_refused_differs_from_one_that_failed(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    info = await vehicle(backend, "Ariya")
    for message, error in (("Unauthorized field or type", NotSupported), ("Internal error", Unavailable)):
        service.fail("VehicleDynamicData", partial("doorsStatus", message=message))
        assert type((await backend.read(info)).failures["status: doorsStatus"]) is error


async def test_a_refused_log_in_is_no_outage(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("*", Fault.http(401))
    service.fail("token", Fault())
    service.requests.clear()
    with pytest.raises(TokenRejected):
        await backend.read(info)
    assert sum(service.requests.values()) - service.requests["token"] <= 2, "nothing else is requested then"


async def test_a_vehicle_that_is_refused_everything_is_no_outage(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("*", graphql({"message": f"No access to {info.key}"}, data={"vehicle": None}))
    with pytest.raises(NotSupported) as raised:
        await backend.read(info)
    assert info.key not in str(raised.value)
