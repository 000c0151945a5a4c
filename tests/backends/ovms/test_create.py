"""The backend for what an owner has entered."""

from dataclasses import replace

import pytest

from custom_components.nissanconnect.backends.base import Context
from custom_components.nissanconnect.backends.ovms import Topics, create
from custom_components.nissanconnect.vehicle import InvalidPin, NoBroker

from .conftest import PREFIX, World

FIELDS = {"prefix": "ovms", "user": "owner", "vehicle_id": "LEAF40"}


@pytest.fixture
def context(context: Context, world: World) -> Context:
    return replace(context, now=world.clock, sleep=world.clock.sleep, message_bus=world.bus)


@pytest.mark.parametrize("fields", [FIELDS, {"prefix": PREFIX}])
async def test_a_module_is_found_by_either_spelling_of_its_topics(
    world: World, context: Context, fields: dict[str, str]
) -> None:
    backend = create(context, fields)
    assert await world.clock.until(backend.log_in()) == Topics(PREFIX).account


async def test_a_pin_is_checked(world: World, context: Context) -> None:
    backend = create(context, {**FIELDS, "pin": "12"})
    with pytest.raises(InvalidPin):
        await world.clock.until(backend.log_in())


async def test_without_a_message_bus_there_is_no_broker(context: Context) -> None:
    with pytest.raises(NoBroker):
        create(replace(context, message_bus=None), FIELDS)
