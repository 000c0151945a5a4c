"""What sources report: states, alerts, notifications and trips; and which values are less reliable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from .errors import BackendError
from .groups import Group
from .identity import LONGEST_TEXT, LONGEST_TITLE, VehicleInfo, clean_fields
from .state import VehicleState


class AlertType(StrEnum):
    """The type of an alert."""

    CHARGING_FINISHED = "charging_finished"
    CHARGING_INTERRUPTED = "charging_interrupted"
    CHARGING_STOPPED = "charging_stopped"
    """Ended below its limit on purpose: at a rapid charger, by a schedule, or on request."""
    CHARGE_BELOW = "charge_below"
    PLUGGED_IN = "plugged_in"
    UNPLUGGED = "unplugged"
    NOT_PLUGGED_IN_AT_HOME = "not_plugged_in_at_home"
    CLIMATE_STARTED = "climate_started"
    CLIMATE_STOPPED = "climate_stopped"
    LEFT_AREA = "left_area"
    ENTERED_AREA = "entered_area"
    LEFT_UNLOCKED = "left_unlocked"
    DOOR_OPEN = "door_open"
    UNEXPECTED_MOVEMENT = "unexpected_movement"
    ALARM = "alarm"
    AUX_BATTERY_LOW = "aux_battery_low"
    BATTERY_HEALTH_DROPPED = "battery_health_dropped"
    TYRE_WARNING = "tyre_warning"
    WARNING_LAMP = "warning_lamp"
    MAINTENANCE_DUE = "maintenance_due"
    SUBSCRIPTION_EXPIRES = "subscription_expires"
    SILENT = "silent"
    WRONG_PINS = "wrong_pins"
    """So many wrong PINs were entered in Home Assistant that none is tried for a while."""
    CLOUD_MESSAGE = "cloud_message"
    """A notification of the maker's cloud that matches no other type."""
    PLAN_FAILED = "plan_failed"
    """A charge plan could not be carried out."""
    TOO_LATE = "too_late"
    """A charge plan cannot be done in time."""
    MISSED = "missed"
    """A summary of events so long ago that they are not reported as if they were new."""


type Detail = str | float | tuple[str, ...] | None
"""A plain value of an alert, for people and automations."""


class AlertOrigin(StrEnum):
    """Who noticed the event."""

    STATE = "state"
    """This integration, from the vehicle's state."""
    MESSAGE = "message"
    """The maker's cloud, which sent a notification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One event, ``at`` the vehicle's own time as far as that is known.

    ``subject`` is what it is about: the name of a geofence, an opening, a wheel. Several are separated by commas, and
    the detail ``subjects`` lists them. ``details`` never contain the vehicle's position.
    """

    type: AlertType
    at: datetime
    origin: AlertOrigin = AlertOrigin.STATE
    subject: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)

    @property
    def as_event_data(self) -> dict[str, Detail]:
        """The data of its event."""
        listed: dict[str, Detail] = {} if self.subject is None else {"subjects": self.subjects}
        return {"at": self.at.isoformat(), "origin": self.origin, "subject": self.subject, **listed, **self.details}

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects."""
        several = self.details.get("subjects")
        return several if isinstance(several, tuple) else () if self.subject is None else (self.subject,)


class TripPeriod(StrEnum):
    """The period of a trip summary."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def first_day(self, day: date) -> date:
        """Return the first day of the period that ``day`` is in."""
        if self is TripPeriod.DAY:
            return day
        return day.replace(day=1) if self is TripPeriod.MONTH else day.replace(month=1, day=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripSummary:
    """The trips of one day, month or year that begins on ``start``.

    Distance in km, duration in minutes, energy in kWh (``energy_recovered`` by braking), fuel in litres, ``co2_saved``
    in grams. The summary of the current period still grows.
    """

    start: date
    period: TripPeriod
    trips: int | None = None
    distance: float | None = None
    duration: float | None = None
    first_start: datetime | None = None
    last_end: datetime | None = None
    energy_used: float | None = None
    energy_recovered: float | None = None
    fuel_used: float | None = None
    co2_saved: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRecord:
    """A single trip that a service keeps.

    Times in UTC, distance in km. ``energy`` is what the service says was used, in kWh, and ``regained`` what came back
    by braking; no service says whether it has subtracted that. Positions are latitude and longitude in degrees
    (WGS 84).
    """

    start: datetime
    end: datetime
    distance: float
    energy: float | None = None
    regained: float | None = None
    start_position: tuple[float, float] | None = field(default=None, repr=False)
    end_position: tuple[float, float] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DrivenTrips:
    """Requested trips; from ``missing_from`` on the source has none yet."""

    summaries: tuple[TripSummary, ...]
    missing_from: date | None = None


def last_finished(period: TripPeriod, today: date) -> date:
    """Return the last day of the last day, month or year that is over."""
    return period.first_day(today) - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notification of the maker's cloud.

    ``kind`` is its key there (``battery.ended.charge``), in any language; ``alert`` is what it means.
    """

    id: str
    kind: str
    alert: AlertType = AlertType.CLOUD_MESSAGE
    title: str | None = None
    text: str | None = None
    sent_at: datetime | None = None

    def __post_init__(self) -> None:
        """Reduce the texts to one printable line each."""
        clean_fields(self, title=LONGEST_TITLE, text=LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReport:
    """The groups that were read, and the error for every part that could not be read.

    ``state`` holds the result of this read and nothing older. ``failures`` is keyed by the backend's own name of the
    part (an endpoint, a topic); parts that the vehicle does not offer are not failures. ``given_up`` has the parts that
    are not requested at the moment because they were refused, whether or not this read needed them.
    """

    state: VehicleState
    failures: Mapping[str, BackendError] = field(default_factory=dict)
    given_up: Mapping[str, BackendError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVehicle:
    """One vehicle of an account, with the state that the vehicle list contains (privacy, subscription)."""

    info: VehicleInfo
    state: VehicleState = VehicleState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A push about one vehicle, which may be new to us: values, notifications, or its existence."""

    info: VehicleInfo
    state: VehicleState = VehicleState()
    notifications: tuple[Notification, ...] = ()


class Weakness(NamedTuple):
    """How a source's ``group`` is less reliable than that of other sources.

    ``clock``: its times may be wrong by this much. ``cached``: fields whose values may be of any age although the group
    is new; they count only if no other source knows better.
    """

    group: Group
    clock: timedelta = timedelta()
    cached: frozenset[str] = frozenset()
