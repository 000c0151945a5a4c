"""The remote lock when things go wrong; that it works is shown against the simulator (tests/test_lock.py)."""

from collections.abc import Callable
from datetime import timedelta
import json
import logging
import re
import threading

import pytest

from custom_components.nissanconnect.backends.base import Context, Json, LockSetup
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonAuth, KamereonBackend, remote_lock as srp
from custom_components.nissanconnect.backends.kamereon.client import Environment
from custom_components.nissanconnect.vehicle import (
    BackendError,
    DeviceNotRegistered,
    Lock,
    NotSupported,
    PinRequired,
    ProtocolError,
    RateLimited,
    Unavailable,
    Unlock,
    Unreachable,
    WrongCode,
)
from tests.departures import departing, nobody

from ..conftest import NOW
from ..doubles import Clock, Diary
from .conftest import LOGGED_IN, PATIENT, keeping
from .fake import DROPPED, E_MAIL, LEAF, NOT_FOUND, PASSWORD, VIN, Fake, Say

DEVICE = "ha-0123456789abcdef"
PIN = "4711"
VEHICLE = f"/bff-web/v1/users/user-1/vehicles/{VIN}"
TRUSTED = f"{VEHICLE}/devices/{DEVICE}/registration-status"
REMOVAL = f"/bff-web/v1/vehicles/{VIN}/devices/{DEVICE}"
ACTIONS = f"/car-adapter/v1/cars/{VIN}/actions/"
STATUS = f"/action-status/v1/cars/{VIN}/actions/status"
ACCEPTED = Say(json={"data": {"type": "x", "id": "action-1"}})
SALT, KEY = "00" * 10, f"{srp.public_key(7):x}"


def challenge(**values: Json) -> Say:
    """The end of srp-sets with the given results."""
    results: list[Json] = [{"name": name, "type": "String", "value": value} for name, value in values.items()]
    return Say.data(status="COMPLETED", data=results)


GOOD = challenge(srpLoginS=SALT, srpLoginB=KEY)


@pytest.fixture
def make(
    context: Context, environment: Environment, clock: Clock, diary: Diary[KamereonAuth]
) -> Callable[..., KamereonBackend]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    def make(device_id: str | None = DEVICE) -> KamereonBackend:
        fields = {"username": E_MAIL, "password": PASSWORD} | ({} if device_id is None else {"device_id": device_id})
        known = keeping(context, LOGGED_IN, diary, sleep=sleep)
        return KamereonBackend(known, fields, EUROPE._replace(environment=environment), timeout=PATIENT)

    return make


@pytest.fixture
def backend(make: Callable[..., KamereonBackend], fake: Fake) -> KamereonBackend:
    fake.on("GET", TRUSTED, Say())
    for name in ("srp-initiates", "srp-sets", "lock-unlock"):
        fake.on("POST", ACTIONS + name, ACCEPTED)
    fake.on("GET", STATUS, GOOD)
    return make()


@pytest.mark.parametrize(("command", "word"), [(Lock(pin=PIN), "lock"), (Unlock(pin=PIN), "unlock")])
async def test_the_exchange(
    backend: KamereonBackend, fake: Fake, clock: Clock, command: Lock | Unlock, word: str
) -> None:
    fake.on("GET", STATUS, NOT_FOUND, Say.data(status="CREATED"), DROPPED, GOOD)
    woken: list[str] = []
    ticket = await backend.send(LEAF, command, departing(lambda: woken.append(fake.asked[-1].path)))
    assert woken == [TRUSTED, STATUS], "right before the question and, after its answer, before the order"
    assert ticket.id == "action-1"
    assert ticket.sent_at == clock()
    assert [asked.path.rsplit("/", 1)[1] for asked in fake.asked if asked.path != STATUS] == [
        "registration-status",
        "srp-sets",
        "lock-unlock",
    ]
    opened = json.loads(fake.last(ACTIONS + "srp-sets").body)["data"]
    assert opened["type"] == "SrpSets"
    assert opened["attributes"].keys() == {"i", "a"}
    assert re.fullmatch("[0-9a-f]{512}", opened["attributes"]["a"])
    sent = json.loads(fake.last(ACTIONS + "lock-unlock").body)["data"]
    assert re.fullmatch("[0-9a-f]{64}", sent["attributes"].pop("srp"))
    assert sent == {
        "type": "LockUnlock",
        "attributes": {"action": word, "target": "doors_hatch", "deviceId": DEVICE, "duration": 0},
    }
    assert not [asked for asked in fake.asked if f'"{PIN}"' in asked.body]


