"""The remote lock: becoming a trusted device, choosing a PIN, proving it (kamereon-eu §11).

How long a code is good for, and what an untrusted device or an unknown PIN is answered, is not recorded [D].
"""

from collections.abc import Callable
from datetime import timedelta
import re

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import Command, Group, Lock, Phase, Refresh, Unlock

from . import srp_server
from .account import Account
from .actions import Attributes, attributes_of, queue
from .errors import ApiError, no_right, not_found, unreadable
from .http import JSON, JSON_API, Endpoint, bearer, body, car, world
from .pins import Challenge, Pin, RemoteLock

CODE_LASTS = timedelta(minutes=10)
WRONG_PROOF = "12"
LOCKING_SERVICES = (27, 878)


def _ours(request: web.Request) -> RemoteLock:
    account = bearer(request)
    vehicle = car(request)
    if request.match_info.get("user", account.user_id) != account.user_id:
        raise no_right()
    return world(request).remote_locks.of(account, vehicle)


def _prepared(request: web.Request) -> RemoteLock:
    """Return what is known, for those who may set the lock up."""
    lock = _ours(request)
    if not car(request).lock_can_be_set_up:
        raise no_right()
    return lock


def _device(attributes: Attributes) -> str:
    device = attributes.get("deviceId")
    if not isinstance(device, str) or not re.fullmatch("[A-Za-z0-9._-]{8,64}", device):
        raise unreadable()
    return device


def _hex(attributes: Attributes, name: str, length: int) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{length}}}", value):
        raise unreadable()
    return value


async def _attributes(request: web.Request, content_type: str, kind: str, names: set[str]) -> Attributes:
    """Return the attributes of a message that has exactly those."""
    try:
        attributes = attributes_of(await body(request, content_type), kind)
    except ValueError:
        raise unreadable() from None
    if attributes.keys() != names:
        raise unreadable()
    return attributes


async def send_code(request: web.Request) -> web.StreamResponse:
    """E-mail a code of six digits to the owner."""
    lock = _prepared(request)
    device = _device(await _attributes(request, JSON, "GenerateDeviceOtp", {"deviceId"}))
    sim = world(request)
    code = f"{sim.rng.randrange(10**6):06d}"
    lock.codes[device] = code, sim.service_now() + CODE_LASTS
    sim.remote_locks.mailed.append(code)
    return web.Response(status=204)


async def register(request: web.Request) -> web.StreamResponse:
    """Trust a device whose owner knows the code."""
    lock = _prepared(request)
    attributes = await _attributes(request, JSON, "RegisterDevice", {"deviceId", "otp", "modelName"})
    device = _device(attributes)
    if device in lock.devices:
        raise ApiError(409, "409010", "Conflict", "Device already exists")
    code, end = lock.codes.get(device, (None, world(request).service_now()))
    if attributes["otp"] != code or world(request).service_now() >= end:
        raise ApiError(400, "400001", "Bad Request", "Invalid OTP")
    del lock.codes[device]
    lock.devices[device] = str(attributes["modelName"])
    return web.json_response({})


async def registration_status(request: web.Request) -> web.StreamResponse:
    """Say whether a device is trusted."""
    if request.match_info["device"] not in _ours(request).devices:
        raise not_found()
    return web.Response()


async def registered_devices(request: web.Request) -> web.StreamResponse:
    """List the trusted devices. The shape of the list is not recorded [D]."""
    devices: list[Json] = [{"deviceId": name, "modelName": model} for name, model in _ours(request).devices.items()]
    return web.json_response({"data": devices})


async def remove(request: web.Request) -> web.StreamResponse:
    """Trust a device no longer."""
    if _ours(request).devices.pop(request.match_info["device"], None) is None:
        raise not_found()
    return web.Response(status=204)


async def initiate(request: web.Request) -> web.StreamResponse:
    """Take the verifier of a new PIN; the vehicle has to be told."""
    attributes = await _attributes(request, JSON_API, "SrpInitiates", {"s", "i", "v"})
    salt, verifier = bytes.fromhex(_hex(attributes, "s", 20)), int(_hex(attributes, "v", 512), 16)
    if attributes["i"] != bearer(request).user_id or not 0 < verifier < srp_server.N:
        raise unreadable()
    lock = _prepared(request)
    action, response = queue(request, "SrpInitiates", Refresh(Group.BODY))
    lock.pins.append(Pin(action, salt, verifier))
    return response


