"""A car of the demo, which follows a timetable and simple rules.

Between two events everything changes in a straight line, so it makes no difference how often somebody looks.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from ...vehicle import (
    AlertType,
    CancelClimateSchedule,
    ChargeSchedule,
    ChargingStatus,
    Command,
    Lock,
    Notification,
    ScheduleClimate,
    SetChargeLimit,
    SetChargeSchedule,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Unlock,
    VehicleInfo,
)

MIN_LEVEL = 15.0
"""% below which the climate does not run on the battery."""
_CLIMATE_POWER = 1.5
"""kW."""
_CLIMATE_ENDS = {True: timedelta(hours=2), False: timedelta(minutes=15)}
"""After what time the climate stops by itself, plugged in or not (kamereon-eu §9.3)."""
_HOUR = timedelta(hours=1)
_ENGINE_ENDS = timedelta(minutes=10)
_MESSAGES = {
    "battery.ended.charge": (AlertType.CHARGING_FINISHED, "Charging", "Your vehicle has stopped charging."),
    "hvac.autostart": (AlertType.CLIMATE_STARTED, "Climate", "The climate has started as planned."),
    "hvac.autostop": (AlertType.CLIMATE_STOPPED, "Climate", "The climate has stopped by itself."),
    "hvac.traction.battery.low": (AlertType.CLOUD_MESSAGE, "Climate", "The battery is too low for the climate."),
    "hvac.vehicle.in.use": (AlertType.CLOUD_MESSAGE, "Climate", "The vehicle is in use."),
    "remote.left.time.cycle": (AlertType.CLOUD_MESSAGE, "Engine", "The engine has stopped by itself."),
}
"""What the maker's cloud writes to the owner, by its key (kamereon-eu §14.2)."""


class Location(NamedTuple):
    """WGS 84 degrees, the km and minutes of the drive from home, and how long it then takes to unload the boot."""

    latitude: float
    longitude: float
    distance: float = 0.0
    minutes: float = 0.0
    unloading: timedelta = timedelta(0)


HOME = Location(52.3030, 4.8590)


class Outing(NamedTuple):
    """A drive from home to a place and back: on which weekdays (0 is Monday), and when it begins by the local time."""

    days: Collection[int]
    there: time
    back: time
    place: Location


class Trip(NamedTuple):
    """A drive of ``distance`` km in a straight line at constant speed."""

    start: Location
    end: Location
    started_at: datetime
    ended_at: datetime
    distance: float


