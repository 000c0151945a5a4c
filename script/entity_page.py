"""The tables of ``docs/entities.md``, made from the descriptions of the entities, their names and the golden files.

What an entity means is written here; all else is read: its name from the translations, its values, its unit and whether
it is enabled from its description, and its sources from the golden files, which hold what a Home Assistant with each
source had. Entities that the vehicles of those files lack are added in :data:`_NOT_IN_GOLDEN`.
"""

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
import json
from pathlib import Path
import re

from homeassistant.helpers.entity import EntityDescription

from custom_components.nissanconnect.binary_sensor import BINARY_SENSORS, GEOFENCE
from custom_components.nissanconnect.book_sensor import BOOK_SENSORS
from custom_components.nissanconnect.button import BUTTONS, CHARGE_BUTTONS
from custom_components.nissanconnect.calendar import CALENDARS, CHARGE_CALENDARS
from custom_components.nissanconnect.climate import CLIMATES
from custom_components.nissanconnect.device_tracker import TRACKERS
from custom_components.nissanconnect.estimate_sensor import ESTIMATES
from custom_components.nissanconnect.event import EVENTS
from custom_components.nissanconnect.lock import LOCKS
from custom_components.nissanconnect.number import CHARGE_NUMBERS, NUMBERS
from custom_components.nissanconnect.sensor import CHARGE_SENSORS, GEOFENCE_DISTANCE, INTEGRATION_SENSORS, SENSORS
from custom_components.nissanconnect.switch import CHARGE_SWITCHES, SWITCHES
from custom_components.nissanconnect.time import CHARGE_TIMES, TIMES
from custom_components.nissanconnect.update import UPDATES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "entities.md"
_INTEGRATION = ROOT / "custom_components" / "nissanconnect"
_MARK = "<!-- script/entities writes what follows -->\n"

SOURCES: Mapping[str, str] = {
    page.replace("-", "_"): short
    for short, page in re.findall(r"\b([A-Z]{2})\s\[[^]]+]\(sources/([a-z-]+)\.md\)", PAGE.read_text())
}
"""The golden files of single sources, and how the page calls these: in what is explained at its top, in that order."""

_OWN: Mapping[str, Sequence[EntityDescription]] = {
    "sensor": (*CHARGE_SENSORS, *BOOK_SENSORS),
    "switch": CHARGE_SWITCHES,
    "button": CHARGE_BUTTONS,
    "number": CHARGE_NUMBERS,
    "time": CHARGE_TIMES,
    "calendar": (*CALENDARS, *CHARGE_CALENDARS),
}
"""What each vehicle has, whatever its source: of its book, and if it has one, of its charge plan."""

_DESCRIPTIONS: Mapping[str, Sequence[EntityDescription]] = {
    "sensor": (*SENSORS, *INTEGRATION_SENSORS, *ESTIMATES, *BOOK_SENSORS, *CHARGE_SENSORS, GEOFENCE_DISTANCE),
    "binary_sensor": (*BINARY_SENSORS, GEOFENCE),
    "climate": CLIMATES,
    "lock": LOCKS,
    "device_tracker": TRACKERS,
    "switch": (*SWITCHES, *CHARGE_SWITCHES),
    "button": (*BUTTONS, *CHARGE_BUTTONS),
    "number": (*NUMBERS, *CHARGE_NUMBERS),
    "time": (*TIMES, *CHARGE_TIMES),
    "calendar": (*CALENDARS, *CHARGE_CALENDARS),
    "event": EVENTS,
    "update": UPDATES,
}

