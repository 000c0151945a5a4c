"""The action that imports a log of Leaf Spy from a folder that Home Assistant may read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util.json import JsonValueType
import probatio

from .actions import Fields
from .const import DOMAIN
from .runtime import VehicleRuntime
from .vehicle import Market, VehicleInfo, market_hint

ATTR_PATH = "path"

IMPORT_FIELDS: Fields = {probatio.Required(ATTR_PATH): cv.string}


async def async_import_leafspy_log(vehicle: VehicleRuntime, call: ServiceCall) -> JsonValueType:
    """Import what a file tells of a vehicle, whatever its source; return what came of it."""
    # The recorder is there long before anybody calls an action; importing it with us would slow down every start.
    await async_import_module(call.hass, f"{__package__}.log_import")
    from .log_import import async_import_log  # noqa: PLC0415

    imported = await async_import_log(
        call.hass,
        _own_name(vehicle.info),
        lambda: _allowed(call.hass, call.data[ATTR_PATH]),
        device_key=vehicle.info.key,
    )
    return imported.told()


def _own_name(info: VehicleInfo) -> str | None:
    """Return what the vehicle calls itself in its logs; some sources do not tell, and make its key up."""
    return info.vin or (info.key if market_hint(info.key) is Market.JAPAN else None)


@contextmanager
def _allowed(hass: HomeAssistant, path: str) -> Iterator[Path]:
    """Give a file to be read, if it is one and Home Assistant may hand out what is there."""
    if not hass.config.is_allowed_path(path):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_allowed", translation_placeholders={"path": path}
        )
    if not Path(path).is_file():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="file_missing", translation_placeholders={"path": path}
        )
    yield Path(path)
