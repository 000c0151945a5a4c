"""What the documented errors (kamereon-eu §15.1) mean as answers to a command, and whether it may be under way."""

from datetime import datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.kamereon import KamereonBackend
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

ACTIONS = f"/car-adapter/v1/cars/{VIN}/actions/"

BLOCKED = Say.html(403)
ANSWERS: list[tuple[str, Say, type[BackendError], bool]] = [
    ("not readable", Say.error(400, "400"), Declined, True),
    ("past", Say.error(400, "Future"), TimePassed, True),
    ("no right", Say.error(403, "403", "security.access"), NotSupported, True),
    ("privacy", Say.error(403, "403009"), PrivacyMode, True),
    ("wrong CAN", Say.error(403, "403011"), NotSupported, True),
    ("gateway", BLOCKED, AccessBlocked, True),
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
        asked = action_for(ScheduleClimate(at.astimezone(zone)), LEAF, now).attributes["startDateTime"]
    except TimePassed:
        assert at < now + timedelta(seconds=5)
        return
    assert timedelta() <= at - datetime.fromisoformat(str(asked)) < timedelta(seconds=1)
    assert datetime.fromisoformat(str(asked)) > now
