"""The dialogs, as an owner goes through them."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResult, FlowResultType

from custom_components.nissanconnect.const import DOMAIN

from .conftest import settle


async def choose(hass: HomeAssistant, source: str) -> ConfigFlowResult:
    """Open the dialog and choose a source from its menu."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": source})


async def open_form(hass: HomeAssistant, source: str) -> ConfigFlowResult:
    """Open the form of a source, in which nothing is wrong yet."""
    form = await choose(hass, source)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, source, {})
    return form


async def add(hass: HomeAssistant, source: str, entered: Mapping[str, Any]) -> ConfigEntry:
    """Add a source with what is entered into its form."""
    result = await submit(hass, await open_form(hass, source), entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry: ConfigEntry = result["result"]
    return entry


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Open the dialog that changes an entry."""
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


async def submit(
    hass: HomeAssistant, flow: ConfigFlowResult, entered: Mapping[str, Any] | None = None
) -> ConfigFlowResult:
    """Fill a form in and wait for what follows from it; without ``entered``, look again at one that is busy."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], None if entered is None else dict(entered))
    await settle(hass)
    return result


def suggested(form: FlowResult[Any, Any]) -> dict[str, Any]:
    """What the fields of a form are filled in with."""
    assert form["data_schema"] is not None
    return {str(field): (field.description or {}).get("suggested_value") for field in form["data_schema"].schema}
