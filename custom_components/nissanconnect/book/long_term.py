"""The long-term statistics of a vehicle's book: what it has driven, used, charged and paid in each hour.

They are external statistics: no entity stands behind them, so they cost no rows of states, and reach back to before
Home Assistant knew the vehicle.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import dropwhile
from typing import NamedTuple

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import UnitOfEnergy, UnitOfLength
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.unit_conversion import DistanceConverter, EnergyConverter

from ..const import DOMAIN
from ..engine.book import Sums
from ..vehicle import Capability, VehicleInfo, alias


class LongTermSeries(NamedTuple):
    """Which of the sums is counted, in which unit, and what a vehicle ``needs``; without a ``unit`` it is money."""

    field: str
    unit: str | None
    unit_class: str | None
    needs: Capability | None = Capability.BATTERY


_DISTANCE = UnitOfLength.KILOMETERS, DistanceConverter.UNIT_CLASS
_ENERGY = UnitOfEnergy.KILO_WATT_HOUR, EnergyConverter.UNIT_CLASS

_EVER = datetime(1970, 1, 2, tzinfo=UTC)

SERIES: Mapping[str, LongTermSeries] = {
    "distance": LongTermSeries("distance", *_DISTANCE, needs=None),
    "energy_consumed": LongTermSeries("energy", *_ENERGY),
    "energy_regained": LongTermSeries("regained", *_ENERGY),
    "energy_charged": LongTermSeries("wall", *_ENERGY),
    "charging_cost": LongTermSeries("cost", None, None),
}


def statistic_id(info: VehicleInfo, name: str) -> str:
    """Return the id of a vehicle's statistics, which does not reveal its VIN."""
    return f"{DOMAIN}:{slugify(alias(info.key))}_{name}"


async def async_ids(hass: HomeAssistant, info: VehicleInfo) -> dict[str, str]:
    """Return the ids of the statistics that a vehicle has, by what they count."""
    ids = {statistic_id(info, name): name for name in SERIES}
    found = await get_instance(hass).async_add_executor_job(partial(get_metadata, hass, statistic_ids={*ids}))
    return {name: each for each, name in ids.items() if each in found}


async def async_read(
    hass: HomeAssistant, info: VehicleInfo, start: datetime | None = None
) -> dict[str, dict[datetime, float]]:
    """Return what is written since the ``start``: by how much each field of the sums rises in each hour.

    Costs count in our currency.
    """
    recorder, fields = get_instance(hass), {statistic_id(info, name): each.field for name, each in SERIES.items()}
    await recorder.async_block_till_done()  # some of it may still be due
    known = await recorder.async_add_executor_job(partial(get_metadata, hass, statistic_ids={*fields}))
    money = statistic_id(info, "charging_cost")
    if money in known and known[money][1]["unit_of_measurement"] != hass.config.currency:
        del fields[money]
    found = await recorder.async_add_executor_job(
        statistics_during_period, hass, start or _EVER, None, {*fields}, "hour", None, {"change"}
    )
    return {
        fields[name]: {dt_util.utc_from_timestamp(row["start"]): row.get("change") or 0.0 for row in rows}
        for name, rows in found.items()
    }


async def async_write(
    hass: HomeAssistant, info: VehicleInfo, rows: Sequence[tuple[datetime, Sums]], *, from_scratch: bool = False
) -> list[str]:
    """Write the sums at the end of hours, ``from_scratch`` after all that was there is deleted; return the ids.

    An hour that is there already is replaced. A vehicle without a traction battery has only distances.
    """
    written = {name: each for name, each in SERIES.items() if each.needs in {None, *info.all_capabilities}}
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    ids = [statistic_id(info, name) for name in written]
    if from_scratch:  # what begins later has no rows before
        get_instance(hass).async_clear_statistics(ids)
    for name, series in written.items():
        label = texts.get(f"component.{DOMAIN}.selector.statistics.options.{name}", name)
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=f"{info.name}: {label}",
            source=DOMAIN,
            statistic_id=statistic_id(info, name),
            unit_class=series.unit_class,
            unit_of_measurement=series.unit or hass.config.currency,
        )
        data = [
            StatisticData(start=hour, state=value, sum=value)
            for hour, sums in rows
            for value in (round(getattr(sums, series.field), 3),)
        ]
        if from_scratch:
            data = [*dropwhile(lambda row: not row["sum"], data)]
        async_add_external_statistics(hass, metadata, data)
    return ids
