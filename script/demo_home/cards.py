"""What the dashboard shows of a vehicle, as data.

This is Home Assistant's own configuration of cards, with the names of DESIGN §5 in place of entity ids and short names
on the tiles, because the vehicle's name stands above them.
"""

from dataclasses import dataclass
from typing import Any

REPORT = "sensor.battery_report"
"""The entity of the demo's home with the report on the LEAF's battery."""

type Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its cards."""

    title: str
    icon: str
    cards: tuple[Card, ...]


def _tile(entity: str, name: str, *features: str, **options: object) -> Card:
    """Return a tile; one with features, that is with something to operate, takes the whole width."""
    card: Card = {"type": "tile", "entity": entity, "name": name, **options}
    if features:
        card |= {"features": [{"type": feature} for feature in features], "grid_options": {"columns": "full"}}
    return card


def _when_known(card: Card) -> Card:
    """Return a card that is only there while somebody knows the value."""
    return _unless(card, "unknown", "unavailable")


def _when_there(card: Card) -> Card:
    """Return a card that goes with its entity, which may come and go when a source is added or removed.

    To the dashboard an entity that does not exist is unavailable.
    """
    return _unless(card, "unavailable")


def _unless(card: Card, *states: str) -> Card:
    return card | {"visibility": [{"condition": "state", "entity": card["entity"], "state_not": [*states]}]}


def _button(entity: str, name: str) -> Card:
    """Return a button; its state would be the time of the last press."""
    return _tile(entity, name, hide_state=True, tap_action={"action": "toggle"})


def _careful(entity: str, name: str, question: str) -> Card:
    """Return a button that asks first: it is heard in the street, burns fuel or costs energy of the 12 V battery."""
    press = {"action": "toggle", "confirmation": {"text": question}}
    return _button(entity, name) | {"tap_action": press, "icon_tap_action": press}


def _badge(entity: str) -> Card:
    return {"type": "entity", "entity": entity}


def _row(entity: str, name: str) -> Card:
    return {"entity": entity, "name": name}


def _by_day(title: str, **names: str) -> Card:
    """Return bars for each of the last two weeks' days: of long-term statistics, by what they count."""
    return {
        "type": "statistics-graph",
        "title": title,
        "chart_type": "bar",
        "period": "day",
        "days_to_show": 14,
        "stat_types": ["change"],
        "hide_legend": len(names) == 1,
        "entities": [_row(f"statistic.{counted}", name) for counted, name in names.items()],
        "grid_options": {"columns": "full"},
    }


_CHARGING = _tile("sensor.charging_status", "Charging status")
_LOCK = (_when_there(_tile("lock.lock", "Lock")), _when_there(_tile("binary_sensor.locked", "Lock")))
"""A vehicle has one of them."""
_PLUG = _tile("binary_sensor.plugged_in", "Plug")
_RANGE = _tile("sensor.range", "Range")
_FUEL = (
    _tile("sensor.fuel_level", "Fuel", "bar-gauge"),
    _tile("sensor.fuel_quantity", "In the tank"),
    _tile("sensor.fuel_range", "Range"),
)

MAPPED: Card = {"entity": "device_tracker.location", "label_mode": "icon"}
"""A vehicle on a map."""

GLANCE = (
    _tile("sensor.battery_level", "Battery", "bar-gauge", color="green"),
    _tile("climate.climate", "Climate", "climate-hvac-modes"),
    *_FUEL,
    _RANGE,
    _PLUG,
    _CHARGING,
    _tile("device_tracker.location", "Location"),
    *_LOCK,
    _tile("sensor.odometer", "Odometer"),
)
"""What one wants to know of each vehicle at a glance."""

BADGES: tuple[Card, ...] = (
    _badge("sensor.last_report"),
    _badge("device_tracker.location"),
    _when_there(_badge("lock.lock")),
    _when_there(_badge("binary_sensor.locked")),
    _badge("sensor.odometer"),
)
"""What stands at the top of a vehicle's own view."""

