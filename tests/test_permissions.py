"""Who may call which action: read-only users, users, administrators, and nobody in particular."""

from collections.abc import Mapping
from typing import Any

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.llm import LLMContext, ToolInput
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.llm import TOOLS

from .conftest import settle
from .simulator import Simulator
from .test_commands import device_id

ADMIN = "administrators only"
RULES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "battery_report": (POLICY_READ, {}),
    "can_reach": (POLICY_READ, {"distance": 1}),
    "cancel_scheduled_climate": (POLICY_CONTROL, {}),
    "command_log": (ADMIN, {}),
    "export_book": (ADMIN, {"path": "/nowhere"}),
    "flash": (POLICY_CONTROL, {}),
    "get_charges": (POLICY_READ, {}),
    "get_trips": (POLICY_READ, {}),
    "honk": (POLICY_CONTROL, {}),
    "import_leafspy_log": (ADMIN, {"path": "/nowhere.csv"}),
    "locate": (POLICY_CONTROL, {}),
    "plan_charge": (POLICY_READ, {"prices": []}),
    "preflight": (POLICY_READ, {"command": "sound_horn"}),
    "rebuild_statistics": (ADMIN, {}),
    "refresh": (POLICY_CONTROL, {}),
    "send_destination": (POLICY_CONTROL, {"latitude": 1, "longitude": 1, "name": "Somewhere"}),
    "set_charge_schedule": (POLICY_CONTROL, {}),
    "start_charging": (POLICY_CONTROL, {}),
    "start_climate": (POLICY_CONTROL, {}),
    "start_engine": (POLICY_CONTROL, {}),
    "stop_charging": (POLICY_CONTROL, {}),
    "stop_climate": (POLICY_CONTROL, {}),
    "wake_log": (ADMIN, {}),
}
"""What every action takes, and a call of it; what is not here fails the tests."""

GRANTED = {
    "read_only": {POLICY_READ},
    "user": {POLICY_READ, POLICY_CONTROL},
    "admin": {POLICY_READ, POLICY_CONTROL, ADMIN},
    "nobody": {POLICY_READ, POLICY_CONTROL, ADMIN},
}


async def caller(hass: HomeAssistant, kind: str, hass_admin_user: MockUser) -> Context:
    """The context of a call."""
    if kind == "nobody":
        return Context()
    if kind == "admin":
        return Context(user_id=hass_admin_user.id)
    group = {"read_only": GROUP_ID_READ_ONLY, "user": GROUP_ID_USER}[kind]
    user = await hass.auth.async_create_user(kind, group_ids=[group])
    return Context(user_id=user.id)


async def allowed(hass: HomeAssistant, action: str, devices: list[str], context: Context) -> bool:
    """Call an action; what else may be wrong with it is no matter."""
    response = hass.services.async_services()[DOMAIN][action].supports_response
    try:
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": devices, **RULES[action][1]},
            blocking=True,
            context=context,
            return_response=response is not SupportsResponse.NONE,
        )
    except HomeAssistantError as error:
        return not isinstance(error, Unauthorized)
    return True


@pytest.mark.parametrize("kind", GRANTED)
async def test_every_action_asks_for_the_callers_rights(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser, kind: str
) -> None:
    context = await caller(hass, kind, hass_admin_user)
    leaf = device_id(hass, loaded, simulator, "Leaf")
    simulator.reset_counters()
    actions = hass.services.async_services()[DOMAIN]
    found = {action for action in actions if await allowed(hass, action, [leaf], context)}
    assert found == {action for action, (needed, _) in RULES.items() if needed in GRANTED[kind]}
    assert bool(simulator.requests["wakes"]) is (kind != "read_only")


async def test_the_rights_are_those_for_the_vehicle(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    leaf, ariya = (device_id(hass, loaded, simulator, model) for model in ("Leaf", "Ariya"))
    user = MockUser().add_to_hass(hass)
    user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    context = Context(user_id=user.id)

    async def may(action: str, *devices: str, **entities: Any) -> bool:
        user.mock_policy({"entities": entities})
        return await allowed(hass, action, [*devices], context)

    everything = {"read": True, "control": True}
    assert await may("honk", leaf, device_ids={leaf: everything})
    simulator.reset_counters()
    assert not await may("honk", ariya, device_ids={leaf: everything})
    assert not await may("honk", leaf, ariya, device_ids={leaf: everything}), "all of them or none"
    assert not await may("preflight", ariya, device_ids={leaf: everything})
    assert not await may("honk", leaf, entity_ids={"button.leaf_horn": everything})
    with pytest.raises(UnknownUser):
        await hass.services.async_call(
            DOMAIN, "honk", {"device_id": leaf}, blocking=True, context=Context(user_id="gone")
        )
    assert simulator.requests["wakes"] == 0


async def test_a_language_model_has_the_rights_of_its_user(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    for entity in ("climate.leaf_climate", "switch.leaf_charging", "button.leaf_start_charging", "sensor.leaf_range"):
        async_expose_entity(hass, "conversation", entity, should_expose=True)
    arguments: dict[str, dict[str, Any]] = {"can_reach": {"distance_km": 1}}
    for kind, granted in GRANTED.items():
        context = await caller(hass, kind, hass_admin_user)
        llm = LLMContext(
            platform="test", context=context, language="en", assistant="conversation", device_id=None, agent_id=None
        )
        for tool in TOOLS:
            key = tool.name.removeprefix(f"{DOMAIN}__")
            call = ToolInput(tool_name=key, tool_args={"vehicle": "LEAF", **arguments.get(key, {})})
            needed = POLICY_READ if key in {"vehicle_state", "can_reach"} else POLICY_CONTROL
            before = simulator.requests["wakes"]
            refused = False
            try:
                await tool.async_call(hass, call, llm)
            except HomeAssistantError as error:
                refused = isinstance(error, Unauthorized)
                if error.translation_key == "which_vehicle":  # nobody is offered that for this vehicle
                    continue
            assert refused is (needed not in granted), (kind, key)
            assert not refused or simulator.requests["wakes"] == before
        await settle(hass)  # what is under way comes to its end
