"""Registers the calendar of trips of each vehicle, disabled, without the calendar platform.

The platform gives everybody an item *Calendar* in the sidebar. So it is only set up for owners who have enabled such a
calendar, after which Home Assistant sets the entry up anew, or who have a charge plan.
"""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.generated.languages import NATIVE_ENTITY_IDS
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.translation import async_get_translations

from .account import NissanConfigEntry
from .const import DOMAIN
from .entity import VehicleEntity
from .runtime import VehicleRuntime

_TRIPS = "trips"
_DEFAULT_LANGUAGE = "en"


@callback
def async_needs_calendar(entity: er.RegistryEntry) -> bool:
    """Whether a registered entity needs the calendar platform; one of a charge plan does to be removed after that."""
    return entity.domain == Platform.CALENDAR and not (entity.disabled and entity.translation_key == _TRIPS)


async def async_register_trip_calendars(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Register the calendar of each vehicle, of those to come as well, as its platform would."""
    languages = (hass.config.language, _DEFAULT_LANGUAGE)
    shown, english = [await _async_name(hass, each) for each in languages]
    in_ids = shown if hass.config.language in NATIVE_ENTITY_IDS else english
    registry, devices = er.async_get(hass), dr.async_get(hass)

    @callback
    def register(vehicle: VehicleRuntime) -> None:
        entity = VehicleEntity(vehicle, EntityDescription(key=_TRIPS))
        if registry.async_get_entity_id(Platform.CALENDAR, DOMAIN, str(entity.unique_id)):
            return
        device = devices.async_get_or_create_from_info(config_entry_id=entry.entry_id, device_info=entity.device_info)
        registry.async_get_or_create(
            Platform.CALENDAR,
            DOMAIN,
            str(entity.unique_id),
            config_entry=entry,
            device_id=device.id,
            disabled_by=er.RegistryEntryDisabler.INTEGRATION,
            has_entity_name=True,
            object_id_base=in_ids,
            original_name=shown,
            translation_key=entity.translation_key,
        )

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(register))


async def _async_name(hass: HomeAssistant, language: str) -> str:
    texts = await async_get_translations(hass, language, "entity", {DOMAIN})
    return texts[f"component.{DOMAIN}.entity.{Platform.CALENDAR}.{_TRIPS}.name"]
