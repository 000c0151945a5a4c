"""What an owner wants to be told of, whoever noticed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AlertType(StrEnum):
    """What has happened."""

    CHARGING_FINISHED = "charging_finished"
    CHARGING_INTERRUPTED = "charging_interrupted"
    CHARGING_STOPPED = "charging_stopped"
    """Ended below its limit as somebody meant it to: at a rapid charger, by a timer, or on request."""
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
    TYRE_WARNING = "tyre_warning"
    WARNING_LAMP = "warning_lamp"
    MAINTENANCE_DUE = "maintenance_due"
    SUBSCRIPTION_EXPIRES = "subscription_expires"
    SILENT = "silent"
    WRONG_PINS = "wrong_pins"
    """So many wrong PINs were entered here that none is tried for a while."""
    CLOUD_MESSAGE = "cloud_message"
    """A message of the maker's that means none of the others."""
    MISSED = "missed"
    """A summary of what happened so long ago that it is not reported as if it were new."""


type Detail = str | float | tuple[str, ...] | None
"""A plain value for people and automations."""


class Origin(StrEnum):
    """Who noticed."""

    STATE = "state"
    """We, from what the vehicle reports."""
    MESSAGE = "message"
    """The maker's cloud, which sent its owner a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that has happened, at ``at`` by the vehicle's own time as far as that is known.

    ``subject`` is what it is about: the name of an area, an opening, a wheel. Several have commas between them, and the
    detail ``subjects`` lists them. ``details`` never tell where the vehicle is.
    """

    type: AlertType
    at: datetime
    origin: Origin = Origin.STATE
    subject: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Detail]:
        """What is told of it in events."""
        listed: dict[str, Detail] = {} if self.subject is None else {"subjects": self.subjects}
        return {"at": self.at.isoformat(), "origin": self.origin, "subject": self.subject, **listed, **self.details}

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everything that it is about."""
        several = self.details.get("subjects")
        return several if isinstance(several, tuple) else () if self.subject is None else (self.subject,)
