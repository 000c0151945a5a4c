"""Repair issues: what only the owner can put right, shown until it is."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .vehicle import AccessBlocked, ActionRequired, BackendError, NoVehicles

_ACCOUNT_ISSUES = {kind.key for kind in (AccessBlocked, ActionRequired, NoVehicles)}


@callback
def async_report_account(hass: HomeAssistant, entry: ConfigEntry, error: BackendError | None) -> None:
    """Show the issue that ``error`` stands for, if it stands for one, and take back the others."""
    for key in _ACCOUNT_ISSUES:
        _async_set(hass, entry, key, present=error is not None and error.key == key)


@callback
def _async_set(hass: HomeAssistant, entry: ConfigEntry, key: str, *, present: bool) -> None:
    issue_id = f"{key}_{entry.entry_id}"
    if not present:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"account": entry.title},
        config_entry_id=entry.entry_id,
    )
