"""The table of sources: what each is called, asks of its owner and is created from.

A backend's package is imported when a source first needs it, so that nobody pays for those that they do not use.
"""

from asyncio import Event, sleep
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
import logging
import os
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple, cast

from aiohttp import ClientSession, CookieJar, DummyCookieJar
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
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util
import probatio

from .backends.base import Backend, Context, Json, MessageBus, SaveAuth
from .const import (
    CONF_AUTH,
    CONF_DEVICE_ID,
    CONF_ODOMETER_UNIT,
    CONF_OUTSIDE_UNIT,
    CONF_SOURCE,
    CONF_UNLOCK_WITHOUT_PIN,
    CONF_USER,
    CONF_VEHICLE_ID,
    DOMAIN,
)
from .settings import EntryValues
from .vehicle import AuthenticationFailed

_LOGGER = logging.getLogger(__name__)

SIMULATOR_VARIABLE = "NISSANCONNECT_SIMULATOR_URL"

KILOMETRES, MILES = "kilometres", "miles"
AUTOMATIC, CELSIUS, FAHRENHEIT = "automatic", "celsius", "fahrenheit"
ODOMETER_UNITS = (KILOMETRES, MILES)
OUTSIDE_UNITS = (AUTOMATIC, CELSIUS, FAHRENHEIT)

COUNTRIES = ("us", "ca", "mx")
"""Of North America."""

type Fields = Mapping[probatio.Marker, Any]
type SessionFactory = Callable[[HomeAssistant, str | None], ClientSession]
"""Returns the HTTP session of a backend, given the address of a simulator if one is used."""


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


class SourceType(NamedTuple):
    """One row of the table.

    ``title`` is what an entry is called at first; titles show up in logs, so it never names a person. ``service`` is
    who is behind the source, ``app`` where owners meet it. ``module`` is the backend's, below ``backends``.

    ``fields`` are the form of its step in the config flow; without any, it has dialogs of its own. ``secrets`` are
    asked for again when they have been rejected; a source without any never asks again. ``not_kept`` are used once and
    not stored. ``errors`` replaces texts of errors, where those are about another service. ``same_device``: the source
    knows us as a device, which we stay when its secrets are asked for again.

    Its ``create`` function gets texts of the entry's data: the ``needed`` ones, the ``optional`` and the ``lenient``.
    A damaged text is an error, because it may guard something, unless it is a lenient one, which is left out.
    ``waits_by_home_assistant``: it sleeps by Home Assistant's timers, for as long as it is loaded.
    """

    title: str
    service: str
    app: str
    module: str
    fields: Fields = MappingProxyType({})
    secrets: frozenset[str] = frozenset()
    not_kept: frozenset[str] = frozenset({CONF_CODE})
    errors: Mapping[str, str] = MappingProxyType({})
    same_device: bool = False
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lenient: tuple[str, ...] = ()
    session: SessionFactory = lambda hass, _: async_get_clientsession(hass)
    has_simulator: bool = False
    uses_mqtt: bool = False
    waits_by_home_assistant: bool = False

    @property
    def backend(self) -> str:
        """The name of the backend in reports."""
        return self.module.partition(".")[0]

    @property
    def asks_about_unlocking(self) -> bool:
        """Whether it may unlock without a PIN, which its owner has to allow."""
        return CONF_UNLOCK_WITHOUT_PIN in map(str, self.fields)

    def schema(self, *, only_secrets: bool = False) -> probatio.Schema:
        """Return the form, or only those of its fields that were rejected."""
        return probatio.Schema(
            {marker: value for marker, value in self.fields.items() if not only_secrets or str(marker) in self.secrets}
        )


def _with_cookies(hass: HomeAssistant, simulator: str | None) -> ClientSession:
    """Return a session of its own, because the log-in lives in its cookies."""
    # A jar ignores bare addresses otherwise, and a simulator has no other.
    return async_create_clientsession(hass, cookie_jar=CookieJar(unsafe=True) if simulator else None)


def _without_cookies(hass: HomeAssistant, simulator: str | None) -> ClientSession:
    return async_create_clientsession(hass, cookie_jar=DummyCookieJar())


