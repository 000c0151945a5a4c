"""The config flow: choose a source and connect to it, log in again, reconfigure."""

from collections.abc import Mapping
from functools import partialmethod
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_MQTT,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_CODE, CONF_COUNTRY, CONF_PREFIX, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import probatio

from .backends.base import Json
from .const import (
    CONF_AUTH,
    CONF_SOURCE,
    CONF_UNLOCK_WITHOUT_PIN,
    CONF_USER,
    CONF_VEHICLE_ID,
    DOMAIN,
    SUBENTRY_ABRP,
    SUBENTRY_CHARGE_PLAN,
    SUBENTRY_GEOFENCE,
    SUBENTRY_SOURCE,
)
from .flows.abrp import AbrpFlow
from .flows.advisor import AdvisorFlow
from .flows.charge_plan import ChargePlanFlow
from .flows.leafspy import LeafSpyFlow, LeafSpyLogFlow
from .flows.options import NissanOptionsFlow
from .flows.remote_lock import RemoteLockFlow
from .flows.subentries import GeofenceFlow, SourceFlow
from .sources import CODE, COUNTRIES, OWN_PIN, PASSWORD, PIN, SOURCES, Source, async_create_backend, async_load
from .vehicle import AuthenticationFailed, BackendError, NoVehicles, TwoFactorRequired, one_line

_MENU = (
    Source.EUROPE,
    Source.NORTH_AMERICA,
    Source.OPENCARWINGS,
    Source.OVMS,
    Source.LEAFSPY,
    "unsure",
    Source.JAPAN,
    Source.TESLAFI,
    Source.DEMO,
)
"""The choices in the order in which they are shown: what most owners have first, experiments last."""

_MOST_DISCOVERED = 10
"""Discovered modules that wait for the owner: whoever may publish at the broker could add any number."""
_LONGEST_LEVEL = 100
"""Characters of one level of an MQTT topic."""