async def challenge(request: web.Request) -> web.StreamResponse:
    """Answer a client's public key with the service's; the answer is in the action's status."""
    attributes = await _attributes(request, JSON_API, "SrpSets", {"i", "a"})
    client_key = int(_hex(attributes, "a", 512), 16)
    if attributes["i"] != bearer(request).user_id or client_key % srp_server.N == 0:
        raise unreadable()
    lock = _ours(request)
    _permit(request)
    sim = world(request)
    action, response = queue(request, "SrpSets", Refresh(Group.BODY))
    if (pin := lock.pin) is None:
        action.end(Phase.REJECTED)
        return response
    lock.challenge = Challenge(pin, sim.rng.getrandbits(256), client_key)
    key = srp_server.server_key(pin.verifier, lock.challenge.secret)
    sim.action_results[action.id] = [
        {"name": "srpLoginS", "type": "String", "value": pin.salt.hex()},
        {"name": "srpLoginB", "type": "String", "value": f"{key:0512x}"},
    ]
    return response


def _permit(request: web.Request) -> None:
    if not car(request).offers(LOCKING_SERVICES):
        raise no_right()


ORDERS: dict[Json, tuple[Callable[[], Command], str]] = {"lock": (Lock, "RLU/Lock"), "unlock": (Unlock, "RLU/Unlock")}
TARGETS = ("doors_hatch", "driver_s_door", "hatch")


async def lock_unlock(request: web.Request) -> web.StreamResponse:
    """Lock or unlock for a trusted device with a proof; the body of old clients is not understood (§11.2)."""
    names = {"action", "target", "deviceId", "duration", "srp"}
    attributes = await _attributes(request, JSON_API, "LockUnlock", names)
    device, proof = _device(attributes), _hex(attributes, "srp", 64)
    if attributes["action"] not in ORDERS or attributes["target"] not in TARGETS or attributes["duration"] != 0:
        raise unreadable()
    account, lock = bearer(request), _ours(request)
    _permit(request)
    if device not in lock.devices:
        raise no_right()
    command, code = ORDERS[attributes["action"]]
    action, response = queue(request, "LockUnlock", command())
    if proof != _expected(lock, account, f"{request.match_info['vin']}/{code}"):
        action.end(Phase.REJECTED, WRONG_PROOF)
    return response


def _expected(lock: RemoteLock, account: Account, order: str) -> str | None:
    """Return the proof that would be right, once for each challenge."""
    asked, lock.challenge = lock.challenge, None
    if asked is None:
        return None
    return srp_server.expected_proof(
        account.user_id,
        order=order,
        salt=asked.pin.salt,
        verifier=asked.pin.verifier,
        secret=asked.secret,
        client_key=asked.client_key,
    )


_VEHICLE = "/bff-web/v1/users/{user}/vehicles/{vin}"
_ACTIONS = "/car-adapter/v1/cars/{vin}/actions"

ENDPOINTS = (
    Endpoint("generate-device-otp", "POST", f"{_VEHICLE}/generate-device-otp", send_code),
    Endpoint("register-device", "POST", f"{_VEHICLE}/register-device", register),
    Endpoint("registration-status", "GET", f"{_VEHICLE}/devices/{{device}}/registration-status", registration_status),
    Endpoint("registered-devices", "GET", "/bff-web/v1/vehicles/{vin}/registered-devices", registered_devices),
    Endpoint("remove-device", "DELETE", "/bff-web/v1/vehicles/{vin}/devices/{device}", remove),
    Endpoint("actions/srp-initiates", "POST", f"{_ACTIONS}/srp-initiates", initiate),
    Endpoint("actions/srp-sets", "POST", f"{_ACTIONS}/srp-sets", challenge),
    Endpoint("actions/lock-unlock", "POST", f"{_ACTIONS}/lock-unlock", lock_unlock),
)
