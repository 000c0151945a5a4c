"""Home Assistant's own integrations with prices: their real actions, with made-up prices behind them.

Their libraries are not installed. What core imports from them is made up here, as far as the actions need it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, override
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .price_bodies import Slot, day_of


class Currency(StrEnum):
    """As in pynordpool."""

    DKK = "DKK"
    EUR = "EUR"
    NOK = "NOK"
    PLN = "PLN"
    SEK = "SEK"


class Granularity(StrEnum):
    """As in easyenergy."""

    HOUR = "hour"
    QUARTER = "quarter"


class EasyPrice(StrEnum):
    """As in easyenergy."""

    MARKET = "market"
    INVOICE = "invoice"


class VatOption(StrEnum):
    """As in easyenergy."""

    EXCLUDE = "false"
    INCLUDE = "true"


class Interval(StrEnum):
    """As in energyzero."""

    HOUR = "INTERVAL_HOUR"
    QUARTER = "INTERVAL_QUARTER"


class EnergyZeroPrice(StrEnum):
    """As in energyzero, where it is called PriceType."""

    ALL_IN = "all_in"
    ALL_IN_EXCL_VAT = "all_in_excl_vat"
    MARKET = "market"
    MARKET_WITH_VAT = "market_with_vat"


class TimeRange(NamedTuple):
    """As in energyzero."""

    start_including: datetime
    end_excluding: datetime


def _quarters(day: date, prices: Sequence[float]) -> dict[str, float]:
    """As in pyomie: the prices of a day by the time at which they start."""
    return {slot.start.isoformat(): price for slot, price in zip(day_of(day), prices, strict=True)}


_KNOWN: dict[str, Any] = {
    "AREAS": {"SE3": "Stockholm", "SE4": "Malmö", "FI": "Finland"},
    "Currency": Currency,
    "ElectricityGranularity": Granularity,
    "ElectricityPriceType": EasyPrice,
    "Interval": Interval,
    "MARKET_TIMEZONE": ZoneInfo("Europe/Amsterdam"),
    "PriceType": EnergyZeroPrice,
    "QUARTER_HOURLY_START_DATE": date(2025, 10, 1),
    "VatOption": VatOption,
    "localize_quarter_hourly_data": _quarters,
}
_LIBRARIES = {"easyenergy", "energyzero", "greenplanet_energy_api", "pynordpool", "pyomie", "tibber"}


class _StandIn(ModuleType):
    """A library in which every name is a class of its own, but for those that are known."""

    __path__: list[str] = []

    @override
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _KNOWN.get(name) or type(name, (Exception,), {"__class_getitem__": classmethod(lambda cls, item: cls)})
        setattr(self, name, found)
        return found


class _Libraries(MetaPathFinder, Loader):
    @override
    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] in _LIBRARIES else None

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    @override
    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to execute."""


sys.meta_path.append(_Libraries())


class CorePrices:
    """What the services behind the actions know: the days that are published, and those for which they fail."""

    def __init__(self, *days: date) -> None:
        self.published = set(days)
        self.fails_for: set[date] = set()
        self.wanted: list[tuple[Any, ...]] = []
        """What was asked of the services."""

    def of(self, day: date, minutes: int = 15, *choices: str) -> list[Slot]:
        """The slots of a day, none before they are published."""
        self.wanted.append((day, *choices))
        if day in self.fails_for:
            raise TimeoutError
        return day_of(day, minutes) if day in self.published else []


class CoreSource(NamedTuple):
    """A source that is set up, with what is to be offered and read."""

    entry: MockConfigEntry
    parts: dict[str, str]
    """The label of each part that is offered."""
    minutes: int
    currency: str


