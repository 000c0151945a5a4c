"""The requests of one account to one installation: log-in, and what the errors mean (opencarwings §1 to §4)."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from http import HTTPStatus
import re
from typing import Self

from yarl import URL

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    CredentialsMissing,
    Declined,
    NotSupported,
    ProtocolError,
    RateLimited,
    TwoFactorRequired,
    Unavailable,
    UnsafeRedirect,
    WrongCode,
    WrongPin,
)
from ..base import Context, EnterDeparture, Fields, Json
from ..http import HttpClient, Response, TokenRenewal, Unauthorized, base_url, with_token
from ..reader import JsonReader

_CONNECT_TIMEOUT = 10.0

_HEADERS = {"Accept": "application/json", "Accept-Language": "en"}
"""Two kinds of errors are recognised by their text, so it must not be translated (opencarwings §3)."""


class ReportedFailure(Unavailable):
    """The server failed, and its response gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarwingsAuth:
    """What is stored of a log-in. With a key there are no tokens.

    ``rejected`` survives a restart: credentials that were rejected must not be sent again. ``user`` is the account's
    number.
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
        """Read what :meth:`to_json` wrote; missing or damaged parts are unknown."""
        auth = JsonReader.of(saved)
        return cls(
            access=auth.token("access"),
            refresh=auth.token("refresh"),
            user=auth.token("user"),
            rejected=auth.flag("rejected") is True,
        )


class Client:
    """Requests to the base URL, with a personal key or an access token (§2).

    A renewal uses up the pair of tokens that it is made with. So there is only one at a time, which parallel requests
    share, and the new pair is saved before it is used.
    """

    def __init__(self, context: Context, fields: Fields, timeout: float) -> None:
        """A ``password`` among the fields takes precedence over an ``api_key``; ``code`` is the second factor."""
        self.session = context.session
        self.base = base_url(fields["url"])
        self.timeout = timeout
        self._http = HttpClient(
            context.session, now=context.now, timeout=timeout, connect_timeout=_CONNECT_TIMEOUT, headers=_HEADERS
        )
        self._fields = fields
        self._auth = CarwingsAuth.from_json(context.auth)
        self._save_auth = context.save_auth
        self.header = TokenRenewal(self._valid_header, self._renew).get
        """Returns a value for ``Authorization``; raises a :class:`~...vehicle.BackendError` if there is none."""

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._http.requests

    @property
    def user(self) -> str | None:
        """The account's number, once known."""
        return self._auth.user

    def save_user(self, user: str) -> None:
        """Save the account's number; with a key, only vehicles show it."""
        self._save(replace(self._auth, user=user))

    async def get(self, path: str, name: str) -> Json:
        """Send a GET request; ``name`` stands for the path in messages."""
        return await self.send("GET", path, name)

    async def send(
        self, method: str, path: str, name: str, body: Json = None, *, within: EnterDeparture = nullcontext
    ) -> Json:
        """Send a request and return the body of its response, ``None`` if that is empty.

        Variable segments of ``path`` must have gone through :func:`~..http.segment`. The context ``within`` is
        entered right before the request leaves; it also sees the error.

        Raises:
            BackendError: It was not carried out, or nobody knows whether it was.
        """

        async def request(header: str) -> Json:
            async with within():
                return await self._request(method, path, name, body, {"Authorization": header})

        return await with_token(self.header, request)

    async def _request(self, method: str, path: str, name: str, body: Json, headers: Mapping[str, str]) -> Json:
        url = self.base.join(URL(path, encoded=True))
        return body_of(await self._http.request(method, url, name, headers=headers, json=body), name)

    def _valid_header(self) -> str | None:
        """Return the current header. After the credentials were rejected nothing is sent until they change."""
        if self._auth.rejected:
            raise AuthenticationFailed
        return self._header()

    def _header(self) -> str | None:
        if self._auth.access is not None:
            return f"Bearer {self._auth.access}"
        key = self._fields.get("api_key")
        return f"Token {key}" if key and "password" not in self._fields else None

    async def _renew(self) -> str:
        try:
            return await self._refresh_or_log_in()
        except AuthenticationFailed:
            self._save(CarwingsAuth(user=self._auth.user, rejected=True))
            raise

    async def _refresh_or_log_in(self) -> str:
        """Refresh the token. Log in with the password if there is no refresh token, or it was refused."""
        if self._auth.refresh is not None:
            try:
                return await self._get_tokens("token refresh", "api/token/refresh/", {"refresh": self._auth.refresh})
            except Unauthorized:
                pass
        username, password = self._fields.get("username"), self._fields.get("password")
        if not username or not password:
            nothing = self._header() is None and self._auth.refresh is None
            raise CredentialsMissing if nothing else AuthenticationFailed
        body: dict[str, Json] = {"username": username, "password": password, "device_type": "Home Assistant"}
        if code := self._fields.get("code"):
            body["otp_code"] = code
        try:
            return await self._get_tokens("log-in", "api/token/obtain/", body)
        except Unauthorized:
            raise AuthenticationFailed from None

    async def _get_tokens(self, name: str, path: str, body: Json) -> str:
        """Request a new pair of tokens and save it."""
        tokens = JsonReader.of(await self._request("POST", path, name, body, {}))
        access, user = tokens.token("access"), tokens.integer("user_id")
        if access is None:
            raise ProtocolError(f"{name} returned no token")
        known_user = self._auth.user if user is None else str(user)
        self._save(CarwingsAuth(access=access, refresh=tokens.token("refresh") or self._auth.refresh, user=known_user))
        return f"Bearer {access}"

    def _save(self, auth: CarwingsAuth) -> None:
        self._auth = auth
        self._save_auth(auth.to_json())


