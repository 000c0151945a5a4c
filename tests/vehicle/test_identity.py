"""Who a vehicle is."""

import pytest

from custom_components.nissanconnect.vehicle import (
    BackendError,
    RateLimited,
    VehicleInfo,
    alias,
    errors,
    normalise_key,
)

VIN = "SJNTEST0000000001"


def test_a_key_has_one_spelling() -> None:
    assert normalise_key(" sjntest0000000001\n") == VIN


def test_an_alias_is_stable_and_reveals_nothing() -> None:
    assert alias(VIN) == alias(VIN) != alias("SJNTEST0000000002")
    assert VIN not in alias(VIN)


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (VehicleInfo(key=VIN, vin=VIN, nickname="Blue", model="Leaf"), "Blue"),
        (VehicleInfo(key=VIN, vin=VIN, model="Leaf"), "Leaf"),
        (VehicleInfo(key=VIN, vin=VIN), "Nissan"),
    ],
)
def test_the_name_is_never_the_vin(info: VehicleInfo, name: str) -> None:
    assert info.name == name
    assert VIN not in repr(info)


def test_every_kind_of_error_has_its_own_key() -> None:
    every = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BackendError))
    kinds = [kind for kind in every if kind is not BackendError]  # which nothing raises as such
    assert len({kind.key for kind in kinds}) == len(kinds) > 10


def test_an_error_says_what_it_is_and_when_to_come_back() -> None:
    assert str(RateLimited()) == "rate limited"
    assert str(RateLimited("cars: 429", retry_after=300)) == "cars: 429"
    assert RateLimited(retry_after=300).retry_after == 300
