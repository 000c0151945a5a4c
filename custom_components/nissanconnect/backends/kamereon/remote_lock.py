"""Home Assistant as a device that the owner trusts with the remote lock of a vehicle (kamereon-eu §11.1 [B])."""

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
from . import srp
from .client import Client, Host, Leave, segment
from .commands import Action, Dispatcher, progress
from .errors import AlreadyThere, InvalidValue
from .mapping import Attributes

_MODEL = "Home Assistant"
"""What the owner sees in the app's list of devices."""


class TrustedDevice:
    """One device of one account. ``device_id`` is 8-64 of letters, digits, dots, underscores and hyphens."""

    def __init__(self, client: Client, device_id: str) -> None:
        """Name the device."""
        self._client = client
        self._id = device_id

    async def send_code(self, user_id: str, vin: str) -> None:
        """Have a one-time code of six digits e-mailed to the owner."""
        await self._post("GenerateDeviceOtp", "generate-device-otp", user_id, vin)

    async def register(self, user_id: str, vin: str, code: str) -> None:
        """Register the device with the e-mailed code. One that is registered already is fine.

        Raises:
            WrongCode: The code is wrong or too old.
        """
        try:
            await self._post("RegisterDevice", "register-device", user_id, vin, otp=code, modelName=_MODEL)
        except AlreadyThere:
            return
        except InvalidValue:
            raise WrongCode from None

    async def is_registered(self, user_id: str, vin: str) -> bool:
        """Ask whether the vehicle still trusts the device; the owner can end that in the app."""
        path = f"{_vehicle_of(user_id, vin)}/devices/{segment(self._id)}/registration-status"
        return await self._client.exists(Host.BFF, path, "registration status")

    async def remove(self, vin: str) -> None:
        """End it. A device that is not there is fine."""
        path = f"v1/vehicles/{segment(vin)}/devices/{segment(self._id)}"
        await self._client.delete(Host.BFF, path, "removal of the device")

    async def _post(self, kind: str, name: str, user_id: str, vin: str, **attributes: str) -> None:
        body: Json = {"data": {"type": kind, "attributes": {"deviceId": self._id, **attributes}}}
        await self._client.post(Host.BFF, f"{_vehicle_of(user_id, vin)}/{name}", name, body)


def _vehicle_of(user_id: str, vin: str) -> str:
    return f"v1/users/{segment(user_id)}/vehicles/{segment(vin)}"


_PATIENCE = timedelta(seconds=60)
"""How long the vehicle may take over its part of an exchange (§10)."""
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 1.0, 1.5, 6.0

_ACTIONS: dict[type[Lock | Unlock], tuple[str, str]] = {Lock: ("lock", "RLU/Lock"), Unlock: ("unlock", "RLU/Unlock")}
"""What the action is called in the body, and in the order that the proof is made for."""


class _Rejected(BackendError):
    """The vehicle or the service refused a part of the exchange."""


class _Challenge(NamedTuple):
    """The answer of the service to our public key."""

    salt: bytes
    server_key: int


class RemoteLock:
    """The exchanges of one account with its vehicles."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """``random`` returns so many bytes that nobody can guess."""
        self._dispatcher = dispatcher
        self._now = now
        self._sleep = sleep
        self._random = random

    async def set_pin(self, user_id: str, vin: str, pin: str, departure: Leave) -> None:
        """Let the vehicle know by what it will recognise the PIN, in place of any earlier one. Wakes it."""
        salt = self._random(srp.SALT_BYTES)
        verifier = await to_thread(srp.verifier, user_id, pin, salt)
        attributes: dict[str, Json] = {"s": salt.hex(), "i": user_id, "v": srp.padded_hex(verifier)}
        await self._ask(vin, Action("srp-initiates", attributes), departure)

    async def proven(
        self, command: Lock | Unlock, user_id: str, vin: str, device_id: str, departure: Departure
    ) -> Action:
        """Return the action of ``command`` with the proof that its giver knows the PIN. Wakes the vehicle.

        Whether the proof is right is found out when the action is carried out.

        Raises:
            DeviceNotRegistered: The vehicle knows no PIN of this account.
            Unreachable: The vehicle did not take part in time.
        """
        if command.pin is None:
            raise PinRequired
        word, code = _ACTIONS[type(command)]
        secret = int.from_bytes(self._random(srp.SECRET_BYTES))
        client_key = await to_thread(srp.public_key, secret)
        preparing = partial(departure, answer_within=_PATIENCE)
        challenge = await self._challenge(user_id, vin, client_key, preparing)
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
            "action": word,
            "target": "doors_hatch",
            "deviceId": device_id,
            "duration": 0,
            "srp": proof,
        }
        return Action("lock-unlock", attributes)

    async def _challenge(self, user_id: str, vin: str, client_key: int, departure: Leave) -> _Challenge:
        try:
            said = await self._ask(vin, Action("srp-sets", {"i": user_id, "a": srp.padded_hex(client_key)}), departure)
        except _Rejected as error:
            raise DeviceNotRegistered(str(error)) from None
        results = {result.text("name"): result for result in _objects(said.get("data"))}
        salt, key = (_hex(results.get(name)) for name in ("srpLoginS", "srpLoginB"))
        if salt is None or key is None:
            raise ProtocolError("srp-sets brought no challenge")
        return _Challenge(salt=salt, server_key=int.from_bytes(key))

    async def _ask(self, vin: str, action: Action, departure: Leave) -> Attributes:
        """Start an action and wait for its end; a failed look on the way is no answer."""
        identifier = await self._dispatcher.start(vin, action, departure)
        deadline, pause = self._now() + _PATIENCE, _FIRST_PAUSE
        while self._now() < deadline:
            await self._sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            with suppress(Unavailable):
                said = await self._dispatcher.status(vin, identifier)
                match progress(said):
                    case Progress(phase=Phase.DONE):
                        return Attributes.of(said)
                    case Progress(phase=Phase.REJECTED, code=code):
                        raise _Rejected(f"{action.name} was rejected (code {code})")
                    case Progress(phase=Phase.TIMED_OUT | Phase.UNCERTAIN):
                        break
        raise Unreachable(f"{action.name} was not answered in time")


def _objects(listed: Json) -> list[Attributes]:
    return [Attributes.of(item) for item in listed] if isinstance(listed, list) else []


def _hex(result: Attributes | None) -> bytes | None:
    """Return the value of a result that is at most as long as a key."""
    value = result.text("value") if result is not None else None
    if value is None or not re.fullmatch("[0-9A-Fa-f]{1,512}", value):
        return None
    return bytes.fromhex(value.zfill(len(value) + len(value) % 2))
