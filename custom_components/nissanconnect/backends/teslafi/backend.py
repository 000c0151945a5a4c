"""A feed of TeslaFi's kind as a backend: one token is one vehicle, to be read only."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
import logging
import re
from typing import override

import aiohttp
from yarl import URL

from ...vehicle import (
    BackendError,
    Capability,
    Command,
    Departure,
    Group,
    ListedVehicle,
    NotSupported,
    Powertrain,
    Progress,
    ProtocolError,
    Ticket,
    Unavailable,
    Unreachable,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    VinProblem,
    alias,
    normalise_key,
    plant_country,
    vin_problem,
)
from ..base import Backend, Description, Json
from .feed import Feed
from .parse import BACKEND, parse
from .values import Values

_LOGGER = logging.getLogger(__name__)

_REJECTED = "rejected"

_SHOWN_BY: dict[Group, Capability] = {
    Group.BATTERY: Capability.BATTERY,
    Group.BODY: Capability.LOCK_STATUS,
    Group.CLIMATE: Capability.CLIMATE_STATUS,
    Group.POSITION: Capability.LOCATION,
}
"""A vehicle can report what it has reported: nobody knows what a Nissan would (teslafi §0)."""


class TeslaFiBackend(Backend):
    """One feed. It is never asked to wake the vehicle, and takes no commands."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base: URL,
        token: str,
        now: Callable[[], datetime],
        auth: Json = None,
        on_auth: Callable[[dict[str, Json]], None] = lambda _: None,
        memory: Json = None,
        timeout: float = 15.0,
    ) -> None:
        """Prepare; nothing is sent yet. ``base`` comes from :func:`service_url`, ``memory`` from :meth:`memory`.

        ``auth`` is what ``on_auth`` was last handed for this token, if anything: that it was refused, so that not even
        a restart has it sent again.
        """
        self._feed = Feed(
            session,
            base,
            token,
            now=now,
            rejected=isinstance(auth, dict) and auth.get(_REJECTED) is True,
            on_rejected=lambda: on_auth({_REJECTED: True}),
            timeout=timeout,
        )
        self._base = base
        self._known = _recall(memory)

    @property
    @override
    def description(self) -> Description:
        return Description(
            name=BACKEND,
            command_limit=timedelta(),
            hosts={"feed": str(self._base)},
            requests=self._feed.requests,
        )

    @override
    async def log_in(self) -> str:
        """Return a name of the vehicle that does not reveal it: an account has no name, and no second vehicle.

        Raises:
            Unreachable: The feed has not named a vehicle yet.
        """
        (vehicle,) = await self.list_vehicles()
        return sha256(vehicle.info.key.encode()).hexdigest()[:16]

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicle. While it sleeps the feed leaves out its VIN, so that the last one counts (§5).

        Raises:
            Unreachable: The feed has not named a vehicle yet.
        """
        heard = await self._feed.hear()
        self._meet(heard.said, parse(heard.said, heard.received_at, live=heard.live))
        if self._known is None:
            raise Unreachable("the feed has not named a vehicle yet")
        return (ListedVehicle(info=self._known),)

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        heard = await self._feed.hear()
        state = parse(heard.said, heard.received_at, live=heard.live)
        self._meet(heard.said, state)
        if self._known is not None and self._known.key != vehicle.key:
            raise NotSupported("the feed is that of another vehicle")
        # A sleeping vehicle tells only that it sleeps. If that were left out, it would seem to be refused everything.
        wanted = Group if groups is None else {*groups, Group.CONNECTIVITY}
        told = (said for group, said in state.groups().items() if group in wanted)
        return VehicleReport(state=VehicleState.of(*told), failures=_failures(heard.said))

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        raise NotSupported("this source is read only")

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        raise ProtocolError("no command was ever accepted")

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing is refused in parts."""

    @override
    def memory(self) -> Json:
        """Return who the vehicle is and what it can report: a feed that begins with a sleeping one tells neither."""
        if self._known is None:
            return None
        return {
            "key": self._known.key,
            "nickname": self._known.nickname,
            "capabilities": [*sorted(self._known.capabilities)],
        }

    def _meet(self, said: Values, state: VehicleState) -> None:
        """Take over who the vehicle is, as far as the feed tells."""
        reported = frozenset(_SHOWN_BY[group] for group in state.groups() if group in _SHOWN_BY)
        known, vin = self._known, said.text("vin")
        if vin is not None and (known is None or known.key != normalise_key(vin)):
            known = _vehicle(normalise_key(vin))
            if known.vin is not None and plant_country(known.vin) is None:
                _LOGGER.warning("%s was built in no plant that is known to be Nissan's", alias(known.key))
        if known is not None:
            nickname = said.text("display_name") or known.nickname
            self._known = replace(known, nickname=nickname, capabilities=known.capabilities | reported)


def _vehicle(key: str) -> VehicleInfo:
    is_vin = vin_problem(key) in (None, VinProblem.CHECK_DIGIT)
    return VehicleInfo(key=key, vin=key if is_vin else None, powertrain=Powertrain.ELECTRIC)


def _recall(memory: Json) -> VehicleInfo | None:
    """Read what :meth:`TeslaFiBackend.memory` returned; what is damaged was never known."""
    saved = Values.of(memory)
    key, listed = saved.text("key"), saved.get("capabilities")
    if key is None:
        return None
    capabilities = frozenset(
        capability for capability in _SHOWN_BY.values() if isinstance(listed, list) and capability in listed
    )
    return replace(_vehicle(normalise_key(key)), nickname=saved.text("nickname"), capabilities=capabilities)


def _failures(said: Values) -> dict[str, BackendError]:
    """Return why the values are older than they look: the service notes when it could not reach the maker (§5)."""
    if re.search(r"\bAPI\b", said.text("Notes") or ""):
        return {"vehicle": Unavailable("the service could not reach the maker")}
    return {}
