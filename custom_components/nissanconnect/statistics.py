"""Imports Leaf Spy's logs into the long-term statistics of the vehicle's own sensors; what has none gets its own.

An hour in a log replaces what is recorded for that hour, so importing again changes nothing, and gaps are filled.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from homeassistant.components.recorder import DOMAIN as RECORDER_DOMAIN, get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    STATISTIC_UNIT_TO_UNIT_CONVERTER,
    async_add_external_statistics,
    async_import_statistics,
    get_metadata,
)
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    Platform,
    UnitOfElectricPotential,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, callback, valid_entity_id
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .book.long_term import statistic_id
from .const import DOMAIN
from .engine.book import Sums
from .local_time import local_time
from .texts import async_text
from .vehicle import VehicleInfo

if TYPE_CHECKING:
    from .backends.leafspy.log import HourlyValue

type Opener = Callable[[], AbstractContextManager[Path]]
"""Opens a file for reading; called outside the event loop."""

_BEING_RECORDED = timedelta(minutes=15)
"""How long after its end Home Assistant may still sum up an hour itself; an existing row would stop it."""
_LONGEST_WRITE = 300.0
"""Seconds for the database to write everything."""

_SPREAD = "cell_spread"

_SENSORS: Mapping[str, tuple[str, str]] = {
    "health": ("battery_health", PERCENTAGE),
    "temperature": ("battery_temperature", UnitOfTemperature.CELSIUS),
    "amp_hours": ("battery_amp_hours", "Ah"),
    "hx": ("battery_hx", PERCENTAGE),
    _SPREAD: ("cell_spread", UnitOfElectricPotential.MILLIVOLT),
}
"""For each series of the log: the key of the sensor, and the unit of the log."""


class LogError(ServiceValidationError):
    """Why nothing was imported; forms show it, too."""


class LogContent(NamedTuple):
    """The content of a file: how many rows, how many were skipped for which reason, the hours by series.

    ``damaged``: an archive breaks off. ``driven`` is what was driven, by hours.
    """

    rows: int
    skipped: dict[str, int]
    damaged: bool
    hours: dict[str, list[HourlyValue]]
    driven: dict[datetime, Sums]

    @property
    def placeholders(self) -> dict[str, str]:
        """The counts of rows for texts."""
        return {"rows": str(self.rows), **{reason: str(count) for reason, count in self.skipped.items()}}


class Imported(NamedTuple):
    """The result of an import: what was read, how many ``hours`` each entity got, and their span."""

    log: LogContent
    hours: dict[str, int]
    first: datetime
    last: datetime

    def as_response(self) -> dict[str, Any]:
        """Return it as the response of an action."""
        return {
            "rows": self.log.rows,
            "skipped": self.log.skipped,
            "damaged": self.log.damaged,
            "hours": self.hours,
            "from": local_time(self.first),
            "to": local_time(self.last),
        }


async def async_import_log(
    hass: HomeAssistant,
    name: str | None,
    opener: Opener,
    *,
    device: VehicleInfo,
    progress: Callable[[float], None] | None = None,
) -> Imported:
    """Read the logs of a vehicle and import them; raises :class:`LogError`.

    ``name`` is the vehicle's VIN or frame number, ``None`` if that is unknown: rows with another one are skipped.
    ``device`` is the vehicle that has the sensors. ``progress`` is called in the event loop with the
    share that has been read, from 0 to 1.
    """
    if RECORDER_DOMAIN not in hass.config.components:
        raise LogError(translation_domain=DOMAIN, translation_key="no_recorder")
    sensors = _sensors(hass, device.key)
    if not sensors:
        raise LogError(translation_domain=DOMAIN, translation_key="no_battery_sensors")

    def report(share: float) -> None:
        if progress is not None:
            hass.loop.call_soon_threadsafe(progress, share)

    # Its messages do not have the spread, so a vehicle that has only Leaf Spy has no sensor for it.
    sensors.setdefault(_SPREAD, statistic_id(device, _SPREAD))
    log = await hass.async_add_executor_job(_read, opener, name, dt_util.utcnow(), report)
    found = {sensors[series]: (series, values) for series, values in log.hours.items() if series in sensors}
    starts = [value.start for _, values in found.values() for value in values]
    if not log.rows:
        raise LogError(translation_domain=DOMAIN, translation_key="log_without_rows")
    if not starts:
        raise LogError(
            translation_domain=DOMAIN, translation_key="log_empty", translation_placeholders=log.placeholders
        )
    return Imported(log, await _async_record(hass, device, found), min(starts), max(starts) + timedelta(hours=1))


def _read(opener: Opener, name: str | None, now: datetime, report: Callable[[float], None]) -> LogContent:
    """Read a file, which takes seconds."""
    # Imported here, so that a start does not pay for it.
    from .backends.leafspy.log import Damaged, DrivenHours, HourlyValues, LogReader, Series, Skipped, log_files  # noqa: PLC0415

    reader, hours, driven, damaged = LogReader(now, name), HourlyValues(), DrivenHours(), False
    try:
        with opener() as path, _opened(path) as file:
            size = max(path.stat().st_size, 1)
            for chunks in log_files(file):
                for row in reader.read(_watched(chunks, file, size, report)):
                    hours.add(row)
                    driven.add(row)
    except Damaged:
        damaged = True
    except (OSError, ValueError) as err:  # the second if an upload is gone
        raise LogError(translation_domain=DOMAIN, translation_key="log_not_found") from err
    return LogContent(
        rows=reader.rows,
        skipped={reason.value: reader.skipped[reason] for reason in Skipped},
        damaged=damaged,
        hours={series.value: list(hours.of(series, before=now - _BEING_RECORDED)) for series in Series},
        driven={
            hour.start: Sums(distance=hour.distance, energy=hour.energy, regained=hour.regained)
            for hour in driven.of(before=now - _BEING_RECORDED)
        },
    )


def _opened(path: Path) -> BinaryIO:
    """Open a file; raises :class:`OSError` for anything else. A pipe would not open before somebody writes to it."""
    if not path.is_file():
        raise FileNotFoundError
    return path.open("rb")


def _watched(chunks: Iterator[bytes], file: BinaryIO, size: int, report: Callable[[float], None]) -> Iterator[bytes]:
    """Report the position in the file, percent by percent."""
    reported = -1
    for chunk in chunks:
        percent = 100 * file.tell() // size
        if percent > reported:
            reported = percent
            report(min(percent, 100) / 100)
        yield chunk


@callback
def _sensors(hass: HomeAssistant, key: str) -> dict[str, str]:
    """Return the sensors that the vehicle has, by their series in logs."""
    registry = er.async_get(hass)
    return {
        series: entity_id
        for series, (sensor, _) in _SENSORS.items()
        if (entity_id := registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{key}_{sensor}")) is not None
    }


async def _async_record(
    hass: HomeAssistant, device: VehicleInfo, found: Mapping[str, tuple[str, list[HourlyValue]]]
) -> dict[str, int]:
    """Import the hours and wait until they are in the database; return how many by entity."""
    instance = get_instance(hass)
    known = await instance.async_add_executor_job(lambda: get_metadata(hass, statistic_ids=set(found)))
    hours: dict[str, int] = {}
    label = await async_text(hass, "sensor", f"{_SPREAD}.name")
    for entity_id, (series, values) in found.items():
        log_unit = _SENSORS[series][1]
        state = hass.states.get(entity_id)
        shown_unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, log_unit) if state else log_unit
        # Existing statistics keep their unit, which is the one that the owner has chosen for the sensor.
        unit = known[entity_id][1]["unit_of_measurement"] if entity_id in known else shown_unit
        converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
        convert = converter.converter_factory(log_unit, unit) if converter else float
        is_external = not valid_entity_id(entity_id)
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            name=f"{device.name}: {label}" if is_external else None,
            source=DOMAIN if is_external else RECORDER_DOMAIN,
            statistic_id=entity_id,
            unit_class=converter.UNIT_CLASS if converter else None,
            unit_of_measurement=unit,
        )
        record = async_add_external_statistics if is_external else async_import_statistics
        record(
            hass,
            metadata,
            [
                StatisticData(
                    start=value.start, mean=convert(value.mean), min=convert(value.minimum), max=convert(value.maximum)
                )
                for value in values
            ],
        )
        hours[entity_id] = len(values)
    try:
        async with asyncio.timeout(_LONGEST_WRITE):
            await instance.async_block_till_done()
    except TimeoutError as err:
        raise LogError(translation_domain=DOMAIN, translation_key="recorder_busy") from err
    return hours
