"""Where the European service lives, and the constants that its app identifies itself with.

Every URL of this backend is derived from one :class:`Environment`; nothing else can lead a password anywhere.
All values are public. Those of Europe agree in five independent clients (kamereon-eu §2.1, [A]; the action-status host
[B]), those of Japan come from one that worked in September 2026 (§2.4 [B]).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import quote, urlencode

from yarl import URL


class Host(StrEnum):
    """The parts of the service. Each has its own host in production."""

    LOGIN = "login"
    BFF = "bff"
    USERS = "users"
    CARS = "cars"
    NOTIFICATIONS = "notifications"
    ACTION_STATUS = "action-status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One installation of the service: the base URL of every host, with a trailing slash, and what all share.

    ``client_id`` is what the app calls itself. What follows it is for the log-in pages of Europe alone.
    """

    hosts: Mapping[Host, URL]
    client_id: str = "ZM3WK7ax1OtQKYQ8Qqzcv5VgiA8a"
    redirect_uri: str = "com://wso2.service.nci"
    login_scope: str = "openid name profile email offline_access"
    data_scope: str = "openid profile vehicles"
    brand: str = "Nissan"
    client: str = "mynissanapp"
    locale: str = "en_GB"
    platform: str = "Android"
    notification_realm: str = "P_NCB"

    def url(self, host: Host, path: str, **query: str) -> URL:
        """Return the address of ``path``, whose variable segments must have gone through :func:`segment`."""
        encoded = urlencode(query, quote_via=quote)
        return self.hosts[host].join(URL(f"{path}?{encoded}" if encoded else path, encoded=True))

    @property
    def origin(self) -> str:
        """What a browser on the login pages would call their origin."""
        return str(self.hosts[Host.LOGIN].origin())

    def is_login(self, url: URL) -> bool:
        """Whether ``url`` belongs to the host that may see the password."""
        ours = self.hosts[Host.LOGIN]
        return (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port)

    def is_callback(self, url: URL) -> bool:
        """Whether ``url`` is the app's own address, with which the log-in ends; it is never fetched."""
        ours = URL(self.redirect_uri)
        return (url.scheme, url.host) == (ours.scheme, ours.host)


def segment(name: str) -> str:
    """Make ``name`` one segment of a path, whatever it contains, even ``..``."""
    return quote(name, safe="").replace(".", "%2E")


EUROPE = Environment(
    hosts={
        Host.LOGIN: URL("https://login.mynissan-account.com/"),
        Host.BFF: URL("https://nci-bff-web-prod.apps.eu2.kamereon.io/bff-web/"),
        Host.USERS: URL("https://alliance-platform-usersadapter-prod.apps.eu2.kamereon.io/user-adapter/"),
        Host.CARS: URL("https://alliance-platform-caradapter-prod.apps.eu2.kamereon.io/car-adapter/"),
        Host.NOTIFICATIONS: URL("https://alliance-platform-notifications-prod.apps.eu2.kamereon.io/notifications/"),
        Host.ACTION_STATUS: URL("https://alliance-platform-action-status-polling-prod.apps.eu2.kamereon.io/"),
    }
)

_JAPAN = URL("https://nc-app-bff-prod.apps.jp.kamereon.io/nc-app-bff/")

JAPAN = Environment(
    hosts={
        Host.LOGIN: _JAPAN,
        Host.BFF: _JAPAN,
        Host.USERS: _JAPAN / "alliance/user-adapter/",
        Host.CARS: _JAPAN / "alliance/car-adapter/",
        Host.NOTIFICATIONS: _JAPAN / "alliance/notifications/",
        Host.ACTION_STATUS: _JAPAN / "alliance/action-status-polling/",
    },
    client_id="jp.co.nissan.nissanconnect.ncx",
    notification_realm="n-nissan-nc",
)
"""One front end, with the adapters behind it."""


def simulated(base_url: str, like: Environment = EUROPE) -> Environment:
    """Return the environment of a simulator that serves all hosts below ``base_url``, and speaks ``like`` another.

    Raises:
        ValueError: ``base_url`` is not plain http on a loopback address. A name is refused too, even ``localhost``:
            what it means is decided elsewhere, and the account's password is sent there.
    """
    base = URL(base_url)
    if base.scheme != "http" or not _is_loopback(base.host) or base.user or base.password:
        raise ValueError("A simulator must be plain http on a loopback address")
    root = base.with_path(base.path.rstrip("/") + "/")
    prefixes = _PREFIXES if like is EUROPE else {host: url.path.strip("/") for host, url in like.hosts.items()}
    return replace(like, hosts={host: root.join(URL(f"{prefix}/")) for host, prefix in prefixes.items()})


# Japan's single host has a path for each part; Europe's hosts have not, so that the parts are told apart by these.
_PREFIXES = {
    Host.LOGIN: "auth",
    Host.BFF: "bff-web",
    Host.USERS: "user-adapter",
    Host.CARS: "car-adapter",
    Host.NOTIFICATIONS: "notifications",
    Host.ACTION_STATUS: "action-status",
}


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
