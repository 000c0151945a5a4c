"""The groups of values that make up the state of a vehicle, each with its source and its times.

Units are fixed: km, °C, kWh, kW, kPa, litres, volts, degrees, percent 0-100, aware UTC datetimes.
``None`` always means *unknown*; a group that is ``None`` was never reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, TypedDict

from .charging import ChargeConnection, ChargeMode, ChargeSchedule, ChargeSpeed, ChargingStatus
from .codec import PLANNED
from .identity import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, clean_fields

NEVER = datetime.min.replace(tzinfo=UTC)
"""Stands for an unknown time that counts as long ago."""


class Group(StrEnum):
    """The name of each group, equal to its field of :class:`~.state.VehicleState`."""

    BATTERY = "battery"
    CHARGING = "charging"
    COUNTERS = "counters"
    CLIMATE = "climate"
    BODY = "body"
    POSITION = "position"
    ODOMETER = "odometer"
    FUEL = "fuel"
    TYRES = "tyres"
    AUX_BATTERY = "aux_battery"
    HEALTH = "health"
    CONNECTIVITY = "connectivity"
    PRIVACY = "privacy"
    SUBSCRIPTION = "subscription"
    SCHEDULES = "schedules"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The base of every group: the source, when the vehicle reported it, and when we received it.

    ``reported_at`` is the vehicle's own time, ``None`` if the source does not state one. It is never filled with
    ``received_at``: when the vehicle reported and when we read are different facts. ``lasting`` names fields that stay
    true for weeks, so they may come from another source than the rest of the group. ``measured`` names fields whose
    last value stays until there is a new one. A report without a value, or with an implausible one or null, does not
    clear them: sources send null for what they could not measure this time, for example while the vehicle is asleep,
    and no battery or odometer ceases to have a value. Times and other fields are then those of the newest report.
    """

    lasting: ClassVar[frozenset[str]] = frozenset()
    measured: ClassVar[frozenset[str]] = frozenset()

    backend: str
    received_at: datetime
    reported_at: datetime | None = None

    @property
    def known_at(self) -> datetime:
        """When the vehicle reported this, or when it was received if the source states no time."""
        return self.reported_at or self.received_at


STAMP = frozenset(each.name for each in fields(Reported))
"""The fields that every group has."""


class Stamp(TypedDict):
    """The fields of :class:`Reported`, for a report that several groups are made of."""

    backend: str
    received_at: datetime
    reported_at: datetime | None


class UpdateStatus(StrEnum):
    """The status of an update of the vehicle's own software."""

    UP_TO_DATE = "up_to_date"
    """No update is offered, or the last one was activated."""
    AVAILABLE = "available"
    DOWNLOADING = "downloading"
    INSTALLING = "installing"
    READY = "ready"
    """It only has to be activated, by the owner."""
    SCHEDULED = "scheduled"
    ACTIVATING = "activating"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery(Reported):
    """The traction battery: level and health in %, ranges in km, nominal capacity and content in kWh, °C.

    ``amp_hours`` is the present capacity of a LEAF's battery in Ah. ``hx`` is its index of conductance in %: it falls
    as cells age, exceeds 100 in large new packs and is not the health. ``health_bars`` are the bars out of twelve that
    older vehicles show for the health. ``cell_spread`` is the difference between the cells' voltages in mV.
    """

    lasting = frozenset({"amp_hours", "capacity", "health", "health_bars", "hx"})
    measured = lasting | {"cell_spread", "energy", "level", "range", "range_climate_on", "temperature"}
    level: float | None = None
    range: float | None = None
    range_climate_on: float | None = None
    capacity: float | None = None
    energy: float | None = None
    health: float | None = None
    health_bars: float | None = None
    temperature: float | None = None
    amp_hours: float | None = None
    hx: float | None = None
    cell_spread: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging(Reported):
    """Plug and charger: power in kW, limit in %. ``finish_at`` is known only while the vehicle charges.

    A vehicle that charges, or waits for power or for its schedule, counts as plugged in unless reported otherwise.
    ``time_to_full_…`` are the minutes that a full charge would take at the speeds of :class:`ChargeSpeed`.
    """

    lasting = frozenset({"limit"})
    measured = lasting | {"time_to_full_fast", "time_to_full_normal", "time_to_full_slow"}
    plugged_in: bool | None = None
    status: ChargingStatus | None = None
    power: float | None = None
    speed: ChargeSpeed | None = None
    finish_at: datetime | None = field(default=None, metadata=PLANNED)
    limit: float | None = None
    time_to_full_slow: float | None = None
    time_to_full_normal: float | None = None
    time_to_full_fast: float | None = None

    def __post_init__(self) -> None:
        """Derive ``plugged_in`` from the status if it was not reported."""
        if self.plugged_in is None and self.status in _PLUGGED_IN:
            object.__setattr__(self, "plugged_in", True)

    @property
    def active(self) -> bool | None:
        """Whether energy flows into the battery; ``None`` if the status is unknown."""
        if self.status is None:
            return None
        return self.status in (ChargingStatus.CHARGING, ChargingStatus.V2G_CHARGING)

    @property
    def connection(self) -> ChargeConnection | None:
        """Plug and charger in one value; ``None`` if it is unknown whether the vehicle is plugged in."""
        if self.active:
            return ChargeConnection.CHARGING
        if self.plugged_in is None:
            return None
        return ChargeConnection.CONNECTED if self.plugged_in else ChargeConnection.DISCONNECTED


