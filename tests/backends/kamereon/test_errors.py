"""What error responses mean (kamereon-eu §15.1): in general, and for a command that may be under way."""

from datetime import datetime, timedelta, timezone
import json

from hypothesis import event, given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.http import Response, Unauthorized
from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.backends.kamereon.client import (
    AdapterFault,
    BadRequest,
    InvalidValue,
    NotServed,
    body_of,
    error_of,
)
from custom_components.nissanconnect.backends.kamereon.commands import action_for
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    BackendError,
    Busy,
    Declined,
    NotSupported,
    PrivacyMode,
    ProtocolError,
    RateLimited,
    ScheduleClimate,
    SoundHorn,
    TimePassed,
    Unavailable,
)
from tests.departures import departing

from ..conftest import NOW
from .fake import BROKEN_OFF, DROPPED, LEAF, VIN, Fake, Say


def envelope(status: str = "", code: Json = "", title: str = "", detail: str = "") -> str:
    return json.dumps({"errors": [{"status": status, "code": code, "title": title, "detail": detail}]})


BLOCKED = "<html><body>Access forbidden by administrator</body></html>"
ADAPTER = "BatteryAdapter.getBatteryStatus()"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, envelope("Bad Request", "400", "Http message is not readable"), BadRequest),
        (400, envelope("Bad Request", "400001", detail="The vehicle has no GDC gateway"), NotSupported),
        (400, envelope("Bad Request", "400001", "Invalid OTP"), InvalidValue),
        (400, "", BadRequest),
        (401, '{"errors": {"status": "Unauthorized", "code": "401000", "meta": []}}', Unauthorized),
        (401, "", Unauthorized),
        (403, envelope("Forbidden", "403", "security.access"), NotSupported),
        (403, envelope("Forbidden", "403009", "Forbidden action"), PrivacyMode),
        (403, envelope("Forbidden", "403011"), NotSupported),
        (403, BLOCKED, AccessBlocked),
        (403, "  \n" + BLOCKED, AccessBlocked),
        (403, "Access forbidden by administrator", AccessBlocked),
        (403, "", NotSupported),
        (404, envelope("Not Found", "404"), NotServed),
        (404, "<html>", NotServed),
        (405, "", Declined),
        (406, "", Declined),
        (409, envelope("Conflict", "409001"), Busy),
        (409, envelope("Conflict", "409"), Declined),
        (429, "", RateLimited),
        (500, envelope("500", "500", ADAPTER), AdapterFault),
        (500, envelope("500", "500", "Internal Server Error"), Unavailable),
        (500, "", Unavailable),
        (501, envelope("Not Implemented", "501", "Not supported Feature"), NotServed),
        (502, "<html>Bad gateway</html>", Unavailable),
        (502, envelope("Bad Gateway", "502"), Unavailable),
        (503, "", Unavailable),
        (504, "", Unavailable),
        # Errors with a status that says that all is well
        (200, envelope("Forbidden", "403009"), PrivacyMode),
        (200, envelope("Not Implemented", ""), NotServed),
        (200, envelope("501", None), NotServed),
        (200, envelope("", 501), NotServed),
        (200, envelope("unauthorized"), Unauthorized),
        (200, envelope("", "500", ADAPTER), AdapterFault),
        (200, '{"errors": {"code": "401000"}}', Unauthorized),
        (200, '{"errors": ["oops"]}', ProtocolError),
        (200, '{"errors": "oops"}', ProtocolError),
        (200, envelope("Whatever", "Future"), TimePassed),
    ],
)
def test_kinds(status: int, text: str, kind: type[BackendError]) -> None:
    error = error_of(Response.of(status, text), "cockpit v1")
    assert type(error) is kind
    assert f"cockpit v1 answered {status}" in str(error)


@pytest.mark.parametrize(
    "text", ["{}", '{"errors": []}', '{"errors": null}', '{"errors": {}}', '{"data": {"errors": 1}}', "[]", ""]
)
def test_no_error(text: str) -> None:
    assert error_of(Response.of(200, text), "x") is None


@pytest.mark.parametrize(("header", "wait"), [(None, 300), (10.0, 300), (900.0, 900)])
def test_the_shortest_penalty(header: float | None, wait: float) -> None:
    error = error_of(Response.of(429, "", retry_after=header), "x")
    assert error is not None
    assert error.retry_after == wait


def test_an_outage_may_say_how_long() -> None:
    error = error_of(Response.of(503, "", retry_after=60.0), "x")
    assert error is not None
    assert error.retry_after == 60


