"""Finding the version of an endpoint that serves a vehicle, and remembering it (kamereon-eu §8.0, §8.4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ...vehicle import BackendError, NotSupported, VehicleInfo
from ..base import Json
from .answer import AdapterFault, NotServed
from .client import Client
from .endpoints import Endpoint, Version
from .environment import segment
from .memory import Memory
from .values import Attributes

_ENOUGH = 3
"""Refusals in a row that it takes where one may be an accident."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A body, and the version that served it."""

    version: Version
    body: Json = field(repr=False)

    @property
    def wealth(self) -> int:
        """How much it says."""
        return sum(value is not None for value in Attributes.of(self.body).values.values())


class Negotiator:
    """Reads endpoints of vehicles, whatever their version."""

    def __init__(self, client_of: Callable[[VehicleInfo], Client], memory: Memory, now: Callable[[], datetime]) -> None:
        """``client_of`` returns the way to what is said of a vehicle; ``memory`` is read and written."""
        self._client_of = client_of
        self._memory = memory
        self._now = now

    async def fetch(self, vehicle: VehicleInfo, endpoint: Endpoint) -> Reply | None:
        """Return the best reply of ``endpoint``, or ``None`` if it is not offered for this vehicle.

        Only 404 and 501 lead to the next version. Other errors say nothing about versions and are raised, unless
        another version has already said something.
        """
        thin: list[Reply] = []
        problem: BackendError | None = None
        for version in self._by_prospect(vehicle, endpoint):
            if self._memory.is_refused(vehicle.key, endpoint.version_name(version), self._now()):
                continue
            try:
                reply = await self._ask(vehicle, endpoint, version)
            except NotServed as error:
                problem = error
                continue
            except BackendError as error:
                problem = error
                break
            if reply is None:
                continue
            if not endpoint.thin(reply.body):
                self._memory.answered(vehicle.key, endpoint.name, endpoint.version_name(version))
                return reply
            thin.append(reply)
        if thin:
            return self._best(vehicle, endpoint, thin, final=problem is None)
        if problem is not None:
            raise problem
        return None

    def _by_prospect(self, vehicle: VehicleInfo, endpoint: Endpoint) -> list[Version]:
        answering = self._memory.answering(vehicle.key, endpoint.name)
        return sorted(endpoint.order(vehicle), key=lambda version: endpoint.version_name(version) != answering)

    async def _ask(self, vehicle: VehicleInfo, endpoint: Endpoint, version: Version) -> Reply | None:
        """Ask one version; ``None`` if it will not be asked again for a day."""
        key, name = vehicle.key, endpoint.version_name(version)
        path = version.path(endpoint.name, segment(key))
        query = {"canGen": vehicle.generation} if version.wants_generation and vehicle.generation else {}
        try:
            return Reply(version, await self._client_of(vehicle).get(version.host, path, name, **query))
        except NotServed:
            # From a version that has answered before, this may be an accident of the service.
            proven = self._memory.answering(key, endpoint.name) == name
            if not self._memory.refuse(key, name, self._now(), strikes=_ENOUGH if proven else 1):
                raise
        except NotSupported:
            for other in endpoint.order(vehicle):  # the right is missing, not the version
                self._memory.refuse(key, endpoint.version_name(other), self._now())
        except AdapterFault:
            self._memory.refuse(key, name, self._now(), strikes=_ENOUGH)
            raise
        return None

    def _best(self, vehicle: VehicleInfo, endpoint: Endpoint, thin: list[Reply], *, final: bool) -> Reply:
        """Return the reply that says most; if every version had its say, the others are left alone for a day."""
        best = max(thin, key=lambda reply: reply.wealth)
        if final:
            for reply in thin:
                if reply is not best:
                    self._memory.refuse(vehicle.key, endpoint.version_name(reply.version), self._now())
            self._memory.answered(vehicle.key, endpoint.name, endpoint.version_name(best.version))
        return best