def _nordpool(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    """The entry is for two areas, and for prices in crowns. Today is at hand, other days are asked for."""

    def period(day: date) -> SimpleNamespace:
        found = [
            SimpleNamespace(
                start=slot.start.astimezone(UTC),
                end=slot.end.astimezone(UTC),
                entry={"SE3": round(slot.price * 1000, 3), "SE4": round(slot.price * 2000, 3)},
            )
            for slot in prices.of(day)
        ]
        return SimpleNamespace(entries=found)

    async def async_get_delivery_period(at: datetime, currency: Currency, areas: list[str]) -> SimpleNamespace:
        found = period(at.date())
        if not found.entries:
            raise import_module("pynordpool").NordPoolEmptyResponseError
        return found

    entry = _entry(hass, "nordpool", "Nord Pool", areas=["SE3", "SE4"], currency="SEK")
    entry.runtime_data = SimpleNamespace(
        config_entry=entry,
        data=SimpleNamespace(entries={}),
        client=SimpleNamespace(async_get_delivery_period=async_get_delivery_period),
    )
    return CoreSource(entry, {"SE3": "Nord Pool: SE3", "SE4": "Nord Pool: SE4"}, 15, "SEK")


def _tibber(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    """The account has two homes, which are devices."""

    async def update() -> None:
        """All is there."""

    def home(name: str) -> SimpleNamespace:
        days = sorted(prices.published)
        total = {slot.start.isoformat(timespec="milliseconds"): slot.price for day in days for slot in prices.of(day)}
        return SimpleNamespace(name=name, price_total=total, update_info_and_price_info=update)

    async def async_get_client(hass: HomeAssistant) -> SimpleNamespace:
        return SimpleNamespace(get_homes=lambda only_active: [home("Hytta: ved sjøen"), home("Oslo")])

    entry = _entry(hass, "tibber", "Kari")
    entry.runtime_data = SimpleNamespace(async_get_client=async_get_client)
    for number, name in enumerate(("Oslo", "Hytta: ved sjøen", "Tibber Pulse Oslo")):
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={("tibber", str(number))},
            name=name,
            manufacturer="Tibber",
            model="Tibber Pulse" if "Pulse" in name else "Price Sensor",
        )
    er.async_get(hass).async_get_or_create(
        "sensor", "tibber", "0", config_entry=entry, unit_of_measurement="NOK/kWh", object_id_base="electricity_price"
    )
    parts = {name: f"Tibber: {name}" for name in ("Hytta: ved sjøen", "Oslo")}
    return CoreSource(entry, parts, 15, "NOK")


def _energyzero(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    async def get_electricity_prices(
        *, start_date: date, end_date: date, interval: Interval, price_type: EnergyZeroPrice, local_tz: ZoneInfo
    ) -> SimpleNamespace:
        assert start_date == end_date
        found = {
            TimeRange(slot.start.astimezone(UTC), slot.end.astimezone(UTC)): slot.price
            for slot in prices.of(start_date, 60 if interval == Interval.HOUR else 15, interval, price_type)
        }
        if not found:
            raise import_module("energyzero").EnergyZeroNoDataError
        return SimpleNamespace(prices=found)

    entry = _entry(hass, "energyzero", "EnergyZero")
    entry.runtime_data = SimpleNamespace(energyzero=SimpleNamespace(get_electricity_prices=get_electricity_prices))
    parts = {"market": "EnergyZero: market price with VAT", "all_in": "EnergyZero: all-in price"}
    return CoreSource(entry, parts, 60, "EUR")


def _easyenergy(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    async def energy_prices(
        *, start_date: date, end_date: date, granularity: Granularity, vat: VatOption
    ) -> SimpleNamespace:
        assert start_date == end_date
        assert (granularity, vat) == ("hour", "true")
        found = prices.of(start_date, 60)
        return SimpleNamespace(
            timestamp_prices=[{"timestamp": slot.start.astimezone(UTC), "price": slot.price} for slot in found],
            intervals=[
                SimpleNamespace(starts_at=slot.start.astimezone(UTC), ends_at=slot.end, invoice_price=slot.price)
                for slot in found
            ],
        )

    entry = _entry(hass, "easyenergy", "easyEnergy")
    entry.runtime_data = SimpleNamespace(easyenergy=SimpleNamespace(energy_prices=energy_prices))
    parts = {"market": "easyEnergy: market price with VAT", "invoice": "easyEnergy: price on the invoice"}
    return CoreSource(entry, parts, 60, "EUR")


def _omie(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    async def async_get_spot_price(day: date) -> SimpleNamespace | None:
        found = [round(slot.price * 1000, 3) for slot in prices.of(day)]
        contents = SimpleNamespace(es_spot_price=found, pt_spot_price=found)
        return SimpleNamespace(market_date=day, contents=contents) if found else None

    entry = _entry(hass, "omie", "OMIE")
    entry.runtime_data = SimpleNamespace(async_get_spot_price=async_get_spot_price)
    name = "OMIE - Spain and Portugal electricity prices"
    return CoreSource(entry, {"es": f"{name}: Spain", "pt": f"{name}: Portugal"}, 15, "EUR")


def _green_planet(hass: HomeAssistant, prices: CorePrices) -> CoreSource:
    entry = _entry(hass, "green_planet_energy", "Green Planet Energy")
    entry.runtime_data = SimpleNamespace(
        data={
            f"gpe_price_{slot.start:%H_%M}{'_tomorrow' if number else ''}": round(slot.price * 100, 4)
            for number, day in enumerate(sorted(prices.published))
            for slot in prices.of(day)
        }
    )
    return CoreSource(entry, {"": "Green Planet Energy"}, 15, "EUR")


def _entry(hass: HomeAssistant, domain: str, title: str, **data: Any) -> MockConfigEntry:
    entry = MockConfigEntry(domain=domain, title=title, data=data)
    entry.add_to_hass(hass)
    entry.mock_state(hass, ConfigEntryState.LOADED)
    import_module(f"homeassistant.components.{domain}.services").async_setup_services(hass)
    return entry


CORE_SOURCES: dict[str, Callable[[HomeAssistant, CorePrices], CoreSource]] = {
    "easyenergy": _easyenergy,
    "energyzero": _energyzero,
    "green_planet_energy": _green_planet,
    "nordpool": _nordpool,
    "omie": _omie,
    "tibber": _tibber,
}
"""Each sets up one of Home Assistant's own integrations, loaded and with its real actions."""
