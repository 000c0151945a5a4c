"""Where an installation lives: the public one, or anybody's own, behind a port and a path prefix (opencarwings §1)."""

import re
from typing import override
from urllib.parse import quote

from yarl import URL

from ...vehicle import InvalidAddress
from ..address import is_local

PUBLIC = "https://opencarwings.viaaq.eu"


class Address:
    """The base of every URL; nothing else can lead a key or a password anywhere."""

    def __init__(self, text: str) -> None:
        """Check what the owner has typed.

        Raises:
            InvalidAddress: It is no address, has more in it than one may, or is plain http into the internet, where
                everybody on the way could read the key.
        """
        try:
            url = URL(text.strip())
            host, port = url.raw_host or "", url.port
        except ValueError:
            raise InvalidAddress from None
        if url.scheme not in {"http", "https"} or not host or port is None or url.user or url.password:
            raise InvalidAddress
        if url.query_string or url.fragment or not re.fullmatch(r"[0-9A-Za-z.:%_-]+", host):
            raise InvalidAddress
        if url.scheme == "http" and not is_local(host):
            raise InvalidAddress("plain http is for addresses in the own network only")
        self._base = url.with_path(url.path.rstrip("/") + "/", encoded=False)

    @override
    def __str__(self) -> str:
        """The one spelling of the address."""
        return str(self._base)

    def url(self, path: str) -> URL:
        """Return the URL of ``path``, whose variable segments must have gone through :func:`segment`."""
        return self._base.join(URL(path, encoded=True))

    @property
    def host(self) -> str:
        """The name of the machine; scheme, port and prefix may change while the installation stays the same."""
        return self._base.raw_host or ""

    @property
    def socket(self) -> URL:
        """Where the server speaks by itself (§5)."""
        return self.url("ws/notif/").with_scheme("wss" if self._base.scheme == "https" else "ws")


def segment(name: str) -> str:
    """Make ``name`` one segment of a path, whatever it contains; its case counts (§3)."""
    return quote(name, safe="").replace(".", "%2E")