SECTIONS = (
    Section(
        "Battery",
        "mdi:battery-charging",
        (
            {
                "type": "gauge",
                "entity": "sensor.battery_level",
                "name": "Battery",
                "needle": True,
                "segments": [
                    {"from": 0, "color": "var(--error-color)"},
                    {"from": 15, "color": "var(--warning-color)"},
                    {"from": 30, "color": "var(--success-color)"},
                ],
            },
            _RANGE,
            _tile("sensor.range_climate_on", "Range with climate on"),
            _PLUG,
            _CHARGING,
            _when_known(_tile("sensor.charging_power", "Charging power")),
            _when_known(_tile("sensor.charging_finish", "Charging finishes")),
            _when_there(_tile("switch.charging", "Charging", "toggle")),
            _when_there(_tile("number.charge_limit", "Charge limit", "numeric-input")),
            _when_there(_button("button.start_charging", "Start charging")),
        ),
    ),
    Section("Fuel", "mdi:gas-station", (*_FUEL, _tile("binary_sensor.fuel_low", "Fuel low"))),
    Section(
        "Trips and charges",
        "mdi:notebook",
        (
            _tile("sensor.last_trip_distance", "Last trip"),
            _tile("sensor.last_trip_consumption", "Its consumption"),
            _tile("sensor.last_charge_energy", "Last charge"),
            _tile("sensor.last_charge_cost", "Its cost"),
            _tile("sensor.month_distance", "This month"),
            _tile("sensor.month_consumption", "Its consumption"),
            _tile("sensor.energy_charged", "Charged in all"),
            _tile("sensor.charging_cost", "Its cost"),
            _tile("sensor.consumption_average", "Usual consumption"),
            _tile("sensor.range_estimated", "Estimated range"),
            _by_day("Distance by day", distance="Distance"),
            _by_day("Energy by day", energy_consumed="Used", energy_charged="Charged"),
        ),
    ),
    Section(
        "Battery health",
        "mdi:battery-heart-variant",
        (
            {
                "type": "entities",
                "entities": [
                    _row("sensor.battery_health", "Health (SoH)"),
                    _row("sensor.battery_health_bars", "Health bars"),
                    _row("sensor.battery_hx", "Conductance (Hx)"),
                    _row("sensor.cell_spread", "Cell spread"),
                    _row("sensor.battery_capacity", "Capacity"),
                    _row("sensor.battery_capacity_estimated", "Capacity by its charges"),
                ],
            },
            {
                "type": "markdown",
                "entity": "sensor.battery_health",  # the card ignores that; a vehicle without it has no card
                "content": f"{{{{ state_attr('{REPORT}', 'text') or '' }}}}",
                "show_empty": False,
                "grid_options": {"columns": "full"},
            },
        ),
    ),
    Section(
        "Climate",
        "mdi:air-conditioner",
        (
            _tile("climate.climate", "Climate", "climate-hvac-modes", "target-temperature"),
            _tile("sensor.inside_temperature", "Inside temperature"),
            _tile("sensor.outside_temperature", "Outside temperature"),
            _when_known(_tile("sensor.climate_next_start", "Next climate start")),
        ),
    ),
    Section(
        "Doors",
        "mdi:car-door",
        (
            *_LOCK,
            _tile("binary_sensor.hatch", "Hatch"),
            _tile("binary_sensor.door_front_left", "Front left"),
            _tile("binary_sensor.door_front_right", "Front right"),
            _tile("binary_sensor.door_rear_left", "Rear left"),
            _tile("binary_sensor.door_rear_right", "Rear right"),
        ),
    ),
    Section(
        "Location",
        "mdi:map-marker",
        (
            {
                "type": "map",
                "entities": [MAPPED],
                "default_zoom": 13,
                "grid_options": {"columns": "full"},
            },
        ),
    ),
    Section(
        "Commands",
        "mdi:car-wireless",
        (
            _careful("button.refresh", "Refresh from vehicle", "Wake the car? This uses energy from its 12 V battery."),
            _careful("button.lights", "Flash lights", "Flash the car's lights?"),
            _careful("button.horn", "Horn", "Sound the car's horn?"),
            _careful("button.start_engine", "Start engine", "Start the car's engine?"),
            _button("button.stop_engine", "Stop engine"),
        ),
    ),
    Section(
        "Condition",
        "mdi:car-cog",
        (
            {
                "type": "entities",
                "entities": [
                    _row("sensor.battery_energy", "Battery energy"),
                    _row("sensor.battery_temperature", "Battery temperature"),
                    _row("sensor.aux_battery_voltage", "12 V battery"),
                    _row("sensor.charge_mode", "Charge mode"),
                    _row("binary_sensor.tyre_warning", "Tyre warning"),
                    _row("sensor.tyre_pressure_front_left", "Tyre, front left"),
                    _row("sensor.tyre_pressure_front_right", "Tyre, front right"),
                    _row("sensor.tyre_pressure_rear_left", "Tyre, rear left"),
                    _row("sensor.tyre_pressure_rear_right", "Tyre, rear right"),
                    _row("sensor.subscription", "Subscription"),
                    _row("binary_sensor.reachable", "Reachable"),
                ],
            },
        ),
    ),
)
"""A vehicle's own view."""

PLAN = (
    _tile("sensor.battery_level", "Battery", "bar-gauge", color="green"),
    _tile("sensor.plan_status", "Plan"),
    _tile("time.ready_by", "Ready by"),
    _when_known(_tile("sensor.planned_start", "Starts")),
    _when_known(_tile("sensor.planned_finish", "Finishes")),
    _when_known(_tile("sensor.planned_energy", "Energy")),
    _when_known(_tile("sensor.planned_cost", "Cost")),
    _tile("switch.smart_charging", "Charge by price", "toggle"),
    _tile("number.target_level", "Charge to", "numeric-input"),
    _tile("number.minimum_level", "At once up to", "numeric-input"),
    _button("button.charge_now", "Charge now"),
    _button("button.skip_plan", "Skip the plan"),
    _when_known(_tile("sensor.planned_saving", "Saved")),
)
"""The charge plan of a vehicle."""

CHART: Card = {
    "type": "picture-entity",
    "entity": "image.demo_charging",
    "show_name": False,
    "show_state": False,
    "tap_action": {"action": "none"},
    "grid_options": {"columns": "full"},
}
CALENDAR: Card = {"type": "calendar", "initial_view": "listWeek", "grid_options": {"columns": "full"}}
METER = (
    _tile("switch.demo_wallbox", "The LEAF's wallbox", "toggle"),
    _tile("sensor.demo_electricity_price", "Price now"),
    _tile("sensor.demo_wallbox_power", "Power"),
    _tile("sensor.demo_wallbox_energy", "Energy"),
)
"""What the demo's home has besides vehicles, by entity ids."""
