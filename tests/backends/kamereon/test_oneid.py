"""The log-in pages: every way in which they can end (kamereon-eu §4.4), and reading their HTML."""

from collections.abc import Callable
import re

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.nissanconnect.backends.http import HttpClient, NoResponse
from custom_components.nissanconnect.backends.kamereon import EUROPE
from custom_components.nissanconnect.backends.kamereon.client import Environment
from custom_components.nissanconnect.backends.kamereon.oneid import HtmlPage, OneId
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    ActionRequired,
    AuthenticationFailed,
    BackendError,
    EmailNotConfirmed,
    ProtocolError,
    RateLimited,
    Unavailable,
    UnsafeRedirect,
)

from ..doubles import Clock
from .fake import AUTHORIZE, DROPPED, E_MAIL, FORM_PAGE, LOGIN_PAGE, NOTHING, PASSWORD, REDEEM, SUBMIT, Asked, Fake, Say

VERIFIER, STATE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "s" * 43
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of that verifier in RFC 7636, appendix B


@pytest.fixture
def oneid(http: HttpClient, environment: Environment) -> OneId:
    return OneId(http, environment, random={64: VERIFIER, 32: STATE}.__getitem__)


async def test_a_log_in_ends_with_the_id_token(oneid: OneId, fake: Fake, environment: Environment) -> None:
    assert await oneid.id_token(E_MAIL, PASSWORD) == "id-1"

    authorize = fake.last(AUTHORIZE)
    assert authorize.query == {
        "response_type": "code",
        "client_id": EUROPE.environment.client_id,
        "redirect_uri": "com://wso2.service.nci",
        "scope": "openid name profile email offline_access",
        "state": STATE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "locale": "en_GB",
        "brand": "Nissan",
        "client": "mynissanapp",
    }
    posted = fake.last(SUBMIT)
    assert posted.form == {
        "regionCode": "NG",
        "sessionDataKey": "session-1",
        "userName": E_MAIL,
        "username": f"NG/{E_MAIL}",
        "password": PASSWORD,
    }
    assert posted.headers["Origin"] == environment.origin
    assert posted.headers["Referer"] == f"{environment.origin}{LOGIN_PAGE}?sessionDataKey=session-1"
    assert fake.last(REDEEM).form == {
        "grant_type": "authorization_code",
        "client_id": EUROPE.environment.client_id,
        "redirect_uri": "com://wso2.service.nci",
        "code": "code-1",
        "code_verifier": VERIFIER,
        "scope": "openid name profile email offline_access",
    }


async def test_the_secrets_are_random_and_long_enough(http: HttpClient, environment: Environment, fake: Fake) -> None:
    oneid = OneId(http, environment)
    await oneid.id_token(E_MAIL, PASSWORD)
    verifier, state = fake.last(REDEEM).form["code_verifier"], fake.last(AUTHORIZE).query["state"]
    await oneid.id_token(E_MAIL, PASSWORD)
    assert re.fullmatch(r"[\w-]{43,128}", verifier)
    assert re.fullmatch(r"[\w-]{32,}", state)
    assert fake.last(REDEEM).form["code_verifier"] != verifier
    assert fake.last(AUTHORIZE).query["state"] != state


async def test_without_a_region_the_name_is_the_address(oneid: OneId, fake: Fake) -> None:
    fake.on("GET", LOGIN_PAGE, Say.html(text=FORM_PAGE.replace('"NG"', '""')))
    await oneid.id_token(E_MAIL, PASSWORD)
    assert fake.last(SUBMIT).form["username"] == E_MAIL


async def test_an_open_session_needs_no_form(oneid: OneId, fake: Fake) -> None:
    fake.on("GET", AUTHORIZE, Say.redirect(f"com://wso2.service.nci?code=code-1&state={STATE}"))
    fake.on("POST", REDEEM, Say(json={"id_token": "id-2"}))
    assert await oneid.id_token(E_MAIL, PASSWORD) == "id-2"
    assert fake.count(SUBMIT) == 0


