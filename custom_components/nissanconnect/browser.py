"""Brings the vehicle card and the dashboard to the browser: one module, which the frontend loads on every page."""

from hashlib import sha256
from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url, remove_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_FILE = Path(__file__).parent / "frontend" / "nissanconnect.js"

_PATH = f"/{DOMAIN}/nissanconnect.js"
"""What is asked for; browsers keep it for a month, so its content is part of the address."""

_URL: HassKey[str] = HassKey(f"{DOMAIN}_module")

_FRONTEND = "frontend"


async def async_serve_module(hass: HomeAssistant) -> None:
    """Serve the module, once for all entries, unless this Home Assistant has no frontend."""
    if _FRONTEND not in hass.config.components:
        return
    version = await hass.async_add_executor_job(_version)
    await hass.http.async_register_static_paths([StaticPathConfig(_PATH, str(_FILE), cache_headers=True)])
    hass.data[_URL] = f"{_PATH}?v={version}"


async def async_load_module(hass: HomeAssistant) -> None:
    """Have the frontend load the module.

    Cast devices load only what is among the resources of dashboards. The address is the same, so nothing is loaded
    twice.
    """
    if (url := hass.data.get(_URL)) is None:
        return
    add_extra_js_url(hass, url)
    if (resources := _resources(hass)) is None:
        return
    await resources.async_get_info()  # loads them
    ours = [each for each in resources.async_items() if _is_ours(each["url"])]
    if not ours:
        await resources.async_create_item({"res_type": "module", "url": url})
    for each in ours[:1]:
        if each["url"] != url:
            await resources.async_update_item(each["id"], {"url": url})
    for each in ours[1:]:
        await resources.async_delete_item(each["id"])


async def async_unload_module(hass: HomeAssistant) -> None:
    """Have the frontend load the module no more, after the last entry was removed."""
    if (url := hass.data.get(_URL)) is None:
        return
    remove_extra_js_url(hass, url)
    if (resources := _resources(hass)) is None:
        return
    await resources.async_get_info()
    for each in [*resources.async_items()]:
        if _is_ours(each["url"]):
            await resources.async_delete_item(each["id"])


def _resources(hass: HomeAssistant) -> ResourceStorageCollection | None:
    """Return the resources of dashboards, unless they are written in YAML."""
    lovelace = hass.data.get(LOVELACE_DATA)
    resources = lovelace and lovelace.resources
    return resources if isinstance(resources, ResourceStorageCollection) else None


def _is_ours(url: str) -> bool:
    return url.partition("?")[0] == _PATH


def _version() -> str:
    return sha256(_FILE.read_bytes()).hexdigest()[:12]
