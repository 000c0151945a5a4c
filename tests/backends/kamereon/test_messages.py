"""What the cloud's messages mean."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.kamereon.history import meaning
from custom_components.nissanconnect.vehicle import AlertType


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("battery.ended.charge", AlertType.CHARGING_FINISHED),
        ("battery.charge.in.progress", AlertType.CLOUD_MESSAGE),
        ("burglar.car.stolen", AlertType.ALARM),
        ("maintenance.time.prealert", AlertType.MAINTENANCE_DUE),
        ("mil.lamp.flash.request", AlertType.WARNING_LAMP),
        ("oil.pressure.alert", AlertType.WARNING_LAMP),
        ("wheel.alert", AlertType.TYRE_WARNING),
        ("stop.warning.alert", AlertType.WARNING_LAMP),
        ("stop.engine", AlertType.CLOUD_MESSAGE),
        ("zone.infringement", AlertType.CLOUD_MESSAGE),
        ("fuelling", AlertType.CLOUD_MESSAGE),
        ("", AlertType.CLOUD_MESSAGE),
    ],
)
def test_keys(key: str, kind: AlertType) -> None:
    assert meaning(key) is kind


@given(st.text())
def test_an_unknown_key_is_a_message(key: str) -> None:
    assert meaning(f"x{key}") is AlertType.CLOUD_MESSAGE
