"""Actions that ask what a vehicle has driven and charged, and the one that exports it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.const import UnitOfEnergy, UnitOfLength, UnitOfMass, UnitOfTime, UnitOfVolume
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.json import JsonValueType
import probatio

from .book.export import BookExport, ExportFormat, write_export
from .book.places import async_zone_at
from .book.rows import (
    CHARGE_COLUMNS,
    CHARGE_GROUP_UNITS,
    CHARGE_GROUPS,
    CHARGE_UNITS,
    TRIP_COLUMNS,
    TRIP_UNITS,
    async_grouped_charges,
    async_rows,
    started_within,
    trip_summaries,
)
from .commands import action_error
from .const import DOMAIN
from .engine.book_entries import Trip
from .local_time import local_time
from .runtime import VehicleRuntime
from .vehicle import BackendError, Capability, TripPeriod, TripRecord, TripSummary, alias

ATTR_FROM = "from"
ATTR_FORMAT = "format"
ATTR_GROUP_BY = "group_by"
ATTR_PATH = "path"
ATTR_PERIOD = "period"
ATTR_TO = "to"

_CHARGE = "charge"
"""Charges that are not grouped."""

_TRIP = "trip"
"""Trips that are not grouped."""

_WEEK, _MONTH, _YEAR, _TEN_YEARS = (timedelta(days=days) for days in (6, 30, 365, 3652))

_DEFAULT_SPAN: Mapping[str, timedelta] = {
    _TRIP: _WEEK,
    TripPeriod.DAY: _WEEK,
    TripPeriod.MONTH: _YEAR,
    TripPeriod.YEAR: _TEN_YEARS,
}
"""How far back from the end trips are returned if no start is given."""

_DEFAULT_CHARGES: Mapping[str, timedelta] = {_CHARGE: _MONTH, "day": _MONTH, "month": _YEAR, "place": _YEAR}
"""The same for charges, which are fewer."""

_EARLIEST = date(2010, 1, 1)
"""No service keeps trips from before: the first LEAF was sold in that year."""

_DATES: Mapping[probatio.Marker, Any] = {
    probatio.Optional(ATTR_FROM): cv.date,
    probatio.Optional(ATTR_TO): cv.date,
}

GET_TRIPS_FIELDS: Mapping[probatio.Marker, Any] = {
    probatio.Optional(ATTR_PERIOD, default=TripPeriod.DAY.value): probatio.In([str(each) for each in _DEFAULT_SPAN]),
    **_DATES,
}

GET_CHARGES_FIELDS: Mapping[probatio.Marker, Any] = {
    probatio.Optional(ATTR_GROUP_BY, default=_CHARGE): probatio.In([_CHARGE, *CHARGE_GROUPS]),
    **_DATES,
}

EXPORT_BOOK_FIELDS: Mapping[probatio.Marker, Any] = {
    probatio.Required(ATTR_PATH): cv.string,
    probatio.Optional(ATTR_FORMAT, default=[*ExportFormat]): probatio.All(
        cv.ensure_list,
        probatio.Length(min=1),
        [probatio.All(probatio.In([each.value for each in ExportFormat]), probatio.Coerce(ExportFormat))],
    ),
    **_DATES,
}


async def async_get_trips(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Return single trips, or what they come to by the history of a source.

    If no source has a history, or has it now, the book answers with what it has. Raises a translated error if that is
    nothing.
    """
    period: str = call.data[ATTR_PERIOD]
    start, end = _days(call, _DEFAULT_SPAN[period])
    if period == _TRIP:
        rows = async_rows(vehicle.book.places, TRIP_COLUMNS, await _async_single_trips(vehicle, start, end))
        return {"answer": [{**row, "units": dict(TRIP_UNITS)} for row in rows]}
    today = min(dt_util.now().date(), dt_util.utcnow().date())  # the service may count days in either zone
    try:
        driven = await vehicle.sources.read_trips(TripPeriod(period), start, end, today)
    except BackendError as err:
        trips = started_within((await vehicle.book.async_all_entries()).trips, start, end)
        if not trips and Capability.TRIPS in vehicle.info.all_capabilities:
            raise action_error(err) from err
        return {"answer": [_as_json(each) for each in trip_summaries(trips, TripPeriod(period))], "from_book": True}
    missing = {"missing_from": driven.missing_from.isoformat()} if driven.missing_from else {}
    return {"answer": [_as_json(summary) for summary in driven.summaries], **missing}


