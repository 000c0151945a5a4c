"""What the alerts and the subscription keep over a restart comes back as it was."""

from datetime import timedelta

from custom_components.nissanconnect.engine.alert_tracker import (
    AlertTracker,
    ConditionTracker,
    MissedAlerts,
    SeenAlert,
    SeenAlerts,
)
from custom_components.nissanconnect.engine.health_tracker import HealthReading, HealthTrack, HealthTracker
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.store import Remembered, RememberedVehicle
from custom_components.nissanconnect.vehicle import Alert, AlertType, Package, Subscription, VehicleState

from .engine.strategies import EPOCH
from .test_store import INFO, through_the_file


def test_what_was_missed_reported_and_subscribed() -> None:
    alert = Alert(
        type=AlertType.TYRE_WARNING,
        at=EPOCH,
        subject="front_left, rear_left",
        details={"pressure": 180.5, "subjects": ("front_left", "rear_left")},
    )
    tracker = AlertTracker(
        watch=ConditionTracker({"k": True}, {"tyre_warning/front_left/": EPOCH}, {"tyre_warning/front_left/": 180.5}),
        health=HealthTracker(
            tracks={"own": HealthTrack(recent=(HealthReading(at=EPOCH, value=88.4, source="ovms"),), reference=90.0)}
        ),
        book=SeenAlerts((SeenAlert(alert, noticed=True),)),
        missed=MissedAlerts(counts={"alarm": 2}, oldest_at=EPOCH - timedelta(days=9), summed_up_at=EPOCH),
    )
    subscription = Subscription(
        backend="mynissan",
        received_at=EPOCH,
        active=True,
        ends_at=EPOCH,
        packages=(Package(name="Premium", active=True, ends_at=EPOCH), Package(name="Wi-Fi")),
    )
    kept = RememberedVehicle(
        info=INFO, alert_tracker=tracker, reported=SourceState(state=VehicleState.of(subscription))
    )
    (read,) = through_the_file(Remembered(vehicles=[kept])).vehicles
    assert read == kept
