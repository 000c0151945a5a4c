"""The backend of one feed: one token is one vehicle, read-only."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
import logging
import re
from typing import override

from ...vehicle import (
    BackendError,
    Capability,
    Group,
    ListedVehicle,
    NotSupported,
    Powertrain,
    Unavailable,
    Unreachable,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    alias,
    as_vin,
    normalise_key,
    plant_country,
)
from ..base import Backend, Context, Description, Fields, Json
from .client import DataPoint, FeedClient, service_url
from .mapping import BACKEND, FeedReader, state_of

_LOGGER = logging.getLogger(__name__)

_CAPABILITIES: dict[Group, Capability] = {
    Group.BATTERY: Capability.BATTERY,
    Group.BODY: Capability.LOCK_STATUS,
    Group.CLIMATE: Capability.CLIMATE_STATUS,
    Group.POSITION: Capability.LOCATION,
}
"""A vehicle can report what it has reported: nobody knows what a Nissan would (teslafi §0)."""


class TeslaFiBackend(Backend):
    """One feed. It never wakes the vehicle, and takes no commands."""

    def __init__(self, context: Context, fields: Fields, *, timeout: float = 15.0) -> None:
        """``timeout`` is in seconds: a database responds (§1). Raises :class:`~...vehicle.InvalidAddress`."""
        base = service_url(fields["url"])
        self.description = Description(name=BACKEND, command_limit=timedelta(), hosts={"feed": str(base)})
        self._feed = FeedClient(context, base, fields["api_token"].strip(), timeout)
        self._info = _from_memory(context.memory)

    @property
    @override
    def requests(self) -> int:
        return self._feed.requests

    @override
    async def log_in(self) -> str:
        """Return an id of the vehicle that does not reveal it: an account has no name, and no second vehicle.

        Raises:
            Unreachable: The feed has not named a vehicle yet.
        """
        (vehicle,) = await self.list_vehicles()
        return sha256(vehicle.info.key.encode()).hexdigest()[:16]

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicle. While it sleeps the feed leaves out its VIN; then the last one counts (§5).

        Raises:
            Unreachable: The feed has not named a vehicle yet.
        """
        await self._fetch()
        if self._info is None:
            raise Unreachable("the feed has not named a vehicle yet")
        return (ListedVehicle(info=self._info),)

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        point, state = await self._fetch()
        if self._info is not None and self._info.key != vehicle.key:
            raise NotSupported("the feed is that of another vehicle")
        # A sleeping vehicle reports only that it sleeps. Without that it would seem to be refused everything.
        wanted = Group if groups is None else {*groups, Group.CONNECTIVITY}
        return VehicleReport(state=state.only(wanted), failures=_failures(point.fields))

    @override
    def memory(self) -> Json:
        """Return who the vehicle is and what it can report: a feed that begins with a sleeping one says neither."""
        if self._info is None:
            return None
        return {
            "key": self._info.key,
            "nickname": self._info.nickname,
            "capabilities": [*sorted(self._info.capabilities)],
        }

    async def _fetch(self) -> tuple[DataPoint, VehicleState]:
        """Return the newest point and its state; update who the vehicle is, as far as the point says."""
        point = await self._feed.fetch()
        state = state_of(point.fields, point.received_at, live=point.live)
        info, vin = self._info, point.fields.text("vin")
        if vin is not None and (info is None or info.key != normalise_key(vin)):
            info = _vehicle(normalise_key(vin))
            if info.vin is not None and plant_country(info.vin) is None:
                _LOGGER.warning("%s was built in no plant that is known to be Nissan's", alias(info.key))
        if info is not None:
            reported = frozenset(_CAPABILITIES[group] for group in state.groups() if group in _CAPABILITIES)
            nickname = point.fields.text("display_name") or info.nickname
            self._info = replace(info, nickname=nickname, capabilities=info.capabilities | reported)
        return point, state


def _vehicle(key: str) -> VehicleInfo:
    return VehicleInfo(key=key, vin=as_vin(key), powertrain=Powertrain.ELECTRIC)


def _from_memory(memory: Json) -> VehicleInfo | None:
    """Read what :meth:`TeslaFiBackend.memory` returned; damaged parts are left out."""
    saved = FeedReader.of(memory)
    key, names = saved.text("key"), saved.texts("capabilities")
    if key is None:
        return None
    capabilities = frozenset(capability for capability in _CAPABILITIES.values() if capability in names)
    return replace(_vehicle(normalise_key(key)), nickname=saved.text("nickname"), capabilities=capabilities)


def _failures(feed: FeedReader) -> dict[str, BackendError]:
    """Return why the values are older than they look: the service notes when it could not reach the maker (§5)."""
    if re.search(r"\bAPI\b", feed.text("Notes") or ""):
        return {"vehicle": Unavailable("the service could not reach the maker")}
    return {}
