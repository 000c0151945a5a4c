"""One request: bounds, and failures without an answer. And requests to the data plane, which add a token."""

import asyncio

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.kamereon import Environment, Timeouts
from custom_components.nissanconnect.backends.kamereon.client import Host, Transport
from custom_components.nissanconnect.backends.kamereon.errors import Answer, NoAnswer
from custom_components.nissanconnect.vehicle import NoConnection, ProtocolError, Unavailable

from ..doubles import Clock
from .fake import DROPPED, NOTHING, Fake, Say


async def get(transport: Transport, environment: Environment, path: str) -> Answer:
    return await transport.request("GET", environment.url(Host.CARS, path), "thing", headers={}, timeout=5)


async def test_an_answer_is_told_as_it_came(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=418, text="ä", headers={"Retry-After": "7"}))
    assert await get(transport, environment, "x") == Answer(status=418, text="ä", retry_after=7)


async def test_redirects_are_not_followed(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say.redirect("/car-adapter/y"))
    assert (await get(transport, environment, "x")).location == "/car-adapter/y"
    assert fake.count("/car-adapter/y") == 0


async def test_a_session_that_raises_for_status_does_not_here(
    environment: Environment, fake: Fake, clock: Clock
) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=500))
    async with ClientSession(raise_for_status=True) as session:
        transport = Transport(session, timeouts=Timeouts(), now=clock)
        assert (await get(transport, environment, "x")).status == 500


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("Fri, 20 Nov 2026 18:40:00 GMT", 600),
        ("Fri, 20 Nov 2026 18:40:00 -0000", 600),
        ("Fri, 20 Nov 2026 18:00:00 GMT", 0),
        ("999999999999", 86_400),
        ("Fri, 20 Nov 2099 18:00:00 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after(
    transport: Transport, environment: Environment, fake: Fake, header: str, seconds: float | None
) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=429, headers={"Retry-After": header}))
    assert (await get(transport, environment, "x")).retry_after == seconds


async def test_silence_ends(session: ClientSession, environment: Environment, fake: Fake, clock: Clock) -> None:
    fake.on("GET", "/car-adapter/secret", NOTHING)
    url = environment.url(Host.CARS, "secret")
    with pytest.raises(NoAnswer, match=r"^no answer from thing$") as raised:
        await Transport(session, timeouts=Timeouts(), now=clock).request("GET", url, "thing", headers={}, timeout=0.05)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_a_dropped_connection_is_an_outage(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", DROPPED)
    with pytest.raises(Unavailable, match=r"^no connection to thing$"):
        await get(transport, environment, "x")


async def test_a_body_that_breaks_off_is_no_answer(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(text="much more", break_off=True))
    with pytest.raises(NoAnswer):
        await get(transport, environment, "x")


async def test_nobody_there_is_told_from_an_outage(
    session: ClientSession, environment: Environment, clock: Clock
) -> None:
    url = environment.url(Host.CARS, "x").with_port(1)
    with pytest.raises(NoConnection):
        await Transport(session, timeouts=Timeouts(), now=clock).request("GET", url, "thing", headers={}, timeout=5)


async def test_bodies_have_an_end(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(text="x" * (4 * 1024 * 1024)), Say(text="x" * (4 * 1024 * 1024 + 1)))
    assert len((await get(transport, environment, "x")).text) == 4 * 1024 * 1024
    with pytest.raises(ProtocolError):
        await get(transport, environment, "x")


async def test_bytes_that_are_no_text_do_not_raise(transport: Transport, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(raw="ü".encode("latin-1")))
    assert (await get(transport, environment, "x")).text == "�"


async def test_nobody_waits_for_the_requests_of_others(
    transport: Transport, environment: Environment, fake: Fake
) -> None:
    fake.on("GET", "/car-adapter/x", NOTHING)
    requests = [asyncio.create_task(get(transport, environment, "x")) for _ in range(10)]
    await fake.until_asked(10)
    fake.released.set()
    await asyncio.gather(*requests)