async def _async_single_trips(vehicle: VehicleRuntime, start: date, end: date) -> list[Trip]:
    """Return the trips of the book, and before them those that a service keeps, if it has such and can be read."""
    kept, recorded = (await vehicle.book.async_all_entries()).trips, list[Trip]()
    first, began = dt_util.start_of_local_day(max(start, _EARLIEST)), kept[0].start if kept else dt_util.utcnow()
    if first < began:
        with suppress(BackendError):
            records = await vehicle.sources.read_single_trips(dt_util.as_utc(first), began)
            recorded = [_as_trip(vehicle.hass, record) for record in records if record.end <= began]
    return started_within([*recorded, *kept], start, end)


def _as_trip(hass: HomeAssistant, record: TripRecord) -> Trip:
    """Return a trip as its service tells it: what was regained may still be in its energy, or not."""
    origin, destination = record.start_position, record.end_position
    return Trip(
        start=record.start,
        end=record.end,
        distance=record.distance,
        origin=async_zone_at(hass, *origin) if origin else None,
        destination=async_zone_at(hass, *destination) if destination else None,
        energy=record.energy,
        uncertainty=record.regained,
        regained=record.regained,
    )


def _as_json(summary: TripSummary) -> JsonValueType:
    values = asdict(summary)
    values |= {name: _iso(value) for name, value in values.items() if isinstance(value, date)}
    return values | {"units": dict(_UNITS)}


def _iso(value: date) -> str:
    return local_time(value) if isinstance(value, datetime) else value.isoformat()


_UNITS = {
    "distance": UnitOfLength.KILOMETERS,
    "duration": UnitOfTime.MINUTES,
    "energy_used": UnitOfEnergy.KILO_WATT_HOUR,
    "energy_recovered": UnitOfEnergy.KILO_WATT_HOUR,
    "fuel_used": UnitOfVolume.LITERS,
    "co2_saved": UnitOfMass.GRAMS,
}


async def async_get_charges(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Return the charges of the book, each or by groups."""
    group_by: str = call.data[ATTR_GROUP_BY]
    start, end = _days(call, _DEFAULT_CHARGES[group_by])
    charges = started_within((await vehicle.book.async_all_entries()).charges, start, end)
    if group_by == _CHARGE:
        rows, units = async_rows(vehicle.book.places, CHARGE_COLUMNS, charges), CHARGE_UNITS
    else:
        rows, units = async_grouped_charges(vehicle.book.places, charges, group_by), CHARGE_GROUP_UNITS
    return {"answer": [{**row, "units": dict(units)} for row in rows]}


async def async_export_book(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Write the trips and charges of a vehicle into files, all of them unless dates are given."""
    start, end = _days(call, timedelta.max)
    entries = await vehicle.book.async_all_entries()
    export = BookExport(
        name=vehicle.info.name,
        file_name=_file_name(vehicle),
        trips=async_rows(vehicle.book.places, TRIP_COLUMNS, started_within(entries.trips, start, end)),
        charges=async_rows(vehicle.book.places, CHARGE_COLUMNS, started_within(entries.charges, start, end)),
    )
    files = await call.hass.async_add_executor_job(
        write_export, call.hass, export, call.data[ATTR_PATH], call.data[ATTR_FORMAT]
    )
    return {"answer": {"files": [*files], "trips": len(export.trips), "charges": len(export.charges)}}


def _file_name(vehicle: VehicleRuntime) -> str:
    """Return how the files of a vehicle are named, with a part that is only its own if another has the same name."""
    name = slugify(vehicle.info.name)
    accounts = [entry.runtime_data for entry in vehicle.hass.config_entries.async_loaded_entries(DOMAIN)]
    names = [slugify(each.info.name) for account in accounts for each in account.vehicles.values()]
    return name if names.count(name) <= 1 else f"{name}_{slugify(alias(vehicle.info.key))}"


def _days(call: ServiceCall, span: timedelta) -> tuple[date, date]:
    """Return the first and the last day that are asked for.

    Without the last it is today. Without the first it is so many days before the last, or before today if that is yet
    to come.
    """
    today = dt_util.now().date()
    end: date = call.data.get(ATTR_TO) or today
    past = min(end, today)
    start: date = call.data.get(ATTR_FROM) or past - min(span, past - date.min)
    if start > end and ATTR_TO not in call.data:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_in_the_future")
    if start > end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="from_after_to")
    return start, end
