"""What changes with contracts and campaigns: subscriptions, and updates of the vehicle's software."""

from collections.abc import Mapping
from datetime import datetime

from pynissan import (
    OtaUpdate,
    OtaUpdateState,
    ProductType,
    VehicleSubscription,
    VehicleSubscriptions,
)

from ...vehicle import Software, Subscription, UpdateStatus, VehicleState
from ..quantities import PROGRESS
from ..values import utc
from .values import stamp


def subscription_of(said: VehicleSubscriptions | None, now: datetime) -> VehicleState:
    """Return whether any service is active, and when the last of those for the vehicle itself ends.

    An account without a list says nothing: vehicles that are not enrolled have none.
    """
    listed = [each for each in (said.subscriptions if said else None) or () if each is not None]
    if not listed:
        return VehicleState()
    active = [each for each in listed if each.is_active]
    undecided = any(each.is_active is None for each in listed)
    ends = [end for each in _of_the_vehicle(active) if (end := utc(each.subscription_end_date)) is not None]
    return VehicleState(
        subscription=Subscription(
            **stamp(now),
            active=True if active else None if undecided else False,
            ends_at=max(ends, default=None),
        )
    )


def _of_the_vehicle(listed: list[VehicleSubscription]) -> list[VehicleSubscription]:
    return [each for each in listed if each.product_type is ProductType.TELEMATICS] or listed


def software_of(said: OtaUpdate | None, now: datetime) -> VehicleState:
    """Return the update that is offered; ``None`` means that there is none at the moment."""
    if said is None:
        return VehicleState(software=Software(**stamp(now), status=UpdateStatus.UP_TO_DATE))
    status = _STATUSES.get(said.status.status) if said.status.status else None
    if status is UpdateStatus.UP_TO_DATE:
        return VehicleState(software=Software(**stamp(now, said.last_checked), status=status))
    return VehicleState(
        software=Software(
            **stamp(now, said.last_checked),
            update=said.campaign_operation_id.strip()[:64] or None,
            status=status,
            progress=PROGRESS.of(said.status.progress),
            notes=said.campaign_description.global_release_note,
        )
    )


_STATUSES: Mapping[OtaUpdateState, UpdateStatus] = {
    OtaUpdateState.ACTIVATING: UpdateStatus.ACTIVATING,
    OtaUpdateState.ACTIVATION_COMPLETED: UpdateStatus.UP_TO_DATE,
    OtaUpdateState.ACTIVATION_FAILED_NOT_RETRYABLE: UpdateStatus.FAILED,
    OtaUpdateState.ACTIVATION_FAILED_RETRYABLE: UpdateStatus.FAILED,
    OtaUpdateState.ACTIVATION_SCHEDULED: UpdateStatus.SCHEDULED,
    OtaUpdateState.DOWNLOADING: UpdateStatus.DOWNLOADING,
    OtaUpdateState.INSTALLING: UpdateStatus.INSTALLING,
    OtaUpdateState.READY_FOR_ACTIVATION: UpdateStatus.READY,
    OtaUpdateState.READY_FOR_DOWNLOAD: UpdateStatus.AVAILABLE,
}