@pytest.mark.parametrize("code", ["FAKE0VIN000000001", "51.50735", "1234567", "a@b.invalid"])
def test_messages_show_codes_and_nothing_else(code: str) -> None:
    told = str(error_of(Response.of(400, envelope("b", code, "FAKE0VIN", "secret")), "x"))
    assert told == "x answered 400"
    assert str(error_of(Response.of(400, envelope("b", "400001")), "x")) == "x answered 400 (code 400001)"


def test_an_answer_does_not_show_what_it_says() -> None:
    assert "secret" not in repr(Response.of(200, "secret", location="secret"))


def test_bodies() -> None:
    assert body_of(Response.of(200, '{"a": 1}'), "x") == {"a": 1}
    assert body_of(Response.of(202, " \n"), "x") is None
    assert body_of(Response.of(204, ""), "x") is None


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "<html>"), (200, "{"), (200, "[" * 100_000), (200, "1" * 10_000), (302, "{}"), (199, "{}"), (600, "{}")],
)
def test_no_body(status: int, text: str) -> None:
    with pytest.raises(BackendError):
        body_of(Response.of(status, text), "x")


bodies = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
).map(json.dumps)


@given(
    st.integers(200, 209) | st.integers(100, 599),
    bodies | st.text() | st.builds(envelope, st.text(), st.text() | st.integers(), st.text()),
)
def test_every_answer_is_a_body_or_an_error(status: int, text: str) -> None:
    try:
        body = body_of(Response.of(status, text), "x")
    except BackendError as error:
        event(error.key)
        return
    event("body")
    assert 200 <= status < 300
    assert body == (json.loads(text) if text.strip() else None)


@given(st.integers(200, 299), bodies.filter(lambda text: not text.startswith("{")))
def test_an_answer_without_a_fault_is_a_body(status: int, text: str) -> None:
    assert body_of(Response.of(status, text), "x") == json.loads(text)


ACTIONS = f"/car-adapter/v1/cars/{VIN}/actions/"

ANSWERS: list[tuple[str, Say, type[BackendError], bool]] = [
    ("not readable", Say.error(400, "400"), Declined, True),
    ("past", Say.error(400, "Future"), TimePassed, True),
    ("no right", Say.error(403, "403", "security.access"), NotSupported, True),
    ("privacy", Say.error(403, "403009"), PrivacyMode, True),
    ("wrong CAN", Say.error(403, "403011"), NotSupported, True),
    ("gateway", Say.html(403), AccessBlocked, True),
    ("not served", Say.error(404, "404"), NotSupported, True),
    ("method", Say(status=405), Declined, True),
    ("negotiation", Say(status=406), Declined, True),
    ("busy", Say.error(409, "409001"), Busy, True),
    ("conflict", Say.error(409, "409"), Declined, True),
    ("limit", Say(status=429), RateLimited, True),
    ("not supported", Say.error(501, "501"), NotSupported, True),
    ("refused in 200", Say.error(403, "403", http=200), NotSupported, True),
    ("upstream", Say.error(500, "500"), Unavailable, False),
    ("upstream in 200", Say.error(500, "500", http=200), Unavailable, False),
    ("bad gateway", Say.error(502, "502"), Unavailable, False),
    ("outage page", Say.html(503), Unavailable, False),
    ("gateway time-out", Say.html(504), Unavailable, False),
    ("page in 200", Say.html(200), ProtocolError, False),
    ("dropped", DROPPED, Unavailable, False),
    ("broken off", BROKEN_OFF, Unavailable, False),
]


@pytest.mark.parametrize(
    ("answer", "error", "nothing_done"), [each[1:] for each in ANSWERS], ids=[a[0] for a in ANSWERS]
)
async def test_an_answer_to_a_command(
    backend: KamereonBackend, fake: Fake, answer: Say, error: type[BackendError], nothing_done: bool
) -> None:
    fake.on("POST", ACTIONS + "horn-lights", answer)
    wakes: list[None] = []
    with pytest.raises(error) as raised:
        await backend.send(LEAF, SoundHorn(), departing(lambda: wakes.append(None), wakes.pop))
    assert raised.value.nothing_done is nothing_done
    assert len(wakes) == (not nothing_done), "what was certainly refused woke nobody"


moments = st.integers(0, 2 * 365 * 86_400_000).map(lambda ms: NOW + timedelta(milliseconds=ms))
zones = st.builds(timezone, st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes)))


@given(moments, moments, zones)
def test_a_planned_start_is_asked_for_at_its_second_or_refused(now: datetime, at: datetime, zone: timezone) -> None:
    try:
        asked = action_for(ScheduleClimate(at=at.astimezone(zone)), LEAF, now).attributes["startDateTime"]
    except TimePassed:
        assert at < now + timedelta(seconds=5)
        return
    assert timedelta() <= at - datetime.fromisoformat(str(asked)) < timedelta(seconds=1)
    assert datetime.fromisoformat(str(asked)) > now
