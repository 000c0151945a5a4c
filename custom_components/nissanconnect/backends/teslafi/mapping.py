"""From the fields of a feed to groups of the vehicle's state (teslafi §5)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import override

from ...vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Odometer,
    Stamp,
    Tyres,
    VehicleState,
)
from ..base import Json
from ..mapping import (
    KM_PER_MILE,
    KPA_PER_PSI,
    LEVEL,
    ODOMETER,
    POWER,
    RANGE,
    TARGET_TEMPERATURE,
    TEMPERATURE,
    known,
    position,
    tyres,
)
from ..reader import JsonReader, text_of

BACKEND = "teslafi"

_NOTHING = {"null", "none", "<invalid>"}
"""How the feed spells "nothing" besides an empty string (§5 [H]). Old exports also have "None"."""


class FeedReader(JsonReader):
    """The fields of one response, nearly all of which are strings."""

    __slots__ = ()

    @override
    def get(self, name: str) -> Json:
        value = self.values.get(name)
        return None if isinstance(value, str) and (text_of(value) or "null").casefold() in _NOTHING else value

    @override
    def flag(self, name: str) -> bool | None:
        """Any number but zero is on, because clients disagree on which (§5)."""
        value = self.get(name)
        if isinstance(value, bool):
            return value
        word = (self.text(name) or "").casefold()
        if word in {"true", "false"}:
            return word == "true"
        number = self.number(name)
        return None if number is None else number != 0


def state_of(feed: FeedReader, received_at: datetime, *, live: bool) -> VehicleState:
    """Return the state that a response holds.

    ``live``: it is the newest point of all, so it describes the present and forecasts count from ``received_at``.
    """
    # No ``reported_at``: ``Date`` is the local time of an account whose zone is unknown (§5).
    stamp = Stamp(backend=BACKEND, received_at=received_at, reported_at=None)
    return VehicleState.of(
        known(_battery(feed, stamp)),
        known(_charging(feed, stamp, live=live)),
        known(_climate(feed, stamp)),
        known(_body(feed, stamp)),
        known(Odometer(**stamp, distance=feed.quantity("odometer", ODOMETER, KM_PER_MILE))),
        known(_tyres(feed, stamp)),
        position(stamp, feed.number("latitude"), feed.number("longitude"), feed.number("heading")),
        _connectivity(feed, stamp) if live else None,
    )


def _battery(feed: FeedReader, stamp: Stamp) -> Battery:
    """Distances are miles whatever the account shows (§5 [H])."""
    return Battery(
        **stamp,
        level=feed.quantity("battery_level", LEVEL),
        range=feed.quantity("battery_range", RANGE, KM_PER_MILE),
    )


_STATUSES: Mapping[str, ChargingStatus | None] = {
    "charging": ChargingStatus.CHARGING,
    "complete": ChargingStatus.FINISHED,
    "disconnected": ChargingStatus.NOT_CHARGING,
    "nopower": ChargingStatus.WAITING_FOR_POWER,
    "starting": None,
    "stopped": ChargingStatus.NOT_CHARGING,
}


def _charging(feed: FeedReader, stamp: Stamp, *, live: bool) -> Charging:
    """A vehicle is plugged in in every state but one; of an unknown state that is unknown, too."""
    state = (feed.text("charging_state") or "").casefold()
    status = _STATUSES.get(state)
    hours = feed.number("time_to_full_charge", 0.01, 240)
    charges_now = live and status is ChargingStatus.CHARGING
    return Charging(
        **stamp,
        plugged_in=state != "disconnected" if state in _STATUSES else None,
        status=status,
        power=feed.quantity("charger_power", POWER),
        finish_at=stamp["received_at"] + timedelta(hours=hours) if charges_now and hours else None,
        limit=feed.quantity("charge_limit_soc", LEVEL) or None,
    )


def _climate(feed: FeedReader, stamp: Stamp) -> Climate:
    switches = {feed.flag("is_climate_on"), feed.flag("is_auto_conditioning_on")} - {None}
    return Climate(
        **stamp,
        running=any(switches) if switches else None,
        target_temperature=feed.quantity("driver_temp_setting", TARGET_TEMPERATURE),
        inside_temperature=feed.quantity("inside_temp", TEMPERATURE),
        outside_temperature=feed.quantity("outside_temp", TEMPERATURE),
    )


def _body(feed: FeedReader, stamp: Stamp) -> Body:
    """Doors are the driver's and the passenger's, so the side of the wheel has to be known."""
    right_hand_drive = feed.flag("rhd")
    left, right = ("p", "d") if right_hand_drive else ("d", "p")
    sided = right_hand_drive is not None
    return Body(
        **stamp,
        locked=feed.flag("locked"),
        door_front_left=feed.flag(f"{left}f") if sided else None,
        door_front_right=feed.flag(f"{right}f") if sided else None,
        door_rear_left=feed.flag(f"{left}r") if sided else None,
        door_rear_right=feed.flag(f"{right}r") if sided else None,
        hatch=feed.flag("rt"),
    )


_KPA = {"psi": KPA_PER_PSI, "bar": 100.0, "kpa": 1.0}
_WHEELS = ("front_left", "front_right", "rear_left", "rear_right")


def _tyres(feed: FeedReader, stamp: Stamp) -> Tyres:
    """Without a unit, pressures are psi (§5)."""
    factor = _KPA.get((feed.text("pressure") or "psi").casefold())
    pressures = (feed.number(f"tpms_{wheel}") for wheel in _WHEELS)
    return tyres(stamp, [value * factor if value is not None and factor else None for value in pressures])


def _connectivity(feed: FeedReader, stamp: Stamp) -> Connectivity | None:
    """Return whether the vehicle can be reached now.

    While it sleeps that is unknown: the feed calls a sleeping vehicle offline, which is not out of reach.
    """
    state, activity = feed.text("state"), feed.text("carState")
    if state is None and activity is None:
        return None
    asleep = (activity or "").casefold() == "sleeping"
    reachable = {"online": True, "offline": None if asleep else False}.get((state or "").casefold())
    return Connectivity(**stamp, reachable=reachable)
