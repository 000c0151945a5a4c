"""Reads lists of prices in all shapes in which actions and attributes of entities give them (charging §1).

Everything becomes slots in UTC with prices per kWh. Whatever cannot be read is left out, and nothing raises.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise, zip_longest
from numbers import Real
import re
from typing import Any, NamedTuple

from homeassistant.generated.currencies import ACTIVE_CURRENCIES

from ..engine.charge_plan import Period, PriceSlot

_HOUR = timedelta(hours=1)
_YEARS = range(2000, 2100)
_HIGHEST = 1e6
"""No kWh costs more, in whatever currency and unit."""


class Unit(NamedTuple):
    """The unit of a price: what one is worth in ``currency`` per kWh; ``None`` if the unit does not tell which."""

    factor: float
    currency: str | None = None


_ENERGIES = {"wh": 1000.0, "kwh": 1.0, "mwh": 1e-3, "gwh": 1e-6}
_MONEY = {
    "$": Unit(1),
    "a$": Unit(1, "AUD"),
    "kr": Unit(1),
    "kr.": Unit(1),
    "kč": Unit(1, "CZK"),
    "zł": Unit(1, "PLN"),
    "€": Unit(1, "EUR"),
    "£": Unit(1, "GBP"),
    "c": Unit(0.01),
    "ct": Unit(0.01),
    "cent": Unit(0.01),
    "cents": Unit(0.01),
    "¢": Unit(0.01),
    "c€": Unit(0.01, "EUR"),
    "ct€": Unit(0.01, "EUR"),
    "€c": Unit(0.01, "EUR"),
    "€ct": Unit(0.01, "EUR"),
    "euro": Unit(1, "EUR"),
    "eurocent": Unit(0.01, "EUR"),
    "snt": Unit(0.01, "EUR"),
    "ore": Unit(0.01),
    "öre": Unit(0.01, "SEK"),
    "øre": Unit(0.01),
    "p": Unit(0.01, "GBP"),
    "pence": Unit(0.01, "GBP"),
    "gr": Unit(0.01, "PLN"),
    "rp": Unit(0.01, "CHF"),
    "rp.": Unit(0.01, "CHF"),
    "rappen": Unit(0.01, "CHF"),
}
"""Units of money in small letters. Several countries have dollars, crowns, cents and øre."""


def read_unit(text: object) -> Unit | None:
    """Return the unit of a price of energy, like ``EUR/MWh`` or ``öre per kWh``; ``None`` if it is another unit."""
    if not isinstance(text, str):
        return None
    money, energy = _parts(text)
    per_kwh, unit = _ENERGIES.get(energy), _money(money)
    return None if per_kwh is None or unit is None else Unit(per_kwh * unit.factor, unit.currency)


def read_price(state: object, unit: object) -> float | None:
    """Return what a kWh costs by what an entity shows; ``None`` if that is no price of energy.

    As on the energy dashboard, it is for a kWh if the unit does not say for how much, and in our currency if nobody
    knows its money.
    """
    money, energy = _parts(unit if isinstance(unit, str) else "")
    per_kwh = _ENERGIES.get(energy or "kwh")
    return None if per_kwh is None else _price(state, per_kwh * (_money(money) or Unit(1)).factor)


def _parts(unit: str) -> tuple[str, str]:
    """Return the money and the energy that a unit names, in small letters."""
    money, _, energy = unit.lower().replace(" per ", "/").partition("/")
    return money.strip(), next(iter(energy.split()), "")  # behind it may be which taxes are in it


def _money(text: str) -> Unit | None:
    currency = _currency(text)
    return Unit(1, currency) if currency else _MONEY.get(text)


def _currency(text: object) -> str | None:
    """Return the code of a currency in capitals; ``None`` if it is none."""
    code = text.strip().upper() if isinstance(text, str) else None
    return code if code in ACTIVE_CURRENCIES else None


class PriceListing(NamedTuple):
    """What was read: slots in the order of time that do not overlap, and their currency if it is known."""

    slots: tuple[PriceSlot, ...] = ()
    currency: str | None = None


_LISTS = (
    ("prices_today", "prices_tomorrow"),  # ENTSO-e
    ("raw_today", "raw_tomorrow"),  # Nord Pool of HACS, Energi Data Service
    ("today_interval_prices", "tomorrow_interval_prices"),  # GE-Spot
    ("rates",),  # Octopus Energy
    ("prices",),  # Frank Energie, RCE
    ("forecasts",),  # Amber
    ("data",),  # EPEX Spot
    ("forecast",),
)
"""Under which attributes prices are listed. The first with prices count."""

_STARTS = ("start", "start_time", "from", "time", "hour", "datetime", "timestamp")
_ENDS = ("end", "end_time", "till", "dtime")
"""RCE's ``dtime`` is the end of a slot, which has no start."""
_VALUES = (
    "price",
    "value",
    "price_per_kwh",  # EPEX Spot
    "price_ct_per_kwh",
    "per_kwh",  # Amber
    "value_inc_vat",  # Octopus Energy
    "electricity_price",
    "rce_pln",
)
_OWN_UNITS = {"price_per_kwh": Unit(1), "price_ct_per_kwh": Unit(0.01), "per_kwh": Unit(1)}
"""Of the keys that are in another unit than the entity may be."""
_USUAL_UNITS = {"value_inc_vat": Unit(1, "GBP"), "rce_pln": Unit(1e-3, "PLN")}
"""Of the keys whose entity may have no unit."""

