"""When a subscription ends: by the packages whose services are used."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
from pynissan import ProductType, VehicleSubscription, VehicleSubscriptionProduct, VehicleSubscriptions
import pytest

from custom_components.nissanconnect.backends.mynissan.mapping import subscription_state
from custom_components.nissanconnect.backends.mynissan.session import ResponseInfo
from custom_components.nissanconnect.vehicle import Subscription

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLIMATE, LOCK, WIFI = "REMOTE_CLIMATE_CONTROL", "REMOTE_DOOR_LOCK", "IN_CAR_WIFI"


def package(days: float | None, *services: str | None, name: str = "P", **more: Any) -> VehicleSubscription:
    """A package that ends in so many days."""
    values: dict[str, Any] = {
        "subscription_id": "1",
        "subscription_service_type": "x",
        "purchase_type": None,
        "product_type": ProductType.TELEMATICS,
        "next_billing_date": None,
        "goodwill_end_date": None,
        "goodwill_start_date": None,
        "grace_end_date": None,
        "subscription_start_date": NOW - timedelta(days=900),
        "subscription_end_date": None if days is None else NOW + timedelta(days=days),
        "is_active": True,
        "np_subscription_price": None,
        "product": VehicleSubscriptionProduct(
            product_id="1", marketing_name=name, description="", services=tuple(services)
        ),
        "pending_order": None,
    }
    return VehicleSubscription(**values | more)


def read(*packages: VehicleSubscription) -> Subscription:
    found = subscription_state(VehicleSubscriptions(vin="V", subscriptions=packages), ResponseInfo(), NOW).subscription
    assert found
    return found


@pytest.mark.parametrize(
    ("packages", "days"),
    [
        ([package(3, CLIMATE), package(1500, WIFI)], 3),
        ([package(1500, WIFI), package(3, CLIMATE)], 3),
        ([package(3, CLIMATE), package(300, LOCK)], 3),
        ([package(3, CLIMATE), package(300, CLIMATE)], 300),  # renewed
        ([package(3, CLIMATE), package(300, CLIMATE, LOCK), package(100, LOCK)], 300),
        ([package(3, CLIMATE), package(None, CLIMATE)], None),
        ([package(3, WIFI), package(300, CLIMATE)], 300),
        ([package(300), package(3)], 3),  # nobody says of what
        ([package(300, CLIMATE), package(3, CLIMATE, product_type=ProductType.FEATURE_ON_DEMAND)], 300),
        ([package(-3, CLIMATE, is_active=False), package(300, LOCK)], 300),
        ([package(None, CLIMATE)], None),
    ],
)
def test_the_end_is_that_of_the_first_service_that_is_used(
    packages: list[VehicleSubscription], days: float | None
) -> None:
    subscription = read(*packages)
    assert subscription.active is True
    assert subscription.ends_at == (None if days is None else NOW + timedelta(days=days))


def test_what_is_over_is_not_active_whatever_the_service_says() -> None:
    assert read(package(-0.1, CLIMATE)).active is False
    assert read(package(-0.1, CLIMATE, is_active=None)).active is False
    assert read(package(1, CLIMATE, is_active=None)).active is None


def test_an_end_that_comes_before_the_next_read() -> None:
    alone = read(package(0.5, CLIMATE))
    assert (alone.active_at(NOW), alone.active_at(NOW + timedelta(days=1))) == (True, False)
    another = read(package(0.5, CLIMATE), package(9, LOCK))
    assert another.active_at(NOW + timedelta(days=1)) is True
    endless = read(package(0.5, CLIMATE), package(None, LOCK))
    assert endless.active_at(NOW + timedelta(days=1)) is True


def test_each_package_is_kept() -> None:
    subscription = read(package(3, CLIMATE, name=" Remote "), package(-9, WIFI, name="W" * 100))
    assert [(each.name, each.active) for each in subscription.packages] == [("Remote", True), ("W" * 64, False)]
    assert subscription.packages[0].ends_at == NOW + timedelta(days=3)


ends = st.none() | st.floats(0.1, 2000)
names = st.lists(st.sampled_from([CLIMATE, LOCK, WIFI, None]), max_size=3)


@given(st.lists(st.tuples(ends, names), min_size=1, max_size=5))
def test_until_the_end_no_service_that_is_used_has_ended(packages: list[tuple[float | None, list[str | None]]]) -> None:
    subscription = read(*(package(days, *services) for days, services in packages))
    for service in (CLIMATE, LOCK):
        have = [days for days, services in packages if service in services]
        if have and None not in have:
            last = NOW + timedelta(days=max(days for days in have if days is not None))
            assert subscription.ends_at is not None
            assert subscription.ends_at <= last
