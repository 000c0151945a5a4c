"""Who is let in: keys, passwords with or without a second factor, and pairs of tokens (opencarwings §2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

ACCESS_LASTS = timedelta(days=31)
REFRESH_LASTS = timedelta(days=365)


@dataclass(slots=True, kw_only=True)
class Account:
    """One user. ``otp`` is what the second factor shows now, ``pin`` what sensitive commands take."""

    id: int
    username: str
    password: str
    key: str
    otp: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token's owner and end."""

    account: Account
    ends_at: datetime


class Accounts:
    """All users and their tokens."""

    def __init__(self, now: Callable[[], datetime], secret: Callable[[], str]) -> None:
        self._now = now
        self._secret = secret
        self.all: list[Account] = []
        self.access: dict[str, Token] = {}
        self.refresh: dict[str, Token] = {}
        self.blacklist: set[str] = set()

    def add(self, username: str, password: str) -> Account:
        account = Account(id=len(self.all) + 1, username=username, password=password, key=self._secret())
        self.all.append(account)
        return account

    def of(self, request: web.Request) -> Account | web.Response:
        """Return whose request it is, or how it is refused."""
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        match scheme:
            case "Token":
                found = next((each for each in self.all if each.key == proof), None)
                return found or web.json_response({"detail": "Invalid token."}, status=403)
            case "Bearer":
                token = self.access.get(proof)
                if token is not None and self._now() < token.ends_at:
                    return token.account
                told = {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": []}
                return web.json_response(told, status=403)
        return web.Response(status=401)

    def obtain(self, said: dict[str, Json]) -> web.Response:
        """Log in with a password."""
        if missing := [name for name in ("username", "password") if name not in said]:
            return web.json_response({name: ["This field is required."] for name in missing}, status=400)
        found = [a for a in self.all if (a.username, a.password) == (said["username"], said["password"])]
        if not found:
            return _unauthorized("No active account found with the given credentials")
        account = found[0]
        if account.otp is not None and said.get("otp_code") != account.otp:
            return _unauthorized("otp_code_invalid" if "otp_code" in said else "otp_code_missing")
        return web.json_response({**self._pair(account), "user_id": account.id, "username": account.username})

    def renew(self, said: dict[str, Json]) -> web.Response:
        """Exchange a pair for a new one; the old one is worth nothing then."""
        proof = str(said.get("refresh"))
        if proof in self.blacklist:
            return _unauthorized("Token is blacklisted", code="token_not_valid")
        token = self.refresh.pop(proof, None)
        if token is None or self._now() >= token.ends_at:
            return _unauthorized("Token is invalid", code="token_not_valid")
        self.blacklist.add(proof)
        return web.json_response(self._pair(token.account))

    def _pair(self, account: Account) -> dict[str, str]:
        access, refresh = self._secret(), self._secret()
        self.access[access] = Token(account, self._now() + ACCESS_LASTS)
        self.refresh[refresh] = Token(account, self._now() + REFRESH_LASTS)
        return {"refresh": refresh, "access": access}


def _unauthorized(detail: str, **more: str) -> web.Response:
    headers = {"WWW-Authenticate": 'Bearer realm="api"'}
    return web.json_response({"detail": detail, **more}, status=401, headers=headers)
