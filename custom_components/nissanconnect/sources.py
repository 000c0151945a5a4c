"""Which backend serves which source of vehicles.

A backend's package is imported when a source first needs it, so that nobody pays for those that they do not use.
"""

from asyncio import Event, sleep
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
import logging
import os
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import CookieJar, DummyCookieJar
from homeassistant.const import (
    CONF_API_KEY,
    CONF_API_TOKEN,
    CONF_CODE,
    CONF_COUNTRY,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PREFIX,
    CONF_URL,
    CONF_USERNAME,
    CONF_WEBHOOK_ID,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers.aiohttp_client import async_create_clientsession, async_get_clientsession
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Json
from .const import (
    CONF_AUTH,
    CONF_DEVICE_ID,
    CONF_ODOMETER_UNIT,
    CONF_OUTSIDE_UNIT,
    CONF_SOURCE,
    CONF_USER,
    CONF_VEHICLE_ID,
    DOMAIN,
)
from .entry_values import EntryValues
from .vehicle import AuthenticationFailed

if TYPE_CHECKING:
    from .backends.kamereon import Region

_LOGGER = logging.getLogger(__name__)

SIMULATOR_VARIABLE = "NISSANCONNECT_SIMULATOR_URL"

KILOMETRES, MILES = "kilometres", "miles"
AUTOMATIC, CELSIUS, FAHRENHEIT = "automatic", "celsius", "fahrenheit"
ODOMETER_UNITS = (KILOMETRES, MILES)
OUTSIDE_UNITS = (AUTOMATIC, CELSIUS, FAHRENHEIT)

COUNTRIES = ("us", "ca", "mx")
"""Of North America."""

type SaveAuth = Callable[[dict[str, Json]], None]


class Source(StrEnum):
    """Where vehicles can come from, named by what the owner has; also the steps of the config flow."""

    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    JAPAN = "japan"
    OPENCARWINGS = "opencarwings"
    TESLAFI = "teslafi"
    OVMS = "ovms"
    LEAFSPY = "leafspy"
    DEMO = "demo"


ASKS_ABOUT_UNLOCKING = frozenset({Source.NORTH_AMERICA, Source.OPENCARWINGS, Source.OVMS})
"""Those that may unlock without a PIN, which their owners have to allow."""


class Naming(NamedTuple):
    """What owners know a source by.

    ``title`` is what an entry is called at first; titles show up in logs, so it never names a person. ``service`` is
    who is behind it, ``app`` where owners meet it.
    """

    title: str
    service: str
    app: str


NAMES: Mapping[Source, Naming] = {
    Source.EUROPE: Naming("MyNISSAN Europe", "Nissan", "MyNISSAN"),
    Source.NORTH_AMERICA: Naming("MyNISSAN North America", "Nissan", "MyNISSAN"),
    Source.JAPAN: Naming("NissanConnect Japan", "Nissan", "NissanConnect"),
    Source.OPENCARWINGS: Naming("OpenCARWINGS", "OpenCARWINGS", "OpenCARWINGS"),
    Source.TESLAFI: Naming("TeslaFi", "TeslaFi", "TeslaFi"),
    Source.OVMS: Naming("OVMS", "OVMS", "OVMS Connect"),
    Source.LEAFSPY: Naming("Leaf Spy", "Leaf Spy", "Leaf Spy Pro"),
    Source.DEMO: Naming("NissanConnect demo", "Nissan", "MyNISSAN"),
}


async def async_create_backend(
    hass: HomeAssistant, data: Mapping[str, Any], *, save_auth: SaveAuth, memory: Json = None
) -> Backend:
    """Return the backend for the data of a config entry.

    ``save_auth`` is handed every new log-in state (tokens), to be kept as ``data[CONF_AUTH]``; ``memory`` is what the
    backend's own ``memory()`` returned before the last restart.

    Raises:
        ConfigEntryError: The data lack something, or have it in a shape that no dialog gives it.
        ConfigEntryAuthFailed: Only what logging in again would ask for is missing.
        InvalidAddress: The address is none.
    """
    return await _CREATE[source_of(data)](hass, data, save_auth, memory)


def source_of(data: Mapping[str, Any]) -> Source:
    """Return the source of an entry; raises ConfigEntryError if it is none that this version knows."""
    try:
        return Source(str(data.get(CONF_SOURCE)))
    except ValueError:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="unknown_source") from None


