"""A session that leads to the simulator whatever the URL. The library has no setting for its hosts."""

from typing import Any

from aiohttp import ClientSession
from yarl import URL


class Detour:
    """Stands for an aiohttp session: the path stays, scheme and host become those of ``base``."""

    def __init__(self, session: ClientSession, base: str) -> None:
        self._session = session
        self._base = URL(base)

    def request(self, method: str, url: URL, **options: Any) -> Any:
        return self._session.request(method, self._base.with_path(url.path), **options)
