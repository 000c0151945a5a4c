"""The dialog that connects to a source: shows its form until what is entered works."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_COUNTRY, CONF_USERNAME
import probatio

from ..backends.base import Json
from ..const import CONF_AUTH, CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN
from ..sources import CODE, COUNTRIES, FORMS, PASSWORD, PIN, SOURCES, Source, async_create_backend
from ..vehicle import AuthenticationFailed, BackendError, NoVehicles, TwoFactorRequired


class LogInFlow(ConfigFlow):
    """The steps of all sources that only have to be asked for something, each called like its source."""

    def __init__(self) -> None:
        """Start with nothing entered."""
        super().__init__()
        self._rejected: set[frozenset[tuple[str, str]]] = set()
        self._needs_code = False
        self._found: dict[str, Any] = {}
        """What was found by itself, and is not asked for."""

    @property
    def _entry(self) -> ConfigEntry | None:
        """The entry that is being changed, if it is not a new one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin after the account has rejected us."""
        if entry_data[CONF_SOURCE] == Source.EUROPE:
            return await self.async_step_reauth_confirm()
        return await self.async_step_reauth_other()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password that is valid now, with what is known of European accounts."""
        return await self._async_ask_again("reauth_confirm", user_input)

    async def async_step_reauth_other(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for what is valid now."""
        return await self._async_ask_again("reauth_other", user_input)

    async def async_step_reconfigure_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change how the same account is reached."""
        source = Source(self._get_reconfigure_entry().data[CONF_SOURCE])
        step = "reconfigure_login" if source is Source.EUROPE else source
        return await self._async_log_in(step, source, FORMS[source].schema, user_input)

    async def _async_ask_again(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        source = Source(self._get_reauth_entry().data[CONF_SOURCE])
        return await self._async_log_in(step_id, source, FORMS[source].secrets_schema, user_input)

    async def _async_log_in(
        self, step_id: str, source: Source, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form until its input works."""
        errors: dict[str, str] = {}
        known = self._entry.data if self._entry else {CONF_SOURCE: source, **self._found}
        if user_input is not None:
            data = {**_without_emptied(known, schema), **_tidy(user_input, schema)}
            try:
                account, auth = await self._async_try(source, data)
            except BackendError as err:
                errors["base"] = FORMS[source].errors.get(err.key, err.key)
                self._needs_code = self._needs_code or isinstance(err, TwoFactorRequired)
            else:
                kept = {name: value for name, value in data.items() if name not in FORMS[source].not_kept}
                return await self._async_connected(source, account, {**kept, CONF_AUTH: auth})
        if self._needs_code:
            schema = schema.extend({probatio.Required(CONF_CODE): CODE})
        suggested = {**self._preset(), **known, **(user_input or {})}
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

    def _preset(self) -> dict[str, str]:
        """Return what follows from where Home Assistant is."""
        country = (self.hass.config.country or "").lower()
        return {CONF_COUNTRY: country} if country in COUNTRIES else {}

    async def _async_try(self, source: Source, data: dict[str, Any]) -> tuple[str, dict[str, Json]]:
        """Log in and look for vehicles; return the account's stable name and the log-in state worth keeping."""
        credentials = frozenset(
            (name, str(data[name]))
            for name in data.keys() & {str(f) for f in FORMS[source].fields} - {CONF_UNLOCK_WITHOUT_PIN}
        )
        if credentials in self._rejected:  # accounts get locked; pressing the button again must not do that
            raise AuthenticationFailed
        auth: dict[str, Json] = {}
        known = data.get(CONF_AUTH) if FORMS[source].same_device else None
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

    @abstractmethod
    async def _async_connected(self, source: Source, account: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on with a source that lets us in; ``account`` is its own stable name for whom it knows us as."""


def _tidy(entered: Mapping[str, Any], schema: probatio.Schema) -> dict[str, Any]:
    """Take away the blanks that copying brings along, but from passwords, which may have some."""
    passwords = {str(marker) for marker, selector in schema.schema.items() if selector is PASSWORD}
    return {
        name: value.strip() if isinstance(value, str) and name not in passwords else value
        for name, value in entered.items()
    }


def _without_emptied(known: Mapping[str, Any], schema: probatio.Schema) -> dict[str, Any]:
    """Forget what may be left out, and is if it is not entered again."""
    optional = {str(marker) for marker in schema.schema if isinstance(marker, probatio.Optional)}
    return {name: value for name, value in known.items() if name not in optional}


def _add_step(source: Source) -> None:
    async def step(self: LogInFlow, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        return await self._async_log_in(source, source, FORMS[source].schema, user_input)

    setattr(LogInFlow, f"async_step_{source}", step)


# Home Assistant finds a step, and its words, by its name; the sources differ in their forms only.
for _source in FORMS:
    _add_step(_source)
