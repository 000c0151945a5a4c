"""Prices of a made-up day-ahead market: quarter-hours, of each day the same ones whenever they are asked for."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import cos, exp, tau
from random import Random
from typing import NamedTuple

QUARTER = timedelta(minutes=15)

PUBLISHED_AT = time(13)
"""When the prices of the next day are published, by local time."""


class Price(NamedTuple):
    """A price in EUR/kWh from ``start`` to ``end``."""

    start: datetime
    end: datetime
    price: float


def day_ahead(day: date, zone: tzinfo) -> list[Price]:
    """Return the prices of a local day, which has 92 or 100 quarters when the clocks are changed."""
    rng = Random(day.toordinal())
    base, morning, evening = rng.uniform(0.09, 0.12), rng.uniform(0.02, 0.08), rng.uniform(0.05, 0.14)
    sunshine = rng.uniform(0.0, 0.13) * (1 + 0.6 * cos(tau * (day.timetuple().tm_yday - 172) / 365))
    prices = []
    at, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    while at < end:
        local = at.astimezone(zone)
        hour = local.hour + local.minute / 60
        price = base - 0.03 * _bump(hour, 3, 2.5) + morning * _bump(hour, 8, 1.3) + evening * _bump(hour, 18.5, 1.8)
        price += rng.gauss(0, 0.004) - sunshine * _bump(hour, 13, 2.2)
        prices.append(Price(local, (at + QUARTER).astimezone(zone), round(price, 5)))
        at += QUARTER
    return prices


def published_days(now: datetime) -> list[date]:
    """Return the days whose prices are known: today, and from the afternoon on tomorrow."""
    today = now.date()
    return [today, today + timedelta(days=1)] if now.time() >= PUBLISHED_AT else [today]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _bump(hour: float, at: float, width: float) -> float:
    return exp(-(((hour - at) / width) ** 2) / 2)