EMAIL = TextSelector(TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username"))
USERNAME = TextSelector(TextSelectorConfig(autocomplete="username"))
PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
CODE = TextSelector(TextSelectorConfig(autocomplete="one-time-code"))
PIN = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
COUNTRY = SelectSelector(
    SelectSelectorConfig(options=[*COUNTRIES], translation_key=CONF_COUNTRY, mode=SelectSelectorMode.DROPDOWN)
)
UNLOCKING: Fields = {probatio.Required(CONF_UNLOCK_WITHOUT_PIN, default=False): BooleanSelector()}
OWN_PIN: Fields = {probatio.Optional(CONF_PIN): PIN, **UNLOCKING}
"""What guards the lock of a vehicle that takes any PIN."""

_REJECTED = {AuthenticationFailed.key: "authentication_failed_other"}

SOURCES: Mapping[Source, SourceType] = {
    Source.EUROPE: SourceType(
        title="MyNISSAN Europe",
        service="Nissan",
        app="MyNISSAN",
        module="kamereon",
        fields={probatio.Required(CONF_USERNAME): EMAIL, probatio.Required(CONF_PASSWORD): PASSWORD},
        secrets=frozenset({CONF_PASSWORD}),
        needed=(CONF_USERNAME, CONF_PASSWORD),
        lenient=(CONF_DEVICE_ID,),
        session=_with_cookies,
        has_simulator=True,
    ),
    Source.NORTH_AMERICA: SourceType(
        title="MyNISSAN North America",
        service="Nissan",
        app="MyNISSAN",
        module="mynissan",
        fields={
            probatio.Required(CONF_USERNAME): EMAIL,
            probatio.Required(CONF_PASSWORD): PASSWORD,
            probatio.Required(CONF_COUNTRY, default="us"): COUNTRY,
            **UNLOCKING,
        },
        secrets=frozenset({CONF_PASSWORD}),
        not_kept=frozenset({CONF_CODE, CONF_PASSWORD}),
        same_device=True,
        needed=(CONF_COUNTRY, CONF_USERNAME),
        optional=(CONF_PASSWORD,),  # in the dialogs only
    ),
    Source.JAPAN: SourceType(
        title="NissanConnect Japan",
        service="Nissan",
        app="NissanConnect",
        module="kamereon.japan",
        fields={probatio.Required(CONF_USERNAME): USERNAME, probatio.Required(CONF_PASSWORD): PASSWORD},
        secrets=frozenset({CONF_PASSWORD}),
        errors=_REJECTED,
        needed=(CONF_USERNAME, CONF_PASSWORD),
        lenient=(CONF_DEVICE_ID,),
        session=_with_cookies,
        has_simulator=True,
    ),
    Source.OPENCARWINGS: SourceType(
        title="OpenCARWINGS",
        service="OpenCARWINGS",
        app="OpenCARWINGS",
        module="opencarwings",
        fields={
            probatio.Required(CONF_URL, default="https://opencarwings.viaaq.eu"): URL,
            probatio.Optional(CONF_API_KEY): PASSWORD,
            probatio.Optional(CONF_USERNAME): USERNAME,
            probatio.Optional(CONF_PASSWORD): PASSWORD,
            **UNLOCKING,
        },
        secrets=frozenset({CONF_API_KEY, CONF_USERNAME, CONF_PASSWORD}),
        not_kept=frozenset({CONF_CODE, CONF_PASSWORD}),  # its tokens renew themselves
        errors=_REJECTED,
        needed=(CONF_URL,),
        optional=(CONF_API_KEY, CONF_USERNAME, CONF_PASSWORD, CONF_CODE),
        session=_without_cookies,
    ),
    Source.TESLAFI: SourceType(
        title="TeslaFi",
        service="TeslaFi",
        app="TeslaFi",
        module="teslafi",
        fields={
            probatio.Required(CONF_URL, default="https://www.teslafi.com"): URL,
            probatio.Required(CONF_API_TOKEN): PASSWORD,
        },
        secrets=frozenset({CONF_API_TOKEN}),
        errors=_REJECTED,
        needed=(CONF_URL, CONF_API_TOKEN),
    ),
    Source.OVMS: SourceType(
        title="OVMS",
        service="OVMS",
        app="OVMS Connect",
        module="ovms",
        fields={
            probatio.Required(CONF_PREFIX, default="ovms"): TextSelector(),
            probatio.Optional(CONF_USER): TextSelector(),
            probatio.Optional(CONF_VEHICLE_ID): TextSelector(),
            **OWN_PIN,
        },
        needed=(CONF_PREFIX,),
        optional=(CONF_USER, CONF_VEHICLE_ID, CONF_PIN),
        uses_mqtt=True,
    ),
    Source.LEAFSPY: SourceType(
        title="Leaf Spy",
        service="Leaf Spy",
        app="Leaf Spy Pro",
        module="leafspy",
        needed=(CONF_WEBHOOK_ID,),  # under which the app's messages come in
        optional=(CONF_PASSWORD,),
        lenient=(CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT),
        waits_by_home_assistant=True,
    ),
    Source.DEMO: SourceType(title="NissanConnect demo", service="Nissan", app="MyNISSAN", module="demo"),
}


async def async_create_backend(
    hass: HomeAssistant, data: Mapping[str, Any], *, save_auth: SaveAuth, memory: Json = None
) -> Backend:
    """Return the backend for the data of a config entry.

    ``save_auth`` is given every new log-in state (tokens), to be kept as ``data[CONF_AUTH]``; ``memory`` is what the
    backend's own ``memory()`` returned before the last restart.

    Raises:
        ConfigEntryError: The data lack something, or have it in a shape that no dialog gives it.
        ConfigEntryAuthFailed: Only what logging in again would ask for is missing.
        InvalidAddress: The address is none.
    """
    row = SOURCES[source_of(data)]
    module = await async_load(hass, row.module)
    simulator = os.environ.get(SIMULATOR_VARIABLE) if row.has_simulator else None
    if simulator:
        _LOGGER.warning("%s is set: passwords go to the simulator, not to Nissan", SIMULATOR_VARIABLE)
    context = Context(
        session=row.session(hass, simulator),
        now=dt_util.utcnow,
        sleep=partial(_async_sleep, hass) if row.waits_by_home_assistant else sleep,
        zone=dt_util.get_default_time_zone(),
        auth=data.get(CONF_AUTH),
        save_auth=save_auth,
        memory=memory,
        message_bus=await _async_message_bus(hass) if row.uses_mqtt else None,
        simulator=simulator or None,
    )
    return cast("Backend", module.create(context, _fields(row, data)))


def source_of(data: Mapping[str, Any]) -> Source:
    """Return the source of an entry; raises ConfigEntryError if it is none that this version knows."""
    try:
        return Source(str(data.get(CONF_SOURCE)))
    except ValueError:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="unknown_source") from None


