"""The backend for what an owner has entered."""

from collections.abc import Mapping

import pytest

from custom_components.nissanconnect.backends.base import Context, Receiving
from custom_components.nissanconnect.backends.leafspy import ACCEPTED, REFUSED, create
from custom_components.nissanconnect.vehicle import VehicleInfo
from tests.simulator.leafspy_app import VIN

MESSAGE = {"VIN": VIN, "Odo": "1000", "Amb": "50", "Tunits": "C"}


@pytest.mark.parametrize(
    ("fields", "distance", "outside"),
    [
        ({}, 1000.0, 50.0),
        ({"odometer_unit": "kilometres", "outside_unit": "automatic"}, 1000.0, 50.0),
        ({"odometer_unit": "miles", "outside_unit": "celsius"}, 1609.3, 50.0),
        ({"outside_unit": "fahrenheit"}, 1000.0, 10.0),
    ],
)
async def test_the_units_of_the_app(
    context: Context, fields: Mapping[str, str], distance: float, outside: float
) -> None:
    backend = create(context, fields)
    assert isinstance(backend, Receiving)
    assert backend.receive(MESSAGE) == ACCEPTED
    state = (await backend.read(VehicleInfo(key=VIN))).state
    assert state.odometer is not None
    assert state.odometer.distance == distance
    assert state.climate is not None
    assert state.climate.outside_temperature == outside


async def test_the_password_of_the_app(context: Context) -> None:
    backend = create(context, {"password": "sesame"})
    assert isinstance(backend, Receiving)
    assert backend.receive(MESSAGE) == REFUSED
    assert backend.receive({**MESSAGE, "pass": "sesame"}) == ACCEPTED