@dataclass(slots=True, kw_only=True)
class Car:
    """A car as it last reported, at ``now``.

    ``content`` of ``capacity`` is in its battery or tank, and ``consumption`` is for 100 km: kWh or litres.
    ``nominal`` is the capacity when new. ``charge_power`` is what arrives in the battery, in kW. ``ordered``: whether
    its owner has ordered to charge or not to charge, since it was plugged in. ``warmth`` is 0 in a cabin as cold as the
    air outside, 1 at the ``target`` in °C. ``updates``: it takes new software over the air.
    """

    info: VehicleInfo
    zone: tzinfo
    now: datetime
    outings: Collection[Outing]
    odometer: float
    capacity: float
    content: float
    consumption: float
    nominal: float = 0.0
    charge_power: float = 0.0
    limit: float = 100.0
    schedule: ChargeSchedule | None = None
    ordered: bool | None = None
    plugged_in: bool = False
    climate: StartClimate | None = None
    planned: ScheduleClimate | None = None
    engine: StartEngine | None = None
    target: float = 21.0
    warmth: float = 0.0
    locked: bool = True
    hatch_open: bool = False
    updates: bool = False
    place: Location = HOME
    trip: Trip | None = None
    trips: list[Trip] = field(default_factory=list)
    messages: list[Notification] = field(default_factory=list)
    _events: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the first day."""
        self._begin_day()

    @property
    def level(self) -> float:
        """How full the battery or the tank is, in %."""
        return 100 * self.content / self.capacity

    @property
    def status(self) -> ChargingStatus:
        """What the charger does."""
        if not self.plugged_in:
            return ChargingStatus.NOT_CHARGING
        if self.level > self.limit - 0.01:
            return ChargingStatus.FINISHED
        if self._timer_allows() if self.ordered is None else self.ordered:
            return ChargingStatus.CHARGING
        return ChargingStatus.WAITING_FOR_SCHEDULE if self.ordered is None else ChargingStatus.NOT_CHARGING

    def _timer_allows(self) -> bool:
        if self.schedule is None:
            return True
        local = self.now.astimezone(self.zone)
        opened = datetime.combine(local.date(), self.schedule.charge_from, self.zone)
        if opened > local:
            opened -= timedelta(days=1)
        return opened.weekday() in self.schedule.days and local < opened + self.schedule.duration

    # Time

    def advance(self, now: datetime) -> None:
        """Do what was to be done until ``now``; the car reports each time."""
        while (at := self._next_at()) <= now:
            charging = self.status is ChargingStatus.CHARGING
            self._pass(at, charging=charging)
            while self._events[0][0] <= at:
                self._events.pop(0)[1]()
            if charging and self.plugged_in and self.status is not ChargingStatus.CHARGING:
                self._announce("battery.ended.charge")

    def plan(self, at: datetime, do: Callable[[], object]) -> None:
        """Have something done at ``at``."""
        self._events.append((at, do))
        self._events.sort(key=lambda event: event[0])

    def _begin_day(self) -> None:
        """Plan what people do today; some days they are a few minutes late."""
        today = self.now.astimezone(self.zone).date()
        late = timedelta(minutes=today.toordinal() * 7 % 11)
        for outing in self.outings:
            if today.weekday() in outing.days:
                for at, place in ((outing.there, outing.place), (outing.back, HOME)):
                    self.plan(datetime.combine(today, at, self.zone).astimezone(UTC) + late, partial(self.drive, place))
        self.plan(datetime.combine(today + timedelta(days=1), time(), self.zone).astimezone(UTC), self._begin_day)

    def _next_at(self) -> datetime:
        """Return when the car will report: every other minute on a drive, every quarter of an hour at a charger."""
        waiting = self.status in (ChargingStatus.CHARGING, ChargingStatus.WAITING_FOR_SCHEDULE)
        every = 120 if self.trip else 900 if waiting else 86_400
        return min(self._events[0][0], datetime.fromtimestamp((self.now.timestamp() // every + 1) * every, UTC))

    def _pass(self, until: datetime, *, charging: bool) -> None:
        """Let things go on as they are."""
        hours = max((until - self.now) / _HOUR, 0.0)
        self.warmth = min(self.warmth + 6 * hours, 1) if self.climate or self.trip else max(self.warmth - 2 * hours, 0)
        if self.trip is not None:
            distance = self.trip.distance * hours / ((self.trip.ended_at - self.trip.started_at) / _HOUR)
            self.odometer += distance
            self.content -= distance * self.consumption / 100
        elif charging:
            self.content = min(self.content + self.charge_power * hours, self.capacity * self.limit / 100)
        elif self.climate is not None and not self.plugged_in:
            self.content -= _CLIMATE_POWER * hours
        self.now = max(self.now, until)

    # What people do

    def drive(self, to: Location) -> None:
        """Drive off, unless the car is there or on its way, or could not make it."""
        distance, minutes = self.place.distance + to.distance, self.place.minutes + to.minutes  # home is 0 from home
        if self.trip or self.place == to or self.content < 1.2 * distance * self.consumption / 100:
            return
        if self.plugged_in:
            self.unplug()
        self.climate, self.engine, self.locked, self.hatch_open = None, None, True, False
        self.trip = Trip(self.place, to, self.now, self.now + timedelta(minutes=minutes), distance)
        self.plan(self.trip.ended_at, partial(self._arrive, self.trip))

    def _arrive(self, trip: Trip) -> None:
        self.place, self.trip = trip.end, None
        self.trips.append(trip)
        if self.charge_power and self.place == HOME:
            self.plug_in()
        if not self.charge_power and self.level < 48:
            self.content = self.capacity
        self.hatch_open = trip.start.unloading > timedelta(0)
        self.plan(self.now + trip.start.unloading, self._close_hatch)

    def _close_hatch(self) -> None:
        self.hatch_open = False

    def plug_in(self) -> None:
        """Connect the charger."""
        self.plugged_in = True

    def unplug(self) -> None:
        """Disconnect the charger."""
        self.plugged_in, self.ordered = False, None

    # What the owner orders

    def execute(self, command: Command) -> str | None:
        """Carry a command out, or return why not, by the keys of kamereon-eu §14.2 where there is one."""
        moving, on_battery = self.trip is not None, not self.plugged_in
        for kind, refused, code in (
            (Unlock, moving, "vehicle.under.way"),
            (StartClimate, moving, "hvac.vehicle.in.use"),
            (StartClimate, on_battery and self.level < MIN_LEVEL, "hvac.traction.battery.low"),
            (StartEngine, moving, "remote.start.unavailable"),
            (StartCharging | StopCharging, on_battery, "battery.charge.unavailable"),
        ):
            if refused and isinstance(command, kind):
                return code
        self._carry_out(command)
        return None

    def _carry_out(self, command: Command) -> None:
        match command:
            case Lock() | Unlock():
                self.locked = isinstance(command, Lock)
            case StartClimate(target=target):
                self.climate, self.target = command, self.target if target is None else target
                self.plan(self.now + _CLIMATE_ENDS[self.plugged_in], partial(self._end, command, "hvac.autostop"))
            case StopClimate():
                self.climate = None
            case ScheduleClimate():
                self.planned = command
                self.plan(command.at, partial(self._keep_plan, command))
            case CancelClimateSchedule():
                self.planned = None
            case StartCharging() | StopCharging():
                self.ordered = isinstance(command, StartCharging)
            case SetChargeLimit(limit=limit):
                self.limit = limit
            case SetChargeSchedule(schedule=schedule):
                self.schedule, self.ordered = schedule, None
            case StartEngine():
                self.engine = command
                self.plan(self.now + _ENGINE_ENDS, partial(self._end, command, "remote.left.time.cycle"))
            case StopEngine():
                self.engine = None

    def _keep_plan(self, plan: ScheduleClimate) -> None:
        """Start the climate as planned, unless that was cancelled."""
        if self.planned is plan:
            self.planned = None
            start = StartClimate(plan.target, plan.defrost, plan.heat_seats, plan.heat_wheel)
            self._announce(self.execute(start) or "hvac.autostart")

    def _end(self, command: Command, kind: str) -> None:
        """End what ``command`` has started, unless that has ended or was started anew meanwhile."""
        if command is self.climate or command is self.engine:
            self.climate = self.engine = None  # no car has both
            self._announce(kind)

    def _announce(self, kind: str) -> None:
        """Write to the owner; after a restart the id is the same, so that no message is new again."""
        alert, title, text = _MESSAGES[kind]
        name = f"{kind} {self.now.isoformat()}"
        self.messages.append(Notification(id=name, kind=kind, alert=alert, title=title, text=text, sent_at=self.now))
