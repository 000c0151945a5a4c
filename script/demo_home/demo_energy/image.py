"""The picture of prices and charging times, which no card of Home Assistant draws: they lie in the future."""

from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.calendar import DOMAIN as CALENDAR, SERVICE_GET_EVENTS
from homeassistant.components.image import ImageEntity
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType
from homeassistant.util import dt as dt_util

from .chart import Span, draw
from .prices import day_ahead, published_days

SCAN_INTERVAL = timedelta(minutes=1)

_VEHICLES, _PLANNED = "nissanconnect", "_charging"


async def async_setup_platform(
    hass: HomeAssistant, config: ConfigType, add: AddEntitiesCallback, discovery_info: DiscoveryInfoType | None = None
) -> None:
    """Add the picture."""
    add([ChargingImage(hass)], update_before_add=True)


class ChargingImage(ImageEntity):
    """The prices that are known, and when vehicles charge by the calendars of their plans."""

    _attr_content_type = "image/svg+xml"
    _attr_name = "Demo charging"
    _attr_should_poll = True
    _attr_unique_id = "demo_charging"

    async def async_update(self) -> None:
        """Have it drawn anew, for whoever looks."""
        self._attr_image_last_updated = dt_util.utcnow()

    @override
    async def async_image(self) -> bytes:
        now, zone = dt_util.now(), dt_util.get_default_time_zone()
        prices = [price for day in published_days(now) for price in day_ahead(day, zone)]
        return draw(prices, await self._spans(now), now).encode()

    async def _spans(self, now: datetime) -> dict[str, list[Span]]:
        """Return the charging times of every vehicle that has a calendar of its plan, by its name."""
        devices, found = dr.async_get(self.hass), dict[str, list[Span]]()
        for entity in er.async_get(self.hass).entities.values():
            device = devices.async_get(entity.device_id) if entity.device_id else None
            if device is not None and _is_of_plan(entity):
                found[device.name_by_user or device.name or "?"] = await self._events(entity.entity_id, now)
        return dict(sorted(found.items()))

    async def _events(self, calendar: str, now: datetime) -> list[Span]:
        query = {
            ATTR_ENTITY_ID: calendar,
            "start_date_time": now - timedelta(days=1),
            "end_date_time": now + timedelta(days=2),
        }
        answer: Any = await self.hass.services.async_call(
            CALENDAR, SERVICE_GET_EVENTS, query, blocking=True, return_response=True
        )
        events = answer[calendar]["events"]
        return [Span(*(datetime.fromisoformat(event[edge]) for edge in ("start", "end"))) for event in events]


def _is_of_plan(entity: er.RegistryEntry) -> bool:
    """Whether an entity is the calendar of a charge plan; trips have another one."""
    ours = (entity.platform, entity.domain) == (_VEHICLES, CALENDAR)
    return ours and entity.unique_id.endswith(_PLANNED) and entity.disabled_by is None