def _optional(data: Mapping[str, Any], name: str) -> str | None:
    """Return a text that may be missing. One that cannot be read may guard something, so it is not left out."""
    values = EntryValues(data)
    text = values.text(name)
    if values.odd:
        raise _damaged(name)
    return text


def _needed(data: Mapping[str, Any], name: str) -> str:
    """Return a text without which there is no source."""
    if (text := _optional(data, name)) is None:
        raise _damaged(name)
    return text


def _damaged(name: str) -> ConfigEntryError:
    return ConfigEntryError(
        translation_domain=DOMAIN, translation_key="entry_damaged", translation_placeholders={"field": name}
    )


@contextmanager
def _asked_again() -> Iterator[None]:
    """Have the owner asked for what is damaged within, as for what was rejected."""
    try:
        yield
    except ConfigEntryError as err:
        raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=AuthenticationFailed.key) from err


async def _async_europe(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "kamereon")
    from .backends.kamereon import EUROPE  # noqa: PLC0415

    return _kamereon(hass, data, save_auth, memory, region=EUROPE)


async def _async_japan(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "kamereon.japan")
    from .backends.kamereon.japan import JAPAN  # noqa: PLC0415

    return _kamereon(hass, data, save_auth, memory, region=JAPAN)


def _kamereon(
    hass: HomeAssistant,
    data: Mapping[str, Any],
    save_auth: SaveAuth,
    memory: Json,
    *,
    region: Region,
) -> Backend:
    from .backends.kamereon import KamereonAuth, KamereonBackend  # noqa: PLC0415

    username = _needed(data, CONF_USERNAME)
    with _asked_again():
        password = _needed(data, CONF_PASSWORD)
    cookie_jar = None
    if url := os.environ.get(SIMULATOR_VARIABLE):
        _LOGGER.warning("%s is set: passwords go to the simulator, not to Nissan", SIMULATOR_VARIABLE)
        region = region.simulated(url)
        cookie_jar = CookieJar(unsafe=True)  # a jar ignores bare addresses otherwise
    return KamereonBackend(
        # A session of its own: the log-in lives in its cookies.
        async_create_clientsession(hass, cookie_jar=cookie_jar),
        username=username,
        password=password,
        auth=KamereonAuth.from_json(data.get(CONF_AUTH)),
        on_auth=lambda auth: save_auth(auth.to_json()),
        now=dt_util.utcnow,
        sleep=sleep,
        device_id=EntryValues(data).text(CONF_DEVICE_ID) or None,
        region=region,
        memory=memory,
    )


async def _async_teslafi(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "teslafi")
    from .backends.teslafi import TeslaFiBackend, service_url  # noqa: PLC0415

    base = service_url(_needed(data, CONF_URL))
    with _asked_again():
        token = _needed(data, CONF_API_TOKEN).strip()
    return TeslaFiBackend(
        async_get_clientsession(hass),
        base=base,
        token=token,
        now=dt_util.utcnow,
        auth=data.get(CONF_AUTH),
        save_auth=save_auth,
        memory=memory,
    )


async def _async_opencarwings(
    hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json
) -> Backend:
    await async_load(hass, "opencarwings")
    from .backends.address import base_url  # noqa: PLC0415
    from .backends.opencarwings import Credentials, OpenCarwingsBackend  # noqa: PLC0415

    base = base_url(_needed(data, CONF_URL))
    with _asked_again():
        credentials = Credentials(
            key=_optional(data, CONF_API_KEY),
            username=_optional(data, CONF_USERNAME),
            password=_optional(data, CONF_PASSWORD),  # is there in the dialog only
            code=_optional(data, CONF_CODE),
        )
    return OpenCarwingsBackend(
        async_create_clientsession(hass, cookie_jar=DummyCookieJar()),
        base=base,
        credentials=credentials,
        auth=data.get(CONF_AUTH),
        save_auth=save_auth,
        now=dt_util.utcnow,
        memory=memory,
    )


