"""The backend of one MyNISSAN account in North America."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import partial
import logging
from typing import override

from pynissan import DistanceUnit, DrivingHistory, NissanClient, ServiceRequest, WeightUnit

from ...vehicle import (
    NEVER,
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Capability,
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
    TripRecord,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    Weakness,
    alias,
    normalise_key,
)
from ..base import Backend, Context, Description, Fields, Json, Messages, SingleTrips, Trips
from ..learned import summary
from ..reader import JsonReader
from .client import ApiSession
from .commands import charge_timer_requests, progress_of, request_for, service_request, ticket_id
from .discovery import OF_BATTERY, vehicle_info
from .endpoints import CHARGE_TIMER, DAILY, ENDPOINTS
from .history import AGGREGATORS, alert_notifications, command_notifications, trip_records, trip_summaries
from .mapping import BACKEND, location_state
from .record import DISCOVERY, VehicleRecord

_LOGGER = logging.getLogger(__name__)

_CONCERNS_ALL = (NoConnection, TokenRejected, RateLimited)
"""After these errors, further requests of the same account are pointless."""


class MyNissanBackend(Backend, Messages, SingleTrips, Trips):
    """One account."""

    description = Description(
        name=BACKEND,
        command_limit=timedelta(seconds=210),  # the app polls a command as long (mynissan-na §4.1 [A])
        hosts={"na_login": "https://services.nissanusa.com/", "na_data": "https://api-ccs.na.nissancloud.com/"},
        market=Market.NORTH_AMERICA,
        weaknesses=(
            # They have no time of their own; the temperature is that of the cabin when the climate last ran (§3.2).
            Weakness(group=Group.BATTERY, cached=frozenset({"level", "range"})),
            Weakness(group=Group.CHARGING, cached=frozenset({"plugged_in", "status"})),
            Weakness(group=Group.CLIMATE, cached=frozenset({"running", "inside_temperature"})),
        ),
    )

    def __init__(self, context: Context, fields: Fields) -> None:
        """The zone of ``context`` is the one of the vehicle's timers."""
        self._api = ApiSession(context, fields)
        self._now = context.now
        self._zone = context.zone
        saved, now = JsonReader.of(context.memory).values, context.now()
        self._records = defaultdict(
            VehicleRecord, {key: VehicleRecord.from_json(each, now) for key, each in saved.items()}
        )

    @property
    @override
    def requests(self) -> int:
        return self._api.http.requests

    @override
    async def log_in(self) -> str:
        return await self._api.log_in()

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicles of the account; what each can do is discovered once a day."""
        listed, _ = await self._api.request("vehicle list", NissanClient.async_get_vehicles)
        vehicles = {normalise_key(vehicle.vin): vehicle for vehicle in listed}
        for key in self._records.keys() - vehicles.keys():
            del self._records[key]
        for key in vehicles:
            if self._records[key].is_due(DISCOVERY, DAILY, self._now()):
                await self._discover(key)
        infos = (vehicle_info(key, vehicle, self._records[key].profile) for key, vehicle in vehicles.items())
        return tuple(ListedVehicle(info=info) for info in infos)

    async def _discover(self, key: str) -> None:
        """Discover what a vehicle can do. What fails is kept as it was, and everything is requested again next time."""
        record = self._records[key]
        profile, complete = record.profile, True
        for endpoint in ENDPOINTS:
            if endpoint.learn is None or (endpoint.gate in OF_BATTERY and Capability.BATTERY not in profile.reported):
                continue
            try:
                response, info = await self._api.request(endpoint.name, endpoint.request, key)
            except AuthenticationFailed:
                raise
            except BackendError as error:
                _LOGGER.debug("%s: not everything could be discovered: %s", alias(key), error)
                complete = False
                if isinstance(error, _CONCERNS_ALL):
                    break
            else:
                profile = endpoint.learn(profile, response, info)
                complete = complete and not info.errors
        record.update_profile(profile)
        _LOGGER.debug(
            "%s is of type %s with the services %s", alias(key), profile.vehicle_type, sorted(profile.services)
        )
        if complete:
            record.responses[DISCOVERY] = self._now()

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        record = self._records[vehicle.key]
        failures: dict[str, BackendError] = {}
        refused: list[str] = []
        responded = False
        wanted = [
            endpoint
            for endpoint in ENDPOINTS
            if (endpoint.gate is None or endpoint.gate in vehicle.capabilities)
            and not endpoint.groups.isdisjoint(Group if groups is None else groups)
            and record.is_due(endpoint.name, endpoint.every, self._now(), endpoint.groups)
        ]
        for endpoint in wanted:
            sent_at = self._now().astimezone(self._zone)
            try:
                response, info = await self._api.request(endpoint.name, endpoint.request, vehicle.key)
            except AuthenticationFailed:
                raise
            except BackendError as error:
                failures[endpoint.name] = error
                refused += [endpoint.name] if isinstance(error, AccessBlocked | NotSupported) else []
                if isinstance(error, _CONCERNS_ALL) or (len(refused) > 1 and not responded):
                    break
                continue
            responded = True
            state, missing = endpoint.state(response, info, sent_at), endpoint.failures(info)
            record.add_report(endpoint, state, missing, self._now())
            failures |= missing
        if failures and not responded:
            raise summary(failures.values())
        for name in refused:  # only a part was refused, which is then not in the contract
            record.learned.record_refusal(name, self._now(), failures[name])
        given_up = {each.name: why for each in ENDPOINTS if (why := record.learned.reason([each.name])) is not None}
        return VehicleReport(state=record.merger.take(), failures=failures, given_up=given_up)

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Send a command. A charge timer takes several requests, of which the last is decisive."""
        record = self._records[vehicle.key]
        if isinstance(command, SetChargeSchedule):
            entries, _ = await self._api.request(CHARGE_TIMER.name, CHARGE_TIMER.request, vehicle.key)
            requests = charge_timer_requests(command.schedule, entries, self._now(), self._zone)
        else:
            requests = [request_for(command, vehicle, record.profile, self._now())]
        result: ServiceRequest | bool | None = None
        for request in requests:
            enter = partial(departure, wakes=result is None)
            try:
                accepted, _ = await self._api.request(command.kind(), request, vehicle.key, departure=enter)
                if accepted is False:
                    raise Declined(f"{command.kind()} was not accepted")
            except BackendError as error:
                if result is not None:
                    error.nothing_done = False  # the requests before it have been accepted
                raise
            if isinstance(accepted, ServiceRequest):
                record.own_requests.append(accepted.id)
            result = accepted
        record.commands |= dict.fromkeys(command.groups, self._now())
        return Ticket(id=ticket_id(result), sent_at=self._now())

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Return the progress of a command. A position that comes along is part of the next report."""
        if (request := service_request(ticket)) is None:
            return Progress(Phase.DONE)
        result, info = await self._api.request(
            "command status", NissanClient.async_check_service_request, vehicle.key, request
        )
        if result.location is not None:
            state = location_state(result.location, info, self._now())
            self._records[vehicle.key].merger.add("command", state, lasting=False)
        return progress_of(result)

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        self._records[vehicle.key].forget_refusals()

    @override
    def memory(self) -> Json:
        return {key: record.to_json() for key, record in self._records.items()}

    @override
    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return the trips from ``start`` to ``end``, as far back as the service has them."""
        return trip_summaries(await self._driving_history(vehicle, period), period, start, end)

    @override
    async def read_single_trips(self, vehicle: VehicleInfo, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return the single trips, as far back as the service has them."""
        history = await self._driving_history(vehicle, TripPeriod.DAY)
        return trip_records(history, start, end, self._now())

    async def _driving_history(self, vehicle: VehicleInfo, period: TripPeriod) -> DrivingHistory | None:
        history, _ = await self._api.request(
            "trips",
            lambda client: client.async_get_driving_history(
                vehicle.key, AGGREGATORS[period], distance_unit=DistanceUnit.KILOMETER, weight_unit=WeightUnit.GRAM
            ),
        )
        return history

    @override
    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        """Return the commands sent from elsewhere and Nissan's alerts, newest first, in the service's own wording."""
        last = first + count - 1
        now, record = self._now(), self._records[vehicle.key]
        history, _ = await self._api.request(
            "remote history",
            lambda client: client.async_get_remote_service_history(vehicle.key, page_number=1, items_per_page=last),
        )
        found = command_notifications(history, now, record.own_requests)
        if record.profile.has_alerts:
            page, _ = await self._api.request(
                "alerts", lambda client: client.async_get_breach_alerts(vehicle.key, items_per_page=last)
            )
            found += alert_notifications(page, now)
        newest_first = sorted(found, key=lambda each: each.sent_at or NEVER, reverse=True)
        return tuple(newest_first[first - 1 : last])