async def async_load(hass: HomeAssistant, backend: str) -> ModuleType:
    """Import a backend outside the event loop; an import statement after it then only looks the module up."""
    return await async_import_module(hass, f"{__package__}.backends.{backend}")


def _fields(row: SourceType, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts that the backend is created from; an empty one counts only where one is needed.

    Whether such a one will do is the backend's to say.
    """
    values = EntryValues(data)
    found = {name: values.text(name) for name in (*row.needed, *row.optional, *row.lenient)}
    missing = {name for name in row.needed if found[name] is None}
    damaged = [name for name in (*row.needed, *row.optional) if name in missing | values.odd]
    if CONF_COUNTRY in row.needed and str(found[CONF_COUNTRY]).lower() not in COUNTRIES:
        damaged.append(CONF_COUNTRY)
    if not damaged:
        return {name: value for name, value in found.items() if value or (value is not None and name in row.needed)}
    if damaged[0] in row.secrets:  # ask again, as for one that was rejected
        raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=AuthenticationFailed.key)
    raise ConfigEntryError(
        translation_domain=DOMAIN, translation_key="entry_damaged", translation_placeholders={"field": damaged[0]}
    )


async def _async_message_bus(hass: HomeAssistant) -> MessageBus:
    await async_import_module(hass, f"{__package__}.mqtt_client")
    from .mqtt_client import MqttBus  # noqa: PLC0415

    return MqttBus(hass)


async def _async_sleep(hass: HomeAssistant, seconds: float) -> None:
    await async_wait(hass, Event(), seconds)


async def async_wait(hass: HomeAssistant, event: Event, seconds: float) -> None:
    """Wait for an event, or for so many seconds by Home Assistant's clock; then the event is set."""
    cancel = async_call_later(hass, seconds, callback(lambda _: event.set()))
    try:
        await event.wait()
    finally:
        cancel()
