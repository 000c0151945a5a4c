"""What the cloud's messages mean, by their keys (kamereon-eu §14.2)."""

from collections.abc import Mapping

from ...vehicle import AlertType

_MEANINGS: Mapping[str, AlertType] = {
    "battery.ended.charge": AlertType.CHARGING_FINISHED,
    "charge.failure": AlertType.CHARGING_INTERRUPTED,
    "programmed.charge.interruption": AlertType.CHARGING_INTERRUPTED,
    "plug.connection.success": AlertType.PLUGGED_IN,
    "hvac.autostart": AlertType.CLIMATE_STARTED,
    "hvac.autostop": AlertType.CLIMATE_STOPPED,
    "lock.status.reminder": AlertType.LEFT_UNLOCKED,
    "burglar": AlertType.ALARM,
    "crash.detection": AlertType.ALARM,
    "maintenance": AlertType.MAINTENANCE_DUE,
    "wheel": AlertType.TYRE_WARNING,
    "mil.lamp": AlertType.WARNING_LAMP,
    **dict.fromkeys(
        ("abs", "brake", "coolant", "eps", "fuel", "oil", "stop.warning", "serv.warning"), AlertType.WARNING_LAMP
    ),
}
"""By the beginnings of the keys: only those whose meaning their words leave no doubt about.

Zone, speed and curfew messages are not here: they are about the maker's own areas, which are not the owner's in Home
Assistant.
"""


def meaning(key: str) -> AlertType:
    """Return what a message of that key tells; what is unknown is a message."""
    words = key.split(".")
    beginnings = (".".join(words[:count]) for count in range(len(words), 0, -1))
    return next((_MEANINGS[each] for each in beginnings if each in _MEANINGS), AlertType.CLOUD_MESSAGE)
