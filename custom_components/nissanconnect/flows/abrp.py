"""The dialog of A Better Routeplanner: key and token, which are never shown again, and whether it gets the position."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_API_KEY, CONF_TOKEN
from homeassistant.helpers.selector import BooleanSelector, TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from ..abrp import CONF_REFUSED, CONF_SEND_POSITION, async_check, read_abrp
from ..account import NissanConfigEntry
from ..const import CONF_VEHICLE, SUBENTRY_ABRP
from ..settings import EntryValues
from ..sources import Fields
from ..vehicle import AuthenticationFailed, BackendError, Capability, RateLimited, Unavailable, VehicleInfo
from . import loaded_vehicles, vehicle_selector

_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_SECRETS = (CONF_API_KEY, CONF_TOKEN)
_SPELLING = re.compile(r"[!-~]+")
"""What keys and tokens are made of: ASCII without spaces."""

_POSITION: Fields = {probatio.Required(CONF_SEND_POSITION, default=False): BooleanSelector()}
_CHANGE = probatio.Schema({**{probatio.Optional(name): _SECRET for name in _SECRETS}, **_POSITION})
_PLACEHOLDERS = {"app": "A Better Routeplanner", "address": "contact@iternio.com"}


class AbrpFlow(ConfigSubentryFlow):
    """Adds what a vehicle's samples are sent with, or changes it."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose a vehicle, and enter key and token."""
        entry: NissanConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        vehicles = loaded_vehicles(entry, Capability.BATTERY)
        if not vehicles:
            return self.async_abort(reason="no_vehicles_here")
        taken = {EntryValues(each.data).text(CONF_VEHICLE) for each in entry.get_subentries_of_type(SUBENTRY_ABRP)}
        if not (free := {name: info for name, info in vehicles.items() if name not in taken}):
            return self.async_abort(reason="already_configured")
        data = {CONF_VEHICLE: next(iter(free))} | _entered(user_input or {})
        vehicle = data[CONF_VEHICLE]
        if user_input is None or vehicle not in free:  # it has left the account meanwhile
            return self._show_new(free, {}, {})
        if errors := await self._async_errors(data):
            return self._show_new(free, user_input, errors)
        return self.async_create_entry(title=free[vehicle].name, unique_id=f"{SUBENTRY_ABRP}_{vehicle}", data=data)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change what was entered; an empty field leaves its secret as it is."""
        subentry = self._get_reconfigure_subentry()
        kept = read_abrp(subentry)
        if user_input is None:
            return self._show_change(kept.without_odd(subentry.data), {})
        entered = _entered(user_input)
        data = {name: value for name, value in subentry.data.items() if name != CONF_REFUSED} | entered
        is_known_good = kept.value is not None and not kept.value.refused and entered.keys().isdisjoint(_SECRETS)
        # Whoever only takes the position back need not wait until the service can be reached.
        if not is_known_good and (errors := await self._async_errors(data)):
            return self._show_change(user_input, errors)
        return self.async_update_and_abort(self._get_entry(), subentry, data=data)

    def _show_new(
        self, vehicles: Mapping[str, VehicleInfo], entered: Mapping[str, Any], errors: Mapping[str, str]
    ) -> SubentryFlowResult:
        choice: Fields = {}
        if len(vehicles) > 1:
            choice = {probatio.Required(CONF_VEHICLE, default=next(iter(vehicles))): vehicle_selector(vehicles)}
        schema = probatio.Schema({**choice, **{probatio.Required(name): _SECRET for name in _SECRETS}, **_POSITION})
        return self._show("user", schema, entered, errors)

    def _show_change(self, entered: Mapping[str, Any], errors: Mapping[str, str]) -> SubentryFlowResult:
        return self._show("reconfigure", _CHANGE, entered, errors)

    def _show(
        self, step_id: str, schema: probatio.Schema, entered: Mapping[str, Any], errors: Mapping[str, str]
    ) -> SubentryFlowResult:
        shown = {name: value for name, value in entered.items() if name not in _SECRETS}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=dict(errors),
            description_placeholders=_PLACEHOLDERS,
        )

    async def _async_errors(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with key and token: what can be none is not sent, the rest is what the service says."""
        secrets = {name: EntryValues(data).text(name) or "" for name in _SECRETS}
        if odd := [name for name, secret in secrets.items() if not _SPELLING.fullmatch(secret)]:
            return dict.fromkeys(odd, "odd_characters")
        try:
            await async_check(self.hass, secrets[CONF_API_KEY], secrets[CONF_TOKEN])
        except AuthenticationFailed:
            return {"base": "authentication_failed"}
        except Unavailable, RateLimited:
            return {"base": "unavailable"}
        except BackendError:
            return {"base": "declined"}
        return {}


def _entered(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered, without blanks around it; an empty text was not."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in user_input.items()}
    return {name: value for name, value in stripped.items() if value != ""}
