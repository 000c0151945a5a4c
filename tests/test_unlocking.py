"""A lock that asks for no PIN is unlocked only if its owner has said so."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import RepairsFlowResult, repairs_flow_manager
from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from custom_components.nissanconnect.vehicle import Body, Capability, Lock, Unlock

from .conftest import NOON, set_up, settle, state
from .dialogs import open_form, reconfigure, suggested
from .scripted import Scripted, Stage, reported, stage
from .simulator.ovms import OvmsModule
from .test_one_vehicle import CLOUD, MODULE, VIN, add_source
from .test_ovms import ENTERED, arrive, broker, discover, entry, load, module, submit
from .test_repairs import issues

__all__ = ["broker", "entry", "module", "stage"]

LOCK = "lock.leaf_lock"


async def operate(hass: HomeAssistant, action: str, **code: str) -> str | None:
    """Lock or unlock, and return why that did not work, if it did not."""
    try:
        await hass.services.async_call("lock", action, {"entity_id": LOCK, **code}, blocking=True)
    except HomeAssistantError as error:
        return error.translation_key
    return None


@pytest.fixture
async def ticking(module: OvmsModule) -> AsyncIterator[None]:
    """The module's pulse."""

    async def tick() -> None:
        while True:
            module.tick()
            await asyncio.sleep(0.01)

    pulse = asyncio.create_task(tick())
    yield
    pulse.cancel()


async def test_with_neither_a_pin_nor_the_permission_the_vehicle_is_only_locked(
    hass: HomeAssistant, module: OvmsModule
) -> None:
    await submit(hass, await open_form(hass, "ovms"), ENTERED)
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call("lock", "unlock", {"entity_id": LOCK}, blocking=True)
    assert error.value.translation_key == "unlock_not_allowed"
    assert await operate(hass, "unlock", code="1234") == "unlock_not_allowed"
    assert module.lines == []
    event = state(hass, "event.leaf_command").attributes
    assert (event["event_type"], event["reason"]) == ("blocked", "unlock_not_allowed")
    assert await operate(hass, "lock") is None
    assert module.lines == ["lock 0"]
    assert not issues(hass)


async def test_the_permission_unlocks_and_can_be_taken_back(
    hass: HomeAssistant, module: OvmsModule, ticking: None
) -> None:
    form = await discover(hass, "ovms/ada/LEAF40/metric/v/type")
    result = await submit(hass, form, {CONF_UNLOCK_WITHOUT_PIN: True})
    assert await operate(hass, "lock") is None  # until then a module's "unlocked" is not believed
    assert await operate(hass, "unlock") is None
    assert module.lines == ["lock 0", "unlock 0"]

    form = await reconfigure(hass, result["result"])
    assert suggested(form) == {**ENTERED, CONF_PIN: None, CONF_UNLOCK_WITHOUT_PIN: True}
    await submit(hass, form, ENTERED)
    assert await operate(hass, "unlock") == "unlock_not_allowed"


async def fix(hass: HomeAssistant, entered: dict[str, Any]) -> RepairsFlowResult:
    """Answer what an older entry is asked."""
    assert await async_setup_component(hass, "repairs", {})
    manager = repairs_flow_manager(hass)
    assert manager is not None
    issue = issues(hass)["unlock_without_pin"]
    form = await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})
    assert (form["type"], form["step_id"]) == ("form", "unlocking")
    result = await manager.async_configure(form["flow_id"], entered)
    await arrive(hass)
    return result


@pytest.mark.parametrize(
    ("answer", "without", "with_pin"),
    [
        ({CONF_UNLOCK_WITHOUT_PIN: True}, None, None),
        ({CONF_UNLOCK_WITHOUT_PIN: False}, "unlock_not_allowed", "unlock_not_allowed"),
        ({CONF_PIN: "2580", CONF_UNLOCK_WITHOUT_PIN: False}, "pin_required", None),
        ({CONF_PIN: " 2580 ", CONF_UNLOCK_WITHOUT_PIN: True}, "pin_required", None),
    ],
)
async def test_an_older_entry_works_as_ever_until_its_owner_has_answered(
    hass: HomeAssistant,
    module: OvmsModule,
    ticking: None,
    entry: MockConfigEntry,
    answer: dict[str, Any],
    without: str | None,
    with_pin: str | None,
) -> None:
    await load(hass, entry)
    assert await operate(hass, "lock") is None
    assert await operate(hass, "unlock") is None
    assert await operate(hass, "lock") is None
    assert (await fix(hass, answer))["type"] == "create_entry"
    assert not issues(hass)
    assert await operate(hass, "unlock") == without
    assert await operate(hass, "unlock", code="2580") == with_pin
    await hass.config_entries.async_reload(entry.entry_id)
    await arrive(hass)
    assert not issues(hass)
    assert await operate(hass, "unlock") == without