_FLAT = re.compile(r"price_(next_day_)?([01]\d|2[0-3])h(_d)?")
"""PVPC's keys for the hours of today and tomorrow in local time; ``_d`` is the second of two with the same name."""


class _Item(NamedTuple):
    """An entry of a list. Without an ``end`` it lasts until the next; without a price it only ends the one before."""

    start: datetime
    end: datetime | None
    price: float | None


def read_attributes(attributes: Mapping[str, Any], zone: tzinfo, today: date) -> PriceListing:
    """Read the prices among the attributes of an entity, which it wrote on the local day ``today``.

    If they have no list, they may be the price of a single slot themselves, as Amber's current one.
    """
    text, currency = attributes.get("unit_of_measurement"), _currency(attributes.get("currency"))
    unit = read_unit(text)
    if text and unit is None:
        return PriceListing()
    if unit is not None and unit.currency is None:
        unit = unit._replace(currency=currency)
    for names in _LISTS:
        lists = [attributes.get(name) for name in names]
        if any(lists) and (listing := read_lists(lists, unit, zone)).slots:
            return listing
    if flat := _slots(_flat_items(attributes, unit or Unit(1), zone, today)):
        return PriceListing(flat, unit and unit.currency)
    return read_lists([[attributes]], unit, zone)


def read_lists(lists: Iterable[object], unit: Unit | None, zone: tzinfo) -> PriceListing:
    """Read lists of prices in ``unit``, if it is known; naive times are in ``zone``.

    Where lists overlap, the later ones count.
    """
    items, currency = list[_Item](), unit and unit.currency
    for listed in lists:
        entries = [entry for entry in _list(listed) if isinstance(entry, Mapping)]
        if value := _key(entries, _VALUES):
            found = _OWN_UNITS.get(value) or unit or _USUAL_UNITS.get(value) or Unit(1)
            currency = currency or found.currency
            items += _items(entries, value, found.factor, zone)
    return PriceListing(_slots(items), currency)


def read_periods(listed: object, zone: tzinfo) -> tuple[Period, ...]:
    """Read a list of times from ``start`` to ``end``."""
    found, starts, ends = list[Period](), _Clock(zone), _Clock(zone)
    for entry in _list(listed):
        if isinstance(entry, Mapping):
            start, end = starts.read(entry.get("start")), ends.read(entry.get("end"))
            if start and end and start < end:
                found.append(Period(start, end))
    return tuple(sorted(found))


def join_slots(slots: Iterable[PriceSlot]) -> tuple[PriceSlot, ...]:
    """Return slots in the order of time without overlaps; of two with the same start the later given counts."""
    return _slots(_Item(*slot) for slot in slots)


def _slots(items: Iterable[_Item]) -> tuple[PriceSlot, ...]:
    by_start = {item.start: item for item in sorted(items, key=lambda item: item.price is not None)}
    ordered = sorted(by_start.values(), key=lambda item: item.start)
    found, length = list[PriceSlot](), _HOUR
    for item, following in zip_longest(ordered, ordered[1:]):
        end = item.end or (following.start if following else item.start + length)
        end = min(end, following.start) if following else end
        length = end - item.start
        if item.price is not None:
            found.append(PriceSlot(item.start, end, item.price))
    return tuple(found)


def _items(entries: Iterable[Mapping[str, Any]], value: str, factor: float, zone: tzinfo) -> Iterator[_Item]:
    start_key, end_key = _key(entries, _STARTS) or "", _key(entries, _ENDS) or ""
    starts, ends = _Clock(zone), _Clock(zone)
    read = [
        (starts.read(entry.get(start_key)), ends.read(entry.get(end_key)), _price(entry.get(value), factor))
        for entry in entries
    ]
    known = sorted({end for _, end, _ in read if end})
    length = min((after - before for before, after in pairwise(known)), default=_HOUR)
    for start, end, price in read:
        if start:
            yield _Item(start, end if end and end > start else None, price)
        elif end and not start_key:
            yield _Item(end - min(length, _HOUR), end, price)


def _flat_items(attributes: Mapping[str, Any], unit: Unit, zone: tzinfo, today: date) -> Iterator[_Item]:
    for name, value in attributes.items():
        if isinstance(name, str) and (match := _FLAT.fullmatch(name)):
            next_day, hour, second = match.groups()
            day = today + timedelta(days=1) if next_day else today
            start = _utc(datetime.combine(day, time(int(hour), fold=bool(second))), zone)
            if start:
                yield _Item(start, start + _HOUR, _price(value, unit.factor))


def _list(value: object) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else ()


def _key(entries: Iterable[Mapping[str, Any]], names: Iterable[str]) -> str | None:
    """Return the first of the names that any entry has."""
    return next((name for name in names if any(name in entry for entry in entries)), None)


def _price(value: object, factor: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real | Decimal | str):
        return None
    try:
        price = float(value)
    except ValueError, OverflowError:
        return None
    return price * factor if abs(price) < _HIGHEST else None


class _Clock:
    """Reads the times of one list. When the clocks go back, a local time that comes twice is an hour later then."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._seen = set[datetime]()

    def read(self, value: object) -> datetime | None:
        """Return a time, given as one or in the ISO format, in UTC."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        if not isinstance(value, datetime) or value.year not in _YEARS:
            return None
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        is_second = value in self._seen
        self._seen.add(value)
        return _utc(value.replace(fold=value.fold or is_second), self._zone)


def _utc(local: datetime, zone: tzinfo) -> datetime | None:
    """Return a local time in UTC; ``None`` if the clocks skip it."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    return found if found.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0) else None
