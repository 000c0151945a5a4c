"""The values of charging: status, speed, mode and schedule."""

from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum


class ChargingStatus(StrEnum):
    """The status of the charging system."""

    NOT_CHARGING = "not_charging"
    WAITING_FOR_SCHEDULE = "waiting_for_schedule"
    WAITING_FOR_POWER = "waiting_for_power"
    CHARGING = "charging"
    FINISHED = "finished"
    FLAP_OPEN = "flap_open"
    ERROR = "error"
    V2G_WAITING = "v2g_waiting"
    V2G_CHARGING = "v2g_charging"
    V2G_DISCHARGING = "v2g_discharging"
    V2L_CONNECTED = "v2l_connected"


class ChargeConnection(StrEnum):
    """The states A to C of IEC 61851, with the names that energy managers use."""

    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    CHARGING = "charging"


class ChargeSpeed(StrEnum):
    """The speed class of a running charge: about 1, 3, 6 and 50 kW; ``adaptive`` is the vehicle's choice."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"
    FASTEST = "fastest"
    ADAPTIVE = "adaptive"


class ChargeMode(StrEnum):
    """Whether a plugged vehicle charges at once or by its own schedule."""

    ALWAYS = "always"
    SCHEDULED = "scheduled"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class ChargeSchedule:
    """A vehicle's charge timer: the hours from ``charge_from`` until ``charge_until`` in the vehicle's local time.

    If the end is not later than the start, they reach past midnight or last a whole day. ``days`` are those on which
    they begin, in order, 0 for Monday.
    """

    charge_from: time
    charge_until: time
    days: tuple[int, ...] = tuple(range(7))

    @property
    def duration(self) -> timedelta:
        """The length of the hours, a day at most."""
        start, end = (timedelta(hours=at.hour, minutes=at.minute) for at in (self.charge_from, self.charge_until))
        return end - start if end > start else end - start + timedelta(days=1)

    @property
    def hours(self) -> str:
        """The hours as text for people."""
        return f"{self.charge_from:%H:%M}-{self.charge_until:%H:%M}"

    @property
    def weekdays(self) -> str:
        """The days by the names that Home Assistant's automations use."""
        return ", ".join(_WEEKDAYS[day] for day in self.days)


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
