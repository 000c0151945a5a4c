"""Where the service lives: TeslaFi by default, its sister ElectraFi, or whatever speaks the same (teslafi §0)."""

from ipaddress import ip_address

from yarl import URL

from ...vehicle import InvalidAddress

DEFAULT_ADDRESS = "https://www.teslafi.com/"

_FEED = "feed.php"


def service_url(address: str) -> URL:
    """Return the base of the service at ``address``, which may also be that of its feed.

    Raises:
        InvalidAddress: The token must not be sent there: only https is private, and plain http on a loopback address,
            where a simulator or a relay of the owner listens. A query may hold the token itself and is not taken.
    """
    try:
        url = URL(address.strip())
        private = url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))
        plain = not (url.user or url.password or url.query_string or url.fragment)
        whole = bool(url.host) and url.port is not None
    except ValueError:
        raise InvalidAddress from None
    if not (private and plain and whole):
        raise InvalidAddress
    return url.with_path(url.path.removesuffix(_FEED).rstrip("/") + "/")


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