def body_of(response: Response, name: str) -> Json:
    """Return the body of a successful response. ``name`` stands for the path in messages.

    Raises:
        BackendError: The response reports an error, or is not JSON.
    """
    if not response.is_success:
        raise _error_type(response)(f"{name} returned {response.status}", retry_after=response.retry_after)
    if not response.is_json:
        raise ProtocolError(f"{name} is not JSON")
    return response.body


def _error_type(response: Response) -> type[BackendError]:
    """Return the kind of error. An HTML page comes from something in front of the server."""
    body = JsonReader.of(response.body)
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return _SECOND_FACTOR.get(body.line("detail") or "", Unauthorized)
        case HTTPStatus.FORBIDDEN:
            return AccessBlocked if response.is_html else _forbidden(body)
        case HTTPStatus.NOT_FOUND:
            return Declined if response.is_html else NotSupported
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited
        case HTTPStatus.INTERNAL_SERVER_ERROR if body.get("error") == "":
            return NotSupported  # how a command is refused that this telematics unit does not know (§4 [A])
        case HTTPStatus.INTERNAL_SERVER_ERROR if body.line("error"):
            return ReportedFailure
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable
        case status if status // 100 == 4:
            return Declined
        case status if status // 100 == 3:
            return UnsafeRedirect
    return ProtocolError


_SECOND_FACTOR: dict[str, type[BackendError]] = {
    "otp_code_missing": TwoFactorRequired,
    "otp_code_invalid": WrongCode,
}


def _forbidden(body: JsonReader) -> type[BackendError]:
    """403 is a bad key, a bad token, somebody else's vehicle or a wrong PIN; only the body shows which (§2)."""
    if body.get("code") == "token_not_valid":
        return Unauthorized
    if re.search(r"\bpin\b", body.line("error") or "", re.IGNORECASE):
        return WrongPin
    # "Invalid token.", and in the framework's words: no credentials, a token with blanks in it, a closed account.
    if re.search(r"\btoken\b|\bcredentials\b|\binactive\b", body.line("detail") or "", re.IGNORECASE):
        return Unauthorized
    return NotSupported