_HEADINGS: Mapping[str, str] = {
    "sensor": "Sensors",
    "binary_sensor": "Binary sensors",
    "climate": "Climate",
    "lock": "Lock",
    "device_tracker": "Device tracker",
    "switch": "Switches",
    "button": "Buttons",
    "number": "Numbers",
    "time": "Times",
    "calendar": "Calendars",
    "event": "Events",
    "update": "Update",
}

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "sensor": {
        "battery_level": "Level of the traction battery, as the dashboard shows it where the source knows that",
        "range": "Range with climate off",
        "range_climate_on": "Range with climate on",
        "range_estimated": "Range by the level and the [learnt consumption](actions.md#can-it-get-there)",
        "consumption_average": "What a trip takes at the last reported temperature, learnt from the car's trips",
        "charging_status": "What charging is doing",
        "charge_connection": "Plug and charge in the three states that energy managers use",
        "charging_power": "Power at which the battery is charged",
        "charging_speed": "Class of the charging power",
        "charging_finish": "Forecast of the end of the charge, in steps of five minutes",
        "time_to_full_*": "Forecast of the time to a full battery at this power, in steps of five minutes",
        "battery_energy": "Energy in the battery",
        "battery_capacity": "Capacity of the battery when new",
        "battery_capacity_estimated": "What the battery holds by our own [estimate](battery-health.md)",
        "battery_health": "Present capacity as a share of that of a new battery",
        "battery_health_bars": "The health in the twelve bars that older cars show",
        "battery_amp_hours": "Present capacity in ampere-hours",
        "battery_hx": "Index of conductance; falls with age, can exceed 100 in new packs, is not the health",
        "battery_temperature": "Temperature of the traction battery",
        "cell_spread": "Difference between the highest and the lowest cell voltage",
        "charge_mode": "When the car charges once it is plugged in",
        "charge_schedule*": "The car's own charge timer: its hours and its days",
        "odometer": "Distance driven in the car's life",
        "inside_temperature": "Temperature in the cabin, mostly known only while climate runs",
        "outside_temperature": "Temperature outside, as old as the car's report",
        "climate_next_start": "The planned start of climate",
        "fuel_level": "Level of the tank",
        "fuel_quantity": "Fuel in the tank",
        "fuel_range": "Range with the fuel in the tank",
        "tyre_pressure_*": "Pressure of the tyre",
        "aux_battery_voltage": "Voltage of the 12 V battery",
        "heading": "Direction in which the car stands or drives; 0 is north",
        "oil_change": "Distance to the next oil change",
        "subscription": "Whether a connected service is active",
        "subscription_ends": "End of the first connected service that is used here",
        "firmware": "Firmware of the module in the car",
        "signal": "Signal strength of the module in the car",
        "last_report": "The newest time that the car itself has stated for any value",
        "last_read": "When the source was last read",
        "*_reported": "The car's own time of this part's values",
        "data_source": "Which source has the newest report; for cars with [several sources](several-sources.md)",
        "*_source": "Which source this part's values come from; for cars with several sources",
        "wakes_today": "How often the car was woken today, by anybody in Home Assistant",
        "requests_today": "How many requests were sent today, for all cars of the account",
        "automatic_wake": "Why the car is not woken automatically now; see [Waking](waking.md)",
        "energy_charged": "Energy from the wall for all charges, wherever; see [Trips, charges and energy](book.md)",
        "energy_charged_at_home": "The part of it at home: for the energy dashboard",
        "energy_consumed": "Energy used by all trips",
        "energy_regained": "Energy regained on all trips, where a source counts it",
        "charging_cost": "What all charges have cost whose price was known",
        "last_trip_distance": "Distance of the last trip",
        "last_trip_consumption": "Consumption of the last trip",
        "last_trip_duration": "How long the last trip took",
        "last_charge_energy": "Energy from the wall for the last charge",
        "last_charge_cost": "What the last charge has cost",
        "last_charge_duration": "How long the last charge took, pauses included",
        "today_*": "The trips that began today, and what charges that began today have cost",
        "month_*": "The trips that began this month, and what charges that began this month have cost",
        "plan_status": "How the charge plan stands; its attributes tell why, and the level at the end",
        "planned_start": "When it charges next by its plan, or since when it does",
        "planned_finish": "When it has charged by its plan",
        "planned_energy": "Energy from the wall during this stay at the plug, past and planned",
        "planned_cost": "What that energy costs",
        "planned_saving": "How much less that is than charging at once would have cost",
        "area_distance": "Distance to the centre of a [geofence](geofences.md); one for each geofence",
    },
    "binary_sensor": {
        "plugged_in": "Whether the charge cable is plugged in",
        "charging": "Whether the battery is being charged",
        "climate_running": "Whether climate is running",
        "locked": "The lock of a car that cannot be locked from here",
        "door_*": "The door",
        "hatch": "The tailgate",
        "bonnet": "The bonnet",
        "sunroof": "The sunroof",
        "window_*": "The window",
        "fuel_low": "Whether the car warns of low fuel",
        "tyre_warning": "Whether the car warns of a tyre",
        "warning_lamp": "Whether a warning lamp is lit",
        "privacy_mode": "Whether the driver has switched privacy mode on in the car",
        "reachable": "Whether the car or its module is connected now",
        "area": "Whether the car is inside a [geofence](geofences.md); one for each geofence",
    },
    "climate": {"climate": "Heats or cools the cabin; with a target temperature where the car takes one"},
    "lock": {
        "lock": "Locks and unlocks, where the car can be locked from here; see [Lock and PIN](actions.md#lock-and-pin)"
    },
    "device_tracker": {"location": "Where the car last reported to be; unknown in privacy mode"},
    "switch": {
        "charging": "Starts and stops charging, where the car can do both",
        "smart_charging": "Whether the car charges by its plan; also off after somebody has switched by hand",
    },
    "button": {
        "start_charging": "Starts charging, where the car cannot stop it",
        "start_engine": "Starts the combustion engine",
        "stop_engine": "Stops the combustion engine that was started remotely",
        "refresh": "Asks the car itself for a new report",
        "horn": "Sounds the horn",
        "lights": "Flashes the lights",
        "stop_signals": "Stops horn and lights early",
        "charge_now": "Charges to the target of the plan without waiting for low prices, until it is unplugged",
        "skip_plan": "Leaves the current on without the plan, until the car is unplugged",
    },
    "number": {
        "charge_limit": "Level at which charging stops, where the car takes a limit",
        "charge_below": "Level below which the alert `charge_below` is raised",
        "target_level": "Level up to which the plan charges",
        "minimum_level": "Level up to which the plan charges immediately, whatever it costs",
    },
    "time": {
        "plug_in_by": "When the alert `not_plugged_in_at_home` looks for the plug; unknown until you set it",
        "ready_by": "When the plan has to be done, on all days for which it has no other time",
    },
    "calendar": {
        "charging": "The times in which the car has charged and will charge while it is plugged in",
        "trips": "What the car has driven and charged; see [Trips and charges](actions.md#trips-and-charges)",
    },
    "event": {
        "alert": "What has happened to the car; see [Alerts](geofences.md#alerts)",
        "command": "How each command ended, with its reason, how long it took and who asked",
    },
    "update": {"software": "Offered software for the car; only shown, never installed from here"},
}
"""What the entities mean, by their keys; a ``*`` stands for several that share a row."""

