"""Nothing that tells who or where the owner is leaves the places where it belongs."""

from collections.abc import Iterator
from datetime import timedelta
import logging
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_dumps
from homeassistant.util.json import json_loads_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_AUTH, DOMAIN
from custom_components.nissanconnect.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.nissanconnect.vehicle import alias

from .conftest import LetTimePass, set_up
from .simulator import EMAIL, PASSWORD, Fault, Simulator
from .simulator.cars.telematics import Manner

OURS = ("custom_components.nissanconnect", "homeassistant.config_entries", "homeassistant.helpers.update_coordinator")


def secrets(simulator: Simulator, *entries: MockConfigEntry) -> Iterator[str]:
    """Everything that must not be seen: identity, log-in, and where the vehicles have been."""
    yield from (EMAIL, EMAIL.split("@")[0] + "%40", PASSWORD, simulator.account.user_id)
    for entry in entries:
        yield from (str(entry.data[CONF_AUTH][name]) for name in ("access_token", "refresh_token"))
    yield from simulator.tokens.access
    yield from simulator.tokens.refresh
    for vin, car in simulator.cars.items():
        yield from (vin, vin.lower())
        for place in (car.vehicle.home, car.vehicle.point):
            yield from (f"{place.latitude:.3f}", f"{place.longitude:.3f}")


async def test_a_day_leaves_no_trace_of_anybody_in_the_log(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A day with drives, charging, commands, faults of every kind and a restart, at the most talkative log level."""
    caplog.set_level(logging.DEBUG)
    told: set[str] = set()
    await set_up(hass, entry)
    faults = (
        Fault.http(500),
        Fault.html(502),
        Fault.malformed(),
        Fault.errors_in_200(),
        Fault.redirect(f"http://127.0.0.1:1/{EMAIL}"),
        Fault.rate_limited(300),
        Fault.http(403, "403", "security.access", f"Access denied for {simulator.car('Leaf').vin}"),
        Fault.values(gpsLatitude="north", batteryLevel="half", hvacStatus="maybe", lockStatus=[]),
    )
    for hour in range(24):
        simulator.fail("*", faults[hour % len(faults)], times=6)
        if hour % 6 == 3:
            simulator.vehicle("Leaf").telematics.manner = Manner.REFUSING if hour == 9 else Manner.OBEDIENT
            try:
                await hass.services.async_call(
                    "climate", "turn_on", {"entity_id": "climate.leaf_climate"}, blocking=True
                )
            except HomeAssistantError as error:
                told.add(str(error))
        if hour == 12:
            simulator.heal()
            await hass.config_entries.async_reload(entry.entry_id)
        await pass_time(timedelta(hours=1), timedelta(minutes=5))

    lines = [
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith(OURS) or record.levelno >= logging.WARNING
    ]
    assert len(lines) > 100, "the day was logged"
    for secret in secrets(simulator, entry):
        assert not [line for line in [*lines, *told] if secret in line], "a secret is in the log"
    assert not [line for line in lines if re.search(r"\b[A-HJ-NPR-Z0-9]{17}\b", line)], "something looks like a VIN"
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG and record.exc_info]


async def test_diagnostics_of_an_account(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    text = json_dumps(await async_get_config_entry_diagnostics(hass, loaded))
    for secret in secrets(simulator, loaded):
        assert secret not in text
    diagnostics: Any = json_loads_object(text)
    assert diagnostics["data"]["password"] == REDACTED
    leaf = diagnostics["vehicles"][alias(simulator.car("Leaf").vin)]
    assert leaf["info"]["model"] == "Leaf"
    assert "battery" in leaf["info"]["capabilities"]
    assert leaf["state"]["battery"]["level"] > 0
    assert leaf["state"]["position"]["latitude"] == REDACTED
    assert leaf["failing"] == []


async def test_diagnostics_of_a_vehicle(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id):
        diagnostics = await async_get_device_diagnostics(hass, loaded, device)
        assert diagnostics["info"]["model"] == (device.model or "").split(" (")[0]
        for secret in secrets(simulator, loaded):
            assert secret not in json_dumps(diagnostics)


async def test_diagnostics_of_a_device_that_is_gone(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    gone = dr.async_get(hass).async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, "SJNGONE0000000009")}
    )
    assert await async_get_device_diagnostics(hass, loaded, gone) == {}


async def test_the_password_goes_nowhere_else(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    await pass_time(timedelta(hours=8), timedelta(minutes=5))
    assert simulator.password_posts == {simulator.url.removeprefix("http://"): 1}
