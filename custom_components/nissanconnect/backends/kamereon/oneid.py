"""Logging in at MyNISSAN OneID as a browser would, up to its ID token (kamereon-eu §4.1-4.5, [A])."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import hashlib
from html.parser import HTMLParser
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
from .client import Environment, Host, Transport
from .errors import Answer, error_of, json_of
from .mapping import Attributes

_MOST_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}


class _MixedUp(ProtocolError):
    """The callback belongs to another log-in."""


class OneId:
    """The log-in pages. ``random`` makes a URL-safe secret from a number of random bytes."""

    def __init__(
        self,
        transport: Transport,
        environment: Environment,
        *,
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        """Keep what the log-ins need; nothing is sent yet."""
        self._transport = transport
        self._environment = environment
        self._random = random

    async def id_token(self, username: str, password: str) -> str:
        """Log in and return the ID token, which the data plane takes for its own tokens.

        Raises:
            AuthenticationFailed: The e-mail address or the password is wrong.
            ActionRequired: The account works, but a page wants something of the owner; :class:`EmailNotConfirmed` if it
                says that it is about the e-mail address.
            UnsafeRedirect: A page led elsewhere. The password was not sent there.
            BackendError: The service is out of order, blocks us or cannot be understood.
        """
        try:
            return await self._attempt(username, password)
        except _MixedUp:
            return await self._attempt(username, password)

    async def _attempt(self, username: str, password: str) -> str:
        # Every attempt begins with fresh cookies: a session that is still open would be taken without looking at
        # the password, and with cookies of two log-ins mixed the callback carries the wrong state (§4.4).
        self._transport.forget_cookies(self._environment.hosts[Host.LOGIN].host or "")
        verifier, state = self._random(64), self._random(32)
        callback = await self._callback(self._authorize_url(verifier, state), username, password)
        return await self._redeem(_code(callback.query, state), verifier)

    def _authorize_url(self, verifier: str, state: str) -> URL:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        environment = self._environment
        return environment.url(
            Host.LOGIN,
            "oauth2/authorize",
            response_type="code",
            client_id=environment.client_id,
            redirect_uri=environment.redirect_uri,
            scope=environment.login_scope,
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256",
            locale=environment.locale,
            brand=environment.brand,
            client=environment.client,
        )

    async def _callback(self, authorize_url: URL, username: str, password: str) -> URL:
        url, page = await self._walk(authorize_url)
        if page is None:
            return url  # the session was still open, so there is no form
        if (form := login_form(page)) is None:
            raise ProtocolError("no login form on the login page")
        region = form.fields.get("regionCode")
        fields = {
            **form.fields,
            "userName": username,
            "username": f"{region}/{username}" if region else username,
            "password": password,
        }
        url, page = await self._walk(_join(url, form.action), referer=url, fields=fields)
        if page is None:
            return url
        if url.query.get("authFailure") == "true" or login_form(page) is not None:
            raise AuthenticationFailed
        if asks_to_confirm_email(page):
            raise EmailNotConfirmed("the login pages ask for the e-mail address to be confirmed")
        raise ActionRequired("the login pages ask for something before they let the app in")

    async def _walk(
        self, url: URL, *, referer: URL | None = None, fields: Mapping[str, str] | None = None
    ) -> tuple[URL, str | None]:
        """Get ``url`` (or post ``fields`` to it), follow redirects, and return where that ended.

        That is a page with its HTML, or the callback, which has none. What was posted is never posted again.
        """
        headers = {"Accept": "text/html,application/xhtml+xml"}
        if referer is not None:
            headers |= {"Origin": self._environment.origin, "Referer": str(referer)}
        for _ in range(_MOST_REDIRECTS + 1):
            if not self._environment.is_login(url):
                raise UnsafeRedirect("the login pages led to another host")
            answer = await self._transport.request(
                "POST" if fields is not None else "GET",
                url,
                "login page",
                headers=headers,
                data=fields,
                timeout=self._transport.timeouts.login,
            )
            if answer.status not in _REDIRECTS:
                return url, _page(answer)
            url, fields = _join(url, answer.location), None
            if self._environment.is_callback(url):
                return url, None
        raise ProtocolError("the login pages redirect without end")

    async def _redeem(self, code: str, verifier: str) -> str:
        environment = self._environment
        answer = await self._transport.request(
            "POST",
            environment.url(Host.LOGIN, "oauth2/token"),
            "login token",
            headers={"Accept": "application/json"},
            data={
                "grant_type": "authorization_code",
                "client_id": environment.client_id,
                "redirect_uri": environment.redirect_uri,
                "code": code,
                "code_verifier": verifier,
                "scope": environment.login_scope,
            },
            timeout=self._transport.timeouts.login,
        )
        _refuse_failure(answer)
        id_token = Attributes.of(json_of(answer, "login token")).token("id_token")
        if id_token is None:
            raise ProtocolError("the login ended without an ID token")
        return id_token


def _join(page: URL, target: str | None) -> URL:
    try:
        if target is not None:
            return page.join(URL(target))
    except ValueError, IndexError:  # yarl raises the latter for "0://[]@"
        pass
    raise ProtocolError("the login pages lead to an address that is none")


def _page(answer: Answer) -> str:
    _refuse_failure(answer)
    return answer.text


def _refuse_failure(answer: Answer) -> None:
    """Raise for an answer that is no success. The codes of the data plane mean nothing here, its outages do."""
    if answer.status == 200:
        return
    error = error_of(answer, "login page")
    if isinstance(error, RateLimited | Unavailable):
        raise error
    raise ProtocolError(f"the login pages answered {answer.status}")


def _code(callback: Mapping[str, str], state: str) -> str:
    """Return the authorization code of the callback to the log-in that was begun with ``state``."""
    given, code = callback.get("state"), callback.get("code")
    if given != state and (given or code):
        raise _MixedUp("the login answered with the state of another")
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


_UNSENT = {"button", "file", "image", "reset", "submit"}
"""Types of input that a browser does not send unless they are used."""


@dataclass(slots=True)
class Form:
    """A form: where it is posted to, relative to its page, and its inputs as the page filled them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


def login_form(html: str) -> Form | None:
    """Return the form that asks for a password and belongs to a login session, or ``None``.

    The page holds several forms; only this one has both inputs.
    """
    reader = _Reader()
    reader.feed(html)
    return next((form for form in reader.forms if {"sessionDataKey", "password"} <= form.fields.keys()), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._inside = True
        elif tag == "input" and self._inside:
            kind = given.get("type", "text").lower()
            off = kind in {"checkbox", "radio"} and "checked" not in given
            if given.get("name") and kind not in _UNSENT and not off:
                self.forms[-1].fields[given["name"]] = given.get("value", "")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def asks_to_confirm_email(html: str) -> bool:
    """Whether the page is about an e-mail address that was never confirmed, and about nothing else."""
    reader = _TextReader()
    reader.feed(html)
    text = " ".join(" ".join(reader.said).split())
    return _CONFIRM_EMAIL.search(text) is not None and _CONSENT.search(text) is None


_CONFIRM_EMAIL = re.compile(
    r"\b(verif|confirm|activat|validat)\w*[^.!?]{0,60}\be-?mail\b|\be-?mail\b[^.!?]{0,60}\b(verif|confirm|activat|validat)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"\b(terms|consent|polic(y|ies)|agree|accept)", re.IGNORECASE)
"""Terms mention addresses and confirmations too."""


class _TextReader(HTMLParser):
    """Collects what a person can read."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._hidden = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}

    @override
    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(data)