_PLUGGED_IN = frozenset(
    {
        ChargingStatus.CHARGING,
        ChargingStatus.V2G_CHARGING,
        ChargingStatus.V2G_DISCHARGING,
        ChargingStatus.V2G_WAITING,
        ChargingStatus.V2L_CONNECTED,
        ChargingStatus.WAITING_FOR_POWER,
        ChargingStatus.WAITING_FOR_SCHEDULE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters(Reported):
    """Energy in kWh, counted by the vehicle: each counter starts again at zero now and then, or never.

    ``driven`` was drawn from the battery to drive, ``regained`` flowed back by braking: both count from the start of a
    trip. ``charged`` went into the battery, ``from_wall`` was taken from the wall for it: both count from the start of
    a charge. A counter that fell has started again; what it had counted between its last report and then is unknown.
    """

    measured = frozenset({"charged", "driven", "from_wall", "regained"})
    driven: float | None = None
    regained: float | None = None
    charged: float | None = None
    from_wall: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate(Reported):
    """Climate control: temperatures in °C; below ``min_battery_level`` (%) it will not run on the battery."""

    lasting = frozenset({"min_battery_level"})
    measured = lasting | {"inside_temperature", "outside_temperature"}
    running: bool | None = None
    target_temperature: float | None = None
    inside_temperature: float | None = None
    outside_temperature: float | None = None
    next_start_at: datetime | None = field(default=None, metadata=PLANNED)
    min_battery_level: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body(Reported):
    """Lock and openings; ``True`` means locked or open. An opening that is not reported is unknown, not closed.

    ``assumed``: no source reports the lock, so ``locked`` is the last remote command.
    """

    locked: bool | None = None
    assumed: bool = False
    door_front_left: bool | None = None
    door_front_right: bool | None = None
    door_rear_left: bool | None = None
    door_rear_right: bool | None = None
    hatch: bool | None = None
    bonnet: bool | None = None
    sunroof: bool | None = None
    window_front_left: bool | None = None
    window_front_right: bool | None = None
    window_rear_left: bool | None = None
    window_rear_right: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position(Reported):
    """Where the vehicle is: WGS 84 degrees; ``heading`` in degrees clockwise from north."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    heading: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Odometer(Reported):
    """Total distance driven in km."""

    measured = frozenset({"distance"})
    distance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuel(Reported):
    """The tank: level in %, quantity in litres, range in km."""

    measured = frozenset({"level", "quantity", "range"})
    level: float | None = None
    quantity: float | None = None
    range: float | None = None
    low: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tyre:
    """One tyre: pressure in kPa and the vehicle's own warning."""

    pressure: float | None = None
    warning: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tyres(Reported):
    """The four tyres; their pressures are measured."""

    measured = frozenset({"front_left", "front_right", "rear_left", "rear_right"})
    front_left: Tyre = Tyre()
    front_right: Tyre = Tyre()
    rear_left: Tyre = Tyre()
    rear_right: Tyre = Tyre()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxBattery(Reported):
    """The 12 V battery in volts; every wake costs some of its energy."""

    measured = frozenset({"voltage"})
    voltage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health(Reported):
    """The vehicle's health report in the source's own names; their meaning is not documented.

    ``lamps`` are the lit warning lamps by the source's names; ``oil_change_in`` is in km.
    """

    measured = frozenset({"oil_change_in"})
    lamps: tuple[str, ...] | None = None
    oil_change_in: float | None = None
    values: Mapping[str, str | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity(Reported):
    """The telematics unit: whether it is reachable, its firmware, its signal strength in dBm."""

    reachable: bool | None = None
    firmware: str | None = None
    signal: float | None = None

    def __post_init__(self) -> None:
        """Reduce the firmware's name to one printable line."""
        clean_fields(self, firmware=LONGEST_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy(Reported):
    """Privacy mode, set by the driver in the vehicle. While it is on, no position is shown or stored."""

    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A subscribed package by the source's name, and when it ends."""

    name: str
    active: bool | None = None
    ends_at: datetime | None = field(default=None, metadata=PLANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Reported):
    """Whether any connected service is active for this vehicle, and when the first important one ends, if known."""

    active: bool | None = None
    ends_at: datetime | None = field(default=None, metadata=PLANNED)
    packages: tuple[Package, ...] = ()

    def active_at(self, now: datetime) -> bool | None:
        """Whether any service is active ``now``, which may be after the end that the last read brought."""
        if self.active is not True or self.ends_at is None or now < self.ends_at:
            return self.active
        return any(each.active and (each.ends_at is None or now < each.ends_at) for each in self.packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules(Reported):
    """The vehicle's own schedules; ``charging`` is the active one, if the source reports its hours."""

    charge_mode: ChargeMode | None = None
    charging: ChargeSchedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Software(Reported):
    """An update of the vehicle's own software over the air; ``update`` is its name, ``None`` if there is none.

    ``progress`` is in %, ``notes`` are the maker's release notes.
    """

    update: str | None = None
    status: UpdateStatus | None = None
    progress: float | None = None
    notes: str | None = None

    def __post_init__(self) -> None:
        """Reduce the texts to one printable line each."""
        clean_fields(self, update=LONGEST_TITLE, notes=LONGEST_TEXT)
