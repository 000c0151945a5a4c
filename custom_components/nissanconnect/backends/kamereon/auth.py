"""How a region's service hands out tokens; what is done with them is the same everywhere."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from ...vehicle import ActionRequired, AuthenticationFailed, NotSupported, ProtocolError, TokenRejected, Unavailable
from ..base import Json
from ..tokens import TokenRenewal
from .errors import Answer, BadRequest, NotServed, Unauthorized, json_of
from .mapping import Attributes


class Refused(ActionRequired):
    """The data plane does not take our proof. With a fresh log-in behind it, only the owner can change that."""


class LogIn(Protocol):
    """The log-in of one region. Every method raises a :class:`~...vehicle.BackendError` on failure."""

    @property
    def works(self) -> bool:
        """Whether the log-in itself did its part when it was last needed; refreshing tokens is not part of it."""

    async def log_in(self, username: str, password: str) -> Json:
        """Return a reply with tokens.

        Raises:
            AuthenticationFailed: The password is wrong.
        """

    async def refresh(self, refresh_token: str) -> Json:
        """Return a reply with tokens, in which the refresh token may be left out if it stays.

        Raises:
            Refused: Only a log-in helps.
        """


def accepted(answer: Answer, name: str) -> Json:
    """Return the body of an answer that brings tokens; :class:`Refused` if it refuses them (§4.7, §15.2)."""
    try:
        body = json_of(answer, name)
    except NotServed:
        raise
    except BadRequest, Unauthorized, NotSupported:
        raise Refused(f"{name} was refused") from None
    if isinstance(body, dict) and "error" in body:
        raise Refused(f"{name} was refused")
    return body


_MARGIN = timedelta(seconds=60)
"""How long before its end a token is renewed (kamereon-eu §4.8)."""

_PATIENCE = timedelta(minutes=5)
"""How long not to renew once more because of a refusal: a host that takes no fresh token either is at fault."""

_USUAL_LIFETIME = 3600.0
"""Seconds, for replies that do not state one (§4.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """What is worth keeping of a log-in. ``rejected`` outlives a restart: that password must not be sent again."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    user_id: str | None = field(default=None, repr=False)
    rejected: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return all of it, secrets included, for a store that only the owner can read."""
        return {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "user_id": self.user_id,
            "rejected": self.rejected,
        }

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; whatever is missing or damaged is as if it had never been known."""
        said = Attributes(saved if isinstance(saved, dict) else {})
        return cls(
            access_token=said.token("access_token"),
            refresh_token=said.token("refresh_token"),
            expires_at=said.time("expires_at"),
            user_id=said.text("user_id"),
            rejected=said.get("rejected") is True,
        )


class Authenticator:
    """Hands out access tokens. Parallel requests share one renewal and its outcome."""

    def __init__(
        self,
        log_in: LogIn,
        *,
        username: str,
        password: str,
        auth: Auth,
        on_auth: Callable[[Auth], None],
        now: Callable[[], datetime],
    ) -> None:
        """Begin with what is known of an earlier log-in; ``on_auth`` is told of every change."""
        self._log_in = log_in
        self._username = username
        self._password = password
        self._auth = auth
        self._on_auth = on_auth
        self._now = now
        self._renewed_at: datetime | None = None
        """When a host last had a token renewed by refusing it."""
        self._renewal = TokenRenewal(self._lasting, self._renew)

    @property
    def user_id(self) -> str | None:
        """The account's own name of itself, once known."""
        return self._auth.user_id

    @property
    def log_in_works(self) -> bool:
        """Whether the log-in did its part when it was last needed; token refreshes are not its part."""
        return self._log_in.works

    def remember_user(self, user_id: str) -> None:
        """Keep the user id; it never changes (§6.1)."""
        self._change(replace(self._auth, user_id=user_id))

    async def token(self, *, refused: str | None = None) -> str:
        """Return a valid access token, other than the one that a host has ``refused``.

        Raises:
            AuthenticationFailed: The password is wrong, as it was the last time; then nothing is sent at all.
            BackendError: No token could be had at the moment.
        """
        if refused is None or refused != self._auth.access_token:
            return await self._renewal.get(refused)
        if self._renewed_at is not None and timedelta() <= self._now() - self._renewed_at < _PATIENCE:
            raise TokenRejected("a fresh token was refused")
        token = await self._renewal.get(refused)
        self._renewed_at = self._now()
        return token

    def _lasting(self) -> str | None:
        """Return the token if it lasts; with a rejected password there is nothing to renew it with."""
        if self._auth.rejected:
            raise AuthenticationFailed
        lasts = self._auth.expires_at is not None and self._now() < self._auth.expires_at - _MARGIN
        return self._auth.access_token if lasts else None

    async def _renew(self) -> str:
        """Get a new token. A log-in that is not served says nothing about what a vehicle offers."""
        try:
            return await self._refresh_or_log_in()
        except NotSupported as error:
            raise Unavailable(str(error), retry_after=error.retry_after) from None

    async def _refresh_or_log_in(self) -> str:
        """Refresh; log in with the password only if there is nothing to refresh, or that was refused for good."""
        if self._auth.refresh_token is not None:
            with suppress(Refused):
                body = await self._log_in.refresh(self._auth.refresh_token)
                return self._take(body, self._auth.refresh_token)
        try:
            body = await self._log_in.log_in(self._username, self._password)
        except AuthenticationFailed:
            self._change(Auth(user_id=self._auth.user_id, rejected=True))
            raise
        return self._take(body, None)

    def _take(self, body: Json, refresh_token: str | None) -> str:
        """Keep the tokens of a reply. A refresh may leave the refresh token out; then the old one stays (§4.7)."""
        said = Attributes.of(body)
        token = said.token("access_token")
        if token is None:
            raise ProtocolError("the log-in brought no token")
        lifetime = said.number("expires_in", 1, 366 * 86400) or _USUAL_LIFETIME
        self._change(
            Auth(
                access_token=token,
                refresh_token=said.token("refresh_token") or refresh_token,
                expires_at=self._now().astimezone(UTC) + timedelta(seconds=lifetime),
                user_id=self._auth.user_id,
            )
        )
        return token

    def _change(self, auth: Auth) -> None:
        self._auth = auth
        self._on_auth(auth)
