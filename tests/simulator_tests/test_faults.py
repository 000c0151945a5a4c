"""What can be made to go wrong."""

import asyncio
from email.utils import parsedate_to_datetime
import time

from aiohttp import ClientConnectionError, ClientError, ClientTimeout, web
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Fault, Simulator

from .client import ARIYA, JSON, LEAF, Client, failure, query
from .conftest import NOW

BATTERY = f"car-adapter/v1/cars/{LEAF}/battery-status"
LOCATION = f"car-adapter/v1/cars/{LEAF}/location"


async def test_an_endpoint_fails_alone_until_it_is_healed(client: Client, service: Simulator) -> None:
    service.fail("battery-status", Fault.http(500))
    for _ in range(3):
        assert await client.error(BATTERY) == (500, "500")
    assert (await client.get(LOCATION)).status == 200

    service.heal("location")
    assert (await client.get(BATTERY)).status == 500
    service.heal("battery-status")
    assert (await client.get(BATTERY)).status == 200


async def test_everything_fails_until_all_is_healed(client: Client, service: Simulator) -> None:
    service.fail("*", Fault.html(403))
    responses = [await client.get(path) for path in (BATTERY, LOCATION, "auth/oauth2/authorize")]
    assert {(r.status, r.content_type) for r in responses} == {(403, "text/html")}
    assert "administrator" in await responses[0].text()

    service.heal()
    assert (await client.get(BATTERY)).status == 200


async def test_a_number_of_times(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.http(401, "401000"), times=1)

    assert await client.error(LOCATION) == (401, "401000")
    assert (await client.get(LOCATION)).status == 200


async def test_one_version_one_vehicle_and_the_newest_fault(client: Client, service: Simulator) -> None:
    service.fail("battery-status", Fault.http(502))
    service.fail("battery-status/v1", Fault.http(501), vin=LEAF)

    assert (await client.get(BATTERY)).status == 501
    assert (await client.get(f"car-adapter/v1/cars/{ARIYA}/battery-status")).status == 502
    assert (await client.get(f"car-adapter/v2/cars/{LEAF}/battery-status")).status == 502


async def test_one_action(client: Client, service: Simulator) -> None:
    service.fail("actions/hvac-start", Fault.http(500))

    assert (await client.act(LEAF, "hvac-start", "HvacStart", action="stop")).status == 500
    assert (await client.act(LEAF, "refresh-location", "RefreshLocation")).status == 200
    assert service.requests["wakes"] == 1


@pytest.mark.parametrize("step", ["authorize", "login-page", "commonauth", "token", "exchange", "users-current"])
async def test_every_step_of_the_log_in(stranger: Client, service: Simulator, step: str) -> None:
    service.fail(step, Fault.empty(503))
    with pytest.raises((AssertionError, KeyError, ClientError)):
        await stranger.log_in()
    assert service.requests[step] == 1

    service.heal()
    stranger.session.cookie_jar.clear()
    assert await stranger.log_in()


async def test_the_detail_of_an_error(client: Client, service: Simulator) -> None:
    service.fail("cockpit", Fault.http(500, "500", "BatteryAdapter.getBatteryStatus()", "no"))
    response = await client.get(f"car-adapter/v1/cars/{LEAF}/cockpit")

    assert (await response.json())["errors"] == [
        {
            "status": "Internal Server Error",
            "code": "500",
            "title": "BatteryAdapter.getBatteryStatus()",
            "detail": "no",
        }
    ]


async def test_errors_in_unusual_places(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.errors_in_200("403009"))
    assert await client.error(LOCATION) == (200, "403009")

    service.fail("location", Fault.errors_object(500, "500"))
    response = await client.get(LOCATION)
    assert isinstance((await response.json())["errors"], dict)
    assert await failure(response) == (500, "500")


async def test_bodies_that_are_no_json(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.malformed())
    with pytest.raises(ValueError, match="Expecting"):
        await (await client.get(LOCATION)).json()

    service.fail("location", Fault.empty())
    response = await client.get(LOCATION)
    assert (response.status, await response.read()) == (200, b"")


