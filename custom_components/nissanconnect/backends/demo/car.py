"""The cars of the demo: what they are, what their people do all week, and what commands change.

Between two events everything changes in a straight line, so it makes no difference how often somebody looks.
"""

from bisect import insort
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from ...vehicle import (
    AlertType,
    CancelClimateSchedule,
    Capability,
    ChargeSchedule,
    ChargingStatus,
    Command,
    Lock,
    Notification,
    Powertrain,
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

HOME = 52.3030, 4.8590
"""WGS 84 degrees."""
MIN_LEVEL = 15.0
"""% below which the climate does not run on the battery."""
_DAY = timedelta(days=1)
_UNDER_WAY = {
    StartClimate: "hvac.vehicle.in.use",
    StartEngine: "remote.start.unavailable",
    Unlock: "vehicle.under.way",
}
"""What a car that is under way refuses, and why, by the keys of kamereon-eu §14.2 where there is one."""
_MESSAGES = {
    "battery.ended.charge": (AlertType.CHARGING_FINISHED, "Charging", "Your vehicle has stopped charging."),
    "hvac.autostart": (AlertType.CLIMATE_STARTED, "Climate", "The climate has started as planned."),
    "hvac.autostop": (AlertType.CLIMATE_STOPPED, "Climate", "The climate has stopped by itself."),
    "hvac.traction.battery.low": (AlertType.CLOUD_MESSAGE, "Climate", "The battery is too low for the climate."),
    "hvac.vehicle.in.use": (AlertType.CLOUD_MESSAGE, "Climate", "The vehicle is in use."),
    "remote.left.time.cycle": (AlertType.CLOUD_MESSAGE, "Engine", "The engine has stopped by itself."),
}
"""What the maker's cloud writes to the owner, by its key (kamereon-eu §14.2)."""


class Outing(NamedTuple):
    """A drive of so many km and minutes from home to a place and the same way back, on some weekdays (0 is Monday).

    ``there`` and ``back`` are when the drives begin by the local time. ``unloading``: for how many minutes the hatch is
    open after the second one.
    """

    days: Collection[int]
    there: time
    back: time
    latitude: float
    longitude: float
    distance: float
    minutes: int
    unloading: int = 0


class Ride(NamedTuple):
    """One drive of an outing, in a straight line at constant speed."""

    outing: Outing
    homewards: bool
    started_at: datetime
    ended_at: datetime

    def covered(self, now: datetime) -> float:
        """Return which part of the way lies behind the car, from 0 to 1."""
        return min((now - self.started_at) / (self.ended_at - self.started_at), 1.0)


@dataclass(slots=True, kw_only=True)
class Car:
    """A car as it last reported, at ``now``.

    ``content`` of ``capacity`` is in its battery or tank, and ``consumption`` is for 100 km: kWh or litres.
    ``nominal`` is the capacity when new. ``charge_power`` is what arrives in the battery, in kW. ``ordered``: whether
    its owner has ordered to charge or not to charge, since it was plugged in. ``charged``: the kWh that have arrived in
    the battery since then. ``running``: by which command the climate
    or the engine runs; no car has both. ``warmth`` is 0 in a cabin as cold as the air outside, 1 at the ``target`` in
    °C. ``updates``: it takes new software over the air. ``away``: on which outing it is, ``None`` at home. ``trips``
    end with the one that it is ``driving``.
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
    charged: float = 0.0
    running: StartClimate | StartEngine | None = None
    planned: ScheduleClimate | None = None
    target: float = 21.0
    warmth: float = 0.0
    locked: bool = True
    hatch_open: bool = False
    updates: bool = False
    away: Outing | None = None
    driving: bool = False
    trips: list[Ride] = field(default_factory=list)
    messages: list[Notification] = field(default_factory=list)
    _events: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)

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
        if self.ordered is None:
            return ChargingStatus.CHARGING if self._timer_allows() else ChargingStatus.WAITING_FOR_SCHEDULE
        return ChargingStatus.CHARGING if self.ordered else ChargingStatus.NOT_CHARGING

    def _timer_allows(self) -> bool:
        if self.schedule is None:
            return True
        local = self.now.astimezone(self.zone)
        opened = datetime.combine(local.date(), self.schedule.charge_from, self.zone)
        if opened > local:
            opened -= _DAY
        return opened.weekday() in self.schedule.days and local < opened + self.schedule.duration

    def advance(self, now: datetime) -> None:
        """Let things go on as they are and do what is due, until ``now``; the car reports each time."""
        while (due := self._next_at()) <= now:
            at = max(due, self.now)  # which is later if the clock was set back
            hours = (at - self.now) / timedelta(hours=1)
            charging = self.status is ChargingStatus.CHARGING
            if self.driving:
                trip = self.trips[-1]
                distance = trip.outing.distance * (trip.covered(at) - trip.covered(self.now))
                self.odometer += distance
                self.content -= distance * self.consumption / 100
            elif charging:
                room = self.capacity * self.limit / 100 - self.content
                stored = min(self.charge_power * hours, room)
                self.content += stored
                self.charged += stored
            warmer = 6 if self.running or self.driving else -2
            self.warmth = min(max(self.warmth + warmer * hours, 0), 1)
            self.now = at
            while self._events[0][0] <= at:
                self._events.pop(0)[1]()
            if charging and self.plugged_in and self.status is not ChargingStatus.CHARGING:
                self._announce("battery.ended.charge")

    def plan(self, at: datetime, do: Callable[[], object]) -> None:
        """Have something done at ``at``."""
        insort(self._events, (at, do), key=lambda event: event[0])

    def begin_day(self) -> None:
        """Plan what people do today; some days they are a few minutes late."""
        today = self.now.astimezone(self.zone).date()
        late = timedelta(minutes=today.toordinal() * 7 % 11)
        for outing in self.outings:
            if today.weekday() in outing.days:
                for at, homewards in ((outing.there, False), (outing.back, True)):
                    drive = partial(self._drive, outing, homewards=homewards)
                    self.plan(datetime.combine(today, at, self.zone).astimezone(UTC) + late, drive)
        self.plan(datetime.combine(today + _DAY, time(), self.zone).astimezone(UTC), self.begin_day)

    def _next_at(self) -> datetime:
        """Return when the car will report: every other minute on a drive, every quarter of an hour at a charger."""
        waiting = self.status in (ChargingStatus.CHARGING, ChargingStatus.WAITING_FOR_SCHEDULE)
        every = 120 if self.driving else 900 if waiting else 86_400
        return min(self._events[0][0], datetime.fromtimestamp((self.now.timestamp() // every + 1) * every, UTC))

    def _drive(self, outing: Outing, *, homewards: bool) -> None:
        """Drive off, unless the car stands elsewhere or could not make it."""
        needed = 1.2 * outing.distance * self.consumption / 100
        if self.away is not (outing if homewards else None) or self.content < needed:
            return
        self.plugged_in, self.ordered, self.running = False, None, None
        self.locked, self.hatch_open, self.driving = True, False, True
        self.trips.append(Ride(outing, homewards, self.now, self.now + timedelta(minutes=outing.minutes)))
        self.plan(self.trips[-1].ended_at, self._arrive)

    def _arrive(self) -> None:
        trip = self.trips[-1]
        self.away, self.driving = None if trip.homewards else trip.outing, False
        if trip.homewards and self.charge_power:
            self.plugged_in, self.charged = True, 0.0
        if not self.charge_power and self.level < 48:
            self.content = self.capacity
        if trip.homewards and trip.outing.unloading:
            self.hatch_open = True
            self.plan(self.now + timedelta(minutes=trip.outing.unloading), self._close_hatch)

    def _close_hatch(self) -> None:
        self.hatch_open = False

    def execute(self, command: Command) -> str | None:
        """Carry a command out, or return why not."""
        match command:
            case Unlock() | StartClimate() | StartEngine() if self.driving:
                return _UNDER_WAY[type(command)]
            case StartCharging() | StopCharging() if not self.plugged_in:
                return "battery.charge.unavailable"
            case StartClimate() if not self.plugged_in and self.level < MIN_LEVEL:
                return "hvac.traction.battery.low"
            case Lock() | Unlock():
                self.locked = isinstance(command, Lock)
            case StartClimate(target=target):
                self.target = self.target if target is None else target
                self._run(command, 120 if self.plugged_in else 15, "hvac.autostop")  # (kamereon-eu §9.3)
            case StartEngine():
                self._run(command, 10, "remote.left.time.cycle")
            case StopClimate() | StopEngine():
                self.running = None
            case ScheduleClimate(at=at):
                self.planned = command
                self.plan(at, self._start_as_planned)
            case CancelClimateSchedule():
                self.planned = None
            case StartCharging() | StopCharging():
                self.ordered = isinstance(command, StartCharging)
            case SetChargeLimit(limit=limit):
                self.limit = limit
            case SetChargeSchedule(schedule=schedule):
                self.schedule, self.ordered = schedule, None
        return None

    def _run(self, command: StartClimate | StartEngine, minutes: float, message: str) -> None:
        """Let the climate or the engine run, for so long unless it is stopped or started anew."""

        def end() -> None:
            if self.running is command:
                self.running = None
                self._announce(message)

        self.running = command
        self.plan(self.now + timedelta(minutes=minutes), end)

    def _start_as_planned(self) -> None:
        """Start the climate, unless the plan was cancelled or changed."""
        if self.planned is not None and self.planned.at <= self.now:
            start, self.planned = StartClimate(self.planned.target), None
            self._announce(self.execute(start) or "hvac.autostart")

    def _announce(self, kind: str) -> None:
        """Write to the owner; after a restart the id is the same, so that no message is new again."""
        alert, title, text = _MESSAGES[kind]
        name = f"{kind} {self.now.isoformat()}"
        self.messages.append(Notification(id=name, kind=kind, alert=alert, title=title, text=text, sent_at=self.now))


_WORKDAYS, _WEEKEND = range(5), (5, 6)

# Latitude, longitude, km, minutes, minutes of unloading
_SCIENCE_PARK = 52.3557, 4.9555, 10.6, 10
_SEA = 52.3752, 4.5335, 25.4, 25
_SHOPS = 52.2760, 4.8330, 4.0, 6, 30
_UTRECHT = 52.0894, 5.1085, 31.8, 23

_ALL = {Capability.HORN, Capability.LIGHTS, Capability.LOCATION, Capability.LOCK_STATUS}
_ALL |= {Capability.REFRESH, Capability.TRIPS}
_ELECTRIC = _ALL | {Capability.BATTERY, Capability.CLIMATE, Capability.CLIMATE_SCHEDULE, Capability.CLIMATE_STATUS}
_ELECTRIC |= {Capability.CLIMATE_TEMPERATURE, Capability.START_CHARGING}
_LEAF = _ELECTRIC | {Capability.CHARGE_SCHEDULE}
_ARIYA = _ELECTRIC | {Capability.CHARGE_LIMIT, Capability.LOCK, Capability.STOP_CHARGING}
_ARIYA |= {Capability.CLIMATE_DEFROST, Capability.SEAT_HEAT, Capability.WHEEL_HEAT}
_QASHQAI = _ALL | {Capability.FUEL, Capability.LOCK, Capability.START_ENGINE}


def _info(
    key: str, nickname: str, model: str, capabilities: set[Capability], *, code: str, year: int, generation: str = "C1A"
) -> VehicleInfo:
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=nickname,
        model=model,
        model_code=code,
        year=year,
        generation=generation,
        gateway="AVN",
        powertrain=Powertrain.COMBUSTION if Capability.FUEL in capabilities else Powertrain.ELECTRIC,
        capabilities=frozenset(capabilities),
    )


def open_garage(now: datetime, zone: tzinfo) -> dict[str, Car]:
    """Return the cars by their keys as they are at ``now``, after a week or two that can be looked back on.

    They are the same whenever the garage is opened: a restart changes nothing but what the owner has ordered.
    """
    today = datetime.combine(now.astimezone(zone).date(), time())
    monday = today - timedelta(days=today.weekday() + 7)
    weeks = (monday - datetime(2026, 1, 5)).days // 7  # noqa: DTZ001 - a Monday, wherever that is
    park = partial(Car, zone=zone, now=monday.replace(tzinfo=zone).astimezone(UTC))
    leaf = park(
        info=_info("SJNFAKE0000000001", "LEAF", "Leaf", _LEAF, code="FE0-24", year=2021),
        outings=(
            Outing(_WORKDAYS, time(7, 40), time(17, 10), *_SCIENCE_PARK),
            Outing(_WEEKEND, time(10, 30), time(11, 45), *_SHOPS),
        ),
        odometer=38_430 + 122.0 * weeks,
        nominal=40.0,
        capacity=37.2,
        content=0.9 * 37.2,
        consumption=15.5,
        charge_power=6.0,
        limit=90.0,
        schedule=ChargeSchedule(time(23), time(6)),
    )
    ariya = park(
        info=_info("JN1FAKE0000000002", "Ariya", "Ariya", _ARIYA, code="FE0-26", year=2023, generation="C1A_HS EVO"),
        outings=[Outing((0, 1, 3), time(8, 15), time(17, 40), *_UTRECHT)],
        odometer=21_960 + 190.8 * weeks,
        nominal=87.0,
        capacity=84.4,
        content=0.8 * 84.4,
        consumption=18.5,
        charge_power=6.7,
        limit=80.0,
        updates=True,
    )
    qashqai = park(
        info=_info("SJNFAKE0000000003", "Qashqai", "Qashqai", _QASHQAI, code="J12", year=2022),
        outings=(
            Outing((1, 3), time(9, 30), time(10, 45), *_SHOPS),
            Outing((2, 6), time(13), time(18, 15), *_SEA),
        ),
        odometer=47_295 + 117.6 * weeks,
        capacity=55.0,
        content=55 - 0.063 * (25.4 + 117.6 * (weeks % 4)),  # filled every fourth Sunday, by the sea
        consumption=6.3,
    )
    garage = {car.info.key: car for car in (leaf, ariya, qashqai)}
    for car in garage.values():
        car.begin_day()
        car.advance(now)
    return garage
