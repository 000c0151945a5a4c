"""MyNISSAN OneID: the pages and the token endpoint below ``/auth/`` (kamereon-eu §4).

The real pages belong to a WSO2 identity server; where the reference is silent, this one does what such a server does.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import re
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from .account import Account
from .http import Endpoint, accepted, world
from .pages import login_page, plain_page
from .world import Login, World

CLIENT_ID = "ZM3WK7ax1OtQKYQ8Qqzcv5VgiA8a"
REDIRECT_URI = "com://wso2.service.nci"
SCOPE = "openid name profile email offline_access"
REGION_CODES = ("", "NG", "NL")
SESSION_COOKIE, AFFINITY_COOKIE, SSO_COOKIE = "JSESSIONID", "authnode", "commonAuthId"
NODE = "node-2"
LOGIN_PAGE = "/auth/authenticationendpoint/login.do"
CODE_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that has begun with an authorize request."""

    cookie: str
    state: str
    challenge: str
    region: str


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: good once, and not for long."""

    account: Account
    challenge: str
    expires_at: datetime


@dataclass(slots=True)
class OneId:
    """The identity server's memory."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    sessions: dict[str, tuple[Account, datetime]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)


ONE_ID: web.AppKey[OneId] = web.AppKey("one_id", OneId)


async def authorize(request: web.Request) -> web.StreamResponse:
    """Begin a log-in: to the form, or straight to the callback while an earlier log-in lasts (kamereon-eu §4.2)."""
    sim, one_id = world(request), request.app[ONE_ID]
    accepted(request, ("text/html",))
    match sim.login:
        case Login.OUTAGE:
            return _html(plain_page("Service unavailable"), status=503)
        case Login.GEO_BLOCKED:
            return _html("<html><body>Access forbidden by administrator</body></html>", status=403)
        case Login.FOREIGN_LOGIN_PAGE:
            return _redirect(f"{sim.elsewhere}{LOGIN_PAGE}")
    query = request.query
    if "sessionDataKeyConsent" in query:
        return _after_consent(request)
    if query.get("client_id") != CLIENT_ID or query.get("redirect_uri") != REDIRECT_URI:
        return _redirect("/auth/authenticationendpoint/oauth2_error.do?oauthErrorCode=invalid_client")
    if (wrong := _wrong_parameter(dict(query))) is not None:
        return _callback(query.get("state", ""), error="invalid_request", error_description=f"Invalid {wrong}")
    session = one_id.sessions.get(request.cookies.get(SSO_COOKIE, ""))
    if session is not None and session[1] > sim.service_now():
        return _callback(query["state"], code=_new_code(sim, one_id, session[0], query["code_challenge"]))
    key, cookie = sim.secret(), sim.secret()
    region = sim.rng.choice(REGION_CODES) if sim.region_code is None else sim.region_code
    one_id.attempts[key] = Attempt(cookie, query["state"], query["code_challenge"], region)
    response = _redirect(f"{LOGIN_PAGE}?{urlencode({'client_id': CLIENT_ID, 'sessionDataKey': key})}")
    response.set_cookie(SESSION_COOKIE, cookie, path="/auth", httponly=True)
    response.set_cookie(AFFINITY_COOKIE, NODE, path="/")
    return response


def _wrong_parameter(query: dict[str, str]) -> str | None:
    """Return the first parameter that is not as the app sends it."""
    wanted = {
        "response_type": "code",
        "scope": re.escape(SCOPE),
        "state": r"[\w~.-]{32,}",
        "code_challenge": r"[\w-]{43}",
        "code_challenge_method": "S256",
        "brand": "Nissan",
        "client": "mynissanapp",
        "locale": "[a-z]{2}_[A-Z]{2}",
    }
    return next((name for name, form in wanted.items() if not re.fullmatch(form, query.get(name, ""))), None)


async def login_form(request: web.Request) -> web.StreamResponse:
    """Show the log-in form of an attempt."""
    sim = world(request)
    accepted(request, ("text/html",))
    key = request.query.get("sessionDataKey", "")
    attempt = request.app[ONE_ID].attempts.get(key)
    if attempt is None:
        return _html(plain_page("Your session has timed out"))
    action = f"{sim.elsewhere}/auth/commonauth" if sim.login is Login.FOREIGN_FORM else "../commonauth"
    return _html(login_page(key, attempt.region, action, failed="authFailure" in request.query))


async def other_page(_: web.Request) -> web.StreamResponse:
    """Show a page without a log-in form: an error, a time-out, terms to be accepted."""
    return _html(plain_page("There is something to be done first"))


async def verify_page(_: web.Request) -> web.StreamResponse:
    """Show the page of an account whose address was never confirmed; its words are ours, none is on record."""
    return _html(plain_page("Please verify your e-mail address"))


