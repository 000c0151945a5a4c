"""What depends on the owner's contract: remote services, subscriptions, and updates of the vehicle's software."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pynissan import OtaUpdate, OtaUpdateState, ProductType, VehicleSubscription, VehicleSubscriptions

from ...vehicle import Capability, Package, Software, Subscription, UpdateStatus, VehicleState
from ..mapping import PROGRESS
from ..reader import utc
from .mapping import stamp


def _names(*names: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(name.split()) for name in names)


_SIGNALS = _names("hornblow lightflash", "horn lights", "horn light", "lights horn")
_CHARGE = _names("charge", "charging", "charge control")
_SERVICES: Mapping[Capability, frozenset[frozenset[str]]] = {
    Capability.CLIMATE: _names("climate control"),
    Capability.HORN: _SIGNALS,
    Capability.LIGHTS: _SIGNALS,
    Capability.LOCATION: _names("vehicle locator", "vehicle location"),
    Capability.LOCK: _names("door lock", "door unlock", "door lock unlock"),
    Capability.START_CHARGING: _CHARGE,
    Capability.START_ENGINE: _names("start", "engine", "engine start"),
    Capability.STOP_CHARGING: _CHARGE,
}
"""The services of which one suffices, by the words of their names without "remote".

Only REMOTE_CLIMATE_CONTROL is on record (§8 [B]); the others follow the names of an older service (§9 [C]).
"""

_USED = frozenset[frozenset[str]]().union(*_SERVICES.values())


def allowed_by(services: Iterable[str]) -> frozenset[Capability]:
    """Return what services of these names allow."""
    names = {_words(service) for service in services}
    return frozenset(capability for capability, any_of in _SERVICES.items() if any_of & names)


def _words(service: str) -> frozenset[str]:
    return frozenset(service.split("_")) - {"remote"}


def subscription_state(response: VehicleSubscriptions | None, now: datetime) -> VehicleState:
    """Return whether any package is active, and when the first service that is used here ends.

    An empty list means nothing: accounts of vehicles that are not enrolled have none. A package whose end has passed is
    not active, even if the service says so.
    """
    listed = [each for each in (response.subscriptions if response else None) or () if each is not None]
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


def _package(subscription: VehicleSubscription, now: datetime) -> Package:
    end = utc(subscription.subscription_end_date)
    return Package(
        name=subscription.product.marketing_name.strip()[:64],
        active=False if end is not None and end <= now else subscription.is_active,
        ends_at=end,
    )


def _first_end(active: Iterable[tuple[Package, VehicleSubscription]]) -> datetime | None:
    """Return when the first service ends that is used here. A service lasts while any package contains it.

    If no package contains any such service, each package counts as one.
    """
    listed = [*active]
    listed = [each for each in listed if each[1].product_type is ProductType.TELEMATICS] or listed
    services = dict[str, list[datetime | None]]()
    for package, subscription in listed:
        for service in filter(None, subscription.product.services):
            if _words(name := service.casefold()) in _USED:
                services.setdefault(name, []).append(package.ends_at)
    ends = services.values() if services else [[package.ends_at] for package, _ in listed]
    last = [max(each for each in found if each is not None) for found in ends if None not in found]
    return min(last, default=None)


def software_state(update: OtaUpdate | None, now: datetime) -> VehicleState:
    """Return the update that is offered; ``None`` means that there is none at the moment."""
    if update is None:
        return VehicleState(software=Software(**stamp(now), status=UpdateStatus.UP_TO_DATE))
    status = _UPDATE_STATUS.get(update.status.status) if update.status.status else None
    if status is UpdateStatus.UP_TO_DATE:
        return VehicleState(software=Software(**stamp(now, update.last_checked), status=status))
    return VehicleState(
        software=Software(
            **stamp(now, update.last_checked),
            update=update.campaign_operation_id.strip()[:64] or None,
            status=status,
            progress=PROGRESS.of(update.status.progress),
            notes=update.campaign_description.global_release_note,
        )
    )


_UPDATE_STATUS: Mapping[OtaUpdateState, UpdateStatus] = {
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
