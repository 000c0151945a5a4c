"""Locking and unlocking with a PIN that is proved and never sent, from a trusted device (kamereon-eu §11 [B]).

The proof is a secure remote password (§11.3 [B]): SRP-6a of RFC 5054 by name only. It is a keyed hash over a command,
the two public keys are padded in some hashes and minimal in others. So no library fits, and every hash says how it
spells its numbers. The arithmetic would block the event loop of a small machine, so it is done in threads.
"""

from asyncio import to_thread
from contextlib import suppress
from datetime import timedelta
from functools import partial
from hashlib import sha256
import hmac
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
from ..base import Context, EnterDeparture, Json
from ..http import segment
from .client import AlreadyExists, Host, InvalidValue, KamereonClient
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

    def __init__(self, client: KamereonClient, context: Context) -> None:
        self._client = client
        self._now = context.now
        self._sleep = context.sleep

    async def send_code(self, user_id: str, vin: str, device_id: str) -> None:
        """Have a one-time code of six digits e-mailed to the owner."""
        await self._post(user_id, vin, Action("generate-device-otp", {"deviceId": device_id}))

    async def register(self, user_id: str, vin: str, device_id: str, code: str) -> None:
        """Register the device with the e-mailed code. It may already be registered.

        Raises:
            WrongCode: The code is wrong or too old.
        """
        action = Action("register-device", {"deviceId": device_id, "otp": code, "modelName": _MODEL})
        try:
            await self._post(user_id, vin, action)
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

    async def _post(self, user_id: str, vin: str, action: Action) -> None:
        path = f"{_vehicle_path(user_id, vin)}/{action.name}"
        await self._client.post(Host.BFF, path, action.name, action.body())

    async def set_pin(self, user_id: str, vin: str, pin: str, departure: EnterDeparture) -> None:
        """Send the vehicle what it recognises the PIN by, in place of any earlier one. Wakes it."""
        salt = secrets.token_bytes(SALT_BYTES)
        known_by = await to_thread(verifier, user_id, pin, salt)
        attributes: dict[str, Json] = {"s": salt.hex(), "i": user_id, "v": padded_hex(known_by)}
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
        secret = int.from_bytes(secrets.token_bytes(SECRET_BYTES))
        client_key = await to_thread(public_key, secret)
        challenge = await self._challenge(user_id, vin, client_key, partial(departure, answer_within=_TIMEOUT))
        try:
            proved = await to_thread(
                proof,
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
            "srp": proved,
        }
        return Action("lock-unlock", attributes)

    async def _challenge(self, user_id: str, vin: str, client_key: int, departure: EnterDeparture) -> _Challenge:
        action = Action("srp-sets", {"i": user_id, "a": padded_hex(client_key)})
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


N = int(
    "AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13D"
    "D52312AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B8"
    "55F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481"
    "F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6"
    "AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F5475"
    "9B65E372FCD68EF20FA7111F9E4AFF73",
    16,
)
"""The prime of RFC 5054's 2048-bit group."""
G = 2

SALT_BYTES = 10
SECRET_BYTES = 32
_WIDTH = 256
"""Bytes of a padded number."""


def verifier(user_id: str, pin: str, salt: bytes) -> int:
    """Return what the service keeps instead of the PIN."""
    return power(G, _private_key(user_id, pin, salt))


def public_key(secret: int) -> int:
    """Return ``A``, the public half of a one-time ``secret``."""
    return power(G, secret)


def proof(user_id: str, pin: str, *, order: str, salt: bytes, secret: int, server_key: int) -> str:
    """Return the proof that whoever gives ``order`` knows the PIN, as 64 hexadecimal digits.

    ``server_key`` is ``B``, the service's response to ``public_key(secret)``.

    Raises:
        ValueError: ``B`` is a multiple of N: a forged response, after which the key would not depend on the PIN.
    """
    if server_key % N == 0:
        raise ValueError("a server key that is no key")
    x = _private_key(user_id, pin, salt)
    client_key = public_key(secret)
    k = _number(_padded(N) + bytes((G,)))
    u = _number(_minimal(client_key) + _padded(server_key))
    shared = power(server_key - k * power(G, x), secret + u * x)
    signed = _padded(client_key) + _padded(server_key) + user_id.encode() + salt + order.encode()
    return hmac.digest(sha256(_minimal(shared)).digest(), signed, sha256).hex()


def power(base: int, exponent: int) -> int:
    """Return ``pow(base, exponent, N)``, in steps between which other threads may run.

    The built-in function holds the interpreter for all of its work, which would stop them for longer the slower the
    machine is, even from a thread of its own.
    """
    powers = [1]
    for _ in range(15):
        powers.append(powers[-1] * base % N)
    result = 1
    for digit in f"{exponent:x}":
        result = pow(result, 16, N) * powers[int(digit, 16)] % N
    return result


def padded_hex(number: int) -> str:
    """Return a number below 2 ** 2048 the way it is sent: 512 hexadecimal digits."""
    return _padded(number).hex()


def _private_key(user_id: str, pin: str, salt: bytes) -> int:
    return _number(salt + sha256(f"{user_id}:{pin}".encode()).digest())


def _number(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest())


def _padded(number: int) -> bytes:
    return number.to_bytes(_WIDTH)


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
