"""Finding the version of an endpoint that serves a vehicle, and remembering it (kamereon-eu §8.0, §8.4)."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime

from ...vehicle import (
    AccessBlocked,
    BackendError,
    NoConnection,
    NotSupported,
    ProtocolError,
    Reported,
    TokenRejected,
    Unavailable,
    VehicleInfo,
    VehicleState,
)
from ..learned import ENOUGH
from .answer import AdapterFault, NotServed
from .client import Client
from .endpoints import Endpoint, Version
from .environment import segment
from .memory import Memory


@dataclass(frozen=True, slots=True)
class Reply:
    """What one version tells. ``thin``: another one may tell more."""

    version: str
    state: VehicleState = field(repr=False)
    thin: bool

    @property
    def wealth(self) -> int:
        """How many values of the endpoint it holds."""
        return sum(
            getattr(group, each.name) != each.default
            for group in self.state.groups().values()
            for each in fields(group)
            if each.name not in _STAMP
        )


_STAMP = {each.name for each in fields(Reported)}


class Negotiator:
    """Reads endpoints of vehicles, whatever their version."""

    def __init__(self, client_of: Callable[[VehicleInfo], Client], memory: Memory, now: Callable[[], datetime]) -> None:
        """``client_of`` returns the way to what is said of a vehicle; ``memory`` is read and written."""
        self._client_of = client_of
        self._memory = memory
        self._now = now

    async def fetch(self, vehicle: VehicleInfo, endpoint: Endpoint) -> VehicleState | None:
        """Return what ``endpoint`` tells, by the version that tells most; ``None`` if it is left alone.

        404 and 501 lead to the next version, and so does an answer that holds no value of the endpoint. Other errors
        say nothing about versions, unless one fails time and again, and are raised if no version has told anything.
        """
        thin: list[Reply] = []
        problem: BackendError | None = None
        for version in self._by_prospect(vehicle, endpoint):
            if self._memory.learned(vehicle.key).is_refused(endpoint.version_name(version), self._now()):
                continue
            await self._client_of(vehicle).log_in()
            try:
                reply = await self._ask(vehicle, endpoint, version)
            except NotServed as error:
                problem = error
            except BackendError as error:
                problem = error
                if not self._gives_way(vehicle, endpoint, version, error):
                    break
            else:
                if reply is not None and not reply.thin:
                    self._memory.answered(vehicle.key, endpoint.name, reply.version)
                    return reply.state
                thin += [] if reply is None else [reply]
        if thin and (any(reply.wealth for reply in thin) or problem is None):
            return self._best(vehicle, endpoint, thin, final=problem is None)
        if problem is not None:
            raise problem
        return None

    def given_up(self, vehicle: VehicleInfo, endpoint: Endpoint) -> BackendError | None:
        """Return why ``endpoint`` is left alone, if every version of it is."""
        names = (endpoint.version_name(version) for version in endpoint.order(vehicle))
        return self._memory.learned(vehicle.key).reason(names)

    def _by_prospect(self, vehicle: VehicleInfo, endpoint: Endpoint) -> list[Version]:
        answering = self._memory.answering(vehicle.key, endpoint.name)
        learned = self._memory.learned(vehicle.key)

        def prospect(version: Version) -> tuple[int, bool]:
            name = endpoint.version_name(version)
            return learned.failures(name) // ENOUGH, name != answering

        return sorted(endpoint.order(vehicle), key=prospect)

    def _gives_way(self, vehicle: VehicleInfo, endpoint: Endpoint, version: Version, error: BackendError) -> bool:
        """Whether the next version is asked after ``error``: each time that this one has failed three times in a row.

        The version that has answered before is asked in any case.
        """
        if isinstance(error, _NOT_OF_A_VERSION) or not isinstance(error, Unavailable | ProtocolError):
            return False
        name = endpoint.version_name(version)
        often = self._memory.learned(vehicle.key).record_failure(name) % ENOUGH == 0
        return often or self._memory.answering(vehicle.key, endpoint.name) not in (None, name)

    async def _ask(self, vehicle: VehicleInfo, endpoint: Endpoint, version: Version) -> Reply | None:
        """Ask one version; ``None`` if it will not be asked again for a while."""
        key, name, learned = vehicle.key, endpoint.version_name(version), self._memory.learned(vehicle.key)
        path = version.path(endpoint.name, segment(key))
        query = {"canGen": vehicle.generation} if version.wants_generation and vehicle.generation else {}
        try:
            body = await self._client_of(vehicle).get(version.host, path, name, **query)
        except NotServed as error:
            if not learned.record_refusal(name, self._now(), error):
                raise
        except NotSupported as error:  # the right is missing, not the version
            if not learned.record_refusal(name, self._now(), error):
                raise
            for other in {endpoint.version_name(each) for each in endpoint.order(vehicle)} - {name}:
                learned.record_refusal(other, self._now(), error)
        except AdapterFault as error:
            learned.record_refusal(name, self._now(), error, doubtful=True)
            raise
        else:
            state = endpoint.parse(body, vehicle, self._now())
            return Reply(name, state, thin=not state.groups() or endpoint.thin(body))
        return None

    def _best(self, vehicle: VehicleInfo, endpoint: Endpoint, thin: list[Reply], *, final: bool) -> VehicleState:
        """Return the reply that tells most; if every version had its say, the others are left alone for a while."""
        best = max(thin, key=lambda reply: reply.wealth)
        if final:
            why = NotSupported(f"{best.version} tells as much")
            for reply in thin:
                if reply is not best:
                    self._memory.learned(vehicle.key).record_refusal(reply.version, self._now(), why)
            if best.wealth:
                self._memory.answered(vehicle.key, endpoint.name, best.version)
        return best.state


_NOT_OF_A_VERSION = (AccessBlocked, NoConnection, TokenRejected)
"""What keeps us from any version alike."""
