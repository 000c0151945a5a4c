"""A simulated car: parts that follow physics, put together, moved forward in time on request."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random

from custom_components.nissanconnect.vehicle import Command, Group, Refresh, VehicleInfo

from .body import BodyShell
from .cabin import Cabin
from .cloud import Cloud
from .combustion import Combustion
from .drive import Chassis, Drive, Point, Route
from .electric import Electric
from .event import ANNOUNCEMENTS, Event
from .execute import execute
from .firmware import Firmware
from .powertrain import Consumption, Span
from .scenario import Agenda, Depart, Errand, PlugIn, Refuel, Scenario
from .snapshot import snapshot
from .telematics import Action, Telematics
from .trips import Trip
from .twelve_volt import TwelveVolt
from .weather import outside_temperature

FINE, COARSE = 60, 300
"""Seconds of a step while something goes on, and while the vehicle just stands there."""
REPORT_EVERY = timedelta(minutes=2)
"""How often a moving vehicle reports of its own accord (kamereon-eu §16.1)."""
UNDER_WAY = frozenset({Group.BATTERY, Group.CHARGING, Group.POSITION, Group.ODOMETER, Group.FUEL})
AT_THE_PLUG = frozenset({Group.BATTERY, Group.CHARGING})
DATA_SETS = (
    frozenset({Group.BATTERY, Group.CHARGING, Group.SCHEDULES}),
    frozenset({Group.ODOMETER, Group.FUEL}),
    *({group} for group in (Group.CLIMATE, Group.BODY, Group.POSITION, Group.TYRES, Group.HEALTH, Group.SOFTWARE)),
)
"""What the unit sends together, whichever of it was requested."""
NEARBY = 0.2
"""km within which a vehicle counts as being at a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What makes a vehicle: its parts, its ``odometer`` in km, and the life that it leads around its ``home``.

    ``under_way`` is what it reports while it drives. ``updates``: it takes new software over the air.
    """

    info: VehicleInfo
    chassis: Chassis
    powertrain: Electric | Combustion
    odometer: float
    home: Point
    scenario: Scenario = ()
    under_way: frozenset[Group] = UNDER_WAY
    updates: bool = False


class SimulatedVehicle:
    """A vehicle and its share of the cloud. It has no clock: nothing changes until :meth:`advance` is called."""

    def __init__(self, make: Make, *, start: datetime, rng: Random, zone: tzinfo = UTC, seed: int = 0) -> None:
        """Park the vehicle at home at ``start``; ``rng`` decides how long the telematics unit takes."""
        self.info = make.info
        self.now = start.astimezone(UTC)
        self.powertrain = make.powertrain
        self.odometer = make.odometer
        self.home = self.point = make.home
        self.heading = 0.0
        self.privacy = False
        self.drive: Drive | None = None
        self.cabin = Cabin(outside_temperature(start, zone))
        self.body = BodyShell()
        self.firmware = Firmware() if make.updates else None
        self.twelve_volt = TwelveVolt()
        self.telematics = Telematics(rng, self.twelve_volt)
        self.cloud = Cloud()
        self.zone = zone
        self._chassis = make.chassis
        self._reports_under_way = make.under_way
        self._agenda = Agenda(make.scenario, start, zone, f"{seed} {make.info.key}")
        self._next_report_at = start
        self._taken = Consumption()
        self.report(Group)

    @property
    def outside(self) -> float:
        """The temperature around it in °C."""
        return outside_temperature(self.now, self.zone)

    def advance(self, now: datetime) -> None:
        """Let time pass until ``now``; a ``now`` that has already been changes nothing.

        How the way there is cut into calls makes no difference beyond the accuracy of one step.
        """
        while self.now < now:
            until = min(now.astimezone(UTC), self._next_stop())
            self._let(until)
            self.now = until
            self._happen()

    def order(self, command: Command) -> Action:
        """Put a command in the queue of the cloud; it is carried out while time passes."""
        return self.telematics.accept(command, self.now)

    def report(self, groups: Collection[Group]) -> None:
        """Send these groups to the cloud, if the network is there."""
        if self.telematics.reachable:
            self.cloud.reported.update(snapshot(self, [*groups, Group.AUX_BATTERY, Group.PRIVACY]))

    def announce(self, event: Event) -> None:
        """Send the owner a message, and report what it is about."""
        self.report(ANNOUNCEMENTS[event].groups)
        self.cloud.announce(event, self.now, self.telematics.new_id())

    def set_privacy(self, *, on: bool) -> None:
        """Turn the driver's privacy switch."""
        self.privacy = on
        self.announce(Event.PRIVACY_ON if on else Event.PRIVACY_OFF)

    def depart(self, route: Route) -> None:
        """Unplug, get in, drive off."""
        self.powertrain.depart(self.now)
        self.report(AT_THE_PLUG)
        self.body.locked, self.body.open = True, set()  # it locks itself when it moves
        self.drive = Drive(route, self._chassis, self.now)
        self._next_report_at = self.now + REPORT_EVERY
        self._taken = Consumption()

    def plug_in(self) -> None:
        """Connect the charger."""
        if isinstance(self.powertrain, Electric) and not self.powertrain.charger.plugged:
            self.powertrain.charger.plug_in(self.now)
            self.report(AT_THE_PLUG)

    def unplug(self) -> None:
        """Disconnect the charger."""
        if isinstance(self.powertrain, Electric) and self.powertrain.charger.plugged:
            self.powertrain.charger.unplug(self.now)
            self.report(AT_THE_PLUG)

    def supply(self, power: float) -> None:
        """Let the wall offer so many kW from now on, 0 if it is switched off.

        The vehicle soon tells that a charge has ended by that. It does not tell that one begins, as with its own timer.
        """
        if isinstance(self.powertrain, Electric):
            self.powertrain.charger.supply = power

    def is_at(self, place: Point) -> bool:
        """Whether it is parked there."""
        return self.drive is None and self.point.distance(place) < NEARBY

    def _next_stop(self) -> datetime:
        """Return the end of the current step: a round time, or something that is to happen before it."""
        step = FINE if self.drive is not None or self.powertrain.active else COARSE
        grid = datetime.fromtimestamp((self.now.timestamp() // step + 1) * step, UTC)
        return min((at for at in self._appointments() if at is not None and self.now < at < grid), default=grid)

    def _appointments(self) -> Iterator[datetime | None]:
        yield self._agenda.next_at
        yield self.telematics.next_at()
        yield self.powertrain.next_at()
        if self.drive is not None:
            yield self.drive.ends_at
            yield self._next_report_at

    def _let(self, until: datetime) -> None:
        """Let physics work from now to ``until``."""
        span = Span(self.now, (until - self.now).total_seconds(), self.outside)
        if self.drive is None:
            self.powertrain.let(span, self.cabin, None)
        else:
            before, after = self.drive.at(self.now), self.drive.at(until)
            taken = self.powertrain.let(span, self.cabin, after.work.minus(before.work))
            self._taken = self._taken.plus(taken)
            self.odometer += after.distance - before.distance
            self.point, self.heading = after.point, after.heading
        self.twelve_volt.let(span.seconds, fed=self.drive is not None or self.powertrain.active)

    def _happen(self) -> None:
        """Do all that is due now."""
        if self.drive is not None:
            self._under_way(self.drive)
        for event in self.powertrain.events(self.now):
            self.announce(event)
        self.telematics.work(self.now, self._execute)
        for errand in self._agenda.due(self.now):
            self._run(errand)

    def _under_way(self, drive: Drive) -> None:
        self.telematics.stay_awake(self.now)
        if self.now >= drive.ends_at:
            self._arrive(drive)
        elif self.now >= self._next_report_at:
            self._next_report_at += REPORT_EVERY
            self.report(self._reports_under_way)

    def _arrive(self, drive: Drive) -> None:
        """Switch the ignition off: the one moment at which a vehicle reports everything."""
        self.drive = None
        self.point = drive.route.legs[-1].end
        start, end = (None, None) if self.privacy else (drive.route.start, self.point)
        self.cloud.trips.append(
            Trip(
                started_at=drive.started_at,
                ended_at=drive.ends_at,
                distance=drive.route.length,
                consumption=self._taken,
                start=start,
                end=end,
            )
        )
        self.report(Group)

    def _execute(self, command: Command) -> str | None:
        """Carry a command out and report what it touches, as the unit does after every action."""
        code = execute(self, command)
        if code is None:
            self.report(_reported_after(command))
        return code

    def _run(self, errand: Errand) -> None:
        match errand, self.powertrain:
            case Depart(route=route), powertrain:
                if self.is_at(route.start) and powertrain.reaches(route.length, self.outside):
                    self.depart(route)
            case PlugIn(below=below, limit=limit), Electric(battery=battery, charger=charger):
                if self.is_at(self.home) and battery.level < below:
                    charger.limit = charger.limit if limit is None else limit
                    self.plug_in()
            case Refuel(below=below), Combustion() as engine:
                if self.drive is None and engine.level < below:
                    engine.fill()


def _reported_after(command: Command) -> frozenset[Group]:
    """Return what the unit sends after it has carried out ``command``."""
    wanted = {command.group} if isinstance(command, Refresh) and command.group else command.groups
    return frozenset().union(*(data for data in DATA_SETS if data & wanted))