async def _async_north_america(
    hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json
) -> Backend:
    await async_load(hass, "mynissan")
    from .backends.mynissan import Auth, MyNissanBackend  # noqa: PLC0415

    country, username = _needed(data, CONF_COUNTRY), _needed(data, CONF_USERNAME)
    if country.lower() not in COUNTRIES:
        raise _damaged(CONF_COUNTRY)
    with _asked_again():
        password = _optional(data, CONF_PASSWORD)  # in the dialogs only
    return MyNissanBackend(
        async_get_clientsession(hass),
        country=country.upper(),
        username=username,
        password=password,
        auth=Auth.from_json(data.get(CONF_AUTH)),
        on_auth=lambda auth: save_auth(auth.to_json()),
        now=dt_util.utcnow,
        zone=dt_util.get_default_time_zone(),
        memory=memory,
    )


async def _async_ovms(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "ovms")
    await async_import_module(hass, f"{__package__}.mqtt_bus")
    from .backends.ovms import OvmsBackend, Topics  # noqa: PLC0415
    from .mqtt_bus import MqttBus  # noqa: PLC0415

    return OvmsBackend(
        MqttBus(hass),
        Topics.of(_needed(data, CONF_PREFIX), _optional(data, CONF_USER) or "", _optional(data, CONF_VEHICLE_ID) or ""),
        client=f"home-assistant-{token_hex(6)}",
        now=dt_util.utcnow,
        sleep=sleep,
        pin=_optional(data, CONF_PIN) or None,
        memory=memory,
    )


async def _async_demo(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "demo")
    from .backends.demo import DemoBackend  # noqa: PLC0415

    return DemoBackend(now=dt_util.utcnow, zone=dt_util.get_default_time_zone())


async def _async_leafspy(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await async_load(hass, "leafspy")
    from .backends.leafspy import LeafSpyBackend, Units  # noqa: PLC0415

    values = EntryValues(data)
    if not _optional(data, CONF_WEBHOOK_ID):  # under which the app's messages come in
        raise _damaged(CONF_WEBHOOK_ID)
    return LeafSpyBackend(
        now=dt_util.utcnow,
        sleep=partial(_async_pause, hass),
        password=_optional(data, CONF_PASSWORD),
        units=Units(
            odometer_miles=values.choice(CONF_ODOMETER_UNIT, ODOMETER_UNITS, KILOMETRES) == MILES,
            outside_fahrenheit={CELSIUS: False, FAHRENHEIT: True}.get(
                values.choice(CONF_OUTSIDE_UNIT, OUTSIDE_UNITS, AUTOMATIC)
            ),
        ),
        memory=memory,
    )


async def _async_pause(hass: HomeAssistant, seconds: float) -> None:
    """Wait by Home Assistant's clock."""
    over = Event()
    cancel = async_call_later(hass, seconds, callback(lambda _: over.set()))
    try:
        await over.wait()
    finally:
        cancel()


async def async_load(hass: HomeAssistant, backend: str) -> None:
    """Import a backend outside the event loop; the import statement after it then only looks the module up."""
    await async_import_module(hass, f"{__package__}.backends.{backend}")


_CREATE: Mapping[Source, Callable[[HomeAssistant, Mapping[str, Any], SaveAuth, Json], Awaitable[Backend]]] = {
    Source.EUROPE: _async_europe,
    Source.JAPAN: _async_japan,
    Source.OPENCARWINGS: _async_opencarwings,
    Source.TESLAFI: _async_teslafi,
    Source.NORTH_AMERICA: _async_north_america,
    Source.OVMS: _async_ovms,
    Source.LEAFSPY: _async_leafspy,
    Source.DEMO: _async_demo,
}
