"""What happened: driven trips, alerts that Nissan sent, and commands sent from elsewhere (mynissan-na §3)."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from hashlib import sha256

import pynissan

from ...vehicle import Notification, TripPeriod, TripRecord, TripSummary
from ..mapping import CO2_SAVED, COUNTED, DRIVEN, TRIP_ENERGY, TRIP_MINUTES, TRIPS, place
from ..reader import past
from .mapping import kilometres, label, minutes_of

AGGREGATORS: Mapping[TripPeriod, pynissan.DrivingHistoryAggregator] = {
    TripPeriod.DAY: pynissan.DrivingHistoryAggregator.DAILY,
    TripPeriod.MONTH: pynissan.DrivingHistoryAggregator.MONTHLY,
    TripPeriod.YEAR: pynissan.DrivingHistoryAggregator.YEARLY,
}

_GRAMS = {pynissan.WeightUnit.GRAM: 1.0, pynissan.WeightUnit.KILOGRAM: 1000.0, pynissan.WeightUnit.POUND: 453.59237}


def trip_summaries(
    history: pynissan.DrivingHistory | None, period: TripPeriod, start: date, end: date
) -> tuple[TripSummary, ...]:
    """Return the summaries whose period begins from ``start`` to ``end``, oldest first."""
    if history is None:
        return ()
    first = period.first_day(start)
    dated = ((_day(each, period), each) for each in history.trip_summaries)
    found = [_trip_summary(day, each, period) for day, each in dated if day is not None and first <= day <= end]
    return tuple(sorted(found, key=lambda summary: summary.start))


def _day(summary: pynissan.DrivingHistoryTripSummary, period: TripPeriod) -> date | None:
    """Return the day on which the period begins. Month and day may be missing where the period does not need them."""
    month = 1 if period is TripPeriod.YEAR else summary.month or 0
    day = summary.day or 0 if period is TripPeriod.DAY else 1
    try:
        return date(summary.year or 0, month, day)  # which takes no zero
    except ValueError, OverflowError:
        return None


def _trip_summary(start: date, summary: pynissan.DrivingHistoryTripSummary, period: TripPeriod) -> TripSummary:
    driven = summary.distance_traveled
    count = TRIPS.of(summary.number_of_trips)
    return TripSummary(
        start=start,
        period=period,
        trips=None if count is None else int(count),
        distance=kilometres(driven.value, driven.unit, DRIVEN) if driven else None,
        duration=TRIP_MINUTES.of(minutes_of(summary.duration)),
        energy_used=TRIP_ENERGY.of(summary.energy_consumed),
        co2_saved=_grams(summary.co2_saved),
    )


def trip_records(
    history: pynissan.DrivingHistory | None, start: datetime, end: datetime, now: datetime
) -> tuple[TripRecord, ...]:
    """Return the single trips that began from ``start`` on and before ``end``, oldest first."""
    found = (_trip_record(each, now) for each in (history.trips if history else ()))
    chosen = (trip for trip in found if trip is not None and start <= trip.start < end)
    return tuple(sorted(chosen, key=lambda trip: trip.start))


def _trip_record(trip: pynissan.DrivingHistoryTrip, now: datetime) -> TripRecord | None:
    """Return a trip, ``None`` if it is not known when it was or how far it went."""
    start, end, driven = past(trip.start_date, now), past(trip.end_date, now), trip.distance
    distance = kilometres(driven.value, driven.unit, DRIVEN) if driven else None
    if start is None or end is None or end < start or distance is None:
        return None
    return TripRecord(
        start=start,
        end=end,
        distance=distance,
        energy=COUNTED.of(trip.energy_consumed),
        regained=COUNTED.of(trip.energy_saved),
        start_position=_place(trip.start_location),
        end_position=_place(trip.end_location),
    )


def _place(found: pynissan.DrivingHistoryCoordinate | None) -> tuple[float, float] | None:
    return None if found is None else place(found.latitude, found.longitude)


def _grams(weight: pynissan.DrivingHistoryCo2Saved | None) -> float | None:
    factor = _GRAMS.get(weight.unit) if weight and weight.unit else None
    return None if weight is None or weight.value is None or factor is None else CO2_SAVED.of(weight.value * factor)


# The service's wording is hardly on record, so each of these becomes a message and none an alert of ours. Nissan's
# areas are not the owner's geofences in Home Assistant either.


def alert_notifications(page: pynissan.BreachAlerts | None, now: datetime) -> list[Notification]:
    """Return the alerts that Nissan has sent, without their positions."""
    listed = ((each, label(each.service_type) or "alert") for each in (page.alerts if page else None) or () if each)
    return [
        Notification(
            id=f"breach:{_digest(f'{kind} {alert.breach_date_time} {alert.name}')}",
            kind=f"breach.{kind}",
            title=_sentence(kind),
            text=alert.name,  # the name that the owner has given it
            sent_at=past(alert.breach_date_time, now),
        )
        for alert, kind in listed
    ]


_FINAL = {
    each.value.casefold() for each in pynissan.ServiceRequestStatus if pynissan.ServiceRequestResult(each).is_terminal
}
"""The statuses after which nothing more happens."""


def command_notifications(
    page: pynissan.RemoteServiceHistory | None, now: datetime, own_requests: Collection[str]
) -> list[Notification]:
    """Return the commands that were sent from elsewhere, as by the owner's phone, and have ended."""
    found = {}
    for entry in (page.history if page else None) or ():
        if entry is None or not entry.service_request_id or entry.service_request_id in own_requests:
            continue
        status, service = label(entry.status), label(entry.service_type) or "remote_service"
        if status not in _FINAL:
            continue
        digest = _digest(entry.service_request_id)
        found[digest] = Notification(
            id=f"remote:{digest}",
            kind=f"remote.{service}.{status}",
            title=_sentence(service),
            text=_sentence(status),
            sent_at=past(entry.status_change_date_time, now),
        )
    return list(found.values())


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:16]


def _sentence(name: str) -> str:
    return name.replace("_", " ").capitalize()
