"""What the demo's home has besides its vehicles: a price of electricity, and a wallbox in front of the LEAF."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey
import probatio

from .wallbox import Wallbox

DOMAIN = "demo_energy"
CONF_SIMULATOR = "simulator"

CONFIG_SCHEMA = probatio.Schema(
    {DOMAIN: probatio.Schema({probatio.Required(CONF_SIMULATOR): cv.url_no_path})}, extra=probatio.ALLOW_EXTRA
)

WALLBOX: HassKey[Wallbox] = HassKey(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Read the wallbox of the simulator that the configuration names."""
    wallbox = hass.data[WALLBOX] = Wallbox(hass, config[DOMAIN][CONF_SIMULATOR])
    await wallbox.async_refresh()
    pictures = (Platform.IMAGE,) if "frontend" in hass.config.components else ()
    for platform in (Platform.SENSOR, Platform.SWITCH, *pictures):
        hass.async_create_task(async_load_platform(hass, platform, DOMAIN, {}, config))
    return True