async def test_every_log_in_begins_with_fresh_cookies(oneid: OneId, fake: Fake) -> None:
    await oneid.id_token(E_MAIL, PASSWORD)
    await oneid.id_token(E_MAIL, PASSWORD)
    assert "Cookie" not in fake.last(AUTHORIZE).headers
    assert fake.last(SUBMIT).headers["Cookie"] == "session=open"


async def test_another_state_is_tried_once_more(oneid: OneId, fake: Fake) -> None:
    fake.on(
        "POST",
        SUBMIT,
        Say.redirect("com://wso2.service.nci?code=code-9&state=other"),
        lambda _: fake.callback(code="1"),
    )
    assert await oneid.id_token(E_MAIL, PASSWORD) == "id-1"
    assert fake.count(AUTHORIZE) == 2
    assert fake.count(REDEEM) == 1


@pytest.mark.parametrize("query", ["code=code-9&state=other", "code=code-9", "error=access_denied&state=other"])
async def test_another_state_twice_is_not_trusted(oneid: OneId, fake: Fake, query: str) -> None:
    fake.on("POST", SUBMIT, Say.redirect(f"com://wso2.service.nci?{query}"))
    with pytest.raises(ProtocolError):
        await oneid.id_token(E_MAIL, PASSWORD)
    assert fake.count(SUBMIT) == 2
    assert fake.count(REDEEM) == 0


type Change = Callable[[Fake], None]


def submit(answer: Say) -> Change:
    return lambda fake: fake.on("POST", SUBMIT, answer)


def callback(**query: str) -> Change:
    return lambda fake: fake.on("POST", SUBMIT, lambda _: fake.callback(**query))


def authorize(answer: Say) -> Change:
    return lambda fake: fake.on("GET", AUTHORIZE, answer)


def redeem(answer: Say) -> Change:
    return lambda fake: fake.on("POST", REDEEM, answer)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(submit(Say.redirect(f"{LOGIN_PAGE}?authFailure=true")), AuthenticationFailed, id="wrong password"),
        pytest.param(submit(Say.html(text=FORM_PAGE)), AuthenticationFailed, id="form again"),
        pytest.param(submit(Say.redirect(f"{LOGIN_PAGE}2?authFailure=true")), ProtocolError, id="failure page lost"),
        pytest.param(callback(error="access_denied"), AuthenticationFailed, id="denied"),
        pytest.param(
            submit(Say.redirect("com://wso2.service.nci?error=access_denied")),
            AuthenticationFailed,
            id="denied, no state",
        ),
        pytest.param(callback(error="consent_required"), ActionRequired, id="consent"),
        pytest.param(callback(error="server_error"), Unavailable, id="server error"),
        pytest.param(callback(error="invalid_scope"), ProtocolError, id="another error"),
        pytest.param(callback(), ProtocolError, id="neither code nor error"),
        pytest.param(submit(Say.html(text="<h1>Our terms have changed</h1>")), ActionRequired, id="terms"),
        pytest.param(submit(Say.html(text="<p>Please verify your e-mail")), EmailNotConfirmed, id="unconfirmed"),
        pytest.param(submit(Say(status=503)), Unavailable, id="outage"),
        pytest.param(submit(Say.html(500)), Unavailable, id="error page"),
        pytest.param(submit(DROPPED), Unavailable, id="dropped"),
        pytest.param(submit(Say(status=429)), RateLimited, id="too often"),
        pytest.param(submit(Say(status=400)), ProtocolError, id="bad request"),
        pytest.param(submit(Say(status=302)), ProtocolError, id="redirect to nowhere"),
        pytest.param(submit(Say.redirect("http://[")), ProtocolError, id="redirect to nonsense"),
        pytest.param(submit(Say.redirect("0://[]@")), ProtocolError, id="redirect to worse nonsense"),
        pytest.param(authorize(Say.html(text="<p>Maintenance")), ProtocolError, id="no form at all"),
        pytest.param(
            authorize(Say.html(403, "<html>Access forbidden by administrator</html>")), AccessBlocked, id="blocked"
        ),
        pytest.param(authorize(Say(status=404)), ProtocolError, id="moved"),
        pytest.param(authorize(Say(status=502)), Unavailable, id="gateway"),
        pytest.param(redeem(Say(status=400, json={"error": "invalid_grant"})), ProtocolError, id="code refused"),
        pytest.param(redeem(Say(json={"access_token": "a"})), ProtocolError, id="no ID token"),
        pytest.param(redeem(Say(json={"id_token": "a\nb"})), ProtocolError, id="ID token unfit for a header"),
        pytest.param(redeem(Say(text="hello")), ProtocolError, id="no JSON"),
        pytest.param(redeem(Say(status=503)), Unavailable, id="token outage"),
        pytest.param(redeem(Say.redirect("/auth/elsewhere")), ProtocolError, id="token redirect"),
    ],
)
async def test_outcomes(oneid: OneId, fake: Fake, change: Change, error: type[BackendError]) -> None:
    change(fake)
    with pytest.raises(error) as raised:
        await oneid.id_token(E_MAIL, PASSWORD)
    assert E_MAIL not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert fake.count(SUBMIT) <= 1


