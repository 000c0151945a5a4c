"""What the service can tell of the past: alerts of the owner's own areas and hours, and what the app asked for.

The words are the service's and hardly recorded (mynissan-na §3), so each becomes a message and none an alert of ours:
Nissan's areas are not the owner's in Home Assistant.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from pynissan import BreachAlert, BreachAlerts, RemoteServiceHistory, VehicleAlerts

from ...vehicle import Notification
from ..reader import past
from .commands import FINAL
from .values import label

_ENDS = {status.value.casefold() for status in FINAL}


def watches(alerts: VehicleAlerts | None) -> bool:
    """Whether the owner has any alert switched on; only then is there something to ask for."""
    if alerts is None:
        return False
    listed = (*(alerts.boundary_alerts or ()), *(alerts.curfew_alerts or ()), *(alerts.speed_alerts or ()))
    return alerts.valet_alert is not None or any(each is not None and each.enabled for each in listed)


def breaches(page: BreachAlerts | None, now: datetime) -> list[Notification]:
    """Return the alerts that fired; where that was is left out."""
    listed = (each for each in (page.alerts if page else None) or () if each is not None)
    return [_breach(each, now) for each in listed]


def _breach(alert: BreachAlert, now: datetime) -> Notification:
    kind, at = label(alert.service_type) or "alert", past(alert.breach_date_time, now)
    identity = f"{kind} {alert.breach_date_time} {alert.name}"
    return Notification(
        id=f"breach:{sha256(identity.encode(errors='replace')).hexdigest()[:16]}",
        kind=f"breach.{kind}",
        category="alert",
        title=kind.replace("_", " ").capitalize(),
        text=alert.name,  # what the owner has called it
        sent_at=at,
    )


def remote_services(
    page: RemoteServiceHistory | None, now: datetime, is_ours: Callable[[str], bool]
) -> list[Notification]:
    """Return what was asked of the vehicle by others than us and has ended: the owner's phone, the family's."""
    found = {}
    for entry in (page.history if page else None) or ():
        if entry is None or not entry.service_request_id or is_ours(entry.service_request_id):
            continue
        status, service = label(entry.status), label(entry.service_type) or "remote_service"
        if status not in _ENDS:
            continue
        identity = sha256(entry.service_request_id.encode(errors="replace")).hexdigest()[:16]
        found[identity] = Notification(
            id=f"remote:{identity}",
            kind=f"remote.{service}.{status}",
            category="remote_service",
            title=service.replace("_", " ").capitalize(),
            text=status.replace("_", " ").capitalize(),
            sent_at=past(entry.status_change_date_time, now),
        )
    return list(found.values())
