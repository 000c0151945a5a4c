"""Problems of a vehicle or a service, as far as its state shows them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ..vehicle import (
    BackendError,
    Capability,
    Market,
    Powertrain,
    ServiceOutage,
    VehicleInfo,
    VehicleState,
    market_hint,
)

_UNANSWERED_LIMIT = timedelta(days=7)
"""A vehicle with no report for a week and no response to a wake has a problem, or a deep garage."""

_SILENCE_LIMIT = timedelta(days=30)
"""A healthy vehicle that nobody wakes may be parked for weeks without a report."""


class Problem(StrEnum):
    """A problem of one vehicle while its account works."""

    EV_SERVICES_INACTIVE = "ev_services_inactive"
    SUBSCRIPTION_INACTIVE = "subscription_inactive"
    VEHICLE_REFUSED = "vehicle_refused"
    VEHICLE_SILENT = "vehicle_silent"
    WRONG_REGION = "wrong_region"


def silence_limit(state: VehicleState, unanswered_at: datetime | None) -> timedelta:
    """Return how long a vehicle may be silent; ``unanswered_at`` is when a wake got no response."""
    last = state.last_report
    unanswered = unanswered_at is not None and (last is None or unanswered_at > last)
    return _UNANSWERED_LIMIT if unanswered else _SILENCE_LIMIT


def examine(
    info: VehicleInfo,
    state: VehicleState,
    *,
    readable: bool | None,
    market: Market | None,
    unanswered_at: datetime | None = None,
) -> frozenset[Problem]:
    """Return all problems. Unknown values are none.

    ``readable`` is whether the last read brought anything, ``None`` before the first one. ``market`` is what the source
    serves, ``unanswered_at`` when the vehicle was last woken, if it has not responded.
    """
    subscribed = state.subscription.active if state.subscription else None
    refused = readable is False and subscribed is not False
    found = {
        Problem.SUBSCRIPTION_INACTIVE: subscribed is False,
        Problem.EV_SERVICES_INACTIVE: subscribed is True
        and info.powertrain is Powertrain.ELECTRIC
        and info.capabilities.isdisjoint(_EV_SERVICES),
        Problem.VEHICLE_REFUSED: refused,
        # Only a hint for troubleshooting: a vehicle that works may come from anywhere.
        Problem.WRONG_REGION: (refused or subscribed is False) and _is_foreign(info, market),
        Problem.VEHICLE_SILENT: subscribed is not False and _silence(state) > silence_limit(state, unanswered_at),
    }
    return frozenset(condition for condition, present in found.items() if present)


_EV_SERVICES = {Capability.CLIMATE, Capability.CLIMATE_STATUS, Capability.START_CHARGING}
"""Every electric vehicle on record has one of these (kamereon-eu §7.2); its battery is readable without any service."""


def _is_foreign(info: VehicleInfo, market: Market | None) -> bool:
    hint = market_hint(info.key)
    return None not in (hint, market) and hint is not market


def _silence(state: VehicleState) -> timedelta:
    """How long the vehicle had been silent when the service last responded.

    It is measured from there and not from now, because a silent service does not make the vehicle silent.
    """
    dated = [group for group in state.groups().values() if group.reported_at is not None]
    if state.last_report is None:
        return timedelta(0)
    return max(group.received_at for group in dated) - state.last_report


class ReadFailure(NamedTuple):
    """Why a vehicle could not be read, how often in a row, and when the next attempt is."""

    error: BackendError
    failures: int
    retry_at: datetime


def outage_until(failures: Collection[ReadFailure | None]) -> datetime | None:
    """Return when the next attempt is if the service is down, otherwise ``None``.

    ``failures`` has an item for each vehicle of the account. The service is down if all of them fail, and one of them
    for the second time: a single failure is often over before somebody has read about it.
    """
    down = [each for each in failures if each is not None and isinstance(each.error, ServiceOutage)]
    if len(down) < len(failures) or all(each.failures < 2 for each in down):
        return None
    return min(each.retry_at for each in down)
