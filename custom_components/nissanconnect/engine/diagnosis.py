"""What is wrong with a vehicle or a service, as far as what was read tells."""

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
"""A vehicle that has not reported for a week and did not answer when it was woken has a problem, or a deep garage."""

_SILENCE_LIMIT = timedelta(days=30)
"""A healthy one that nobody wakes may be parked for weeks without reporting anything."""


class Problem(StrEnum):
    """What can be wrong with one vehicle while its account works."""

    EV_SERVICES_INACTIVE = "ev_services_inactive"
    SUBSCRIPTION_INACTIVE = "subscription_inactive"
    VEHICLE_REFUSED = "vehicle_refused"
    VEHICLE_SILENT = "vehicle_silent"
    WRONG_REGION = "wrong_region"


def silence_limit(state: VehicleState, unanswered_at: datetime | None) -> timedelta:
    """Return after which silence something is wrong; ``unanswered_at`` is when a wake was left without an answer."""
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
    """Return everything that is wrong. What is unknown is never wrong.

    Args:
        info: The vehicle.
        state: What is believed about it.
        readable: Whether the service told anything when the vehicle was last read; ``None`` before the first read.
        market: Whose vehicles the source serves.
        unanswered_at: When the vehicle was last woken, if it has not answered.
    """
    subscribed = state.subscription.active if state.subscription else None
    refused = readable is False and subscribed is not False
    found = {
        Problem.SUBSCRIPTION_INACTIVE: subscribed is False,
        Problem.EV_SERVICES_INACTIVE: subscribed is True
        and info.powertrain is Powertrain.ELECTRIC
        and info.capabilities.isdisjoint(_EV_SERVICES),
        Problem.VEHICLE_REFUSED: refused,
        # A hint for somebody who looks for a fault; a vehicle that works may come from anywhere.
        Problem.WRONG_REGION: (refused or subscribed is False) and _is_foreign(info, market),
        Problem.VEHICLE_SILENT: subscribed is not False and _silence(state) > silence_limit(state, unanswered_at),
    }
    return frozenset(condition for condition, present in found.items() if present)


_EV_SERVICES = {Capability.CLIMATE, Capability.CLIMATE_STATUS, Capability.START_CHARGING}
"""Every electric vehicle on record has one of these (kamereon-eu §7.2); its battery is read without any service."""


def _is_foreign(info: VehicleInfo, market: Market | None) -> bool:
    hint = market_hint(info.key)
    return None not in (hint, market) and hint is not market


def _silence(state: VehicleState) -> timedelta:
    """How long the vehicle had said nothing when the service last spoke of it.

    Measured from there and not from now, because the silence of a service is not the vehicle's.
    """
    dated = [group for group in state.groups().values() if group.reported_at is not None]
    if state.last_report is None:
        return timedelta(0)
    return max(group.received_at for group in dated) - state.last_report


class ReadFailure(NamedTuple):
    """Why a vehicle could not be read, how often in a row, and when that is tried again."""

    error: BackendError
    failures: int
    retry_at: datetime


def outage_until(troubles: Collection[ReadFailure | None]) -> datetime | None:
    """Return when the service is asked again if it is down, otherwise ``None``.

    ``troubles`` has an item for each vehicle of the account. The service is down if it fails for all of them, and
    for one of them a second time: a single failure is often over before somebody has read of it.
    """
    down = [trouble for trouble in troubles if trouble is not None and isinstance(trouble.error, ServiceOutage)]
    if len(down) < len(troubles) or all(trouble.failures < 2 for trouble in down):
        return None
    return min(trouble.retry_at for trouble in down)
