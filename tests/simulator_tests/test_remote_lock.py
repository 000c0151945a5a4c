"""The remote lock (kamereon-eu §11)."""

from hashlib import sha256
import hmac
from typing import Any

from aiohttp import ClientResponse
import pytest

from custom_components.nissanconnect.vehicle import Lock, Unlock
from tests.backends.doubles import Clock
from tests.simulator import Simulator
from tests.simulator.srp_server import N

from .client import JSON, LEAF, QASHQAI, Client, failure

DEVICE = "ha-0123456789abcdef"
PIN = "4711"
SALT = bytes(range(10))
SECRET = 2**200 + 12345


@pytest.fixture
def equipped(service: Simulator) -> Simulator:
    """A Qashqai that can be locked from afar."""
    service.cars[QASHQAI].offer_remote_lock()
    return service


def vehicle(client: Client, vin: str = QASHQAI) -> str:
    return f"bff-web/v1/users/{client.user}/vehicles/{vin}"


async def ask_for_code(client: Client, device: object = DEVICE, vin: str = QASHQAI) -> ClientResponse:
    message = {"data": {"type": "GenerateDeviceOtp", "attributes": {"deviceId": device}}}
    return await client.post(f"{vehicle(client, vin)}/generate-device-otp", message, JSON)


async def register(client: Client, code: str, **more: object) -> ClientResponse:
    attributes = {"deviceId": DEVICE, "otp": code, "modelName": "test", **more}
    message = {"data": {"type": "RegisterDevice", "attributes": attributes}}
    return await client.post(f"{vehicle(client)}/register-device", message, JSON)


async def become_trusted(client: Client, service: Simulator) -> None:
    assert (await ask_for_code(client)).status == 204
    assert (await register(client, service.remote_locks.mailed[-1])).status == 200


def number(*parts: bytes) -> int:
    return int.from_bytes(sha256(b"".join(parts)).digest())


def private_key(client: Client, pin: str) -> int:
    return number(SALT, sha256(f"{client.user}:{pin}".encode()).digest())


async def end_of(client: Client, clock: Clock, response: ClientResponse) -> dict[str, Any]:
    """The status of an action when it is over."""
    assert response.status == 200, await response.text()
    action = (await response.json())["data"]["id"]
    clock.advance(minutes=2)
    return await client.attributes(f"action-status/v1/cars/{QASHQAI}/actions/status?actionId={action}")


async def choose_pin(client: Client, clock: Clock, pin: str = PIN) -> str:
    verifier = f"{pow(2, private_key(client, pin), N):0512x}"
    response = await client.act(QASHQAI, "srp-initiates", "SrpInitiates", s=SALT.hex(), i=client.user, v=verifier)
    status: str = (await end_of(client, clock, response))["status"]
    return status


async def challenged(client: Client, clock: Clock) -> dict[str, Any]:
    key = f"{pow(2, SECRET, N):0512x}"
    return await end_of(client, clock, await client.act(QASHQAI, "srp-sets", "SrpSets", i=client.user, a=key))


def proof(client: Client, pin: str, b: int, code: str) -> str:
    """The client's side of §11.3, in this test's own words."""
    x, a = private_key(client, pin), pow(2, SECRET, N)
    k = number(N.to_bytes(256), b"\x02")
    u = number(a.to_bytes(256).lstrip(b"\x00"), b.to_bytes(256))
    shared = pow(b - k * pow(2, x, N), SECRET + u * x, N)
    signed = a.to_bytes(256) + b.to_bytes(256) + client.user.encode() + SALT + f"{QASHQAI}/{code}".encode()
    return hmac.digest(sha256(shared.to_bytes(256).lstrip(b"\x00")).digest(), signed, sha256).hex()


async def command(client: Client, action: str, srp: str, **changes: object) -> ClientResponse:
    attributes = {"action": action, "target": "doors_hatch", "deviceId": DEVICE, "duration": 0, "srp": srp} | changes
    return await client.act(QASHQAI, "lock-unlock", "LockUnlock", **attributes)


async def key_of(client: Client, clock: Clock) -> int:
    said = await challenged(client, clock)
    results = {result["name"]: result["value"] for result in said["data"]}
    assert results["srpLoginS"] == SALT.hex()
    return int(results["srpLoginB"], 16)


async def test_the_whole_way(client: Client, equipped: Simulator, clock: Clock) -> None:
    await become_trusted(client, equipped)
    assert (await client.get(f"{vehicle(client)}/devices/{DEVICE}/registration-status")).status == 200
    assert await choose_pin(client, clock) == "COMPLETED"
    body = equipped.vehicle("Qashqai").body

    unlock = await command(client, "unlock", proof(client, PIN, await key_of(client, clock), "RLU/Unlock"))
    assert (await end_of(client, clock, unlock))["status"] == "COMPLETED"
    assert not body.locked
    lock = await command(client, "lock", proof(client, PIN, await key_of(client, clock), "RLU/Lock"))
    ended = await end_of(client, clock, lock)
    assert (ended["status"], ended["actionType"]) == ("COMPLETED", "LOCK_UNLOCK")
    assert body.locked
    executed = equipped.vehicle("Qashqai").telematics.executed
    assert [each for each in executed if isinstance(each, Lock | Unlock)] == [Unlock(), Lock()]


