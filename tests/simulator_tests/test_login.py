"""The pages of OneID (kamereon-eu §4)."""

import pytest

from tests.backends.doubles import Clock
from tests.simulator import EMAIL, PASSWORD, Simulator

from .client import REDIRECT_URI, SCOPE, STATE, Client, Forms, login_form, query


async def test_a_log_in_from_the_first_page_to_the_vehicles(stranger: Client, service: Simulator) -> None:
    tokens = await stranger.log_in()

    assert tokens["expires_in"] == 1800
    assert tokens["token_type"] == "Bearer"
    assert stranger.user == service.account.user_id
    steps = ("authorize", "login-page", "commonauth", "token", "exchange", "users-current", "login")
    assert [service.requests[step] for step in steps] == [2, 1, 1, 1, 1, 1, 1]


async def test_the_first_answer_leads_to_the_form_with_two_cookies(stranger: Client) -> None:
    response = await stranger.authorize()

    assert response.status == 302
    assert response.headers["Location"].startswith("/auth/authenticationendpoint/login.do?")
    assert set(response.cookies) == {"JSESSIONID", "authnode"}


async def test_the_page_has_several_forms_and_one_is_right(stranger: Client) -> None:
    _, response = await stranger.follow(await stranger.authorize())
    page = await response.text()
    forms = Forms(page).found

    assert len(forms) == 4
    assert sum({"sessionDataKey", "password"} <= form.inputs.keys() for form in forms) == 1
    assert sum("sessionDataKey" in form.inputs for form in forms) > 1
    assert sum("password" in form.inputs for form in forms) > 1
    form = login_form(page)
    assert form is not None
    assert form.action == "../commonauth"
    assert form.inputs.keys() >= {"regionCode", "username", "sessionDataKey", "userName", "password"}
    assert form.inputs["username"] == ""


async def test_region_codes_vary_unless_told(stranger: Client, service: Simulator) -> None:
    seen = {(await stranger.page())[1].inputs["regionCode"] for _ in range(30)}
    assert seen == {"", "NG", "NL"}

    service.region_code = "NG"
    assert {(await stranger.page())[1].inputs["regionCode"] for _ in range(5)} == {"NG"}


@pytest.mark.parametrize("region", ["", "NG"])
async def test_success_ends_at_the_app(stranger: Client, service: Simulator, region: str) -> None:
    service.region_code = region
    callback, _ = await stranger.submit()

    assert callback.startswith(f"{REDIRECT_URI}?")
    assert query(callback)["state"] == STATE
    assert service.password_posts == {service.url.removeprefix("http://"): 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"email": "nobody@example.com"},
        {"username": EMAIL},
        {"username": f"NL/{EMAIL}"},
        {"regionCode": "NL"},
    ],
)
async def test_whatever_is_wrong_shows_the_form_again(
    stranger: Client, service: Simulator, changes: dict[str, str]
) -> None:
    service.region_code = "NG"
    address, response = await stranger.submit(**changes)
    page = await response.text()

    assert query(address)["authFailure"] == "true"
    assert response.status == 200
    assert login_form(page) is not None
    assert "incorrect" in page


async def test_the_account_is_locked_after_too_many_wrong_passwords(stranger: Client, service: Simulator) -> None:
    service.lock_after = 2
    for password in ("wrong", "wrong again", PASSWORD):
        address, _ = await stranger.submit(password)
        assert "authFailure" in query(address)

    assert service.account.locked
    assert service.requests["login"] == 3


async def test_a_right_password_clears_the_count(stranger: Client, service: Simulator) -> None:
    service.lock_after = 2
    for password in ("wrong", PASSWORD, "wrong"):
        stranger.session.cookie_jar.clear()
        await stranger.submit(password)

    assert not service.account.locked


@pytest.mark.parametrize("cookie", ["JSESSIONID", "authnode"])
async def test_both_cookies_are_needed(stranger: Client, cookie: str) -> None:
    await stranger.authorize()
    jar = stranger.session.cookie_jar
    address, form = await stranger.page()
    jar.clear(lambda morsel: morsel.key == cookie)
    fields = form.inputs | {"userName": EMAIL, "password": PASSWORD}
    headers = {"Origin": stranger.url, "Referer": address}
    response = await stranger.session.post(f"{stranger.url}/auth/commonauth", data=fields, headers=headers)

    assert str(response.url).endswith("/retry.do")
    assert login_form(await response.text()) is None


async def test_a_form_is_good_for_one_log_in(stranger: Client) -> None:
    address, form = await stranger.page()
    fields = form.inputs | {"sessionDataKey": "f" * 40}
    headers = {"Origin": stranger.url, "Referer": address}
    response = await stranger.session.post(f"{stranger.url}/auth/commonauth", data=fields, headers=headers)
    assert str(response.url).endswith("/retry.do")

    for key in ("f" * 40, form.inputs["sessionDataKey"]):
        page = await stranger.get(f"auth/authenticationendpoint/login.do?sessionDataKey={key}", "text/html")
        assert (login_form(await page.text()) is None) is (key == "f" * 40)


