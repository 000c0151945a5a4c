"""Addresses of servers that owners type: a secret goes to https, or over plain http within the own network only."""

from ipaddress import ip_address
import re
from unicodedata import normalize
from urllib.parse import quote

from yarl import URL

from ..vehicle import InvalidAddress

_LOCAL = ("home", "home.arpa", "internal", "lan", "local", "localdomain", "localhost", "fritz.box", "ts.net")
"""Domains that no public server has, one that a maker of routers uses, and the encrypted network Tailscale's."""

_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
"""The last part of an address in an odd spelling: resolvers take 134744072 for 8.8.8.8."""

_HOST = re.compile(r"[0-9A-Za-z.:%_-]+")


def base_url(address: str, *, page: str = "") -> URL:
    """Return the base URL of the server at ``address``, with a trailing slash. ``page`` at its end is cut off.

    Raises:
        InvalidAddress: It is no address of a server, holds more than that (a query may hold a token), or is plain http
            into the internet, where others could read the secret.
    """
    try:
        url = URL(address.strip())
        host, port = url.raw_host or "", url.port
    except ValueError:
        raise InvalidAddress from None
    if url.scheme not in {"http", "https"} or port is None or not _HOST.fullmatch(host):
        raise InvalidAddress
    if url.user or url.password or url.query_string or url.fragment:
        raise InvalidAddress
    if url.scheme == "http" and not is_local(host):
        raise InvalidAddress("plain http is for addresses in the own network only")
    return url.with_path(url.path.removesuffix(page).rstrip("/") + "/", encoded=False)


def is_local(host: str) -> bool:
    """Whether ``host`` is reached without the internet, so that plain http shows no secret to others."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = normalize("NFKC", host).casefold().rstrip(".")
        if _NUMERIC.fullmatch(name.rpartition(".")[2]):
            return False
        return "." not in name or name.endswith(tuple(f".{each}" for each in _LOCAL))
    return not address.is_global and not address.is_unspecified


def segment(name: str) -> str:
    """Quote ``name`` as one segment of a path, whatever it contains, even ``..``."""
    return quote(name, safe="").replace(".", "%2E")
