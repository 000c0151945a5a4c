"""What is worth keeping of a log-in: the tokens, and under what name we are a device of the account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from pynissan import Tokens

from ..base import Json
from ..reader import header_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Tokens and device id. The password is never kept: without tokens the owner is asked for it again.

    ``device_id`` outlives the tokens, because a new one at every log-in would look like a new phone
    (mynissan-na §2.1 [B]).
    """

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    device_id: str | None = field(default=None, repr=False)

    @property
    def tokens(self) -> Tokens | None:
        """The tokens as the library takes them. They print themselves in clear: never log them (§2.1 [A])."""
        if self.access_token is None or self.refresh_token is None:
            return None
        return Tokens(self.access_token, self.refresh_token, self.id_token)

    @classmethod
    def of(cls, tokens: Tokens | None, device_id: str) -> Self:
        """Return what to keep of the library's tokens, or of none."""
        if tokens is None:
            return cls(device_id=device_id)
        return cls(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            id_token=tokens.id_token,
            device_id=device_id,
        )

    def to_json(self) -> dict[str, Json]:
        """Return all of it, secrets included, for a store that only the owner can read."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; whatever is missing or damaged is as if it had never been known."""
        said: Mapping[str, Json] = saved if isinstance(saved, dict) else {}
        return cls(**{name: header_value(said.get(name)) for name in _FIELDS})


_FIELDS = ("access_token", "refresh_token", "id_token", "device_id")


def account_name(username: str) -> str:
    """Return a stable name of an account that is not its e-mail address, spelt as the log-in takes it (§2.1)."""
    return sha256(username.strip().lower().encode()).hexdigest()[:16]