async def test_every_exchange_has_a_secret_of_its_own(backend: KamereonBackend, fake: Fake) -> None:
    for _ in range(2):
        await backend.send(LEAF, Lock(pin=PIN), nobody)
    keys = [asked.body for asked in fake.asked if asked.path == ACTIONS + "srp-sets"]
    assert len(set(keys)) == 2


async def test_the_arithmetic_is_done_off_the_event_loop(
    backend: KamereonBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    power = srp.power
    threads = set()

    def noted(base: int, exponent: int) -> int:
        threads.add(threading.current_thread())
        return power(base, exponent)

    monkeypatch.setattr(srp, "power", noted)
    await backend.set_pin(LEAF, PIN, nobody)
    await backend.send(LEAF, Lock(pin=PIN), nobody)
    assert threads
    assert threading.main_thread() not in threads


async def test_whoever_is_not_registered_wakes_nobody(
    make: Callable[..., KamereonBackend], backend: KamereonBackend, fake: Fake
) -> None:
    with pytest.raises(DeviceNotRegistered):
        await make(None).send(LEAF, Lock(pin=PIN), departing(lambda: pytest.fail("nobody is woken")))
    assert fake.asked == []

    fake.on("GET", TRUSTED, NOT_FOUND)
    with pytest.raises(DeviceNotRegistered):
        await backend.send(LEAF, Lock(pin=PIN), departing(lambda: pytest.fail("nobody is woken")))
    fake.on("GET", TRUSTED, Say.error(500, "500"))
    with pytest.raises(Unavailable):
        await backend.send(LEAF, Lock(pin=PIN), departing(lambda: pytest.fail("nobody is woken")))
    assert fake.paths == {TRUSTED: 2}


async def test_without_a_pin_nobody_is_woken(backend: KamereonBackend, fake: Fake) -> None:
    with pytest.raises(PinRequired):
        await backend.send(LEAF, Unlock(), departing(lambda: pytest.fail("nobody is woken")))
    assert fake.paths == {TRUSTED: 1}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Say.data(status="REJECTED", errorCode="3"), DeviceNotRegistered),
        (Say.data(status="TIMEOUT"), Unreachable),
        (Say.data(status="CANCELLED"), Unreachable),
        (Say.data(status="PENDING"), Unreachable),
        (NOT_FOUND, Unreachable),
        (Say.error(503), Unreachable),
        (Say(status=429), RateLimited),
        (Say.data(status="COMPLETED"), ProtocolError),
        (Say.data(status="COMPLETED", data=["srpLoginS", None, {"name": "srpLoginS"}]), ProtocolError),
        (challenge(srpLoginS=SALT), ProtocolError),
        (challenge(srpLoginB=KEY), ProtocolError),
        (challenge(srpLoginS="salt", srpLoginB=KEY), ProtocolError),
        (challenge(srpLoginS=SALT, srpLoginB="0" * 513), ProtocolError),
        (challenge(srpLoginS=SALT, srpLoginB="0"), ProtocolError),
        (challenge(srpLoginS=SALT, srpLoginB=f"{srp.N:x}"), ProtocolError),
    ],
)
async def test_an_exchange_that_fails_ends_in_time_and_sends_no_proof(
    backend: KamereonBackend,
    fake: Fake,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    answer: Say,
    error: type[BackendError],
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.nissanconnect")
    fake.on("GET", STATUS, answer)
    woken: list[str] = []
    with pytest.raises(error) as raised:
        await backend.send(LEAF, Unlock(pin=PIN), departing(lambda: woken.append(fake.asked[-1].path)))
    assert woken == [TRUSTED]
    assert clock() - NOW <= timedelta(seconds=66)
    assert fake.paths[ACTIONS + "srp-sets"] == 1
    assert ACTIONS + "lock-unlock" not in fake.paths
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    for secret in (PIN, DEVICE, VIN, "user-1"):
        assert secret not in f"{raised.value!r}{ours}"


async def test_a_lock_that_is_not_understood_is_not_repeated(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("POST", ACTIONS + "lock-unlock", Say.error(400, "400", detail="Http message is not readable"))
    with pytest.raises(ProtocolError):
        await backend.send(LEAF, Lock(pin=PIN), nobody)
    assert fake.paths[ACTIONS + "lock-unlock"] == 1


async def test_registering(backend: KamereonBackend, fake: Fake) -> None:
    assert isinstance(backend, LockSetup)
    fake.on("POST", f"{VEHICLE}/generate-device-otp", Say(status=204))
    await backend.send_device_code(LEAF, DEVICE)
    asked = fake.last(f"{VEHICLE}/generate-device-otp")
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {"data": {"type": "GenerateDeviceOtp", "attributes": {"deviceId": DEVICE}}}

    fake.on("POST", f"{VEHICLE}/register-device", Say(json={}))
    await backend.register_device(LEAF, DEVICE, "123456")
    assert json.loads(fake.last(f"{VEHICLE}/register-device").body) == {
        "data": {
            "type": "RegisterDevice",
            "attributes": {"deviceId": DEVICE, "otp": "123456", "modelName": "Home Assistant"},
        }
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Say.error(409, "409010", "Device already exists"), None),
        (Say.error(400, "400001", "Invalid OTP"), WrongCode),
        (Say.error(400, "400", detail="Http message is not readable"), ProtocolError),
        (Say.error(409, "409999"), ProtocolError),
        (Say.error(403, "403"), NotSupported),
        (Say.redirect("http://127.0.0.1:1/elsewhere"), ProtocolError),
        (DROPPED, Unavailable),
    ],
)
async def test_how_registering_ends(
    backend: KamereonBackend, fake: Fake, answer: Say, error: type[BackendError] | None
) -> None:
    fake.on("POST", f"{VEHICLE}/register-device", answer)
    if error is None:
        await backend.register_device(LEAF, DEVICE, "123456")
    else:
        with pytest.raises(error) as raised:
            await backend.register_device(LEAF, DEVICE, "123456")
        assert "123456" not in repr(raised.value)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("answer", [Say(status=204), NOT_FOUND])