_NOT_IN_GOLDEN: Mapping[tuple[str, str], frozenset[str]] = {
    ("sensor", "battery_capacity_estimated"): frozenset(SOURCES),
    ("sensor", "battery_energy"): frozenset({"europe"}),
    ("sensor", "charging_power"): frozenset({"europe", "japan"}),
    ("sensor", "charge_schedule*"): frozenset({"north_america"}),
    ("sensor", "time_to_full_*"): frozenset({"opencarwings"}),
    ("sensor", "tyre_pressure_*"): frozenset({"opencarwings"}),
    ("lock", "lock"): frozenset({"opencarwings"}),
    ("button", "horn"): frozenset({"opencarwings"}),
    ("button", "lights"): frozenset({"opencarwings"}),
    ("button", "stop_signals"): frozenset({"opencarwings"}),
}
"""What a source has for some vehicles, but not for those of the golden files."""

_WAKING = frozenset({"climate", "lock", "switch", "button"})
_WAKING_KEYS = frozenset({"charge_limit", "minimum_level", "ready_by", "target_level"})

_CLASSES: Mapping[str, str] = {
    "battery_charging": "on: charging",
    "connectivity": "on: connected",
    "door": "on: open",
    "lock": "on: unlocked",
    "opening": "on: open",
    "plug": "on: plugged in",
    "problem": "on: warning",
    "running": "on: running",
    "monetary": "amount of money",
    "timestamp": "time",
    "window": "on: open",
}
_STATES: Mapping[tuple[str, str], str] = {
    ("binary_sensor", "area"): "on: inside",
    ("binary_sensor", "privacy_mode"): "on: active",
    ("climate", "climate"): "`off`, `heat_cool`",
    ("lock", "lock"): "`locked`, `unlocked`, `locking`, `unlocking`",
    ("device_tracker", "location"): "zone",
    ("switch", "charging"): "`on`, `off`",
    ("switch", "smart_charging"): "`on`, `off`",
    ("time", "plug_in_by"): "time of day",
    ("time", "ready_by"): "time of day",
    ("calendar", "charging"): "`on`: it is time to charge",
    ("calendar", "trips"): "`on`: it drives or charges",
    ("event", "alert"): "[the alerts](geofences.md#alerts)",
    ("update", "software"): "`on`: offered",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the entities of one meaning."""

    names: tuple[str, ...]
    meaning: str
    states: str
    enabled: bool
    sources: frozenset[str]
    wakes: bool

    @property
    def markdown(self) -> str:
        """The row of the table."""
        sources = (
            "all"
            if self.sources >= SOURCES.keys()
            else ", ".join(short for name, short in SOURCES.items() if name in self.sources)
        )
        names = ", ".join(self.names)
        cells = (names, self.meaning, self.states, _yes(self.enabled), sources or "demo", _yes(self.wakes))
        return f"| {' | '.join(cells)} |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def rows(platform: str) -> Iterator[Row]:
    """Go through the rows of a platform's table, in the order of their meanings."""
    described: defaultdict[str, list[EntityDescription]] = defaultdict(list)
    for description in _DESCRIPTIONS[platform]:
        described[pattern(platform, description.key)].append(description)
    for key, meaning in MEANINGS[platform].items():
        group = described[key]
        enabled = {each.entity_registry_enabled_default for each in group}
        if len(enabled) != 1:
            raise ValueError(f"{platform} {key}: one row cannot hold what is enabled and what is not")
        yield Row(
            names=tuple(_name(platform, each.key) for each in group),
            meaning=meaning,
            states=", ".join(dict.fromkeys(_states(platform, each) for each in group)),
            enabled=enabled.pop(),
            sources=_sources(platform, key),
            wakes=platform in _WAKING or (platform in {"number", "time"} and key in _WAKING_KEYS),
        )


def pattern(platform: str, key: str) -> str:
    """Return the first of the meanings' keys that fits an entity.

    Raises:
        ValueError: Its meaning is not written yet.
    """
    meanings = MEANINGS[platform]
    found = key if key in meanings else next((each for each in meanings if fnmatchcase(key, each)), None)
    if found is None:
        raise ValueError(f"{platform} {key}: write what it means into script/entity_page.py")
    return found


@cache
def _names() -> dict[str, dict[str, dict[str, str]]]:
    texts = json.loads((_INTEGRATION / "translations" / "en.json").read_text())
    names: dict[str, dict[str, dict[str, str]]] = texts["entity"]
    return names


def _name(platform: str, key: str) -> str:
    """Return the name that the entity has in Home Assistant; the geofence's own name stands in an ellipsis."""
    return re.sub(r"{\w+}", "…", _names()[platform][key]["name"])


def _states(platform: str, description: EntityDescription) -> str:
    if known := _STATES.get((platform, description.key)):
        return known
    options = getattr(description, "options", None) or getattr(description, "event_types", None)
    if options:
        return ", ".join(f"`{each}`" for each in options)
    if text := _CLASSES.get(str(description.device_class)):
        return text
    if platform == "button":
        return "pressed"
    suggested = getattr(description, "suggested_unit_of_measurement", None)
    unit = suggested or getattr(description, "native_unit_of_measurement", None) or description.unit_of_measurement
    if unit:
        return str(unit)
    return "number" if getattr(description, "state_class", None) else "text"


@cache
def _seen() -> Mapping[tuple[str, str], frozenset[str]]:
    """Return in which golden files each entity is, by its platform and the key of its meaning."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for source in SOURCES:
        storage = json.loads((ROOT / "tests" / "golden" / f"{source}.json").read_text())["storage"]
        table = storage["core.entity_registry"]["data"]["entities"]
        for row in table["rows"]:
            entity = table["usual"] | row
            platform = entity["entity_id"].partition(".")[0]
            found[platform, pattern(platform, entity["translation_key"])].add(source)
    return {key: frozenset(sources) for key, sources in found.items()}


def _sources(platform: str, key: str) -> frozenset[str]:
    own = {pattern(platform, each.key) for each in _OWN.get(platform, ())}
    if key.endswith("_source") or key in own:
        return frozenset(SOURCES)  # whichever a vehicle has
    if platform == "sensor" and key in {each.key for each in ESTIMATES}:
        return _sources(platform, "battery_level")
    return _seen().get((platform, key), frozenset()) | _NOT_IN_GOLDEN.get((platform, key), frozenset())


def tables() -> Iterator[str]:
    """Go through the lines of all tables, a heading before each."""
    for platform, heading in _HEADINGS.items():
        yield from ("", f"## {heading}", "", "| name | meaning | states | enabled | sources | wakes |")
        yield "|---|---|---|---|---|---|"
        yield from (row.markdown for row in rows(platform))


def written(page: str) -> str:
    """Return the page with current tables; all that stands before them is kept."""
    return page.partition(_MARK)[0] + _MARK + "\n".join(tables()) + "\n"


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write the page, or only look; return the exit status."""
    parser = ArgumentParser(prog="script/entities", description="Write the tables of docs/entities.md.")
    parser.add_argument("--check", action="store_true", help="only look whether they are current")
    before = page.read_text()
    after = written(before)
    if parser.parse_args(arguments).check:
        print("current" if after == before else "not current: run script/entities")
        return int(after != before)
    page.write_text(after)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
