"""Our vehicles as Home Assistant's registries and states know them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.util import slugify

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import alias
from tests.simulator.cars.garage import LEAF

from .client import HomeAssistant
from .console import DemoError


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A device of ours.

    ``entities`` maps what DESIGN §5 calls them (``sensor.range``) to entity ids, and what the vehicle's long-term
    statistics count (``statistic.distance``) to their ids.
    """

    device_id: str
    entry_id: str
    key: str
    name: str
    model: str
    entities: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class States:
    """The states of all entities at one moment."""

    by_entity_id: Mapping[str, Mapping[str, Any]]

    def value(self, vehicle: Vehicle, what: str) -> str | None:
        """Return the state of an entity; ``None`` if it is not there or nobody knows."""
        found = self._of(vehicle, what).get("state")
        return None if found in {None, "unavailable", "unknown"} else str(found)

    def is_available(self, vehicle: Vehicle, what: str) -> bool:
        """Whether an entity is there, and can say what it knows."""
        return bool(self._of(vehicle, what).get("state", "unavailable") != "unavailable")

    def attributes(self, vehicle: Vehicle, what: str) -> Mapping[str, Any]:
        """Return the attributes of an entity; none if it is not there."""
        found: Mapping[str, Any] = self._of(vehicle, what).get("attributes", {})
        return found

    def _of(self, vehicle: Vehicle, what: str) -> Mapping[str, Any]:
        return self.by_entity_id.get(vehicle.entities.get(what, ""), {})


def vehicles_in(
    devices: Iterable[dict[str, Any]], entities: list[dict[str, Any]], statistic_ids: Collection[str] = ()
) -> list[Vehicle]:
    """Find our vehicles in the registries, by name. An entity that is disabled does not exist."""
    ours = [entity for entity in entities if entity["platform"] == DOMAIN and entity["disabled_by"] is None]
    found = [
        Vehicle(
            device_id=device["id"],
            entry_id=device["config_entry_id"],
            key=key,
            name=device["name_by_user"] or device["name"],
            model=device["model"] or "",
            entities=dict(_named(entity, key) for entity in ours if entity["device_id"] == device["id"])
            | _statistics(statistic_ids, key),
        )
        for device in devices
        for domain, key in device["identifiers"]
        if domain == DOMAIN
    ]
    return sorted(found, key=lambda vehicle: vehicle.name)


def _named(entity: dict[str, Any], vehicle_key: str) -> tuple[str, str]:
    """Return what we call an entity, and its id. A key alone would not do: ``charging`` is a sensor and a switch."""
    entity_id: str = entity["entity_id"]
    platform, _, _ = entity_id.partition(".")
    return f"{platform}.{entity['unique_id'].removeprefix(f'{vehicle_key}_')}", entity_id


def _statistics(statistic_ids: Iterable[str], vehicle_key: str) -> dict[str, str]:
    """Return the ids of a vehicle's own statistics by what they count."""
    prefix = f"{DOMAIN}:{slugify(alias(vehicle_key))}_"
    return {f"statistic.{each.removeprefix(prefix)}": each for each in statistic_ids if each.startswith(prefix)}


def find_leaf(vehicles: Iterable[Vehicle], account: str) -> Vehicle:
    """Return the account's LEAF, whatever its owner calls it: one that is no source of it any more is there as well."""
    leaf = next((each for each in vehicles if each.key == LEAF.key and each.entry_id == account), None)
    if leaf is None:
        raise DemoError("There is no LEAF any more: script/demo --fresh begins with all that belongs to the demo")
    return leaf


async def fetch_vehicles(api: HomeAssistant) -> list[Vehicle]:
    """Ask a running instance for our vehicles."""
    return vehicles_in(
        await api.command("config/device_registry/list"),
        await api.command("config/entity_registry/list"),
        await fetch_statistic_ids(api),
    )


async def fetch_statistic_ids(api: HomeAssistant) -> set[str]:
    """Ask a running instance which long-term statistics it has."""
    return {each["statistic_id"] for each in await api.command("recorder/list_statistic_ids")}


async def fetch_states(api: HomeAssistant) -> States:
    """Ask a running instance for all states."""
    return States({state["entity_id"]: state for state in await api.get("/api/states")})