@pytest.mark.parametrize(("pin", "code"), [("0000", "RLU/Unlock"), (PIN, "RLU/Lock")])
async def test_a_proof_of_something_else(
    client: Client, equipped: Simulator, clock: Clock, pin: str, code: str
) -> None:
    await become_trusted(client, equipped)
    await choose_pin(client, clock)
    response = await command(client, "unlock", proof(client, pin, await key_of(client, clock), code))
    ended = await end_of(client, clock, response)
    assert (ended["status"], ended["errorCode"]) == ("REJECTED", "12")
    assert equipped.vehicle("Qashqai").body.locked


async def test_a_proof_is_good_once(client: Client, equipped: Simulator, clock: Clock) -> None:
    await become_trusted(client, equipped)
    await choose_pin(client, clock)
    good = proof(client, PIN, await key_of(client, clock), "RLU/Unlock")
    ends = [(await end_of(client, clock, await command(client, "unlock", good)))["status"] for _ in range(2)]
    assert ends == ["COMPLETED", "REJECTED"]


async def test_the_newest_pin_counts(client: Client, equipped: Simulator, clock: Clock) -> None:
    await become_trusted(client, equipped)
    for pin in ("0000", PIN):
        await choose_pin(client, clock, pin)
    unlock = await command(client, "unlock", proof(client, PIN, await key_of(client, clock), "RLU/Unlock"))
    assert (await end_of(client, clock, unlock))["status"] == "COMPLETED"


async def test_without_a_pin_there_is_no_challenge(client: Client, equipped: Simulator, clock: Clock) -> None:
    said = await challenged(client, clock)
    assert (said["status"], said["data"]) == ("REJECTED", [])


async def test_codes(client: Client, equipped: Simulator, clock: Clock) -> None:
    assert await failure(await register(client, "123456")) == (400, "400001")
    await ask_for_code(client)
    (code,) = equipped.remote_locks.mailed
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert await failure(await register(client, wrong)) == (400, "400001")
    clock.advance(minutes=10)
    assert await failure(await register(client, code)) == (400, "400001")

    await become_trusted(client, equipped)
    assert await failure(await register(client, code)) == (409, "409010")


async def test_devices(client: Client, equipped: Simulator, clock: Clock) -> None:
    status = f"{vehicle(client)}/devices/{DEVICE}/registration-status"
    removal = f"bff-web/v1/vehicles/{QASHQAI}/devices/{DEVICE}"
    headers = {"Authorization": f"Bearer {client.bearer}"}
    assert (await client.get(status)).status == 404
    assert await failure(await command(client, "lock", "a" * 64)) == (403, "403")

    await become_trusted(client, equipped)
    listed = await (await client.get(f"bff-web/v1/vehicles/{QASHQAI}/registered-devices")).json()
    assert listed["data"] == [{"deviceId": DEVICE, "modelName": "test"}]
    ends = [(await client.session.delete(f"{client.url}/{removal}", headers=headers)).status for _ in range(2)]
    assert ends == [204, 404]
    assert (await client.get(status)).status == 404


async def test_who_may_not_set_it_up(client: Client, equipped: Simulator) -> None:
    assert (await ask_for_code(client, vin=LEAF)).status == 403
    assert (await ask_for_code(client, vin="SJNFAKE9999999999")).status == 404
    client.user, user = "another", client.user
    assert (await ask_for_code(client)).status == 403
    client.user = user

    car = equipped.cars[QASHQAI]
    car.role = "STANDARD"
    assert (await ask_for_code(client)).status == 403
    car.role, car.ccs_generation = "OWNER", "1"
    assert (await ask_for_code(client)).status == 403
    car.services[909] = True
    assert (await ask_for_code(client)).status == 204
    car.cross_badged = True
    assert (await ask_for_code(client)).status == 403
    refused = await client.act(QASHQAI, "srp-initiates", "SrpInitiates", s="0" * 20, i=client.user, v="2".zfill(512))
    assert refused.status == 403


@pytest.mark.parametrize(
    ("name", "kind", "attributes"),
    [
        ("srp-initiates", "SrpInitiates", {"s": "0" * 20, "v": "2".zfill(512), "i": "another"}),
        ("srp-initiates", "SrpInitiates", {"s": "0" * 18, "v": "2".zfill(512)}),
        ("srp-initiates", "SrpInitiates", {"s": "0" * 20, "v": "0" * 512}),
        ("srp-initiates", "SrpInitiates", {"s": "0" * 20}),
        ("srp-sets", "SrpSets", {"a": "2".zfill(512), "i": "another"}),
        ("srp-sets", "SrpSets", {"a": "0" * 512}),
        ("srp-sets", "SrpSets", {"a": f"{N:0512x}"}),
        ("srp-sets", "SrpSets", {"a": 2}),
    ],
)
async def test_bodies_that_cannot_be_read(
    client: Client, equipped: Simulator, name: str, kind: str, attributes: dict[str, object]
) -> None:
    sent = {"i": client.user, **attributes}
    assert await failure(await client.act(QASHQAI, name, kind, **sent)) == (400, "400")
    assert equipped.requests["wakes"] == 0


async def test_device_names_and_fields_are_checked(client: Client, equipped: Simulator) -> None:
    for device in ("short", "x" * 65, "ha-äöüäöüäöü", 12345678):
        assert (await ask_for_code(client, device)).status == 400
    assert (await register(client, "123456", extra=True)).status == 400
    assert (await command(client, "lock", "a" * 64, target="boot")).status == 400
    assert (await command(client, "lock", "a" * 64, duration=5)).status == 400
