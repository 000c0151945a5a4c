"""What the entries of a book add to each hour."""

from dataclasses import fields
from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.book import Sums, sums_of
from custom_components.nissanconnect.engine.book_entries import Charge, Trip
from custom_components.nissanconnect.engine.book_hours import by_hour, running_sums
from custom_components.nissanconnect.engine.entry_finder import Entries

from .lives import START


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_entry_is_spread_over_its_hours() -> None:
    entries = Entries(
        [Trip(start=_at(45), end=_at(75), distance=30.0)],
        [Charge(start=_at(90), end=_at(90), energy=5.0), Charge(start=_at(120), end=_at(300), energy=9.0)],
    )
    hours = by_hour(entries, "EUR")
    assert {at: sums.distance for at, sums in hours.items() if sums.distance} == {_at(0): 15, _at(60): 15}
    assert {at: sums.stored for at, sums in hours.items() if sums.stored} == {
        _at(60): 5,
        _at(120): 3,
        _at(180): 3,
        _at(240): 3,
    }


spans = st.tuples(st.integers(0, 3000), st.integers(0, 600))


@given(trips=st.lists(spans, max_size=5), charges=st.lists(spans, max_size=5))
def test_hours_add_up(trips: list[tuple[int, int]], charges: list[tuple[int, int]]) -> None:
    entries = Entries(
        [Trip(start=_at(start), end=_at(start + length), distance=10.0, energy=2.0) for start, length in trips],
        [Charge(start=_at(start), end=_at(start + length), energy=7.0, wall_energy=8.0) for start, length in charges],
    )
    before = Sums(distance=1000.0)
    rows = running_sums(by_hour(entries, "EUR"), before)
    assert [at for at, _ in rows] == sorted({at for at, _ in rows})
    last = rows[-1][1] if rows else before
    for each in fields(Sums):
        assert getattr(last, each.name) == pytest.approx(getattr(before + sums_of(entries, "EUR"), each.name))
