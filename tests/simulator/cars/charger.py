"""The plug, the on-board charger and the vehicle's own charge timer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import inf

from custom_components.nissanconnect.vehicle import ChargeMode, ChargeSchedule, ChargingStatus

from .battery import TractionBattery

EFFICIENCY = 0.9
"""How much of what comes out of the wall arrives in the cells."""
FULL_ENOUGH = 1e-6
"""Percent by which a level may miss the limit through rounding alone."""


@dataclass(frozen=True, slots=True)
class ChargeTimer:
    """The hours in which a scheduled charge may run, by the clocks of ``zone``; they begin on ``days`` (0: Monday)."""

    zone: tzinfo = UTC
    start: time = time(23)
    duration: timedelta = timedelta(hours=7)
    days: tuple[int, ...] = tuple(range(7))

    @property
    def schedule(self) -> ChargeSchedule:
        """The same as vehicles report it."""
        end = datetime.combine(date.min, self.start) + self.duration
        return ChargeSchedule(self.start, end.time(), self.days)

    def open_at(self, at: datetime) -> bool:
        """Whether the window is open; it may reach past midnight."""
        local = at.astimezone(self.zone)
        opened = datetime.combine(local.date(), self.start, self.zone)
        if opened > local:
            opened -= timedelta(days=1)
        return opened.weekday() in self.days and local < opened + self.duration


@dataclass(slots=True, kw_only=True)
class Charger:
    """An AC charger that takes at most ``max_power`` kW from a wall with ``supply`` kW, and stops at ``limit`` %.

    A wallbox that is switched off supplies 0 kW. ``override`` is the owner's last order, until the plug is pulled:
    charge (``True``), do not (``False``), or as ``mode`` says (``None``). ``power`` is what goes into charging right
    now, in kW at the wall; of that the charger's own electronics need ``overhead``.
    """

    max_power: float
    mode: ChargeMode = ChargeMode.ALWAYS
    timer: ChargeTimer = ChargeTimer()
    limit: float = 100.0
    supply: float = inf
    overhead: float = 0.0
    plugged: bool = False
    plugged_at: datetime | None = None
    unplugged_at: datetime | None = None
    override: bool | None = None
    power: float = 0.0

    def plug_in(self, at: datetime) -> None:
        """Connect the vehicle."""
        self.plugged, self.plugged_at = True, at

    def unplug(self, at: datetime) -> None:
        """Disconnect the vehicle; what the owner had ordered ends with it."""
        self.plugged, self.unplugged_at = False, at
        self.override, self.power = None, 0.0

    @property
    def available(self) -> float:
        """The kW that wall and charger allow."""
        return min(self.max_power, self.supply)

    @property
    def powered(self) -> bool:
        """Whether current is offered to the vehicle."""
        return self.plugged and self.supply > 0

    def wants(self, level: float, at: datetime) -> bool:
        """Whether it charges a battery at ``level`` % now."""
        return self.powered and not self.is_full(level) and self._is_due(at)

    def _is_due(self, at: datetime) -> bool:
        """Whether the owner's last order or the timer lets it charge."""
        if self.override is not None:
            return self.override
        return self.mode is ChargeMode.ALWAYS or self.timer.open_at(at)

    def keep_to(self, schedule: ChargeSchedule | None) -> None:
        """Charge by this timer, or whenever plugged in; what the owner ordered before is over."""
        self.override = None
        if schedule is None:
            self.mode = ChargeMode.ALWAYS
            return
        self.mode = ChargeMode.SCHEDULED
        self.timer = ChargeTimer(self.timer.zone, schedule.charge_from, schedule.duration, schedule.days)

    def is_full(self, level: float) -> bool:
        """Whether the limit is reached."""
        return level >= self.limit - FULL_ENOUGH

    def status(self, level: float, at: datetime) -> ChargingStatus:
        """What the charging system does."""
        if self.wants(level, at):
            return ChargingStatus.CHARGING
        if not self.plugged:
            return ChargingStatus.NOT_CHARGING
        if self.is_full(level):
            return ChargingStatus.FINISHED
        if self._is_due(at):
            return ChargingStatus.WAITING_FOR_POWER
        return ChargingStatus.WAITING_FOR_SCHEDULE if self.override is None else ChargingStatus.NOT_CHARGING

    def offer(self, battery: TractionBattery, available: float) -> float:
        """Return the kW that would flow out of a wall that has ``available``."""
        return min(available, (battery.acceptance(battery.level) + self.overhead) / EFFICIENCY)

    def arriving(self, power: float) -> float:
        """Return the kW that arrive in the cells of ``power`` kW at the wall."""
        return max(power * EFFICIENCY - self.overhead, 0.0)

    def charge(self, battery: TractionBattery, seconds: float, available: float) -> float:
        """Charge with at most ``available`` kW from the wall; return the kWh that were stored."""
        self.power = self.offer(battery, available)
        room = battery.usable * self.limit / 100 - battery.energy
        return battery.store(min(self.arriving(self.power) * seconds / 3600, room))

    def time_to(self, target: float, battery: TractionBattery, power: float, level: float | None = None) -> timedelta:
        """Estimate how long ``power`` kW at the wall need from ``level`` % (or from now) to ``target`` %."""
        hours, level = 0.0, battery.level if level is None else level
        while level < target:
            step = min(1.0, target - level)
            hours += battery.usable * step / 100 / min(self.arriving(power), battery.acceptance(level + step / 2))
            level += step
        return timedelta(hours=hours)