async def test_a_failure_page_without_a_form_is_still_a_failure(oneid: OneId, fake: Fake) -> None:
    fake.on("POST", SUBMIT, Say.redirect("/auth/locked.do?authFailure=true"))
    fake.on("GET", "/auth/locked.do", Say.html(text="<h1>Account locked</h1>"))
    with pytest.raises(AuthenticationFailed):
        await oneid.id_token(E_MAIL, PASSWORD)


async def test_silence_is_an_outage(session: ClientSession, environment: Environment, fake: Fake, clock: Clock) -> None:
    fake.on("GET", LOGIN_PAGE, NOTHING)
    oneid = OneId(HttpClient(session, now=clock, timeout=0.1), environment)
    with pytest.raises(NoResponse):
        await oneid.id_token(E_MAIL, PASSWORD)


async def test_ten_redirects_are_followed_and_no_more(oneid: OneId, fake: Fake) -> None:
    hops = [Say.redirect(f"{AUTHORIZE}?hop={hop}") for hop in range(9)]
    forward = Say(status=303, headers={"Location": LOGIN_PAGE})
    fake.on("GET", AUTHORIZE, *hops, forward)
    fake.on("POST", SUBMIT, Say.html(text="<p>terms"))
    with pytest.raises(ActionRequired):  # so the form was reached
        await oneid.id_token(E_MAIL, PASSWORD)

    fake.on("GET", AUTHORIZE, Say.redirect("/auth/oauth2/authorize"))
    with pytest.raises(ProtocolError, match="without end"):
        await oneid.id_token(E_MAIL, PASSWORD)
    assert fake.paths[AUTHORIZE] == 10 + 11


async def test_what_was_posted_is_not_posted_again(oneid: OneId, fake: Fake) -> None:
    def repeat_elsewhere(asked: Asked) -> Say:
        return Say(status=307, headers={"Location": "/auth/again"})

    fake.on("POST", SUBMIT, repeat_elsewhere)
    fake.on("GET", "/auth/again", lambda _: fake.callback(code="code-1"))
    assert await oneid.id_token(E_MAIL, PASSWORD) == "id-1"
    assert fake.last("/auth/again").method == "GET"
    assert fake.last("/auth/again").body == ""


