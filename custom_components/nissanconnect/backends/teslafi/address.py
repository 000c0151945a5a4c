"""Where the service lives: TeslaFi, its sister ElectraFi, or whatever speaks the same (teslafi §0)."""

from yarl import URL

from ...vehicle import InvalidAddress
from ..http import is_near

_FEED = "feed.php"


def service_url(address: str) -> URL:
    """Return the base of the service at ``address``, which may also be that of its feed.

    Raises:
        InvalidAddress: The token must not be sent there: only https keeps it from others, and plain http to an address
            of the own network. A query may hold the token itself and is not taken.
    """
    try:
        url = URL(address.strip())
        private = url.scheme == "https" or (url.scheme == "http" and is_near(url.host or ""))
        plain = not (url.user or url.password or url.query_string or url.fragment)
        whole = bool(url.host) and url.port is not None
    except ValueError:
        raise InvalidAddress from None
    if not (private and plain and whole):
        raise InvalidAddress
    return url.with_path(url.path.removesuffix(_FEED).rstrip("/") + "/")
