"""Locking and unlocking with a PIN that is proved and never sent, from a trusted device (kamereon-eu §11 [B]).

The arithmetic would block the event loop of a small machine, so it is done in threads.
"""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
import re
import secrets
from typing import NamedTuple

from ...vehicle import (
    BackendError,
    Departure,
    DeviceNotRegistered,
    Lock,
    Phase,
    PinRequired,
    Progress,
    ProtocolError,
    Unavailable,
    Unlock,
    Unreachable,
    WrongCode,
)
from ..base import Json
from ..http import segment
from . import srp
from .client import AlreadyExists, EnterDeparture, Host, InvalidValue, KamereonClient
from .commands import Action, poll_action, progress, start_action
from .mapping import AttributeReader

_TIMEOUT = timedelta(seconds=60)
"""How long the vehicle may take over its part of an exchange (§10)."""
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 1.0, 1.5, 6.0

_MODEL = "Home Assistant"
"""What the owner sees in the app's list of devices."""

_ACTIONS: dict[type[Lock | Unlock], tuple[str, str]] = {Lock: ("lock", "RLU/Lock"), Unlock: ("unlock", "RLU/Unlock")}
"""What the action is called in the body, and in the order that the proof is made for."""


class _Rejected(BackendError):
    """The vehicle or the service refused a part of the exchange."""


class _Challenge(NamedTuple):
    """The service's response to our public key."""

    salt: bytes
    server_key: int


class RemoteLock:
    """The remote lock of one account's vehicles.

    Home Assistant is a device that the owner trusts with it (§11.1 [B]). A ``device_id`` is 8-64 of letters, digits,
    dots, underscores and hyphens.
    """

    def __init__(
        self,
        client: KamereonClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """``random`` returns so many bytes that nobody can guess."""
        self._client = client
        self._now = now
        self._sleep = sleep
        self._random = random

    async def send_code(self, user_id: str, vin: str, device_id: str) -> None:
        """Have a one-time code of six digits e-mailed to the owner."""
        await self._post("GenerateDeviceOtp", "generate-device-otp", user_id, vin, deviceId=device_id)

    async def register(self, user_id: str, vin: str, device_id: str, code: str) -> None:
        """Register the device with the e-mailed code. It may already be registered.

        Raises:
            WrongCode: The code is wrong or too old.
        """
        attributes = {"deviceId": device_id, "otp": code, "modelName": _MODEL}
        try:
            await self._post("RegisterDevice", "register-device", user_id, vin, **attributes)
        except AlreadyExists:
            return
        except InvalidValue:
            raise WrongCode from None

    async def is_registered(self, user_id: str, vin: str, device_id: str) -> bool:
        """Return whether the vehicle still trusts the device; the owner can end that in the app."""
        path = f"{_vehicle_path(user_id, vin)}/devices/{segment(device_id)}/registration-status"
        return await self._client.exists(Host.BFF, path, "registration status")

    async def remove(self, vin: str, device_id: str) -> None:
        """Remove the registration. A device that is not registered is fine."""
        path = f"v1/vehicles/{segment(vin)}/devices/{segment(device_id)}"
        await self._client.delete(Host.BFF, path, "removal of the device")

    async def _post(self, kind: str, name: str, user_id: str, vin: str, **attributes: str) -> None:
        body: Json = {"data": {"type": kind, "attributes": {**attributes}}}
        await self._client.post(Host.BFF, f"{_vehicle_path(user_id, vin)}/{name}", name, body)

    async def set_pin(self, user_id: str, vin: str, pin: str, departure: EnterDeparture) -> None:
        """Send the vehicle what it recognises the PIN by, in place of any earlier one. Wakes it."""
        salt = self._random(srp.SALT_BYTES)
        verifier = await to_thread(srp.verifier, user_id, pin, salt)
        attributes: dict[str, Json] = {"s": salt.hex(), "i": user_id, "v": srp.padded_hex(verifier)}
        await self._exchange(vin, Action("srp-initiates", attributes), departure)

    async def prove(
        self, command: Lock | Unlock, user_id: str, vin: str, device_id: str, departure: Departure
    ) -> Action:
        """Return the action of ``command`` with the proof that its sender knows the PIN. Wakes the vehicle.

        Whether the proof is right shows when the action is carried out.

        Raises:
            DeviceNotRegistered: The vehicle knows no PIN of this account.
            Unreachable: The vehicle did not take part in time.
        """
        if command.pin is None:
            raise PinRequired
        name, code = _ACTIONS[type(command)]
        secret = int.from_bytes(self._random(srp.SECRET_BYTES))
        client_key = await to_thread(srp.public_key, secret)
        challenge = await self._challenge(user_id, vin, client_key, partial(departure, answer_within=_TIMEOUT))
        try:
            proof = await to_thread(
                srp.proof,
                user_id,
                command.pin,
                order=f"{vin}/{code}",
                salt=challenge.salt,
                secret=secret,
                server_key=challenge.server_key,
            )
        except ValueError:
            raise ProtocolError("srp-sets brought a forged key") from None
        attributes: dict[str, Json] = {
            "action": name,
            "target": "doors_hatch",
            "deviceId": device_id,
            "duration": 0,
            "srp": proof,
        }
        return Action("lock-unlock", attributes)

    async def _challenge(self, user_id: str, vin: str, client_key: int, departure: EnterDeparture) -> _Challenge:
        action = Action("srp-sets", {"i": user_id, "a": srp.padded_hex(client_key)})
        try:
            status = await self._exchange(vin, action, departure)
        except _Rejected as error:
            raise DeviceNotRegistered(str(error)) from None
        results = {result.text("name"): result for result in status.children("data")}
        salt, key = (_hex(results.get(name)) for name in ("srpLoginS", "srpLoginB"))
        if salt is None or key is None:
            raise ProtocolError("srp-sets brought no challenge")
        return _Challenge(salt=salt, server_key=int.from_bytes(key))

    async def _exchange(self, vin: str, action: Action, departure: EnterDeparture) -> AttributeReader:
        """Start an action and poll until its end; a failed poll on the way says nothing."""
        identifier = await start_action(self._client, vin, action, departure)
        deadline, pause = self._now() + _TIMEOUT, _FIRST_PAUSE
        while self._now() < deadline:
            await self._sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            with suppress(Unavailable):
                status = await poll_action(self._client, vin, identifier)
                match progress(status):
                    case Progress(phase=Phase.DONE):
                        return AttributeReader.of(status)
                    case Progress(phase=Phase.REJECTED, code=code):
                        raise _Rejected(f"{action.name} was rejected (code {code})")
                    case Progress(phase=Phase.TIMED_OUT | Phase.UNCERTAIN):
                        break
        raise Unreachable(f"{action.name} was not answered in time")


def _vehicle_path(user_id: str, vin: str) -> str:
    return f"v1/users/{segment(user_id)}/vehicles/{segment(vin)}"


def _hex(result: AttributeReader | None) -> bytes | None:
    """Return the value of a result that is at most as long as a key."""
    value = result.text("value") if result is not None else None
    if value is None or not re.fullmatch("[0-9A-Fa-f]{1,512}", value):
        return None
    return bytes.fromhex(value.zfill(len(value) + len(value) % 2))
