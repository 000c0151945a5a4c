"""The tokens of both stages of the log-in; opaque, kept by value, aged by the injected clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .account import Account


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for, and how long."""

    account: Account
    expires_at: datetime | None


@dataclass(slots=True)
class Tokens:
    """All tokens in use. ``rotates_refresh_token`` is whether a refresh replies with a new refresh token."""

    new: Callable[[], str]
    access_lifetime: timedelta = timedelta(seconds=1800)
    refresh_lifetime: timedelta | None = None
    rotates_refresh_token: bool = True
    identities: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)

    def identify(self, account: Account, now: datetime) -> str:
        """Issue a OneID id token, which is good for an hour."""
        token = f"eyJ{self.new()}"
        self.identities[token] = Grant(account, now + timedelta(hours=1))
        return token

    def issue(self, account: Account, now: datetime, *, refreshed: str | None = None) -> dict[str, str | int]:
        """Issue what grants access to the data, as the reply of kamereon-eu §4.6.

        ``refreshed`` is the refresh token that was given for it: unless rotation is off, a new one takes its place.
        """
        access = f"kmr-access-{self.new()}"
        self.access[access] = Grant(account, now + self.access_lifetime)
        reply: dict[str, str | int] = {
            "access_token": access,
            "id_token": f"eyJ{self.new()}",
            "token_type": "Bearer",
            "expires_in": int(self.access_lifetime.total_seconds()),
        }
        if refreshed is None or self.rotates_refresh_token:
            token = f"kmr-refresh-{self.new()}"
            lifetime = self.refresh_lifetime
            self.refresh.pop(refreshed or "", None)
            self.refresh[token] = Grant(account, now + lifetime if lifetime is not None else None)
            reply["refresh_token"] = token
        return reply

    def revoke_access(self) -> None:
        """Make every access token invalid, as if it had expired early."""
        self.access.clear()

    def revoke_refresh(self) -> None:
        """Make every refresh token invalid."""
        self.refresh.clear()


def valid(grants: dict[str, Grant], token: str, now: datetime) -> Account | None:
    """Return whom a token stands for, if it is known and has not expired."""
    grant = grants.get(token)
    if grant is None or (grant.expires_at is not None and grant.expires_at <= now):
        return None
    return grant.account
