"""The config flow: choose a source and connect to it, log in again, reconfigure."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, ConfigSubentryFlow
from homeassistant.core import callback

from .const import CONF_SOURCE, DOMAIN, SUBENTRY_GEOFENCE, SUBENTRY_SOURCE
from .flows.advisor import AdvisorFlow
from .flows.leafspy import LeafSpyFlow, LeafSpyLogFlow
from .flows.login import LoginFlow
from .flows.options import NissanOptionsFlow
from .flows.remote_lock import RemoteLockFlow
from .flows.subentries import GeofenceFlow, SourceFlow
from .sources import FORMS, SOURCES, Source

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


class NissanConfigFlow(LoginFlow, LeafSpyFlow, LeafSpyLogFlow, AdvisorFlow, RemoteLockFlow, domain=DOMAIN):
    """Set up one account."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> NissanOptionsFlow:
        return NissanOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_GEOFENCE: GeofenceFlow, SUBENTRY_SOURCE: SourceFlow}

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
        if not isinstance(source, str) or source not in FORMS:
            return self.async_abort(reason="nothing_to_reconfigure")
        if not self._async_find_lockable():
            return await self.async_step_reconfigure_login()
        return self.async_show_menu(step_id="reconfigure", menu_options=["reconfigure_login", "remote_lock"])