async def test_a_redirect_where_there_is_none(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.redirect("https://example.com/login"))
    headers = {"Authorization": f"Bearer {client.bearer}"}
    response = await client.session.get(f"{client.url}/{LOCATION}", headers=headers, allow_redirects=False)

    assert (response.status, response.headers["Location"]) == (302, "https://example.com/login")


async def test_rate_limits(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.rate_limited())
    assert "Retry-After" not in (await client.get(LOCATION)).headers

    service.fail("location", Fault.rate_limited(120))
    response = await client.get(LOCATION)
    assert (response.status, response.headers["Retry-After"]) == (429, "120")

    service.fail("location", Fault.rate_limited(NOW))
    response = await client.get(LOCATION)
    assert parsedate_to_datetime(response.headers["Retry-After"]) == NOW


async def test_a_hanging_endpoint_ends_with_its_client(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.hang())
    with pytest.raises(TimeoutError):
        await client.session.get(f"{client.url}/{LOCATION}", timeout=ClientTimeout(total=0.1))

    assert (await client.get(BATTERY)).status == 200


async def test_stopping_cuts_hanging_requests_off_while_time_stands_still(
    client: Client, service: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    arrived, hang = asyncio.Event(), Fault.hang().respond

    async def respond(request: web.Request) -> web.StreamResponse | None:
        arrived.set()
        return await hang(request) if hang else None

    service.fail("location", Fault(respond=respond))
    request = asyncio.create_task(client.get(LOCATION))
    await arrived.wait()
    await service.stop()

    with pytest.raises(ClientConnectionError):
        await request


async def test_a_delay_is_only_a_delay(client: Client, service: Simulator) -> None:
    service.fail("location", Fault.delay(0.05))
    began = time.monotonic()

    assert (await client.get(LOCATION)).status == 200
    assert time.monotonic() - began >= 0.05


# Replies that are changed


async def test_nulls(client: Client, service: Simulator) -> None:
    service.fail("battery-status", Fault.nulls("batteryLevel"))
    said = await client.attributes(BATTERY)
    assert said["batteryLevel"] is None
    assert said["batteryCapacity"] == 40_000

    service.fail("battery-status", Fault.nulls())
    said = await client.attributes(BATTERY)
    assert said.keys() > {"batteryLevel", "lastUpdateTime"}
    assert set(said.values()) == {None}

    flat = await (await client.get(BATTERY, JSON)).json()
    assert {key for key, value in flat.items() if value is not None} == {"id"}


async def test_missing_keys(client: Client, service: Simulator) -> None:
    service.fail("battery-status", Fault.missing("batteryLevel", "nothing"))
    assert "batteryLevel" not in await client.attributes(BATTERY)

    service.fail("battery-status", Fault.missing())
    assert await client.attributes(BATTERY) == {}
    assert await (await client.get(BATTERY, JSON)).json() == {"id": LEAF}

    service.fail("battery-status", Fault.missing("data"))
    assert await (await client.get(BATTERY)).json() == {}


async def test_values_that_nobody_knows(client: Client, service: Simulator) -> None:
    service.fail("battery-status", Fault.values(chargeStatus=-2_147_483_648, plugStatus="maybe"))
    said = await client.attributes(BATTERY)

    assert (said["chargeStatus"], said["plugStatus"]) == (-2_147_483_648, "maybe")


async def test_tokens_without_a_lifetime(stranger: Client, service: Simulator) -> None:
    service.fail("exchange", Fault.missing("expires_in"))
    tokens = await stranger.log_in()

    assert "expires_in" not in tokens


async def test_carelessly_written_vehicle_lists(client: Client, service: Simulator) -> None:
    path = f"bff-web/v5/users/{client.user}/cars"
    service.fail("cars", Fault.lowercase_vins())
    assert (await (await client.get(path)).json())["data"][0]["vin"] == LEAF.lower()

    service.fail("cars", Fault.service_ids_as_strings())
    listed = await (await client.get(path)).json()
    assert {type(service["id"]) for service in listed["data"][0]["services"]} == {str}
    assert listed["data"][0]["vin"] == LEAF

    service.fail("cars", Fault.nulls())
    assert (await (await client.get(path)).json())["data"] is None


async def test_pages_are_not_rewritten(stranger: Client, service: Simulator) -> None:
    service.fail("*", Fault.nulls())
    callback, _ = await stranger.submit()

    assert query(callback)["code"]
