"""The dashboard of the vehicles: core cards only, and only for the entities that a vehicle has."""

from collections.abc import Iterable, Sequence
from typing import Any

from homeassistant.util import slugify

from .cards import BADGES, CALENDAR, CHART, GLANCE, MAPPED, METER, PLAN, SECTIONS, Card, Section
from .vehicles import Vehicle

URL_PATH = "nissan-cars"


def dashboard(vehicles: Sequence[Vehicle]) -> dict[str, Any]:
    """Return the configuration of a dashboard with an overview and a view for each vehicle."""
    paths = _paths(vehicles)
    views = [_view(vehicle, path) for vehicle, path in zip(vehicles, paths, strict=True)]
    planned = [vehicle for vehicle in vehicles if "sensor.plan_status" in vehicle.entities]
    charging = [_charging(planned)] if planned else []
    return {"title": "Nissan", "views": [_overview(vehicles, paths), *charging, *views]}


def _paths(vehicles: Sequence[Vehicle]) -> list[str]:
    """Return what stands for each vehicle in the address of its view; a number tells those of the same name apart."""
    paths: list[str] = []
    for number, vehicle in enumerate(vehicles, 1):
        path = slugify(vehicle.name)
        paths.append(path if path not in paths else f"{path}_{number}")
    return paths


def _overview(vehicles: Sequence[Vehicle], paths: Sequence[str]) -> dict[str, Any]:
    glances = [_section(vehicle, Section(vehicle.name, _icon(vehicle), GLANCE)) for vehicle in vehicles]
    for vehicle, path, section in zip(vehicles, paths, glances, strict=True):
        heading = section["cards"][0]
        heading["tap_action"] = {"action": "navigate", "navigation_path": f"/{URL_PATH}/{path}"}
        heading["badges"] = _present(vehicle, [{"type": "entity", "entity": "sensor.last_report"}])
    where = [marker for vehicle in vehicles for marker in _present(vehicle, [MAPPED])]
    whole_width = max(len(vehicles), 1)
    everywhere = {
        "type": "grid",
        "column_span": whole_width,
        "cards": [{"type": "map", "entities": where, "grid_options": {"columns": "full", "rows": 6}}],
    }
    return {
        "title": "All cars",
        "path": "garage",
        "type": "sections",
        "max_columns": whole_width,
        "sections": [*glances, *([everywhere] if where else [])],
    }


def _charging(vehicles: Sequence[Vehicle]) -> dict[str, Any]:
    """Return the view of the vehicles that charge by price: the prices of two days, and the plan of each."""
    plans = [_section(vehicle, Section(vehicle.name, _icon(vehicle), PLAN)) for vehicle in vehicles]
    calendars = [calendar for each in vehicles if (calendar := each.entities.get("calendar.charging"))]
    prices = {"type": "grid", "column_span": len(plans) + 1, "cards": [CHART]}
    blocks = [CALENDAR | {"entities": calendars}] if calendars else []
    home = [{"type": "heading", "heading": "Home", "icon": "mdi:home-lightning-bolt"}, *METER]
    return {
        "title": "Charging",
        "path": "charging",
        "type": "sections",
        "max_columns": len(plans) + 1,
        "sections": [prices, *plans, {"type": "grid", "cards": [*home, *blocks]}],
    }


def _view(vehicle: Vehicle, path: str) -> dict[str, Any]:
    sections = [_section(vehicle, section) for section in SECTIONS]
    title = f"# {vehicle.name}\n{vehicle.model}"
    return {
        "title": vehicle.name,
        "path": path,
        "type": "sections",
        "max_columns": 4,
        "dense_section_placement": True,
        "header": {"layout": "responsive", "card": {"type": "markdown", "text_only": True, "content": title}},
        "badges": _present(vehicle, BADGES),
        "sections": [section for section in sections if len(section["cards"]) > 1],
    }


def _section(vehicle: Vehicle, section: Section) -> Card:
    heading = {"type": "heading", "heading": section.title, "icon": section.icon}
    return {"type": "grid", "cards": [heading, *_present(vehicle, section.cards)]}


def _present(vehicle: Vehicle, cards: Iterable[Card]) -> list[Card]:
    return [card for template in cards if (card := _bound(vehicle, template)) is not None]


def _bound(vehicle: Vehicle, template: Card) -> Card | None:
    """Put entity ids in place of our names, in its lists too; ``None`` if the vehicle has nothing to show there."""
    card: Card = {}
    for key, value in template.items():
        match key, value:
            case "entity", str() if value not in vehicle.entities:
                return None
            case "entity", str():
                card[key] = vehicle.entities[value]
            case "entities" | "visibility", list():
                card[key] = _present(vehicle, value)
            case _:
                card[key] = value
    return None if card.get("entities") == [] else card


def _icon(vehicle: Vehicle) -> str:
    return "mdi:car-electric" if "sensor.battery_level" in vehicle.entities else "mdi:car"