async def submit(request: web.Request) -> web.StreamResponse:
    """Take e-mail and password (kamereon-eu §4.3) and end the attempt as §4.4 describes."""
    sim, one_id = world(request), request.app[ONE_ID]
    if request.content_type != "application/x-www-form-urlencoded":
        return _html(plain_page("Unsupported Media Type"), status=415)
    form = dict(parse_qsl(await request.text(), keep_blank_values=True))
    if "password" in form:
        sim.requests["login"] += 1
    if not _comes_from_our_page(request):
        return _html(plain_page("Forbidden"), status=403)
    key = form.get("sessionDataKey", "")
    attempt = one_id.attempts.get(key)
    cookies = request.cookies
    if attempt is None or cookies.get(SESSION_COOKIE) != attempt.cookie or cookies.get(AFFINITY_COOKIE) != NODE:
        return _redirect("/auth/authenticationendpoint/retry.do")
    account = _authenticated(sim, attempt, form)
    if account is None:
        failure = urlencode({"sessionDataKey": key, "authFailure": "true", "authFailureMsg": "login.fail.message"})
        return _redirect(f"{LOGIN_PAGE}?{failure}")
    match sim.login:
        case Login.ACCESS_DENIED:
            return _callback(attempt.state, error="access_denied", error_description="The account was rejected")
        case Login.TERMS_PENDING:
            return _redirect("/auth/authenticationendpoint/consent.do")
        case Login.EMAIL_UNCONFIRMED:
            return _redirect("/auth/authenticationendpoint/verify.do")
        case Login.FOREIGN_REDIRECT:
            return _redirect(f"{sim.elsewhere}/auth/commonauth", status=307)
    session = sim.secret()
    one_id.sessions[session] = (account, sim.service_now() + sim.sign_on_lasts)
    response = _redirect(f"/auth/oauth2/authorize?{urlencode({'sessionDataKeyConsent': key})}")
    response.set_cookie(SSO_COOKIE, session, path="/auth", httponly=True)
    return response


def _comes_from_our_page(request: web.Request) -> bool:
    origin = f"http://{request.host}"
    return request.headers.get("Origin") == origin and request.headers.get("Referer", "").startswith(
        f"{origin}{LOGIN_PAGE}?"
    )


def _authenticated(sim: World, attempt: Attempt, form: dict[str, str]) -> Account | None:
    """Return the account if form and password are right; count failures, which may lock it."""
    email = form.get("userName", "")
    account = sim.accounts.get(email)
    username = f"{attempt.region}/{email}" if attempt.region else email
    if account is None or account.locked or form.get("username") != username:
        return None
    if form.get("regionCode") != attempt.region or sim.login is Login.WRONG_PASSWORD:
        return None
    if form.get("password") == account.password:
        account.failures = 0
        return account
    account.failures += 1
    account.locked = sim.lock_after is not None and account.failures >= sim.lock_after
    return None


def _after_consent(request: web.Request) -> web.StreamResponse:
    """The last hop on our own host: from the logged-in session to the app."""
    sim, one_id = world(request), request.app[ONE_ID]
    attempt = one_id.attempts.pop(request.query["sessionDataKeyConsent"], None)
    session = one_id.sessions.get(request.cookies.get(SSO_COOKIE, ""))
    if attempt is None or session is None:
        return _redirect("/auth/authenticationendpoint/retry.do")
    state = sim.secret() if sim.login is Login.WRONG_STATE else attempt.state
    return _callback(state, code=_new_code(sim, one_id, session[0], attempt.challenge), session_state=sim.secret())


def _new_code(sim: World, one_id: OneId, account: Account, challenge: str) -> str:
    code = sim.secret()
    one_id.codes[code] = Code(account, challenge, sim.service_now() + CODE_LIFETIME)
    return code


async def token(request: web.Request) -> web.StreamResponse:
    """Exchange the code for OneID tokens; the verifier proves who began (kamereon-eu §4.5)."""
    sim = world(request)
    form = dict(parse_qsl(await request.text(), keep_blank_values=True))
    if request.content_type != "application/x-www-form-urlencoded":
        return _oauth_error("invalid_request")
    if "Authorization" in request.headers or form.get("client_id") != CLIENT_ID:
        return _oauth_error("invalid_client", status=401)
    if form.get("grant_type") != "authorization_code":
        return _oauth_error("unsupported_grant_type")
    code = request.app[ONE_ID].codes.pop(form.get("code", ""), None)
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if code is None or code.expires_at <= sim.service_now() or code.challenge != challenge:
        return _oauth_error("invalid_grant")
    if form.get("redirect_uri") != REDIRECT_URI or form.get("scope") != SCOPE:
        return _oauth_error("invalid_grant")
    return web.json_response(
        {
            "access_token": sim.secret(),
            "refresh_token": sim.secret(),
            "id_token": sim.tokens.identify(code.account, sim.service_now()),
            "token_type": "Bearer",
            "expires_in": 3600,
        }
    )


def _oauth_error(error: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error, "error_description": "The request was rejected"}, status=status)


def _callback(state: str, **result: str) -> web.Response:
    return _redirect(f"{REDIRECT_URI}?{urlencode({**result, 'state': state})}")


def _redirect(location: str, status: int = 302) -> web.Response:
    return web.Response(status=status, headers={"Location": location})


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


_OTHER_PAGES = ("retry.do", "consent.do", "oauth2_error.do")

ENDPOINTS = (
    Endpoint("authorize", "GET", "/auth/oauth2/authorize", authorize),
    Endpoint("login-page", "GET", LOGIN_PAGE, login_form),
    Endpoint("commonauth", "POST", "/auth/commonauth", submit),
    Endpoint("token", "POST", "/auth/oauth2/token", token),
    Endpoint("login-page", "GET", "/auth/authenticationendpoint/verify.do", verify_page),
    *(Endpoint("login-page", "GET", f"/auth/authenticationendpoint/{page}", other_page) for page in _OTHER_PAGES),
)
