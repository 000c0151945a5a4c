"""Finds the wallbox among the entities of Home Assistant, so that owners need not search for its switch."""

from collections.abc import Iterator
from typing import NamedTuple

from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN, NumberDeviceClass
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.core import HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er


class KnownSwitch(NamedTuple):
    """What switches the current of a kind of wallbox.

    ``key`` is its translation key, without one the end of its unique id. ``options`` are those of a select for on and
    off. An ``inverted`` one is on while no current flows.
    """

    platform: str
    key: str
    options: tuple[str, str] | None = None
    inverted: bool = False


KNOWN_SWITCHES = (
    KnownSwitch("wallbox", "pause_resume"),
    KnownSwitch("easee", "is_enabled"),
    KnownSwitch("zaptec", "charger_operation_mode"),
    KnownSwitch("goecharger_api2", "frc", options=("2", "1")),
    KnownSwitch("peblar", "charge"),
    KnownSwitch("nrgkick", "charging_enabled"),
    KnownSwitch("besen", "charging"),
    KnownSwitch("technove", "session_active"),
    KnownSwitch("nexblue", "charging"),
    KnownSwitch("exicom_spin_ble", "charging"),
    KnownSwitch("v2c", "paused", inverted=True),
    KnownSwitch("ohme", "charge_mode", options=("max_charge", "paused")),
    KnownSwitch("openevse", "override_state", options=("active", "disabled")),
    KnownSwitch("myenergi", "charge_mode", options=("Fast", "Stopped")),
    KnownSwitch("ocpp", "charge_control"),  # last: an OCPP server may serve a wallbox that is there by itself as well
)
"""(charging §5) The first that is found is suggested."""


class FoundWallbox(NamedTuple):
    """The switch of a wallbox, and the ids of what is unmistakable among its other entities."""

    switch: str
    inverted: bool
    current: str | None
    power: str | None
    energy: str | None


@callback
def async_known_switch(hass: HomeAssistant, entity_id: str) -> KnownSwitch | None:
    """Return what is known about an entity as the switch of a wallbox."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or split_entity_id(entity_id)[0] not in (SWITCH_DOMAIN, SELECT_DOMAIN):
        return None
    return next((known for known in KNOWN_SWITCHES if _is(entry, known)), None)


@callback
def async_find_wallbox(hass: HomeAssistant) -> FoundWallbox | None:
    """Return the wallbox that is most likely meant, ``None`` if there is none that is known."""
    found = [
        (KNOWN_SWITCHES.index(known), entry.entity_id)
        for entry in er.async_get(hass).entities.values()
        if not entry.disabled_by and (known := async_known_switch(hass, entry.entity_id)) is not None
    ]
    if not found:
        return None
    place, switch = min(found)
    return FoundWallbox(
        switch,
        KNOWN_SWITCHES[place].inverted,
        _only(hass, switch, NUMBER_DOMAIN, NumberDeviceClass.CURRENT),
        _only(hass, switch, SENSOR_DOMAIN, SensorDeviceClass.POWER),
        _only(hass, switch, SENSOR_DOMAIN, SensorDeviceClass.ENERGY),
    )


def _is(entry: er.RegistryEntry, known: KnownSwitch) -> bool:
    if entry.platform != known.platform:
        return False
    if entry.translation_key is not None:
        return entry.translation_key == known.key
    return str(entry.unique_id).endswith(known.key)


def _only(hass: HomeAssistant, switch: str, domain: str, device_class: str) -> str | None:
    """Return the only entity of a kind that the same device has, ``None`` if there are none or several."""
    found = [*_of_device(hass, switch, domain, device_class)]
    return found[0] if len(found) == 1 else None


def _of_device(hass: HomeAssistant, switch: str, domain: str, device_class: str) -> Iterator[str]:
    registry = er.async_get(hass)
    owner = registry.async_get(switch)
    if owner is None or owner.device_id is None:
        return
    for entry in er.async_entries_for_device(registry, owner.device_id):
        is_current = domain == NUMBER_DOMAIN and entry.unit_of_measurement == UnitOfElectricCurrent.AMPERE
        if entry.domain == domain and (is_current or device_class in (entry.device_class, entry.original_device_class)):
            yield entry.entity_id
