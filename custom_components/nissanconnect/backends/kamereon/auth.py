"""The account's tokens: getting and renewing them, and never sending a rejected password twice."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from ...vehicle import ActionRequired, AuthenticationFailed, NotSupported, ProtocolError, TokenRejected, Unavailable
from ..base import Context, Fields, Json
from ..http import Response, TokenRenewal, Unauthorized
from ..reader import JsonReader
from .client import BadRequest, NotServed, body_of
from .mapping import AttributeReader

_MARGIN = timedelta(seconds=60)
"""How long before its end a token is renewed (kamereon-eu §4.8)."""

_RENEWAL_PAUSE = timedelta(minutes=5)
"""How long a refused token is not renewed again: a host that refuses a fresh one too is at fault."""

_USUAL_LIFETIME = 3600.0
"""Seconds, for responses that do not state one (§4.6)."""


class Refused(ActionRequired):
    """The data plane refuses an ID or refresh token. After a fresh log-in, only the owner can change that."""


class LogIn(Protocol):
    """How a region's service issues tokens. Methods raise a :class:`~...vehicle.BackendError` on failure."""

    @property
    def works(self) -> bool:
        """Whether the last log-in succeeded, as far as the password goes; refreshing tokens does not count."""

    async def log_in(self, username: str, password: str) -> Json:
        """Return a body with tokens.

        Raises:
            AuthenticationFailed: The password is wrong.
        """

    async def refresh(self, refresh_token: str) -> Json:
        """Return a body with tokens, which may leave the refresh token out if it stays.

        Raises:
            Refused: Only a log-in helps.
        """


def tokens_of(response: Response, name: str) -> Json:
    """Return the body of a response with tokens; raises :class:`Refused` if it refuses them (§4.7, §15.2)."""
    try:
        body = body_of(response, name)
    except NotServed:
        raise
    except BadRequest, Unauthorized, NotSupported:
        raise Refused(f"{name} was refused") from None
    if isinstance(body, dict) and "error" in body:
        raise Refused(f"{name} was refused")
    return body


@dataclass(frozen=True, slots=True, kw_only=True)
class KamereonAuth:
    """The state of the log-in to store. ``rejected`` survives a restart: that password must not be sent again."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    user_id: str | None = field(default=None, repr=False)
    rejected: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return all of it, secrets included, for a store that only the owner can read."""
        return {**asdict(self), "expires_at": self.expires_at.isoformat() if self.expires_at else None}

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` returned; missing or damaged values are unknown."""
        values = JsonReader.of(saved)
        return cls(
            access_token=values.token("access_token"),
            refresh_token=values.token("refresh_token"),
            expires_at=values.time("expires_at"),
            user_id=values.text("user_id"),
            rejected=values.flag("rejected") is True,
        )


class Authenticator:
    """Hands out access tokens. Parallel requests share one renewal and its outcome."""

    def __init__(self, log_in: LogIn, context: Context, fields: Fields) -> None:
        self._log_in = log_in
        self._username = fields["username"]
        self._password = fields["password"]
        self._auth = KamereonAuth.from_json(context.auth)
        self._save_auth = context.save_auth
        self._now = context.now
        self._renewed_at: datetime | None = None
        """When a token was last renewed because a host refused it."""
        self._renewal = TokenRenewal(self._valid_token, self._renew)

    @property
    def user_id(self) -> str | None:
        """The id of the account, once known."""
        return self._auth.user_id

    def set_user_id(self, user_id: str) -> None:
        """Store the user id; it never changes (§6.1)."""
        self._update(replace(self._auth, user_id=user_id))

    async def token(self, refused: str | None = None) -> str:
        """Return a valid access token, other than the one that a host has ``refused``.

        Raises:
            AuthenticationFailed: The password is wrong, or was the last time; then nothing is sent at all.
            BackendError: There is no token at the moment.
        """
        if refused is None or refused != self._auth.access_token:
            return await self._renewal.get(refused)
        if self._renewed_at is not None and timedelta() <= self._now() - self._renewed_at < _RENEWAL_PAUSE:
            raise TokenRejected("a fresh token was refused")
        token = await self._renewal.get(refused)
        self._renewed_at = self._now()
        return token

    def _valid_token(self) -> str | None:
        """Return the token unless it is about to expire; with a rejected password it cannot be renewed."""
        if self._auth.rejected:
            raise AuthenticationFailed
        valid = self._auth.expires_at is not None and self._now() < self._auth.expires_at - _MARGIN
        return self._auth.access_token if valid else None

    async def _renew(self) -> str:
        """Get a new token. A log-in that is not served says nothing about what a vehicle supports."""
        try:
            return await self._refresh_or_log_in()
        except NotSupported as error:
            raise Unavailable(str(error), retry_after=error.retry_after) from None

    async def _refresh_or_log_in(self) -> str:
        """Refresh; log in with the password only if there is no refresh token, or it was refused for good."""
        if self._auth.refresh_token is not None:
            with suppress(Refused):
                body = await self._log_in.refresh(self._auth.refresh_token)
                return self._store(body, self._auth.refresh_token)
        try:
            body = await self._log_in.log_in(self._username, self._password)
        except AuthenticationFailed:
            self._update(KamereonAuth(user_id=self._auth.user_id, rejected=True))
            raise
        return self._store(body, None)

    def _store(self, body: Json, refresh_token: str | None) -> str:
        """Store the tokens of a response. A refresh may leave the refresh token out; then the old one stays (§4.7)."""
        tokens = AttributeReader.of(body)
        token = tokens.token("access_token")
        if token is None:
            raise ProtocolError("the log-in brought no token")
        lifetime = tokens.number("expires_in", 1, 366 * 86400) or _USUAL_LIFETIME
        self._update(
            KamereonAuth(
                access_token=token,
                refresh_token=tokens.token("refresh_token") or refresh_token,
                expires_at=self._now().astimezone(UTC) + timedelta(seconds=lifetime),
                user_id=self._auth.user_id,
            )
        )
        return token

    def _update(self, auth: KamereonAuth) -> None:
        self._auth = auth
        self._save_auth(auth.to_json())
