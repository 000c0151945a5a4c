"""What a module tells its owner (ovms §1.10)."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
import re

from ...vehicle import AlertType, Notification, one_line
from .values import decode

_KINDS = frozenset({"alert", "error", "info"})
"""The fourth, ``data``, is for machines."""

_MEANINGS: Mapping[str, AlertType] = {
    "alert.alarm.sounding": AlertType.ALARM,
    "alert.batt.12v.alert": AlertType.AUX_BATTERY_LOW,
    "alert.batt.12v.shutdown": AlertType.AUX_BATTERY_LOW,
    "alert.batt.soc.alert": AlertType.CHARGE_BELOW,
    "alert.charge.stopped": AlertType.CHARGING_INTERRUPTED,
    "alert.flatbed.moved": AlertType.UNEXPECTED_MOVEMENT,
    "alert.tpms.alert": AlertType.TYRE_WARNING,
    "alert.tpms.warning": AlertType.TYRE_WARNING,
    "alert.valet.hood": AlertType.DOOR_OPEN,
    "alert.valet.trunk": AlertType.DOOR_OPEN,
    "info.charge.done": AlertType.CHARGING_FINISHED,
}
"""Only those without doubt; a charge that was stopped as information was stopped by somebody who knows."""

_PLACE = re.compile(r"@?-?\d{1,3}\.\d{2,}\s*,\s*-?\d{1,3}\.\d{2,}")
_SUBTYPE = re.compile(r"[a-z0-9._-]{1,60}", re.ASCII | re.IGNORECASE)


def notice(topic: tuple[str, str], payload: bytes, at: datetime) -> Notification | None:
    """Return a message for the owner, without the coordinates that some carry; ``None`` if it is none."""
    kind, subtype = topic
    if kind not in _KINDS or not _SUBTYPE.fullmatch(subtype):
        return None
    text = decode(payload)
    if text is None:
        return None
    name = f"{kind}.{subtype}"
    # The broker may deliver a message more than once.
    seed = f"{name} {at:%Y-%m-%d %H:%M} ".encode() + payload
    return Notification(
        id=sha256(seed).hexdigest()[:32],
        kind=name,
        alert=_MEANINGS.get(name, AlertType.CLOUD_MESSAGE),
        category=kind,
        text=_shown(text),
        sent_at=at,
    )


def _shown(text: str) -> str:
    return _PLACE.sub("…", one_line(text, len(text)) or "")
