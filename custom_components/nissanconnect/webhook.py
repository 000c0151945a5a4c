"""Leaf Spy's webhook: its URL, request handling, and a repair issue for rejected requests."""

from asyncio import timeout
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
import logging

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
from .issues import CALLER_REFUSED, async_set_issue

_LOGGER = logging.getLogger(__name__)

_LARGEST_BODY = 65_536
"""Bytes. A message has about 400."""
_BODY_LIMIT = 10.0
"""Seconds in which all of it has to come."""
_REJECTIONS_BEFORE_REPORTING = 10
"""In a row: an owner may mistype the password a few times, and the app sends every few seconds."""


async def async_open_webhook(
    hass: HomeAssistant,
    webhook_id: str,
    backend: Receiving,
    *,
    on_accepted: Callable[[Mapping[str, str]], None],
    on_rejected: Callable[[str], None],
) -> CALLBACK_TYPE:
    """Handle requests until the returned function is called; raises if Home Assistant has no web server.

    ``on_accepted`` gets the parameters of each accepted request, ``on_rejected`` the network address of each other.
    """
    if not await async_setup_component(hass, "webhook", {}):
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="no_webhook")
    # Imported here: it loads the web server, which nobody without Leaf Spy should wait for.
    from homeassistant.components.webhook import async_register, async_unregister  # noqa: PLC0415

    async def handle(hass: HomeAssistant, webhook_id: str, request: Request) -> Response:
        parameters = _first(request.query.items())
        if request.method == METH_POST and backend.may_admit(parameters):
            parameters = await _form(request) | parameters
        reply = backend.receive(parameters)
        if reply != backend.accepted:
            on_rejected(request.remote or "?")
            return Response(text=reply, status=401)
        on_accepted(parameters)
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
    """Return the fields of a posted form; none if it is larger than any message."""
    try:
        # A request that comes through Home Assistant's cloud is in memory already.
        bounded = request.clone(client_max_size=_LARGEST_BODY) if isinstance(request, Request) else request
        async with timeout(_BODY_LIMIT):
            return _first((await bounded.post()).items())
    except Exception as err:  # noqa: BLE001 - whatever it is: Home Assistant would log the address, which is a secret
        _LOGGER.debug("The body of a request cannot be read: %s", type(err).__name__)
        return {}


def _first(fields: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return the fields as a mapping; if a name comes twice, its first value."""
    return {name: value for name, value in reversed([*fields]) if isinstance(value, str)}


class RejectionMonitor:
    """Shows the owner of an entry that requests are rejected, without repeating what they hold."""

    def __init__(self, hass: HomeAssistant, entry: NissanConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._rejections = 0
        self._warned = False

    @callback
    def async_accepted(self, parameters: Mapping[str, str]) -> None:
        """A request was accepted."""
        if self._rejections >= _REJECTIONS_BEFORE_REPORTING:
            async_set_issue(self._hass, self._entry, CALLER_REFUSED, present=False)
        self._rejections = 0

    @callback
    def async_rejected(self, address: str) -> None:
        """A request from that network address was rejected."""
        self._rejections += 1
        if not self._warned:  # only once: two phones of which one is wrong take turns, every few seconds
            self._warned = True
            _LOGGER.warning("A message for Leaf Spy from %s has a wrong password", address)
        if self._rejections == _REJECTIONS_BEFORE_REPORTING:
            async_set_issue(self._hass, self._entry, CALLER_REFUSED, present=True)


async def async_receive(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Handle the requests of an entry's source while the entry is loaded, if it sends any."""
    backend = entry.runtime_data.backend
    if isinstance(backend, Receiving):
        async_set_issue(hass, entry, CALLER_REFUSED, present=False)
        monitor = RejectionMonitor(hass, entry)
        close = await async_open_webhook(
            hass,
            entry.data[CONF_WEBHOOK_ID],
            backend,
            on_accepted=monitor.async_accepted,
            on_rejected=monitor.async_rejected,
        )
        entry.async_on_unload(close)


@callback
def async_addresses(hass: HomeAssistant, webhook_id: str) -> list[URL]:
    """Return the URLs at which a phone may reach the webhook: from outside, through the cloud, from home."""
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
    """Whether an address means the machine on which it is used, which would be the phone."""
    host = (base.host or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host.rpartition(".")[2] == "localhost"
    return is_loopback(address) or address.is_unspecified
