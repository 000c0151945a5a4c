"""Kamereon tokens, the user and the vehicles (kamereon-eu §4.6, §4.7, §6)."""

from datetime import timedelta

import pytest

from tests.backends.doubles import Clock
from tests.simulator import Simulator

from .client import ARIYA, JSON, JSON_API, LEAF, MICRA, QASHQAI, Client, failure, query


async def id_token(client: Client) -> str:
    callback, _ = await client.submit()
    tokens = await (await client.token(query(callback)["code"])).json()
    return str(tokens["id_token"])


async def test_the_exchange_wants_the_bare_token(stranger: Client) -> None:
    token = await id_token(stranger)

    assert (await stranger.exchange(f"Bearer {token}")).status == 401
    assert (await stranger.exchange(token, **{"Content-Type": JSON})).status == 415
    assert (await stranger.exchange(token, Accept=JSON_API)).status == 406
    url = f"{stranger.url}/bff-web/v1/oauth2/access_token"
    headers = {"Authorization": token, "Content-Type": JSON_API}
    assert (await stranger.session.post(url, headers=headers)).status == 400
    assert (await stranger.session.post(f"{url}?platform=Android", headers=headers, data=b"{}")).status == 400
    assert (await stranger.exchange(token)).status == 200


async def test_an_id_token_is_good_for_an_hour(stranger: Client, clock: Clock) -> None:
    token = await id_token(stranger)
    clock.advance(minutes=60)

    assert await failure(await stranger.exchange(token)) == (401, "401000")


async def test_an_access_token_expires_by_the_injected_clock(client: Client, clock: Clock) -> None:
    clock.advance(seconds=1799)
    assert (await client.get("user-adapter/v1/users/current")).status == 200

    clock.advance(seconds=1)
    response = await client.get("user-adapter/v1/users/current")
    assert response.status == 401
    assert isinstance((await response.json())["errors"], dict)


@pytest.mark.parametrize("authorization", [None, "", "{}", "Token {}", "Bearer x"])
async def test_data_needs_a_bearer(client: Client, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.format(client.bearer)}
    for path in (
        "user-adapter/v1/users/current",
        f"bff-web/v5/users/{client.user}/cars",
        f"car-adapter/v1/cars/{LEAF}/battery-status",
    ):
        assert (await client.session.get(f"{client.url}/{path}", headers=headers)).status == 401


async def test_a_refresh_with_rotation(stranger: Client) -> None:
    old = await stranger.log_in()
    new = await (await stranger.refresh(old["refresh_token"])).json()

    assert new["refresh_token"] != old["refresh_token"]
    stranger.bearer = new["access_token"]
    assert (await stranger.get("user-adapter/v1/users/current")).status == 200
    assert await failure(await stranger.refresh(old["refresh_token"])) == (401, "401000")


async def test_a_refresh_without_rotation(stranger: Client, service: Simulator) -> None:
    service.tokens.rotates_refresh_token = False
    old = await stranger.log_in()
    for _ in range(2):
        new = await (await stranger.refresh(old["refresh_token"])).json()
        assert "refresh_token" not in new


async def test_a_refresh_wants_its_body(stranger: Client) -> None:
    tokens = await stranger.log_in()

    assert (await stranger.refresh(tokens["refresh_token"], scope="openid")).status == 400
    assert (await stranger.refresh(f"Bearer {tokens['refresh_token']}")).status == 401


async def test_lifetimes_and_revocation(stranger: Client, service: Simulator, clock: Clock) -> None:
    service.tokens.access_lifetime = timedelta(minutes=5)
    service.tokens.refresh_lifetime = timedelta(hours=1)
    tokens = await stranger.log_in()
    assert tokens["expires_in"] == 300

    service.tokens.revoke_access()
    assert (await stranger.get("user-adapter/v1/users/current")).status == 401
    clock.advance(hours=1)
    assert (await stranger.refresh(tokens["refresh_token"])).status == 401

    stranger.session.cookie_jar.clear()
    tokens = await stranger.log_in()
    service.tokens.revoke_refresh()
    assert (await stranger.refresh(tokens["refresh_token"])).status == 401


async def test_the_list_of_vehicles(client: Client, service: Simulator) -> None:
    response = await client.get(f"bff-web/v5/users/{client.user}/cars", JSON)
    cars = {car["vin"]: car for car in (await response.json())["data"]}

    assert list(cars) == [LEAF, ARIYA, QASHQAI, MICRA]
    assert cars[LEAF]["modelName"] == "Leaf"
    assert cars[LEAF]["carGateway"] == "AVN"
    assert cars[MICRA]["carGateway"] == "RVG"
    assert cars[ARIYA]["canGeneration"] == "C1A_HS EVO"
    assert cars[QASHQAI]["energy"] == "ICE"
    active = {s["id"] for s in cars[LEAF]["services"] if s["activationState"] == "ACTIVATED"}
    assert {319, 366, 299} <= active
    assert 303 not in active
    assert cars[LEAF]["privacyMode"] == "off"

    service.vehicle("Leaf").set_privacy(on=True)
    service.car("Leaf").lapse()
    leaf = (await (await client.get(f"bff-web/v5/users/{client.user}/cars")).json())["data"][0]
    assert leaf["privacyMode"] == "on"
    assert {s["activationState"] for s in leaf["services"]} == {"DEACTIVATED"}


@pytest.mark.parametrize("version", ["v1", "v2", "v4", "v6"])
async def test_other_versions_of_the_list_are_gone(client: Client, version: str) -> None:
    assert await client.error(f"bff-web/{version}/users/{client.user}/cars") == (404, "404")


async def test_the_bff_speaks_plain_json_only(client: Client) -> None:
    assert (await client.get(f"bff-web/v5/users/{client.user}/cars", JSON_API)).status == 406


async def test_nobody_sees_the_vehicles_of_others(client: Client, service: Simulator) -> None:
    assert (await client.get("bff-web/v5/users/123456/cars")).status == 403

    service.add_account("other@example.com", "secret", user_id="123456", vins={LEAF})
    client.session.cookie_jar.clear()
    await client.log_in(email="other@example.com", password="secret")
    listed = (await (await client.get("bff-web/v5/users/123456/cars")).json())["data"]
    assert client.user == "123456"
    assert [car["vin"] for car in listed] == [LEAF]
    assert await client.error(f"car-adapter/v1/cars/{ARIYA}/location") == (404, "404")


async def test_tokens_may_expire_by_another_clock_than_that_of_the_vehicles(
    stranger: Client, service: Simulator, clock: Clock
) -> None:
    """A tour is over in a minute, and takes the vehicles longer than a token lasts."""
    service.service_now = Clock(clock())
    stranger.bearer = (await stranger.log_in())["access_token"]

    clock.advance(hours=1)

    assert (await stranger.get("user-adapter/v1/users/current")).status == 200
