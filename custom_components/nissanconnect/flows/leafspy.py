"""The dialog that makes a link for Leaf Spy: what to type into the app, and waiting for its first message."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
import re
import secrets
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, TextSelector, TextSelectorConfig
import probatio

from ..backends.base import Receiving
from ..const import CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT, CONF_SOURCE, DOMAIN
from ..entry_values import EntryValues
from ..sources import (
    AUTOMATIC,
    KILOMETRES,
    ODOMETER_UNITS,
    OUTSIDE_UNITS,
    SOURCES,
    Source,
    async_create_backend,
    async_wait,
)
from ..webhook import SetupListener, async_addresses, async_open_webhook
from .texts import async_text

_PATIENCE = 300.0
"""Seconds. Long enough to walk to the vehicle, short enough to be told that something is wrong."""


@cache
def _questions() -> probatio.Schema:
    """What is asked. Made when it is shown: selectors take their time, and most starts show no dialog."""
    return probatio.Schema(
        {
            probatio.Optional(CONF_PASSWORD): TextSelector(TextSelectorConfig(autocomplete="off")),
            probatio.Required(CONF_ODOMETER_UNIT, default=KILOMETRES): SelectSelector(
                SelectSelectorConfig(options=[*ODOMETER_UNITS], translation_key=CONF_ODOMETER_UNIT)
            ),
            probatio.Required(CONF_OUTSIDE_UNIT, default=AUTOMATIC): SelectSelector(
                SelectSelectorConfig(options=[*OUTSIDE_UNITS], translation_key=CONF_OUTSIDE_UNIT)
            ),
        }
    )


class LeafSpyFlow(ConfigFlow):
    """From an optional password over the address to the first message; the same form changes a link."""

    _close: CALLBACK_TYPE | None = None
    _link: Mapping[str, Any] = MappingProxyType({})
    _reception: SetupListener
    _waiting: asyncio.Task[None] | None = None

    async def async_step_leafspy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a password, if one is wanted, and for the app's units."""
        changing = self.source == SOURCE_RECONFIGURE
        known = self._get_reconfigure_entry().data if changing else self._link
        errors: dict[str, str] = {}
        if user_input is not None:
            # The app is not known to encode what it sends (leafspy §13), and Home Assistant refuses some of the rest.
            if re.fullmatch(r"[A-Za-z0-9._~-]{0,64}", user_input.get(CONF_PASSWORD, "")):
                # Short enough to be typed.
                webhook_id = EntryValues(known).text(CONF_WEBHOOK_ID) or secrets.token_hex(16)
                self._link = {CONF_SOURCE: Source.LEAFSPY, CONF_WEBHOOK_ID: webhook_id, **user_input}
                self._release()  # open so far with what was entered before
                return await self.async_step_leafspy_address()
            errors[CONF_PASSWORD] = "invalid_leafspy_password"
        return self.async_show_form(
            step_id="leafspy",
            data_schema=self.add_suggested_values_to_schema(_questions(), user_input or known),
            errors=errors,
        )

    async def async_step_leafspy_address(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what to type into the app; from here on its messages are heard."""
        if self.source == SOURCE_RECONFIGURE:
            if user_input is not None:
                return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=self._link)
        elif user_input is not None:
            return await self.async_step_leafspy_wait()
        elif not await self._async_open():
            return self.async_abort(reason="no_webhook")
        return self.async_show_form(
            step_id="leafspy_address",
            data_schema=probatio.Schema({}),
            description_placeholders=await self._async_told(),
        )

    async def async_step_leafspy_wait(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait for the first message; Home Assistant ends the task if the dialog is closed."""
        if self._waiting is None:
            self._reception.begin()
            # Not eager: what follows from a task that has ended at once would be given this input once more.
            self._waiting = self.hass.async_create_background_task(
                self._async_first_message(), f"{DOMAIN} listening to Leaf Spy", eager_start=False
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="leafspy_wait",
                progress_action="leafspy_wait",
                progress_task=self._waiting,
                description_placeholders=await self._async_told(),
            )
        if self._reception.latest is not None:
            return self.async_show_progress_done(next_step_id="leafspy_heard")
        return self.async_show_progress_done(
            next_step_id="leafspy_refused" if self._reception.rejections else "leafspy_silent"
        )

    async def async_step_leafspy_heard(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say so. What follows from a wait may be asked for twice at once, and must not make two entries."""
        if user_input is not None:
            return await self.async_step_leafspy_finish()
        return self.async_show_form(step_id="leafspy_heard", data_schema=probatio.Schema({}))

    async def async_step_leafspy_silent(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what the reason may be, and leave it to the owner how to go on."""
        return await self._async_show_choice("leafspy_silent")

    async def async_step_leafspy_refused(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that messages came, with a wrong password."""
        return await self._async_show_choice("leafspy_refused")

    async def async_step_leafspy_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the entry; the first message may be yet to come."""
        self._release()
        await self.async_set_unique_id(f"{Source.LEAFSPY}_{secrets.token_hex(8)}")
        return self.async_create_entry(title=SOURCES[Source.LEAFSPY].title, data=dict(self._link))

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Hand the message that was waited for to the entry that was made of it."""
        entry = result["result"]
        message = self._reception.latest if entry.data[CONF_SOURCE] == Source.LEAFSPY else None
        if message is not None and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.backend.receive(message)
        return result

    @override
    @callback
    def async_remove(self) -> None:
        self._release()

    async def _async_open(self) -> bool:
        """Hear messages until the dialog is over; return whether anybody can call."""
        backend = await async_create_backend(self.hass, self._link, save_auth=lambda _: None)
        if self._close is None and isinstance(backend, Receiving):
            self._reception = SetupListener()
            with suppress(ConfigEntryError):
                self._close = await async_open_webhook(self.hass, self._link[CONF_WEBHOOK_ID], backend, self._reception)
        return self._close is not None

    @callback
    def _release(self) -> None:
        if self._close is not None:
            self._close()
            self._close = None

    async def _async_first_message(self) -> None:
        """Wait until one has come, or for long enough."""
        await async_wait(self.hass, self._reception.received, _PATIENCE)

    async def _async_show_choice(self, step_id: str) -> ConfigFlowResult:
        self._waiting = None
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["leafspy_wait", "leafspy_address", "leafspy", "leafspy_finish"],
            description_placeholders=await self._async_told(),
        )

    async def _async_told(self) -> dict[str, str]:
        """Return what the texts name."""
        addresses = async_addresses(self.hass, self._link[CONF_WEBHOOK_ID])
        lines = [f"- **{url.scheme}** `{str(url).removeprefix(f'{url.scheme}://')}`" for url in addresses]
        if not lines:
            note = await async_text(self.hass, "leafspy", "own_address")
            lines = [f"- `…/api/webhook/{self._link[CONF_WEBHOOK_ID]}` ({note})"]
        return {
            "addresses": "\n".join(lines),
            "password": self._link.get(CONF_PASSWORD) or await async_text(self.hass, "leafspy", "no_password"),
            "minutes": f"{_PATIENCE / 60:.0f}",
        }
