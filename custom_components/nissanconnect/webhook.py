"""Being called by Leaf Spy: the address, what comes in through it, and what its owner is told of who is not let in."""

from asyncio import Event, timeout
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
import logging
from typing import Protocol, override

from aiohttp.hdrs import METH_GET, METH_POST
from aiohttp.web import Request, Response
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.setup import async_setup_component
from homeassistant.util.network import is_loopback
from yarl import URL

from .account import NissanConfigEntry
from .backends.base import Receiving
from .const import DOMAIN
from .issues import async_report_caller

_LOGGER = logging.getLogger(__name__)

_LARGEST_BODY = 65_536
"""Bytes. A message has about 400."""
_BODY_LIMIT = 10.0
"""Seconds in which all of it has to come."""
_REFUSALS_BEFORE_TELLING = 10
"""In a row: somebody who types the password into the app is wrong a few times, and sends every few seconds."""


class Visitors(Protocol):
    """Who is told of each request."""

    def let_in(self, parameters: Mapping[str, str]) -> None:
        """Somebody was let in with these parameters."""

    def turned_away(self, source: str) -> None:
        """Somebody was not; ``source`` is an address of the network."""


async def async_open_webhook(
    hass: HomeAssistant, webhook_id: str, backend: Receiving, visitors: Visitors
) -> CALLBACK_TYPE:
    """Answer requests from now on, until what is returned is called; raises if Home Assistant has no web server."""
    if not await async_setup_component(hass, "webhook", {}):
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="no_webhook")
    # Only now: it brings the web server along, which starts without us, and nobody else has to wait for that.
    from homeassistant.components.webhook import async_register, async_unregister  # noqa: PLC0415

    async def handle(hass: HomeAssistant, webhook_id: str, request: Request) -> Response:
        parameters = _first(request.query.items())
        if request.method == METH_POST and backend.may_admit(parameters):
            parameters = await _form(request) | parameters
        reply = backend.receive(parameters)
        if reply != backend.accepted:
            visitors.turned_away(request.remote or "?")
            return Response(text=reply, status=401)
        visitors.let_in(parameters)
        return Response(text=reply)

    # The phone is on the road, so requests come from anywhere.
    async_register(
        hass, DOMAIN, "Leaf Spy", webhook_id, handle, local_only=False, allowed_methods=(METH_GET, METH_POST)
    )

    @callback
    def close() -> None:
        async_unregister(hass, webhook_id)

    return close


async def _form(request: Request) -> dict[str, str]:
    """Return what is said in a form that somebody posts; nothing of one that is larger than any message."""
    try:
        # A request that comes through Home Assistant's cloud is in memory already.
        bounded = request.clone(client_max_size=_LARGEST_BODY) if isinstance(request, Request) else request
        async with timeout(_BODY_LIMIT):
            return _first((await bounded.post()).items())
    except Exception as err:  # noqa: BLE001 - whatever it is: Home Assistant would log the address, which is a secret
        _LOGGER.debug("The body of a request cannot be read: %s", type(err).__name__)
        return {}


def _first(said: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return what is said; of what is said twice, the first."""
    return {name: value for name, value in reversed([*said]) if isinstance(value, str)}


class Doorkeeper(Visitors):
    """Tells the owner of an entry who is turned away, without repeating what they said."""

    def __init__(self, hass: HomeAssistant, entry: NissanConfigEntry) -> None:
        """Begin with nobody at the door."""
        self._hass = hass
        self._entry = entry
        self._refusals = 0
        self._warned = False

    @override
    @callback
    def let_in(self, parameters: Mapping[str, str]) -> None:
        if self._refusals >= _REFUSALS_BEFORE_TELLING:
            async_report_caller(self._hass, self._entry, refused=False)
        self._refusals = 0

    @override
    @callback
    def turned_away(self, source: str) -> None:
        self._refusals += 1
        if not self._warned:  # two phones of which one is wrong take turns, every few seconds
            self._warned = True
            _LOGGER.warning("A message for Leaf Spy from %s has a wrong password", source)
        if self._refusals == _REFUSALS_BEFORE_TELLING:
            async_report_caller(self._hass, self._entry, refused=True)


class Reception(Visitors):
    """Waits for the first message while a link is set up, and keeps it for the entry that comes of it."""

    def __init__(self) -> None:
        """Begin before the first message."""
        self.latest: Mapping[str, str] | None = None
        self.refusals = 0
        self.heard = Event()
        """Set by the first message."""

    @callback
    def begin(self) -> None:
        """Begin to wait, maybe once more."""
        self.refusals = 0
        if self.latest is None:
            self.heard.clear()

    @override
    @callback
    def let_in(self, parameters: Mapping[str, str]) -> None:
        self.latest = parameters
        self.heard.set()

    @override
    @callback
    def turned_away(self, source: str) -> None:
        self.refusals += 1


async def async_receive(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Take the calls of an entry's source while the entry is loaded, if that is how it speaks."""
    backend = entry.runtime_data.backend
    if isinstance(backend, Receiving):
        async_report_caller(hass, entry, refused=False)
        doorkeeper = Doorkeeper(hass, entry)
        entry.async_on_unload(await async_open_webhook(hass, entry.data[CONF_WEBHOOK_ID], backend, doorkeeper))


@callback
def async_addresses(hass: HomeAssistant, webhook_id: str) -> list[URL]:
    """Return under which addresses a phone may reach the webhook: from outside, through the cloud, from home."""
    from homeassistant.components.webhook import async_generate_path  # noqa: PLC0415 - see above

    found: dict[URL, None] = {}
    for internal, cloud in ((False, False), (False, True), (True, False)):
        try:
            base = get_url(
                hass, allow_internal=internal, allow_external=not internal, allow_cloud=cloud, require_cloud=cloud
            )
        except NoURLAvailableError:
            continue
        if not _is_own(URL(base)):
            found[URL(base + async_generate_path(webhook_id))] = None
    return list(found)


def _is_own(base: URL) -> bool:
    """Whether an address means the machine on which it is used: on the phone that is the phone."""
    host = (base.host or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host.rpartition(".")[2] == "localhost"
    return is_loopback(address) or address.is_unspecified