@pytest.mark.parametrize("step", ["authorize", "login page", "form target", "after the form"])
@pytest.mark.parametrize("port", ["another port", "another scheme", "another host"])
async def test_nothing_is_sent_to_another_origin(
    oneid: OneId, fake: Fake, environment: Environment, step: str, port: str
) -> None:
    visitors: list[str] = []

    async def visit(request: web.Request) -> web.Response:
        visitors.append(request.path)
        return web.Response(text=FORM_PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", visit)
    async with TestServer(app) as stranger:
        foreign = {
            "another port": str(stranger.make_url("/auth/commonauth")),
            "another scheme": str(URL(environment.origin).with_scheme("https") / "auth/commonauth"),
            "another host": str(stranger.make_url("/auth/commonauth").with_host("127.0.0.2")),
        }[port]
        {
            "authorize": lambda: fake.on("GET", AUTHORIZE, Say.redirect(foreign)),
            "login page": lambda: fake.on("GET", LOGIN_PAGE, Say.redirect(foreign)),
            "form target": lambda: fake.on(
                "GET", LOGIN_PAGE, Say.html(text=FORM_PAGE.replace("../commonauth", foreign))
            ),
            "after the form": lambda: fake.on("POST", SUBMIT, Say.redirect(foreign)),
        }[step]()
        with pytest.raises(UnsafeRedirect):
            await oneid.id_token(E_MAIL, PASSWORD)
    assert visitors == []
    assert fake.count(SUBMIT) == (1 if step == "after the form" else 0)


def test_the_form_with_session_and_password_is_the_one() -> None:
    form = HtmlPage(FORM_PAGE).login_form
    assert form is not None
    assert form.action == "../commonauth"
    assert form.fields == {
        "regionCode": "NG",
        "username": "",
        "sessionDataKey": "session-1",
        "userName": "",
        "password": "",
    }


def test_only_what_a_browser_would_send_is_sent() -> None:
    form = HtmlPage(
        """<input name=stray>
        <form>
        <INPUT NAME=sessionDataKey VALUE="a&amp;b"><input name=password type=PASSWORD><input value=nameless>
        <input type=checkbox name=remember value=yes><input type=checkbox name=terms checked>
        <input type=radio name=way value=1><input type=radio name=way value=2 checked>
        <input type=submit name=go value=go><input type=image name=picture>
        </form><input name=late>"""
    ).login_form
    assert form is not None
    assert form.fields == {"sessionDataKey": "a&b", "password": "", "terms": "", "way": "2"}
    assert form.action == ""


def test_one_of_the_two_inputs_is_not_enough() -> None:
    assert HtmlPage("<form><input name=password></form><form><input name=sessionDataKey></form>").login_form is None


@given(st.text(alphabet="<>/=\"!-&; 'formputae", max_size=200))
def test_no_page_is_too_odd(html: str) -> None:
    form = HtmlPage(html + FORM_PAGE + html).login_form
    assert form is None or "sessionDataKey" in form.fields


@pytest.mark.parametrize(
    ("page", "asks"),
    [
        ("<h1>Please verify your e-mail address</h1>", True),
        ("<h1>Almost there</h1><p>Your <b>Email</b> has not been\n confirmed yet.</p>", True),
        ("<p>Activate your account with the link in our e-mail.</p>", True),
        ("<h1>Our terms have changed</h1>", False),
        ("<p>Confirm your e-mail settings and accept the new privacy policy.</p>", False),
        ("<p>Please confirm.</p><p>Questions? Write an e-mail.</p>", False),
        ("<script>verify('email')</script><p>Maintenance</p>", False),
        ("<style>.verify-email {}</style><h1>Hello</h1>", False),
        ("", False),
    ],
)
def test_words_tell_what_it_is_about(page: str, asks: bool) -> None:
    assert HtmlPage(page).asks_to_confirm_email is asks


@given(
    st.text()
    | st.lists(st.sampled_from(["<", ">", "<!--", "<script", "</", "verify", " e-mail", "&#", "<![CDATA["])).map(
        "".join
    )
)
def test_any_page_is_read(page: str) -> None:
    assert HtmlPage(page).asks_to_confirm_email in (True, False)