async def test_removing_the_device(backend: KamereonBackend, fake: Fake, answer: Say) -> None:
    fake.on("DELETE", REMOVAL, answer)
    await backend.remove_device(LEAF, DEVICE)
    assert fake.paths == {REMOVAL: 1}


async def test_choosing_a_pin(backend: KamereonBackend, fake: Fake) -> None:
    woken: list[int] = []
    for _ in range(2):
        await backend.set_pin(LEAF, PIN, departing(lambda: woken.append(fake.paths[ACTIONS + "srp-initiates"])))
    assert woken == [0, 1]
    sent = [json.loads(asked.body)["data"] for asked in fake.asked if asked.path == ACTIONS + "srp-initiates"]
    assert [message["type"] for message in sent] == ["SrpInitiates"] * 2
    assert sent[0]["attributes"]["s"] != sent[1]["attributes"]["s"], "salt is never used twice"
    for attributes in (message["attributes"] for message in sent):
        salt = bytes.fromhex(attributes["s"])
        assert len(salt) == 10
        assert attributes == {
            "s": salt.hex(),
            "i": "user-1",
            "v": srp.padded_hex(srp.verifier("user-1", PIN, salt)),
        }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Say.data(status="REJECTED", errorCode="3"), BackendError),
        (Say.data(status="TIMEOUT"), Unreachable),
        (Say.data(status="PENDING"), Unreachable),
    ],
)
async def test_a_pin_that_is_not_taken(
    backend: KamereonBackend, fake: Fake, answer: Say, error: type[BackendError]
) -> None:
    fake.on("GET", STATUS, answer)
    with pytest.raises(error) as raised:
        await backend.set_pin(LEAF, PIN, nobody)
    assert PIN not in repr(raised.value)
    assert fake.paths[ACTIONS + "srp-initiates"] == 1
