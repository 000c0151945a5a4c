"""The prices that the owner chose: how a subentry holds them, and the timetable of two tariffs."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.charging.price_choice import CONSTANT, TWO_TARIFF, PriceChoice
from custom_components.nissanconnect.engine.charge_plan import PriceSlot
from custom_components.nissanconnect.settings import EntryValues

from .backends.strategies import JSON

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = PriceChoice(
    source=TWO_TARIFF, price=0.32, low_price=0.24, low_from=time(22), low_until=time(6), low_days=frozenset({"sun"})
)
"""22:00 to 6:00, and all Sunday."""


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def slots(choice: PriceChoice, start: datetime, until: datetime) -> list[tuple[str, str, float]]:
    found = choice.slots(start.astimezone(UTC), until.astimezone(UTC), BERLIN)
    return [(f"{s.start.astimezone(BERLIN):%a %H:%M}", f"{s.end.astimezone(BERLIN):%a %H:%M}", s.price) for s in found]


def hours(choice: PriceChoice, day: date) -> dict[float, timedelta]:
    """How long each price applies on a day."""
    start = datetime.combine(day, time(), BERLIN).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), BERLIN).astimezone(UTC)
    found: dict[float, timedelta] = {}
    for slot in choice.slots(start, end, BERLIN):
        found[slot.price] = found.get(slot.price, timedelta()) + slot.end - slot.start
    return found


def test_two_tariffs_past_midnight_and_low_all_sunday() -> None:
    assert slots(NIGHTS, local(27, 12, 3), local(30, 12)) == [
        ("Fri 12:00", "Fri 22:00", 0.32),
        ("Fri 22:00", "Sat 06:00", 0.24),
        ("Sat 06:00", "Sat 22:00", 0.32),
        ("Sat 22:00", "Mon 06:00", 0.24),
        ("Mon 06:00", "Mon 12:00", 0.32),
    ]


def test_two_tariffs_within_a_day() -> None:
    choice = replace(NIGHTS, low_from=time(12, 30), low_until=time(14), low_days=frozenset())
    assert slots(choice, local(27, 0), local(28, 0)) == [
        ("Fri 00:00", "Fri 12:30", 0.32),
        ("Fri 12:30", "Fri 14:00", 0.24),
        ("Fri 14:00", "Sat 00:00", 0.32),
    ]


@pytest.mark.parametrize(("day", "low"), [(date(2026, 3, 29), 7), (date(2026, 10, 25), 9), (date(2026, 10, 26), 8)])
def test_the_night_in_which_the_clocks_change(day: date, low: int) -> None:
    choice = replace(NIGHTS, low_days=frozenset())
    assert hours(choice, day) == {0.24: timedelta(hours=low), 0.32: timedelta(hours=16)}


@pytest.mark.parametrize(
    ("changed", "price"),
    [
        ({"low_from": None}, 0.32),
        ({"low_until": None}, 0.32),
        ({"low_price": None}, 0.32),
        ({"source": CONSTANT}, 0.32),
        ({"price": None}, None),
        ({"low_from": time(6)}, 0.24),
    ],
)
def test_what_is_not_set(changed: dict[str, Any], price: float | None) -> None:
    """The low tariff from 6:00 until 6:00 applies all day."""
    choice = replace(NIGHTS, **{"low_days": frozenset(), **changed})
    assert hours(choice, date(2026, 11, 27)) == ({} if price is None else {price: timedelta(days=1)})


def test_a_constant_price_is_one_slot() -> None:
    choice = PriceChoice(source=CONSTANT, price=0.3, low_price=0.1, low_days=frozenset({"fri"}))
    assert slots(choice, local(27, 12), local(28, 12)) == [("Fri 12:00", "Sat 12:00", 0.3)]


def test_it_looks_two_weeks_ahead_at_most() -> None:
    found = PriceChoice(source=CONSTANT, price=0.3).slots(local(1, 0), local(1, 0) + timedelta(days=5000), BERLIN)
    assert found[-1].end - found[0].start == timedelta(days=14)


def test_what_a_kwh_costs() -> None:
    choice = PriceChoice(source=CONSTANT, factor=1.25, surcharge=0.1)
    assert choice.cost(0.2) == pytest.approx(0.35)
    assert choice.cost(-0.2) == pytest.approx(-0.15)


@pytest.mark.parametrize("choice", [NIGHTS, PriceChoice(source="nordpool:abc:SE3", factor=1.25, surcharge=0.03)])
def test_a_subentry_holds_it(choice: PriceChoice) -> None:
    values = EntryValues(choice.to_data())
    assert PriceChoice.of(values) == choice
    assert not values.odd


def test_what_is_not_set_is_not_held() -> None:
    assert PriceChoice(source=CONSTANT, price=0.0).to_data() == {
        "price_source": "constant",
        "price_factor": 1.0,
        "price_surcharge": 0.0,
        "price": 0.0,
    }


@pytest.mark.parametrize("source", [None, "", 3, []])
def test_without_a_source_there_is_no_choice(source: object) -> None:
    assert PriceChoice.of(EntryValues({"price_source": source, "price": 0.3})) is None


@given(st.dictionaries(st.sampled_from(sorted(NIGHTS.to_data())), JSON | st.just(float("nan"))))
def test_odd_values_count_as_not_set(held: dict[str, Any]) -> None:
    choice = PriceChoice.of(EntryValues({**held, "price_source": "constant"}))
    assert choice is not None
    assert PriceChoice.of(EntryValues(choice.to_data())) == choice
    choice.slots(local(27, 0), local(28, 0), BERLIN)


@given(
    st.builds(
        PriceChoice,
        source=st.just(TWO_TARIFF),
        price=st.just(2.0),
        low_price=st.just(1.0),
        low_from=st.none() | st.times(),
        low_until=st.none() | st.times(),
        low_days=st.frozensets(st.sampled_from(["mon", "sat", "sun"])),
    ),
    st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_the_timetable_has_no_gap(choice: PriceChoice, start: datetime, length: timedelta) -> None:
    found: tuple[PriceSlot, ...] = choice.slots(start, start + length, BERLIN)
    assert all(one.end == other.start and one.price != other.price for one, other in pairwise(found))
    if length:
        assert found[0].start <= start
        assert found[-1].end >= start + length
