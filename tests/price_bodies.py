"""What sources of prices keep in the attributes of their entities, in the shapes that they document (charging §1).

All are about the same two days, and about the same prices: :data:`PRICES` by the hour, in quarters or halves of an hour
where a source has these. The clocks are those of Berlin. The values are made up.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 29)
TOMORROW = TODAY + timedelta(days=1)

PRICES = [0.21, 0.2, 0.19, 0.18, 0.18, 0.2, 0.27, 0.33, 0.34, 0.3, 0.26, 0.21]
PRICES += [0.12, -0.02, -0.05, 0.08, 0.24, 0.38, 0.41, 0.36, 0.31, 0.27, 0.24, 0.22]
"""Of both days, per kWh. In each quarter of an hour the price is a thousandth higher than in the one before."""


class Slot(NamedTuple):
    """A slot as the sources know it, in local time."""

    start: datetime
    end: datetime
    price: float


def day_of(day: date, minutes: int = 15) -> list[Slot]:
    """The slots of a day."""
    start = datetime.combine(day, time(), BERLIN).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), BERLIN).astimezone(UTC)
    found, length = list[Slot](), timedelta(minutes=minutes)
    while start < end:
        local = start.astimezone(BERLIN)
        price = round(PRICES[local.hour] + local.minute // 15 / 1000, 6)
        found.append(Slot(local, (start + length).astimezone(BERLIN), price))
        start += length
    return found


def listed(slots: list[Slot], shape: Callable[[Slot], dict[str, Any]]) -> list[dict[str, Any]]:
    """Slots in the shape of a source."""
    return [shape(slot) for slot in slots]


class Attributes(NamedTuple):
    """The attributes of an entity, and what is to be read: in slots of how many minutes, over which days, in what."""

    attributes: dict[str, Any]
    minutes: int
    days: tuple[date, ...] = (TODAY, TOMORROW)
    currency: str | None = "EUR"
    own_unit: bool = True
    """Whether the entity has a unit; else its keys tell."""


def _pair(names: tuple[str, str], minutes: int, shape: Callable[[Slot], dict[str, Any]]) -> dict[str, Any]:
    return {name: listed(day_of(day, minutes), shape) for name, day in zip(names, (TODAY, TOMORROW), strict=True)}


def _both(minutes: int, shape: Callable[[Slot], dict[str, Any]]) -> list[dict[str, Any]]:
    return listed([*day_of(TODAY, minutes), *day_of(TOMORROW, minutes)], shape)


def flat_hours(day: date, prefix: str) -> Iterator[tuple[str, float]]:
    """PVPC's keys for a day."""
    for slot in day_of(day, 60):
        yield f"{prefix}{slot.start.hour:02}h{'_d' if slot.start.fold else ''}", slot.price


def octopus_rates(day: date) -> dict[str, Any]:
    """What an event entity of Octopus Energy has."""
    rates = listed(
        day_of(day, 30),
        lambda slot: {
            "start": slot.start,
            "end": slot.end,
            "value_inc_vat": slot.price,
            "is_capped": False,
            "is_intelligent_adjusted": False,
        },
    )
    return {
        "event_types": ["octopus_energy_electricity_current_day_rates"],
        "event_type": "octopus_energy_electricity_current_day_rates",
        "rates": rates,
        "tariff_code": "E-1R-AGILE-24-10-01-C",
        "mpan": "1200000000000",
        "serial_number": "21L0000000",
    }


def rce_prices(day: date) -> dict[str, Any]:
    """What RCE's sensor for a day has; its times are local, and those of the end."""

    def shape(slot: Slot) -> dict[str, Any]:
        return {
            "dtime": f"{slot.end:%Y-%m-%d %H:%M:%S}",
            "period": f"{slot.start:%H:%M} - {slot.end:%H:%M}",
            "rce_pln": round(slot.price * 1000, 3),
            "business_date": f"{slot.start:%Y-%m-%d}",
        }

    prices = listed(day_of(day), shape)
    return {"unit_of_measurement": "PLN/MWh", "last_update": f"{TODAY}T10:00:00+01:00", "prices": prices}