@pytest.mark.parametrize("pin", ["123", "12345", "abcd", "\u0662\u0665\u0668\u0660"])
async def test_what_is_no_pin_is_asked_for_again(
    hass: HomeAssistant, module: OvmsModule, entry: MockConfigEntry, pin: str
) -> None:
    await load(hass, entry)
    again = await fix(hass, {CONF_PIN: pin, CONF_UNLOCK_WITHOUT_PIN: False})
    assert again["errors"] == {CONF_PIN: "invalid_pin"}
    assert CONF_UNLOCK_WITHOUT_PIN not in entry.data
    assert "unlock_without_pin" in issues(hass)


async def test_an_older_entry_with_a_pin_is_asked_nothing(
    hass: HomeAssistant, module: OvmsModule, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_PIN: "2580"})
    await load(hass, entry)
    assert not issues(hass)
    assert await operate(hass, "unlock") == "pin_required"


@pytest.mark.parametrize("preferred", [True, False])
@pytest.mark.parametrize("allowed", [True, False, None])
async def test_where_one_source_asks_for_a_pin_no_other_unlocks_with_any(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, stage: Stage, preferred: bool, allowed: bool | None
) -> None:
    freezer.move_to(NOON)
    body = reported(Body, "ovms", 0, locked=True)
    own = {Capability.LOCK, Capability.LOCK_PIN}
    asks = Scripted("kamereon", {VIN: replace(CLOUD, capabilities=CLOUD.capabilities | own)}, {VIN: body})
    takes_any = Scripted("ovms", {VIN: MODULE}, {VIN: body})
    home, other = stage.entry("Cloud", asks), stage.entry("Module", takes_any)
    await set_up(hass, home)
    other.add_to_hass(hass)
    if allowed is not None:
        hass.config_entries.async_update_entry(other, data=other.data | {CONF_UNLOCK_WITHOUT_PIN: allowed})
    await set_up(hass, other)
    await add_source(hass, home, preferred=preferred)
    await operate(hass, "unlock", code="4711")
    assert (asks.sent, takes_any.sent) == ([Unlock("4711")], [])
    await operate(hass, "lock", code="4711")
    assert len(asks.sent) + len(takes_any.sent) == 2, "locking may go either way"


async def test_a_source_whose_owner_allows_no_unlocking_locks(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, stage: Stage
) -> None:
    freezer.move_to(NOON)
    body = reported(Body, "ovms", 0, locked=True)
    home, source = (
        stage.entry("Cloud", Scripted("kamereon", {VIN: CLOUD})),
        Scripted("ovms", {VIN: MODULE}, {VIN: body}),
    )
    other = stage.entry("Module", source)
    await set_up(hass, home)
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, data=other.data | {CONF_UNLOCK_WITHOUT_PIN: False})
    await set_up(hass, other)
    await add_source(hass, home)
    assert await operate(hass, "unlock") == "unlock_not_allowed"
    assert await operate(hass, "lock") is None
    assert source.sent == [Lock()]


async def test_a_lock_stays_while_the_source_that_obeys_is_not_loaded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, stage: Stage
) -> None:
    freezer.move_to(NOON)
    body = reported(Body, "kamereon", 0, locked=True)
    looked_at = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.LOCK_STATUS})
    home = stage.entry("Cloud", Scripted("kamereon", {VIN: looked_at}, {VIN: body}))
    other = stage.entry("Module", Scripted("ovms", {VIN: MODULE}, {VIN: body}))
    await set_up(hass, home)
    shown = "binary_sensor.leaf_lock"
    assert state(hass, shown).state == "off"
    await set_up(hass, other)
    await add_source(hass, home)
    assert hass.states.get(shown) is None
    er.async_get(hass).async_update_entity(LOCK, name="Mine")

    await hass.config_entries.async_unload(other.entry_id)
    await hass.config_entries.async_reload(home.entry_id)
    await settle(hass)
    assert hass.states.get(shown) is None
    await hass.config_entries.async_setup(other.entry_id)
    await settle(hass)
    assert state(hass, LOCK).name == "LEAF Mine"

    for subentry in [*home.subentries]:
        hass.config_entries.async_remove_subentry(home, subentry)
    await settle(hass)
    assert hass.states.get(LOCK) is None
    assert state(hass, shown).state == "off"
