"""MyNISSAN in North America as a backend: one account."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
import logging

from pynissan import DistanceUnit, ServiceRequest, WeightUnit

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Charging,
    Command,
    Declined,
    Departure,
    Group,
    ListedVehicle,
    Market,
    NoConnection,
    Notification,
    NotSupported,
    Phase,
    Progress,
    RateLimited,
    SetChargeSchedule,
    Ticket,
    TokenRejected,
    TripPeriod,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
    alias,
    normalise_key,
)
from ..base import Description, Json
from ..failures import summary
from .auth import Auth, account_name
from .charge_timer import changes
from .client import Line
from .commands import Request, progress_of, request_for, request_of, ticket_id
from .endpoints import CHARGE_LIMIT, PARTS, Part, gaps
from .history import AGGREGATORS, summaries
from .joining import Joiner
from .lessons import LESSONS, info_of
from .mapping import position_of
from .memory import DAILY, Memory
from .messages import breaches, remote_services
from .session import Session
from .values import BACKEND, stamp

_LOGGER = logging.getLogger(__name__)

_HOSTS = {"na_login": "https://services.nissanusa.com/", "na_data": "https://api-ccs.na.nissancloud.com/"}
_WEAKNESSES = (
    # No time of their own; the temperature is that of the cabin when the climate last ran (mynissan-na §3.2).
    Weakness(group=Group.BATTERY, cached=frozenset({"level", "range"})),
    Weakness(group=Group.CHARGING, cached=frozenset({"plugged_in", "status"})),
    Weakness(group=Group.CLIMATE, cached=frozenset({"running", "inside_temperature"})),
)


class MyNissanBackend:
    """One account. See :class:`~..base.Backend` for what the methods promise."""

    def __init__(
        self,
        session: Session,
        *,
        country: str,
        username: str,
        password: str | None = None,
        auth: Auth | None = None,
        on_auth: Callable[[Auth], None],
        now: Callable[[], datetime],
        zone: tzinfo = UTC,
        memory: Json = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        ``country`` is ``US``, ``CA`` or ``MX``. ``auth`` is what ``on_auth`` was last told. A ``password`` is used for
        one log-in, in place of the tokens in ``auth``, and then forgotten. ``zone`` is by whose clocks the vehicle's
        timers run, ``memory`` what :meth:`memory` returned. ``session`` stays the caller's.
        """
        self._line = Line(
            session,
            country=country,
            username=username,
            password=password,
            auth=auth or Auth(),
            on_auth=on_auth,
            now=now,
        )
        self._account = account_name(username)
        self._now = now
        self._zone = zone
        self._memory = Memory(memory, now())
        self._joiner = Joiner()
        for key, limit in self._memory.limits.items():
            state = VehicleState(charging=Charging(**stamp(now()), limit=limit))
            self._joiner.recall(key, CHARGE_LIMIT, state)

    @property
    def description(self) -> Description:
        """The app follows a request for three and a half minutes (mynissan-na §4.1 [A])."""
        return Description(
            name=BACKEND,
            command_limit=timedelta(seconds=210),
            hosts=_HOSTS,
            market=Market.NORTH_AMERICA,
            weaknesses=_WEAKNESSES,
        )

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._line.requests

    async def log_in(self) -> str:
        """Make sure that there are tokens, and return a name made of the e-mail address that does not tell it."""
        await self._line.log_in()
        return self._account

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicles of the account; what each can do is asked once a day."""
        listed, _ = await self._line.ask("vehicle list", lambda client: client.async_get_vehicles())
        vehicles = {normalise_key(vehicle.vin): vehicle for vehicle in listed}
        self._memory.keep(vehicles)
        for key in vehicles:
            if self._memory.is_due(key, _KNOWLEDGE, DAILY, self._now()):
                await self._learn(key)
        return tuple(
            ListedVehicle(info=info_of(key, vehicle, self._memory.knowledge(key))) for key, vehicle in vehicles.items()
        )

    async def _learn(self, key: str) -> None:
        """Ask what a vehicle can do. What cannot be learnt now is not forgotten either, and is asked for next time."""
        known, complete = self._memory.knowledge(key), True
        for lesson in LESSONS:
            try:
                known, heard = await lesson(self._line, key, known)
            except AuthenticationFailed:
                raise
            except BackendError as error:
                _LOGGER.debug("%s: not everything could be learnt: %s", alias(key), error)
                complete = False
                if isinstance(error, _POINTLESS):
                    break
            else:
                complete = complete and not heard.errors
        self._memory.learn(key, known)
        _LOGGER.debug("%s is of type %s with the services %s", alias(key), known.kind, sorted(known.services))
        if complete:
            self._memory.asked(key, _KNOWLEDGE, DAILY, self._now())

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Read what the service holds, part after part; nothing of it wakes the vehicle."""
        failures: dict[str, BackendError] = {}
        refused: list[str] = []
        answered = False
        learned = self._memory.learned(vehicle.key)
        for part in [each for each in PARTS if self._is_wanted(each, vehicle, groups)]:
            try:
                state, heard = await part.read(self._line, vehicle.key, self._now().astimezone(self._zone))
            except AuthenticationFailed:
                raise
            except BackendError as error:
                failures[part.name] = error
                refused += [part.name] if isinstance(error, AccessBlocked | NotSupported) else []
                if isinstance(error, _POINTLESS) or (len(refused) > 1 and not answered):
                    break
                continue
            answered = True
            missing = gaps(part.name, heard)
            if part.every and missing and not state.groups():  # no answer, but none to ask for at each read either
                learned.record_refusal(part.name, self._now(), next(iter(missing.values())))
            else:
                self._memory.asked(vehicle.key, part.name, part.every, self._now())
            if state.groups():
                learned.record_success(part.name)
            self._joiner.hear(vehicle.key, part.name, state, lasting=part.lasting)
            if part.name == CHARGE_LIMIT and state.charging is not None:
                self._memory.keep_limit(vehicle.key, state.charging.limit)
            failures |= missing
        if failures and not answered:
            raise summary(failures.values())
        for name in refused:  # a refusal of one part only: it is not in the contract
            learned.record_refusal(name, self._now(), failures[name])
        reasons = {part.name: learned.reason([part.name]) for part in PARTS}
        given_up = {name: reason for name, reason in reasons.items() if reason is not None}
        return VehicleReport(state=self._joiner.take(vehicle.key), failures=failures, given_up=given_up)

    def _is_wanted(self, part: Part, vehicle: VehicleInfo, groups: Collection[Group] | None) -> bool:
        if part.gate is not None and part.gate not in vehicle.capabilities:
            return False
        if groups is not None and part.groups.isdisjoint(groups):
            return False
        return self._memory.is_due(vehicle.key, part.name, part.every, self._now(), part.groups)

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Hand a command over. A charge timer takes several requests, of which the last decides."""
        if isinstance(command, SetChargeSchedule):
            requests = await self._timer_changes(vehicle, command)
        else:
            requests = [request_for(command, vehicle, self._memory.knowledge(vehicle.key), self._now())]
        answer: ServiceRequest | bool | None = None
        for request in requests:
            leave = partial(departure, wakes=answer is None)
            try:
                told, _ = await self._line.ask(command.kind(), request, departure=leave)
                if told is False:
                    raise Declined(f"{command.kind()} was not accepted")
            except BackendError as error:
                if answer is not None:
                    error.nothing_done = False  # the requests before it have been accepted
                raise
            if isinstance(told, ServiceRequest):
                self._memory.sent(vehicle.key, told.id)
            answer = told
        self._memory.commanded(vehicle.key, command.groups, self._now())
        return Ticket(id=ticket_id(answer), sent_at=self._now())

    async def _timer_changes(self, vehicle: VehicleInfo, command: SetChargeSchedule) -> Sequence[Request]:
        entries, _ = await self._line.ask("charge timer", lambda client: client.async_get_charge_schedules(vehicle.key))
        return changes(vehicle.key, command.schedule, entries, self._now(), self._zone)

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Ask how a request goes; a position that comes along is part of the next report."""
        request = request_of(ticket)
        if request is None:
            return Progress(Phase.DONE)
        result, _ = await self._line.ask(
            "command status", lambda client: client.async_check_service_request(vehicle.key, request)
        )
        if result.location is not None:
            found = position_of(result.location, self._now())
            self._joiner.hear(vehicle.key, "command", found, lasting=False)
        return progress_of(result)

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Ask at once for what is otherwise asked for once a day."""
        self._memory.forget_when_asked(vehicle.key)

    def memory(self) -> Json:
        """Return what the vehicles can do, and when that was asked."""
        return self._memory.to_json()

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return the trips from ``start`` to ``end``, as far back as the service tells."""
        history, _ = await self._line.ask(
            "trips",
            lambda client: client.async_get_driving_history(
                vehicle.key, AGGREGATORS[period], distance_unit=DistanceUnit.KILOMETER, weight_unit=WeightUnit.GRAM
            ),
        )
        return summaries(history, period, start, end)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return what the app asked of the vehicle, and the alerts that fired; the service words them itself."""
        last = first + count - 1
        now, known = self._now(), self._memory.knowledge(vehicle.key)
        history, _ = await self._line.ask(
            "remote history",
            lambda client: client.async_get_remote_service_history(vehicle.key, page_number=1, items_per_page=last),
        )
        found = remote_services(history, now, lambda request: self._memory.is_ours(vehicle.key, request))
        if known.watched:
            page, _ = await self._line.ask(
                "alerts", lambda client: client.async_get_breach_alerts(vehicle.key, items_per_page=last)
            )
            found += breaches(page, now)
        newest_first = sorted(found, key=lambda each: each.sent_at or _LONG_AGO, reverse=True)
        return tuple(newest_first[first - 1 : last])


_KNOWLEDGE = "knowledge"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_POINTLESS = (NoConnection, TokenRejected, RateLimited)
"""After these nothing else of the same account is asked."""