SOURCES: dict[str, Attributes] = {
    "nordpool of HACS": Attributes(
        {
            "unit_of_measurement": "SEK/kWh",
            "unit": "kWh",
            "currency": "SEK",
            "average": 0.23,
            "today": [slot.price for slot in day_of(TODAY)],
            "tomorrow": [slot.price for slot in day_of(TOMORROW)],
            "tomorrow_valid": True,
            **_pair(
                ("raw_today", "raw_tomorrow"),
                15,
                lambda slot: {"start": slot.start, "end": slot.end, "value": slot.price},
            ),
        },
        15,
        currency="SEK",
    ),
    "nordpool of HACS in öre": Attributes(
        {
            "unit_of_measurement": "Öre/kWh",
            "currency": "SEK",
            "price_in_cents": True,
            **_pair(
                ("raw_today", "raw_tomorrow"),
                15,
                lambda slot: {"start": slot.start, "end": slot.end, "value": round(slot.price * 100, 4)},
            ),
        },
        15,
        currency="SEK",
    ),
    "nordpool of HACS per MWh": Attributes(
        {
            "unit_of_measurement": "NOK/MWh",
            "currency": "NOK",
            **_pair(
                ("raw_today", "raw_tomorrow"),
                15,
                lambda slot: {"start": slot.start, "end": slot.end, "value": round(slot.price * 1000, 3)},
            ),
        },
        15,
        currency="NOK",
    ),
    "nordpool of HACS before 13:00": Attributes(
        {
            "unit_of_measurement": "EUR/kWh",
            "raw_today": listed(
                day_of(TODAY), lambda slot: {"start": slot.start, "end": slot.end, "value": slot.price}
            ),
            "raw_tomorrow": [],
            "tomorrow_valid": False,
        },
        15,
        (TODAY,),
    ),
    "ENTSO-e": Attributes(
        {
            "unit_of_measurement": "EUR/kWh",
            "prices": _both(60, lambda slot: {"time": f"{slot.start}", "price": slot.price}),
            **_pair(
                ("prices_today", "prices_tomorrow"),
                60,
                lambda slot: {"time": f"{slot.start}", "price": slot.price},
            ),
        },
        60,
    ),
    "Octopus Energy": Attributes(octopus_rates(TODAY), 30, (TODAY,), "GBP", own_unit=False),
    "EPEX Spot": Attributes(
        {
            "unit_of_measurement": "€/kWh",
            "data": _both(
                60,
                lambda slot: {
                    "start_time": slot.start.isoformat(),
                    "end_time": slot.end.isoformat(),
                    "price_per_kwh": slot.price,
                },
            ),
        },
        60,
    ),
    "EPEX Spot of old": Attributes(
        {
            "unit_of_measurement": "EUR/MWh",
            "price_ct_per_kwh": 21.0,
            "data": _both(
                60,
                lambda slot: {
                    "start_time": slot.start.isoformat(),
                    "end_time": slot.end.isoformat(),
                    "price_eur_per_mwh": round(slot.price * 1000, 2),
                    "price_ct_per_kwh": round(slot.price * 100, 3),
                },
            ),
        },
        60,
    ),
    "Energi Data Service": Attributes(
        {
            "unit_of_measurement": "Øre/kWh",
            "currency": "DKK",
            "use_cent": True,
            "today": [slot.price for slot in day_of(TODAY, 60)],
            "raw_today": listed(
                day_of(TODAY, 60), lambda slot: {"hour": slot.start, "price": round(slot.price * 100, 4)}
            ),
            "raw_tomorrow": listed(
                day_of(TOMORROW, 60), lambda slot: {"hour": slot.start, "price": round(slot.price * 100, 4)}
            ),
            "forecast": [{"hour": datetime(2026, 12, 1, tzinfo=BERLIN), "price": 99.0}],
        },
        60,
        currency="DKK",
    ),
    "Energi Data Service before 13:00": Attributes(
        {
            "unit_of_measurement": "DKK/kWh",
            "raw_today": listed(day_of(TODAY), lambda slot: {"hour": slot.start, "price": slot.price}),
            "raw_tomorrow": None,
        },
        15,
        (TODAY,),
        "DKK",
    ),
    "GE-Spot": Attributes(
        {
            "unit_of_measurement": "cents/kWh",
            "currency": "EUR",
            "display_unit": "cents",
            **_pair(
                ("today_interval_prices", "tomorrow_interval_prices"),
                15,
                lambda slot: {"time": slot.start, "value": round(slot.price * 100, 3), "raw_value": slot.price / 2},
            ),
        },
        15,
    ),
    "Frank Energie": Attributes(
        {
            "unit_of_measurement": "€/kWh",
            "prices": _both(60, lambda slot: {"from": slot.start, "till": slot.end, "price": slot.price}),
        },
        60,
    ),
    "RCE": Attributes(rce_prices(TODAY), 15, (TODAY,), "PLN"),
    "Amber": Attributes(
        {
            "unit_of_measurement": "$/kWh",
            "channel_type": "general",
            "forecasts": _both(
                30,
                lambda slot: {
                    "duration": 30,
                    "date": f"{slot.start:%Y-%m-%d}",
                    "nem_date": slot.end.isoformat(),
                    "per_kwh": slot.price,
                    "spot_per_kwh": slot.price / 2,
                    "start_time": (slot.start + timedelta(seconds=1)).isoformat(),
                    "end_time": slot.end.isoformat(),
                    "renewables": 45,
                    "spike_status": "none",
                    "descriptor": "neutral",
                },
            ),
        },
        30,
        currency=None,
    ),
    "PVPC": Attributes(
        {
            "unit_of_measurement": "€/kWh",
            "tariff": "2.0TD",
            "period": "P3",
            "next_period": "P2",
            "min_price": -0.05,
            "min_price_at": 14,
            "price_position": 5,
            "price_ratio": 0.62,
            **dict(flat_hours(TODAY, "price_")),
            **dict(flat_hours(TOMORROW, "price_next_day_")),
        },
        60,
    ),
}
