"""A backend for what an owner has entered."""

from dataclasses import replace

import pytest

from custom_components.nissanconnect.backends import kamereon
from custom_components.nissanconnect.backends.base import Context, Json
from custom_components.nissanconnect.backends.kamereon import japan
from custom_components.nissanconnect.backends.kamereon.client import Environment
from custom_components.nissanconnect.vehicle import Capability, Market

from .fake import CARS, E_MAIL, PASSWORD, Fake, Say

SERVICES: list[Json] = [{"id": number, "activationState": "ACTIVATED"} for number in (871, 878)]
FIELDS = {"username": E_MAIL, "password": PASSWORD}


def test_without_a_simulator_the_region_decides(context: Context) -> None:
    europe, japanese = kamereon.create(context, FIELDS).description, japan.create(context, FIELDS).description
    assert (europe.market, japanese.market) == (Market.EUROPE, Market.JAPAN)
    assert europe.hosts["bff"] == "https://nci-bff-web-prod.apps.eu2.kamereon.io/bff-web/"
    assert japanese.hosts["bff"] == "https://nc-app-bff-prod.apps.jp.kamereon.io/nc-app-bff/"


@pytest.mark.parametrize("fields", [FIELDS, {**FIELDS, "device_id": "ha-01234567"}])
async def test_only_a_device_can_lock(
    context: Context, environment: Environment, fake: Fake, fields: dict[str, str]
) -> None:
    fake.on("GET", CARS, Say(json={"data": [{"vin": "FAKE0VIN000000001", "services": SERVICES}]}))
    backend = kamereon.create(replace(context, simulator=environment.origin), fields)
    (listed,) = await backend.list_vehicles()
    assert (Capability.LOCK in listed.info.capabilities) is ("device_id" in fields)


def test_a_simulator_is_on_this_machine(context: Context) -> None:
    with pytest.raises(ValueError, match="loopback"):
        kamereon.create(replace(context, simulator="http://simulator.example.com:80"), FIELDS)