@pytest.mark.parametrize("header", ["origin", "referer"])
async def test_the_form_must_come_from_our_page(stranger: Client, header: str) -> None:
    _, response = await stranger.submit(**{header: "https://example.com"})

    assert response.status == 403


async def test_the_form_must_be_a_form(stranger: Client, service: Simulator) -> None:
    response = await stranger.session.post(f"{stranger.url}/auth/commonauth", json={"password": PASSWORD})

    assert response.status == 415
    assert service.password_posts.total() == 1
    assert service.requests["login"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_type", "token"),
        ("scope", "openid"),
        ("state", "short"),
        ("code_challenge", None),
        ("code_challenge_method", "plain"),
        ("brand", None),
        ("client", None),
        ("locale", None),
    ],
)
async def test_a_wrong_request_is_told_to_the_app(stranger: Client, name: str, value: str | None) -> None:
    response = await stranger.authorize(**{name: value})

    assert response.headers["Location"].startswith(f"{REDIRECT_URI}?error=invalid_request")


@pytest.mark.parametrize(("name", "value"), [("client_id", "a-ncb-prod-android"), ("redirect_uri", "com://other")])
async def test_an_unknown_app_is_told_to_the_user(stranger: Client, name: str, value: str) -> None:
    address, response = await stranger.follow(await stranger.authorize(**{name: value}))

    assert "oauth2_error.do" in address
    assert login_form(await response.text()) is None


async def test_pages_are_for_people(stranger: Client) -> None:
    response = await stranger.get("auth/oauth2/authorize", "application/json")

    assert response.status == 406


async def test_a_session_is_let_through_without_a_form(stranger: Client, service: Simulator, clock: Clock) -> None:
    await stranger.submit()
    again = await stranger.authorize()

    assert again.headers["Location"].startswith(f"{REDIRECT_URI}?code=")
    assert (await stranger.token(query(again.headers["Location"])["code"])).status == 200

    clock.advance(hours=9)
    late = await stranger.authorize()
    assert "login.do" in late.headers["Location"]
    assert service.requests["login"] == 1


async def test_the_last_hop_needs_a_session(stranger: Client) -> None:
    _, form = await stranger.page()
    address = f"{stranger.url}/auth/oauth2/authorize?sessionDataKeyConsent={form.inputs['sessionDataKey']}"
    response = await stranger.session.get(address, allow_redirects=False)

    assert response.headers["Location"].endswith("retry.do")


# Outcomes that a test can order (kamereon-eu §4.4)


async def test_a_password_that_goes_elsewhere_is_noticed(stranger: Client, service: Simulator) -> None:
    # As if the unsafe form had been obeyed: the same server, under the other name.
    url, headers = f"{service.url}/auth/commonauth", {"Host": service.elsewhere.removeprefix("http://")}
    await stranger.session.post(url, data={"password": PASSWORD}, headers=headers)

    assert service.password_posts == {headers["Host"]: 1}


# The token endpoint


async def test_a_code_is_good_once(stranger: Client) -> None:
    callback, _ = await stranger.submit()
    first, second = [await stranger.token(query(callback)["code"]) for _ in range(2)]

    assert first.status == 200
    assert (await first.json()).keys() == {"access_token", "refresh_token", "id_token", "token_type", "expires_in"}
    assert (second.status, (await second.json())["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400)])
async def test_a_code_is_good_for_a_minute(stranger: Client, clock: Clock, seconds: int, status: int) -> None:
    callback, _ = await stranger.submit()
    clock.advance(seconds=seconds)

    assert (await stranger.token(query(callback)["code"])).status == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"redirect_uri": "com://other"}, "invalid_grant"),
        ({"scope": SCOPE.removesuffix(" offline_access")}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_code_needs_its_proof(stranger: Client, changes: dict[str, str], error: str) -> None:
    callback, _ = await stranger.submit()
    response = await stranger.token(query(callback)["code"], **changes)

    assert (await response.json())["error"] == error


async def test_the_token_endpoint_wants_a_form_and_no_secret(stranger: Client) -> None:
    url = f"{stranger.url}/auth/oauth2/token"
    as_json = await stranger.session.post(url, json={"grant_type": "authorization_code"})
    with_secret = await stranger.session.post(url, data={"a": "b"}, headers={"Authorization": "Basic eDp5"})

    assert (as_json.status, (await as_json.json())["error"]) == (400, "invalid_request")
    assert (with_secret.status, (await with_secret.json())["error"]) == (401, "invalid_client")
