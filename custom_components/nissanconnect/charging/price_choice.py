"""The prices that the owner chose for a plan: their source, what is added to them, and a timetable of two tariffs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final, Self

from homeassistant.const import WEEKDAYS

from ..engine.charge_plan import PriceSlot
from ..settings import EntryValues

CONF_LOW_DAYS: Final = "low_days"
CONF_LOW_FROM: Final = "low_from"
CONF_LOW_PRICE: Final = "low_price"
CONF_LOW_UNTIL: Final = "low_until"
CONF_PRICE: Final = "price"
CONF_PRICE_FACTOR: Final = "price_factor"
CONF_PRICE_SOURCE: Final = "price_source"
CONF_PRICE_SURCHARGE: Final = "price_surcharge"

CONSTANT: Final = "constant"
ENTITY: Final = "entity"
TWO_TARIFF: Final = "two_tariff"

_FACTORS = (-100.0, 100.0)
_PRICES = (-1e5, 1e5)

_STEP = timedelta(minutes=5)
"""To which the times of a timetable are exact, as the planner is."""
_FARTHEST = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChoice:
    """What the owner chose; prices are in the currency per kWh.

    ``source`` is the id of a :class:`.price_sources.PriceSource`. A price of it costs the owner ``factor`` times that,
    plus ``surcharge``. ``price`` is the constant one, or that of the normal tariff. The low tariff applies from
    ``low_from`` until ``low_until`` in local time, which may be past midnight, and all day on ``low_days``.
    """

    source: str
    factor: float = 1.0
    surcharge: float = 0.0
    price: float | None = None
    low_price: float | None = None
    low_from: time | None = None
    low_until: time | None = None
    low_days: frozenset[str] = frozenset()

    @classmethod
    def of(cls, values: EntryValues) -> Self | None:
        """Return what a subentry holds; ``None`` if it names no source, and odd values count as not set."""
        source = values.text(CONF_PRICE_SOURCE)
        if not source:
            return None
        return cls(
            source=source,
            factor=values.number(CONF_PRICE_FACTOR, 1.0, _FACTORS),
            surcharge=values.number(CONF_PRICE_SURCHARGE, 0.0, _PRICES),
            price=values.number(CONF_PRICE, None, _PRICES),
            low_price=values.number(CONF_LOW_PRICE, None, _PRICES),
            low_from=values.time_of_day(CONF_LOW_FROM),
            low_until=values.time_of_day(CONF_LOW_UNTIL),
            low_days=values.texts(CONF_LOW_DAYS) & frozenset(WEEKDAYS),
        )

    def to_data(self) -> dict[str, Any]:
        """Return it as a subentry holds it, without what is not set."""
        data = {
            CONF_PRICE_SOURCE: self.source,
            CONF_PRICE_FACTOR: self.factor,
            CONF_PRICE_SURCHARGE: self.surcharge,
            CONF_PRICE: self.price,
            CONF_LOW_PRICE: self.low_price,
            CONF_LOW_FROM: self.low_from and self.low_from.isoformat(),
            CONF_LOW_UNTIL: self.low_until and self.low_until.isoformat(),
            CONF_LOW_DAYS: [day for day in WEEKDAYS if day in self.low_days],
        }
        return {name: value for name, value in data.items() if value not in (None, [])}

    def cost(self, price: float) -> float:
        """Return what a kWh costs the owner if it has this price at the source."""
        return self.factor * price + self.surcharge

    def slots(self, start: datetime, until: datetime, zone: tzinfo) -> tuple[PriceSlot, ...]:
        """Return the prices that are known without asking anyone: the constant one, or those of the timetable.

        They are what the clock on the wall says. Without a ``price`` there are none.
        """
        found = list[PriceSlot]()
        for at, price in self._steps(start, min(until, start + _FARTHEST), zone):
            if found and found[-1].price == price:
                found[-1] = found[-1]._replace(end=at + _STEP)
            else:
                found.append(PriceSlot(at, at + _STEP, price))
        return tuple(found)

    def _steps(self, start: datetime, until: datetime, zone: tzinfo) -> Iterator[tuple[datetime, float]]:
        if self.price is None:
            return
        low = self.price if self.source == CONSTANT or self.low_price is None else self.low_price
        at = start - (start - datetime(2000, 1, 1, tzinfo=UTC)) % _STEP
        while at < until:
            yield at, low if self._is_low(at.astimezone(zone)) else self.price
            at += _STEP

    def _is_low(self, local: datetime) -> bool:
        if WEEKDAYS[local.weekday()] in self.low_days:
            return True
        if self.low_from is None or self.low_until is None:
            return False
        if self.low_from < self.low_until:
            return self.low_from <= local.time() < self.low_until
        return local.time() >= self.low_from or local.time() < self.low_until
