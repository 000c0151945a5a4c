"""Being let in: with a personal key, or with a pair of tokens of which each renewal makes a new one (opencarwings §2).

A renewal uses up the pair that it is made with, so there is only one at a time, and the new pair is kept before it is
used.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from ...vehicle import AuthenticationFailed, CredentialsMissing, ProtocolError
from ..base import Json
from ..tokens import TokenRenewal
from .address import Address
from .answer import Unauthorized, body_of
from .transport import Transport
from .values import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the owner has entered; of a password and a key, the password counts. ``code`` is the second factor."""

    key: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """What is worth keeping of a log-in. With a key there are no tokens.

    ``rejected`` outlives a restart: what was refused must not be sent again.
    """

    access: str | None = field(default=None, repr=False)
    refresh: str | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    rejected: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return all of it, secrets included, for a store that only the owner can read."""
        return {"access": self.access, "refresh": self.refresh, "user": self.user, "rejected": self.rejected}

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; whatever is missing or damaged is as if it had never been known."""
        said = Said.of(saved)
        return cls(
            access=said.token("access"),
            refresh=said.token("refresh"),
            user=said.token("user"),
            rejected=said.flag("rejected") is True,
        )


class Authenticator:
    """Hands out what requests are signed with. Parallel requests share one renewal and its outcome."""

    def __init__(
        self,
        transport: Transport,
        address: Address,
        credentials: Credentials,
        *,
        auth: Auth,
        on_auth: Callable[[Auth], None],
    ) -> None:
        """Begin with what is known of an earlier log-in; ``on_auth`` is told of every change, before it is used."""
        self._transport = transport
        self._address = address
        self._credentials = credentials
        self._auth = auth
        self._on_auth = on_auth
        self._renewal = TokenRenewal(self._accepted, self._renew)

    @property
    def user(self) -> str | None:
        """The account's own name of itself, once known."""
        return self._auth.user

    def remember_user(self, user: str) -> None:
        """Keep the account's name; with a key, only vehicles tell it."""
        self._change(replace(self._auth, user=user))

    async def header(self, *, refused: str | None = None) -> str:
        """Return a value for ``Authorization`` other than the one that was ``refused``.

        Raises:
            AuthenticationFailed: Nothing that we have is accepted; then nothing is sent until that changes.
            BackendError: No token could be had at the moment.
        """
        return await self._renewal.get(refused)

    def _accepted(self) -> str | None:
        """Return what has not been refused for good, if there is any."""
        if self._auth.rejected:
            raise AuthenticationFailed
        return self._header()

    def _header(self) -> str | None:
        if self._auth.access is not None:
            return f"Bearer {self._auth.access}"
        key = self._credentials.key
        return f"Token {key}" if key and self._credentials.password is None else None

    async def _renew(self) -> str:
        try:
            return await self._refresh_or_log_in()
        except AuthenticationFailed:
            self._change(Auth(user=self._auth.user, rejected=True))
            raise

    async def _refresh_or_log_in(self) -> str:
        """Refresh; log in with the password only if there is one, and nothing to refresh or that was refused."""
        if self._auth.refresh is not None:
            try:
                return await self._take("token refresh", "api/token/refresh/", {"refresh": self._auth.refresh})
            except Unauthorized:
                pass
        username, password = self._credentials.username, self._credentials.password
        if not username or not password:
            nothing = self._header() is None and self._auth.refresh is None
            raise CredentialsMissing if nothing else AuthenticationFailed
        said: dict[str, Json] = {"username": username, "password": password, "device_type": "Home Assistant"}
        if self._credentials.code:
            said["otp_code"] = self._credentials.code
        try:
            return await self._take("log-in", "api/token/obtain/", said)
        except Unauthorized:
            raise AuthenticationFailed from None

    async def _take(self, name: str, path: str, said: Json) -> str:
        """Exchange what we have for a pair of tokens and keep it."""
        answer = await self._transport.request("POST", self._address.url(path), name, headers={}, body=said)
        body = Said.of(body_of(answer, name))
        access, user = body.token("access"), body.integer("user_id")
        if access is None:
            raise ProtocolError(f"{name} brought no token")
        known = self._auth.user if user is None else str(user)
        self._change(Auth(access=access, refresh=body.token("refresh") or self._auth.refresh, user=known))
        return f"Bearer {access}"

    def _change(self, auth: Auth) -> None:
        self._auth = auth
        self._on_auth(auth)
