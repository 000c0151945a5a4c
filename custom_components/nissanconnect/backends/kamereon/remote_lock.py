"""Locking and unlocking with a PIN that is proved and never sent (kamereon-eu §11 [B]).

The arithmetic would hold the event loop of a small machine up, so it is done in threads.
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
)
from ..base import Json
from . import srp
from .actions import Action, progress
from .client import Leave
from .dispatch import Dispatcher
from .values import Attributes

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
