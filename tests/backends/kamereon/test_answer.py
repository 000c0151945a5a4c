"""What answers mean (kamereon-eu §15.1)."""

import json

from hypothesis import event, given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.errors import (
    AdapterFault,
    Answer,
    BadRequest,
    InvalidValue,
    NotServed,
    Unauthorized,
    error_of,
    json_of,
)
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    BackendError,
    Busy,
    Declined,
    NotSupported,
    PrivacyMode,
    ProtocolError,
    RateLimited,
    TimePassed,
    Unavailable,
)


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
    error = error_of(Answer(status=status, text=text), "cockpit v1")
    assert type(error) is kind
    assert f"cockpit v1 answered {status}" in str(error)


@pytest.mark.parametrize(
    "text", ["{}", '{"errors": []}', '{"errors": null}', '{"errors": {}}', '{"data": {"errors": 1}}', "[]", ""]
)
def test_no_error(text: str) -> None:
    assert error_of(Answer(status=200, text=text), "x") is None


@pytest.mark.parametrize(("header", "wait"), [(None, 300), (10.0, 300), (900.0, 900)])
def test_the_shortest_penalty(header: float | None, wait: float) -> None:
    error = error_of(Answer(status=429, text="", retry_after=header), "x")
    assert error is not None
    assert error.retry_after == wait


def test_an_outage_may_say_how_long() -> None:
    error = error_of(Answer(status=503, text="", retry_after=60.0), "x")
    assert error is not None
    assert error.retry_after == 60


@pytest.mark.parametrize("code", ["FAKE0VIN000000001", "51.50735", "1234567", "a@b.invalid"])
def test_messages_show_codes_and_nothing_else(code: str) -> None:
    told = str(error_of(Answer(status=400, text=envelope("b", code, "FAKE0VIN", "secret")), "x"))
    assert told == "x answered 400"
    assert str(error_of(Answer(status=400, text=envelope("b", "400001")), "x")) == "x answered 400 (code 400001)"


def test_an_answer_does_not_show_what_it_says() -> None:
    assert "secret" not in repr(Answer(status=200, text="secret", location="secret"))


def test_bodies() -> None:
    assert json_of(Answer(status=200, text='{"a": 1}'), "x") == {"a": 1}
    assert json_of(Answer(status=202, text=" \n"), "x") is None
    assert json_of(Answer(status=204, text=""), "x") is None


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "<html>"), (200, "{"), (200, "[" * 100_000), (200, "1" * 10_000), (302, "{}"), (199, "{}"), (600, "{}")],
)
def test_no_body(status: int, text: str) -> None:
    with pytest.raises(BackendError):
        json_of(Answer(status=status, text=text), "x")


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
        body = json_of(Answer(status=status, text=text), "x")
    except BackendError as error:
        event(error.key)
        return
    event("body")
    assert 200 <= status < 300
    assert body == (json.loads(text) if text.strip() else None)


@given(st.integers(200, 299), bodies.filter(lambda text: not text.startswith("{")))
def test_an_answer_without_a_fault_is_a_body(status: int, text: str) -> None:
    assert json_of(Answer(status=status, text=text), "x") == json.loads(text)
