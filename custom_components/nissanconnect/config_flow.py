"""The dialogs: choosing a source, logging in, logging in again, changing the account."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntry, ConfigFlowResult, ConfigSubentryFlow
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from .backends.base import Json
from .const import CONF_AUTH, CONF_SOURCE, DOMAIN, SUBENTRY_GEOFENCE
from .geofence_flow import GeofenceFlow
from .options_flow import NissanOptionsFlow
from .remote_lock_flow import RemoteLockFlow
from .sources import Source, async_create_backend
from .unsure_flow import UnsureFlow
from .vehicle import AuthenticationFailed, BackendError, NoVehicles

# The title shows up in logs, so it names the service and never the person.
_TITLES = {Source.EUROPE: "NissanConnect Europe", Source.DEMO: "NissanConnect demo"}

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
_PASSWORD_SCHEMA = probatio.Schema({probatio.Required(CONF_PASSWORD): _PASSWORD})
_ACCOUNT_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_USERNAME): TextSelector(
            TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
        ),
        probatio.Required(CONF_PASSWORD): _PASSWORD,
    }
)


class NissanConfigFlow(UnsureFlow, RemoteLockFlow, domain=DOMAIN):
    """Set up one account or link."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing entered."""
        super().__init__()
        self._rejected: set[tuple[str, str]] = set()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> NissanOptionsFlow:
        return NissanOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_GEOFENCE: GeofenceFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the vehicle comes from."""
        return self.async_show_menu(step_id="user", menu_options=[*Source, "unsure"])

    async def async_step_europe(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Log in to MyNISSAN Europe."""
        return await self._async_log_in("europe", {CONF_SOURCE: Source.EUROPE}, _ACCOUNT_SCHEMA, user_input)

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up the simulated garage; there is nothing to ask."""
        await self.async_set_unique_id(Source.DEMO)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title=_TITLES[Source.DEMO], data={CONF_SOURCE: Source.DEMO})

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin after the account has rejected us."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password that is valid now."""
        data = self._get_reauth_entry().data
        return await self._async_log_in("reauth_confirm", data, _PASSWORD_SCHEMA, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to change, if there is a choice."""
        if self._get_reconfigure_entry().data[CONF_SOURCE] == Source.DEMO:
            return self.async_abort(reason="nothing_to_reconfigure")
        if not self._async_find_lockable():
            return await self.async_step_reconfigure_login()
        return self.async_show_menu(step_id="reconfigure", menu_options=["reconfigure_login", "remote_lock"])

    async def async_step_reconfigure_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the address or the password of the same account."""
        data = self._get_reconfigure_entry().data
        return await self._async_log_in("reconfigure_login", data, _ACCOUNT_SCHEMA, user_input)

    async def _async_log_in(
        self,
        step_id: str,
        known: Mapping[str, Any],
        schema: probatio.Schema,
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        """Show a log-in form until its input works; ``known`` is what the form does not ask."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**known, **user_input}
            data[CONF_USERNAME] = data[CONF_USERNAME].strip()
            try:
                account, auth = await self._async_try(data)
            except BackendError as err:
                errors["base"] = err.key
            else:
                return await self._async_finish(account, {**data, CONF_AUTH: auth})
        suggested = {CONF_USERNAME: (user_input or {}).get(CONF_USERNAME, known.get(CONF_USERNAME))}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            description_placeholders={"username": known.get(CONF_USERNAME, "")},
            errors=errors,
        )

    async def _async_try(self, data: dict[str, Any]) -> tuple[str, dict[str, Json]]:
        """Log in and look for vehicles; return the account's stable name and the log-in state worth keeping."""
        credentials = (data[CONF_USERNAME], data[CONF_PASSWORD])
        if credentials in self._rejected:  # accounts get locked; pressing the button again must not do that
            raise AuthenticationFailed
        auth: dict[str, Json] = {}
        backend = await async_create_backend(self.hass, {**data, CONF_AUTH: None}, save_auth=auth.update)
        try:
            account = await backend.log_in()
            vehicles = await backend.list_vehicles()
        except AuthenticationFailed:
            self._rejected.add(credentials)
            raise
        if not vehicles:
            raise NoVehicles
        return account, auth

    async def _async_finish(self, account: str, data: dict[str, Any]) -> ConfigFlowResult:
        source = Source(data[CONF_SOURCE])
        await self.async_set_unique_id(f"{source}_{account}")
        if self.source == SOURCE_USER:
            self._abort_if_unique_id_configured()
            return self.async_create_entry(title=_TITLES[source], data=data)
        self._abort_if_unique_id_mismatch()
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        return self.async_update_reload_and_abort(entry, data=data)
