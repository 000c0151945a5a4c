"""Leaf Spy's webhook: its URL, request handling, and a repair issue for rejected requests."""

from asyncio import timeout
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
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


type RequestListener = Callable[[str, Mapping[str, str] | None], None]
"""Is called for each request with the network address and the parameters; ``None``: the request was rejected."""


async def async_open_webhook(
    hass: HomeAssistant, webhook_id: str, backend: Receiving, on_request: RequestListener
) -> CALLBACK_TYPE:
    """Handle requests until the returned function is called; raises if Home Assistant has no web server."""
    if not await async_setup_component(hass, "webhook", {}):
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="no_webhook")
    # Imported here: it loads the web server, which nobody without Leaf Spy should wait for.
    from homeassistant.components.webhook import async_register, async_unregister  # noqa: PLC0415

    async def handle(hass: HomeAssistant, webhook_id: str, request: Request) -> Response:
        parameters = _first(request.query.items())
        if request.method == METH_POST and backend.may_admit(parameters):
            parameters = await _form(request) | parameters
        reply = backend.receive(parameters)
        is_accepted = reply == backend.accepted
        on_request(request.remote or "?", parameters if is_accepted else None)
        return Response(text=reply, status=HTTPStatus.OK if is_accepted else HTTPStatus.UNAUTHORIZED)

    # The phone is on the road, so requests come from anywhere.
    async_register(
        hass, DOMAIN, "Leaf Spy", webhook_id, handle, local_only=False, allowed_methods=(METH_GET, METH_POST)
    )
    return partial(async_unregister, hass, webhook_id)


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


async def async_receive(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Handle the requests of an entry's source while the entry is loaded, if it sends any."""
    backend = entry.runtime_data.backend
    if not isinstance(backend, Receiving):
        return
    rejections, warned = 0, False

    @callback
    def count(address: str, parameters: Mapping[str, str] | None) -> None:
        """Show the owner that requests are rejected, without repeating what they hold."""
        nonlocal rejections, warned
        if parameters is not None:
            rejections = 0
            async_set_issue(hass, entry, CALLER_REFUSED, present=False)
            return
        rejections += 1
        if not warned:  # only once: two phones of which one is wrong take turns, every few seconds
            warned = True
            _LOGGER.warning("A message for Leaf Spy from %s has a wrong password", address)
        if rejections == _REJECTIONS_BEFORE_REPORTING:
            async_set_issue(hass, entry, CALLER_REFUSED, present=True)

    async_set_issue(hass, entry, CALLER_REFUSED, present=False)
    entry.async_on_unload(await async_open_webhook(hass, entry.data[CONF_WEBHOOK_ID], backend, count))


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
