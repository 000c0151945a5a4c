"""Repair issues: what only the owner can put right, or has to know, shown until it is over.

Account issues follow from how the last request ended, vehicle issues from what was read, one from configuration.yaml.
All of them close themselves.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PACKAGES
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .const import CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from .engine.diagnosis import Problem
from .sources import SOURCES, Source
from .vehicle import (
    AccessBlocked,
    ActionRequired,
    BackendError,
    Capability,
    EmailNotConfirmed,
    NoVehicles,
    RateLimited,
    ServiceOutage,
    Unavailable,
    VehicleInfo,
    alias,
)
from .vehicle_source import VehicleSource

ABRP_REFUSED = "abrp_refused"
CALLER_REFUSED = "caller_refused"
NOT_ON_ENERGY_DASHBOARD = "not_on_energy_dashboard"
SAME_VEHICLE = "same_vehicle"
SOURCE_SILENT = "source_silent"
STORE_DAMAGED = "store_damaged"
TOO_MANY_VEHICLES = "too_many_vehicles"
UNLOCK_WITHOUT_PIN = "unlock_without_pin"
WRONG_PINS = "wrong_pins"


class Kind(NamedTuple):
    """How an issue is shown. One that can be checked again has a fix flow; the others are over when they are over."""

    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING
    checkable: bool = True


OLD_YAML = "nissan_leaf_yaml"

ISSUES: Mapping[str, Kind] = {
    AccessBlocked.key: Kind(),
    ABRP_REFUSED: Kind(checkable=False),  # it is over when the owner has entered something else
    CALLER_REFUSED: Kind(checkable=False),  # it is over with the next message that is let in
    ActionRequired.key: Kind(ir.IssueSeverity.ERROR),
    EmailNotConfirmed.key: Kind(ir.IssueSeverity.ERROR),
    NoVehicles.key: Kind(),
    ServiceOutage.key: Kind(checkable=False),  # everybody's check would make it worse
    Problem.EV_SERVICES_INACTIVE: Kind(),
    Problem.SUBSCRIPTION_INACTIVE: Kind(),
    Problem.VEHICLE_REFUSED: Kind(),
    Problem.VEHICLE_SILENT: Kind(),
    Problem.WRONG_REGION: Kind(checkable=False),  # a hint
    NOT_ON_ENERGY_DASHBOARD: Kind(),
    SAME_VEHICLE: Kind(),
    SOURCE_SILENT: Kind(checkable=False),  # it is checked anyway
    STORE_DAMAGED: Kind(checkable=False),  # the next start finds a file that is whole
    TOO_MANY_VEHICLES: Kind(checkable=False),  # the list is read again anyway
    UNLOCK_WITHOUT_PIN: Kind(),
    WRONG_PINS: Kind(),
    OLD_YAML: Kind(checkable=False),  # a restart is needed to take the block away, and takes the issue along
}
"""Every issue by its translation key."""

_ACCOUNT_ISSUES = (AccessBlocked.key, ActionRequired.key, EmailNotConfirmed.key, NoVehicles.key)


@callback
def async_set_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    key: str,
    *,
    present: bool,
    vehicle: VehicleInfo | None = None,
    source_name: str = "",
    **placeholders: str,
) -> None:
    """Create or delete an issue of an entry, of one of its vehicles, or of a vehicle's source."""
    issue_id = _issue_id(entry, key, vehicle, source_name)
    if not present:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    names = SOURCES[Source(entry.data[CONF_SOURCE])]
    known = {"service": names.service, "app": names.app, "account": entry.title}
    if vehicle is not None:
        known["vehicle"] = vehicle.name
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, "key": key, "vehicle": alias(vehicle.key) if vehicle else None},
        is_fixable=ISSUES[key].checkable,
        severity=ISSUES[key].severity,
        translation_key=key,
        translation_placeholders=known | placeholders,
        config_entry_id=entry.entry_id,
    )


