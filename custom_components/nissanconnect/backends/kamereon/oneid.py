"""The European log-in: through the pages of MyNISSAN OneID as a browser would (kamereon-eu §4.1-4.7, [A])."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import hashlib
from html.parser import HTMLParser
import json
import re
import secrets
from typing import override

from yarl import URL

from ...vehicle import (
    ActionRequired,
    AuthenticationFailed,
    EmailNotConfirmed,
    ProtocolError,
    RateLimited,
    Unavailable,
    UnsafeRedirect,
)
from ..base import Json
from ..http import HttpClient, Response
from .auth import tokens_of
from .client import JSON, JSON_API, Environment, Host, body_of, error_of
from .mapping import AttributeReader

_REDIRECT_URI = "com://wso2.service.nci"
"""The app's own address, with which the log-in ends; it is never requested."""

_LOGIN_SCOPE = "openid name profile email offline_access"
_DATA_SCOPE = "openid profile vehicles"
_MAX_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}


class _StateMismatch(ProtocolError):
    """The callback belongs to another log-in."""


class OneId:
    """Logs in at the pages, and exchanges their ID token for tokens of the data plane. See :class:`.auth.LogIn`."""

    def __init__(
        self,
        http: HttpClient,
        environment: Environment,
        *,
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        """``random`` makes a URL-safe secret from a number of random bytes."""
        self.works = True
        self._http = http
        self._environment = environment
        self._random = random

    async def log_in(self, username: str, password: str) -> Json:
        """Log in at the pages, and exchange the ID token."""
        self.works = False
        id_token = await self.id_token(username, password)
        self.works = True
        name = "token exchange"
        return tokens_of(await self._post_token("v1/oauth2/access_token", name, token=id_token), name)

    async def refresh(self, refresh_token: str) -> Json:
        """Request new tokens; the response may leave the refresh token out."""
        body, name = json.dumps({"scope": _DATA_SCOPE}).encode(), "token refresh"
        return tokens_of(await self._post_token("v1/oauth2/refresh-token", name, token=refresh_token, body=body), name)

    async def _post_token(self, path: str, name: str, *, token: str, body: bytes | None = None) -> Response:
        return await self._http.request(
            "POST",
            self._environment.url(Host.BFF, path, platform="Android"),
            name,
            # The token stands without a scheme (§4.6).
            headers={"Authorization": token, "Accept": JSON, "Content-Type": JSON_API},
            data=body,
        )

    async def id_token(self, username: str, password: str) -> str:
        """Log in and return the ID token, which the data plane exchanges for its own tokens.

        Raises:
            AuthenticationFailed: The e-mail address or the password is wrong.
            ActionRequired: The account works, but a page wants something of the owner; :class:`EmailNotConfirmed` if it
                says that it is about the e-mail address.
            UnsafeRedirect: A page led to another host. The password was not sent there.
            BackendError: The service is out of order, blocks us or cannot be understood.
        """
        try:
            return await self._attempt(username, password)
        except _StateMismatch:
            return await self._attempt(username, password)

    async def _attempt(self, username: str, password: str) -> str:
        # Every attempt begins with fresh cookies: a session that is still open would be accepted without a look at
        # the password, and with cookies of two log-ins mixed the callback carries the wrong state (§4.4).
        self._http.session.cookie_jar.clear_domain(self._environment.hosts[Host.LOGIN].host or "")
        verifier, state = self._random(64), self._random(32)
        callback = await self._callback(self._authorize_url(verifier, state), username, password)
        return await self._redeem(_code(callback.query, state), verifier)

    def _authorize_url(self, verifier: str, state: str) -> URL:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return self._environment.url(
            Host.LOGIN,
            "oauth2/authorize",
            response_type="code",
            client_id=self._environment.client_id,
            redirect_uri=_REDIRECT_URI,
            scope=_LOGIN_SCOPE,
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256",
            locale="en_GB",
            brand="Nissan",
            client="mynissanapp",
        )

    async def _callback(self, authorize_url: URL, username: str, password: str) -> URL:
        """Send the password with the log-in form, and return the callback that the pages lead to."""
        url, html = await self._follow(authorize_url)
        if html is None:
            return url  # the session was still open, so there is no form
        if (form := HtmlPage(html).login_form) is None:
            raise ProtocolError("no login form on the login page")
        region = form.fields.get("regionCode")
        fields = {
            **form.fields,
            "userName": username,
            "username": f"{region}/{username}" if region else username,
            "password": password,
        }
        url, html = await self._follow(_join(url, form.action), referer=url, fields=fields)
        if html is None:
            return url
        page = HtmlPage(html)
        if url.query.get("authFailure") == "true" or page.login_form is not None:
            raise AuthenticationFailed
        if page.asks_to_confirm_email:
            raise EmailNotConfirmed("the login pages ask for the e-mail address to be confirmed")
        raise ActionRequired("the login pages ask for something before they let the app in")

    async def _follow(
        self, url: URL, *, referer: URL | None = None, fields: Mapping[str, str] | None = None
    ) -> tuple[URL, str | None]:
        """Request ``url`` (with POST if there are ``fields``) and follow redirects to a page or to the callback.

        Return its URL, and the HTML of a page. Fields are sent only once.
        """
        headers = {"Accept": "text/html,application/xhtml+xml"}
        if referer is not None:
            headers |= {"Origin": self._environment.origin, "Referer": str(referer)}
        for _ in range(_MAX_REDIRECTS + 1):
            if not self._environment.is_login(url):
                raise UnsafeRedirect("the login pages led to another host")
            method = "POST" if fields is not None else "GET"
            response = await self._http.request(method, url, "login page", headers=headers, data=fields)
            if response.status not in _REDIRECTS:
                _check(response)
                return url, response.text
            url, fields = _join(url, response.location), None
            if is_callback(url):
                return url, None
        raise ProtocolError("the login pages redirect without end")

    async def _redeem(self, code: str, verifier: str) -> str:
        response = await self._http.request(
            "POST",
            self._environment.url(Host.LOGIN, "oauth2/token"),
            "login token",
            headers={"Accept": JSON},
            data={
                "grant_type": "authorization_code",
                "client_id": self._environment.client_id,
                "redirect_uri": _REDIRECT_URI,
                "code": code,
                "code_verifier": verifier,
                "scope": _LOGIN_SCOPE,
            },
        )
        _check(response)
        id_token = AttributeReader.of(body_of(response, "login token")).token("id_token")
        if id_token is None:
            raise ProtocolError("the login ended without an ID token")
        return id_token


def is_callback(url: URL) -> bool:
    """Whether the log-in ends with ``url``."""
    callback = URL(_REDIRECT_URI)
    return (url.scheme, url.host) == (callback.scheme, callback.host)


def _join(page: URL, target: str | None) -> URL:
    try:
        if target is not None:
            return page.join(URL(target))
    except ValueError, IndexError:  # yarl raises the latter for "0://[]@"
        pass
    raise ProtocolError("the login pages lead to an invalid address")


def _check(response: Response) -> None:
    """Raise an error if there is no success. The codes of the data plane mean nothing here, its outages do."""
    if response.status == 200:
        return
    error = error_of(response, "login page")
    if isinstance(error, RateLimited | Unavailable):
        raise error
    raise ProtocolError(f"the login pages answered {response.status}")


def _code(callback: Mapping[str, str], state: str) -> str:
    """Return the authorization code of the callback of the log-in that was started with ``state``."""
    callback_state, code = callback.get("state"), callback.get("code")
    if callback_state != state and (callback_state or code):
        raise _StateMismatch("the login answered with the state of another")
    if code:
        return code
    raise _REFUSALS.get(callback.get("error", ""), ProtocolError)("the login was refused")


_REFUSALS = {
    "access_denied": AuthenticationFailed,
    "account_selection_required": ActionRequired,
    "consent_required": ActionRequired,
    "interaction_required": ActionRequired,
    "login_required": ActionRequired,
    "server_error": Unavailable,
    "temporarily_unavailable": Unavailable,
}
"""Error codes of OAuth 2.0 and OpenID Connect; only ``access_denied`` is recorded (§4.4)."""


@dataclass(slots=True)
class HtmlForm:
    """A form: where it is posted to, relative to its page, and its inputs as the page filled them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class HtmlPage(HTMLParser):
    """The forms of a page, and the text that a person can read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._forms: list[HtmlForm] = []
        self._text: list[str] = []
        self._in_form = False
        self._hidden = False
        self.feed(html)

    @property
    def login_form(self) -> HtmlForm | None:
        """The form that asks for a password and belongs to a login session (§4.2). Only this one has both inputs."""
        return next((form for form in self._forms if {"sessionDataKey", "password"} <= form.fields.keys()), None)

    @property
    def asks_to_confirm_email(self) -> bool:
        """Whether the page is about an e-mail address that was never confirmed, and about nothing else (§4.4).

        None of the pages between log-in and app is on record [D], only that they exist. They are requested in English,
        so this looks for words; a page without those may be about anything. A wrong guess costs the owner one line of
        advice.
        """
        text = " ".join(" ".join(self._text).split())
        return _CONFIRM_EMAIL.search(text) is not None and _CONSENT.search(text) is None

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._forms.append(HtmlForm(values.get("action", "")))
            self._in_form = True
        elif tag == "input" and self._in_form:
            kind = values.get("type", "text").lower()
            off = kind in {"checkbox", "radio"} and "checked" not in values
            if values.get("name") and kind not in _NOT_SENT and not off:
                self._forms[-1].fields[values["name"]] = values.get("value", "")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag == "form":
            self._in_form = False

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)


_NOT_SENT = {"button", "file", "image", "reset", "submit"}
"""Types of input that a browser does not send unless they are used."""

_CONFIRM_EMAIL = re.compile(
    r"\b(verif|confirm|activat|validat)\w*[^.!?]{0,60}\be-?mail\b|\be-?mail\b[^.!?]{0,60}\b(verif|confirm|activat|validat)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"\b(terms|consent|polic(y|ies)|agree|accept)", re.IGNORECASE)
"""Terms mention addresses and confirmations too."""
