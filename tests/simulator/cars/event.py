"""Events that a vehicle sends its owner by itself."""

from enum import StrEnum
from typing import NamedTuple

from custom_components.nissanconnect.vehicle import AlertType, Group


class Event(StrEnum):
    """Something that happened, by the key under which the maker's cloud announces it (kamereon-eu §14.2)."""

    BATTERY_TOO_LOW = "hvac.traction.battery.low"
    CHARGE_ENDED = "battery.ended.charge"
    CLIMATE_STARTED = "hvac.autostart"
    CLIMATE_STOPPED = "hvac.autostop"
    ENGINE_STOPPED = "remote.left.time.cycle"
    PRIVACY_OFF = "privacy.mode.off"
    PRIVACY_ON = "privacy.mode.on"
    VEHICLE_IN_USE = "hvac.vehicle.in.use"


class Announcement(NamedTuple):
    """The message that an event becomes, its alert, and the groups of the state that the vehicle reports with it."""

    category: str
    title: str
    text: str
    groups: frozenset[Group] = frozenset()
    alert: AlertType = AlertType.CLOUD_MESSAGE


_CHARGING = frozenset({Group.BATTERY, Group.CHARGING})
_CLIMATE = frozenset({Group.CLIMATE})

ANNOUNCEMENTS = {
    Event.BATTERY_TOO_LOW: Announcement(
        "remotecontrol", "Climate", "The battery is too low for the climate.", _CLIMATE
    ),
    Event.CHARGE_ENDED: Announcement(
        "chargeev", "Charging", "Your vehicle has stopped charging.", _CHARGING, AlertType.CHARGING_FINISHED
    ),
    Event.CLIMATE_STARTED: Announcement(
        "remotecontrol", "Climate", "The climate has started as planned.", _CLIMATE, AlertType.CLIMATE_STARTED
    ),
    Event.CLIMATE_STOPPED: Announcement(
        "remotecontrol", "Climate", "The climate has stopped by itself.", _CLIMATE, AlertType.CLIMATE_STOPPED
    ),
    Event.ENGINE_STOPPED: Announcement("remotecontrol", "Engine", "The engine has stopped by itself."),
    Event.PRIVACY_OFF: Announcement("privacymode", "Privacy mode", "Privacy mode was switched off."),
    Event.PRIVACY_ON: Announcement("privacymode", "Privacy mode", "Privacy mode was switched on."),
    Event.VEHICLE_IN_USE: Announcement("remotecontrol", "Climate", "The vehicle is in use.", _CLIMATE),
}