def _issue_id(entry: ConfigEntry, key: str, vehicle: VehicleInfo | None, source_name: str) -> str:
    """Return the id of an issue; it names a vehicle by its alias, because ids are seen and stored."""
    parts = [key, entry.entry_id, alias(vehicle.key) if vehicle else "", source_name]
    return "_".join(filter(None, parts)).replace(" ", "_")


@callback
def async_report_account(
    hass: HomeAssistant, entry: ConfigEntry, error: BackendError | None, outage_until: datetime | None
) -> None:
    """Create the issue that ``error`` stands for, if there is one, and delete the others.

    An outage does not show whether the owner has solved a problem, so the issues stay.
    """
    if isinstance(error, AccessBlocked) or not isinstance(error, Unavailable | RateLimited):
        for key in _ACCOUNT_ISSUES:
            async_set_issue(hass, entry, key, present=error is not None and error.key == key)
    until = f"{dt_util.as_local(outage_until):%H:%M}" if outage_until else ""
    async_set_issue(hass, entry, ServiceOutage.key, present=outage_until is not None, until=until)


@callback
def async_report_vehicle(
    hass: HomeAssistant, entry: ConfigEntry, info: VehicleInfo, found: Collection[Problem]
) -> None:
    """Create the issues of the problems of a vehicle, and delete those of all others."""
    for problem in Problem:
        async_set_issue(hass, entry, problem, present=problem in found, vehicle=info)


@callback
def async_report_unlocking(hass: HomeAssistant, entry: ConfigEntry, vehicles: Iterable[VehicleInfo]) -> None:
    """Ask the owner of an older entry whether its vehicles may be unlocked without a PIN, if that is possible."""
    undecided = SOURCES[entry.data[CONF_SOURCE]].asks_about_unlocking and CONF_UNLOCK_WITHOUT_PIN not in entry.data
    open_to_all = [
        info.name
        for info in vehicles
        if Capability.LOCK in info.capabilities and Capability.LOCK_PIN not in info.capabilities
    ]
    present = bool(open_to_all) and undecided
    async_set_issue(hass, entry, UNLOCK_WITHOUT_PIN, present=present, vehicles=", ".join(open_to_all))


@callback
def async_report_sources(
    hass: HomeAssistant, entry: ConfigEntry, info: VehicleInfo, sources: Collection[VehicleSource]
) -> None:
    """Show which of several sources of a vehicle fail; the only source has issues of its own.

    A vehicle that is gone has no ``sources``.
    """
    prefix = f"{_issue_id(entry, SOURCE_SILENT, info, '')}_"
    known = {prefix + source.name for source in sources}
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in known:
            ir.async_delete_issue(hass, DOMAIN, issue_id)  # of a source that is none any more
    for source in sources:
        async_set_issue(
            hass,
            entry,
            SOURCE_SILENT,
            present=source.is_failing and len(known) > 1,
            vehicle=info,
            source_name=source.name,
            source=source.connection.entry.title if source.connection else "?",
        )


@callback
def async_report_old_yaml(hass: HomeAssistant, config: ConfigType) -> None:
    """Explain what became of the service of Home Assistant's ``nissan_leaf``, which is set up by YAML (regions §5).

    Packages are searched as well: they are missing in ``config`` if the old integration cannot be loaded.
    """
    core = config.get(HOMEASSISTANT_DOMAIN) or {}
    blocks = [config, *(core.get(CONF_PACKAGES) or {}).values()]
    names = {str(key).partition(" ")[0] for block in blocks for key in block or ()}  # a label of the owner's may follow
    if "nissan_leaf" not in names:
        ir.async_delete_issue(hass, DOMAIN, OLD_YAML)
        return
    kind = ISSUES[OLD_YAML]
    ir.async_create_issue(
        hass, DOMAIN, OLD_YAML, is_fixable=kind.checkable, severity=kind.severity, translation_key=OLD_YAML
    )
