"""What changes with contracts and campaigns: subscriptions, and updates of the vehicle's software."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pynissan import (
    OtaUpdate,
    OtaUpdateState,
    ProductType,
    VehicleSubscription,
    VehicleSubscriptions,
)

from ...vehicle import Package, Software, Subscription, UpdateStatus, VehicleState
from ..quantities import PROGRESS
from ..reader import utc
from .discovery import is_used
from .values import stamp


def subscription_of(said: VehicleSubscriptions | None, now: datetime) -> VehicleState:
    """Return whether any package is active, and when the first service that is used here ends.

    An account without a list says nothing: vehicles that are not enrolled have none. What is called active although
    its end is over is not.
    """
    listed = [each for each in (said.subscriptions if said else None) or () if each is not None]
    if not listed:
        return VehicleState()
    packages = [(_package(each, now), each) for each in listed]
    active = [(package, each) for package, each in packages if package.active]
    undecided = any(package.active is None for package, _ in packages)
    return VehicleState(
        subscription=Subscription(
            **stamp(now),
            active=True if active else None if undecided else False,
            ends_at=_first_end(active),
            packages=tuple(package for package, _ in packages),
        )
    )


def _package(said: VehicleSubscription, now: datetime) -> Package:
    end = utc(said.subscription_end_date)
    over = end is not None and end <= now
    return Package(name=said.product.marketing_name.strip()[:64], active=False if over else said.is_active, ends_at=end)


def _first_end(active: Iterable[tuple[Package, VehicleSubscription]]) -> datetime | None:
    """Return when the first service ends that we use; it goes on while any package has it.

    A package whose services say nothing to us is taken for one service.
    """
    listed = [*active]
    listed = [each for each in listed if each[1].product_type is ProductType.TELEMATICS] or listed
    services = dict[str, list[datetime | None]]()
    for package, said in listed:
        for service in [each for each in said.product.services if each is not None and is_used(each)]:
            services.setdefault(service.casefold(), []).append(package.ends_at)
    ends = services.values() if services else [[package.ends_at] for package, _ in listed]
    last = [max(each for each in known if each is not None) for known in ends if None not in known]
    return min(last, default=None)


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