class NissanConfigFlow(LeafSpyFlow, LeafSpyLogFlow, AdvisorFlow, RemoteLockFlow, domain=DOMAIN):
    """Set up one account. The steps of a source that needs no more than its form are here, the others in ``flows``."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._rejected: set[frozenset[tuple[str, str]]] = set()
        self._needs_code = False
        self._discovered: dict[str, Any] = {}
        """Values known from discovery, which the form does not show."""

    @property
    def _entry(self) -> ConfigEntry | None:
        """The entry to change, ``None`` while a new one is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> NissanOptionsFlow:
        return NissanOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        return {
            SUBENTRY_GEOFENCE: GeofenceFlow,
            SUBENTRY_CHARGE_PLAN: ChargePlanFlow,
            SUBENTRY_ABRP: AbrpFlow,
            SUBENTRY_SOURCE: SourceFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the source."""
        return self.async_show_menu(step_id="user", menu_options=list(_MENU))

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up the simulated garage, which needs no input."""
        await self.async_set_unique_id(Source.DEMO)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title=SOURCES[Source.DEMO].title, data={CONF_SOURCE: Source.DEMO})

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to change, if there is a choice."""
        source = self._get_reconfigure_entry().data.get(CONF_SOURCE)
        if source == Source.LEAFSPY:
            return self.async_show_menu(step_id="reconfigure", menu_options=["leafspy", "leafspy_log"])
        if source not in [each for each, row in SOURCES.items() if row.fields]:
            return self.async_abort(reason="nothing_to_reconfigure")
        if not self._async_find_lockable():
            return await self.async_step_reconfigure_login()
        return self.async_show_menu(step_id="reconfigure", menu_options=["reconfigure_login", "remote_lock"])

    async def _async_connect(self, source: Source, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the whole form of a source."""
        return await self._async_log_in(source, source, SOURCES[source].schema(), user_input)

    # One step for each of these sources: Home Assistant finds a step and its texts by its name.
    async_step_europe = partialmethod(_async_connect, Source.EUROPE)
    async_step_north_america = partialmethod(_async_connect, Source.NORTH_AMERICA)
    async_step_japan = partialmethod(_async_connect, Source.JAPAN)
    async_step_opencarwings = partialmethod(_async_connect, Source.OPENCARWINGS)
    async_step_teslafi = partialmethod(_async_connect, Source.TESLAFI)
    async_step_ovms = partialmethod(_async_connect, Source.OVMS)

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Start from an OVMS module that MQTT has discovered by its retained vehicle type.

        Its topics have the form that is the default of a LEAF's module (ovms §5.1).
        """
        await async_load(self.hass, "ovms")
        from .backends.ovms import LEAF, Topics  # noqa: PLC0415

        payload = discovery_info.payload
        kind = payload.decode(errors="replace") if isinstance(payload, bytes | bytearray) else payload
        levels = discovery_info.topic.split("/")
        if kind != LEAF or len(levels) != 6 or not levels[2]:
            return self.async_abort(reason="not_a_leaf")
        prefix, user, vehicle = levels[:3]
        if any((one_line(level, _LONGEST_LEVEL) or "") != level for level in levels[:3]):
            return self.async_abort(reason="not_a_leaf")
        await self.async_set_unique_id(f"{Source.OVMS}_{Topics.of(prefix, user, vehicle).account}")
        self._abort_if_unique_id_configured()
        self._discovered = {CONF_PREFIX: prefix, CONF_USER: user, CONF_VEHICLE_ID: vehicle}
        self.context["title_placeholders"] = {"name": one_line(vehicle) or vehicle}
        others = [flow for flow in self._async_in_progress() if flow["context"].get("source") == SOURCE_MQTT]
        if len(others) >= _MOST_DISCOVERED:
            return self.async_abort(reason="too_many_found")
        return await self.async_step_ovms_found()

    async def async_step_ovms_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Confirm the discovered module, and enter what MQTT does not show: how its lock is protected."""
        return await self._async_log_in("ovms_found", Source.OVMS, probatio.Schema(dict(OWN_PIN)), user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start after the source has rejected the stored secrets."""
        is_europe = entry_data[CONF_SOURCE] == Source.EUROPE
        return await self._async_log_in_again("reauth_confirm" if is_europe else "reauth_other")

    async def _async_log_in_again(self, step_id: str, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the secrets of a source."""
        source = Source(self._get_reauth_entry().data[CONF_SOURCE])
        return await self._async_log_in(step_id, source, SOURCES[source].schema(only_secrets=True), user_input)

    # The texts of the first are about European accounts.
    async_step_reauth_confirm = partialmethod(_async_log_in_again, "reauth_confirm")
    async_step_reauth_other = partialmethod(_async_log_in_again, "reauth_other")

    async def async_step_reconfigure_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the connection to the same account."""
        source = Source(self._get_reconfigure_entry().data[CONF_SOURCE])
        step = "reconfigure_login" if source is Source.EUROPE else source
        return await self._async_log_in(step, source, SOURCES[source].schema(), user_input)

    async def _async_log_in(
        self, step_id: str, source: Source, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form until its input works."""
        errors: dict[str, str] = {}
        known = self._entry.data if self._entry else {CONF_SOURCE: source, **self._discovered}
        if user_input is not None:
            data = {**_without_optional(known, schema), **_stripped(user_input, schema)}
            try:
                account, auth = await self._async_try(source, data)
            except BackendError as err:
                errors["base"] = SOURCES[source].errors.get(err.key, err.key)
                self._needs_code = self._needs_code or isinstance(err, TwoFactorRequired)
            else:
                kept = {name: value for name, value in data.items() if name not in SOURCES[source].not_kept}
                return await self._async_connected(source, account, {**kept, CONF_AUTH: auth})
        if self._needs_code:
            schema = schema.extend({probatio.Required(CONF_CODE): CODE})
        suggested = {**self._defaults(), **known, **(user_input or {})}
        shown = {str(marker) for marker, selector in schema.schema.items() if selector not in (PASSWORD, CODE, PIN)}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, {name: value for name, value in suggested.items() if name in shown}
            ),
            description_placeholders={
                "username": known.get(CONF_USERNAME, ""),
                "account": self._entry.title if self._entry else "",
                "service": SOURCES[source].service,
                "app": SOURCES[source].app,
            },
            errors=errors,
        )

    def _defaults(self) -> dict[str, str]:
        country = (self.hass.config.country or "").lower()
        return {CONF_COUNTRY: country} if country in COUNTRIES else {}

    async def _async_try(self, source: Source, data: dict[str, Any]) -> tuple[str, dict[str, Json]]:
        """Log in and list the vehicles; return the account's stable id and the log-in state to store."""
        credentials = frozenset(
            (name, str(data[name]))
            for name in data.keys() & {str(f) for f in SOURCES[source].fields} - {CONF_UNLOCK_WITHOUT_PIN}
        )
        if credentials in self._rejected:  # submitting the same again must not lock the account
            raise AuthenticationFailed
        auth: dict[str, Json] = {}
        known = data.get(CONF_AUTH) if SOURCES[source].same_device else None
        backend = await async_create_backend(self.hass, {**data, CONF_AUTH: known}, save_auth=auth.update)
        try:
            account = await backend.log_in()
            vehicles = await backend.list_vehicles()
        except AuthenticationFailed:
            self._rejected.add(credentials)
            raise
        if not vehicles:
            raise NoVehicles
        return account, auth

    async def _async_connected(self, source: Source, account: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Finish after a successful log-in; ``account`` is the stable id that the source gives this account."""
        await self.async_set_unique_id(f"{source}_{account}")
        if (entry := self._entry) is None:
            self._abort_if_unique_id_configured()
            return self.async_create_entry(title=SOURCES[source].title, data=data)
        self._abort_if_unique_id_mismatch()
        return self.async_update_reload_and_abort(entry, data=data)


def _stripped(entered: Mapping[str, Any], schema: probatio.Schema) -> dict[str, Any]:
    """Remove the blanks that copying adds, except from passwords, which may contain some."""
    passwords = {str(marker) for marker, selector in schema.schema.items() if selector is PASSWORD}
    return {
        name: value.strip() if isinstance(value, str) and name not in passwords else value
        for name, value in entered.items()
    }


def _without_optional(known: Mapping[str, Any], schema: probatio.Schema) -> dict[str, Any]:
    """Remove the optional values of the form: one that is not entered again has been cleared."""
    optional = {str(marker) for marker in schema.schema if isinstance(marker, probatio.Optional)}
    return {name: value for name, value in known.items() if name not in optional}
