"""Our vehicles are found among whatever else is in the registries."""

from typing import Any

import pytest

from custom_components.nissanconnect.book.long_term import statistic_id
from custom_components.nissanconnect.vehicle import VehicleInfo
from script.demo_home.console import DemoError
from script.demo_home.table import table
from script.demo_home.vehicles import States, Vehicle, find_leaf, vehicles_in

KEY = "SJNFAKE0000000001"


def device(identifier: str, name: str, domain: str = "nissanconnect", **more: object) -> dict[str, Any]:
    """Return a device as the WebSocket lists it."""
    listed = {
        "id": f"id-{name}",
        "config_entry_id": "account",
        "identifiers": [[domain, identifier]],
        "name": name,
        "name_by_user": None,
    }
    return listed | {"model": "Leaf (2021)"} | more


def entity(entity_id: str, key: str, of: str = "id-LEAF", **more: object) -> dict[str, Any]:
    """Return an entity as the WebSocket lists it."""
    listed = {"entity_id": entity_id, "unique_id": f"{KEY}_{key}", "device_id": of}
    return listed | {"platform": "nissanconnect", "disabled_by": None} | more


def test_entities_are_named_by_platform_and_key() -> None:
    entities = [
        entity("sensor.the_owner_calls_it_otherwise", "range"),
        entity("binary_sensor.leaf_charging", "charging"),
        entity("switch.leaf_charging", "charging"),
    ]

    (leaf,) = vehicles_in([device(KEY, "LEAF")], entities)

    assert leaf == Vehicle(
        device_id="id-LEAF",
        entry_id="account",
        key=KEY,
        name="LEAF",
        model="Leaf (2021)",
        entities={
            "sensor.range": "sensor.the_owner_calls_it_otherwise",
            "binary_sensor.charging": "binary_sensor.leaf_charging",
            "switch.charging": "switch.leaf_charging",
        },
    )


def test_statistics_are_named_by_what_they_count() -> None:
    own, other = (statistic_id(VehicleInfo(key=key), "energy_charged") for key in (KEY, "SJNFAKE0000000002"))

    (leaf,) = vehicles_in([device(KEY, "LEAF")], [], {own, other, "sensor.leaf_range"})

    assert leaf.entities == {"statistic.energy_charged": own}


def test_strangers_and_disabled_entities_are_left_out() -> None:
    devices = [device("sun", "Sun", domain="sun"), device(KEY, "LEAF")]
    entities = [
        entity("sensor.sun_rising", "range", of="id-Sun"),
        entity("sensor.leaf_distance", "range", platform="distance"),
        entity("sensor.leaf_range", "range", disabled_by="user"),
    ]

    (leaf,) = vehicles_in(devices, entities)

    assert leaf.entities == {}


def test_vehicles_come_by_name_and_by_the_owners_name_for_them() -> None:
    devices = [device("B", "Qashqai"), device("C", "LEAF", name_by_user="Zoë"), device("A", "Ariya")]

    assert [vehicle.name for vehicle in vehicles_in(devices, [])] == ["Ariya", "Qashqai", "Zoë"]


def test_the_table_shows_what_is_known_and_says_what_is_not() -> None:
    leaf = Vehicle(
        device_id="device",
        entry_id="account",
        key=KEY,
        name="LEAF",
        model="",
        entities={
            "sensor.battery_level": "sensor.a",
            "sensor.range": "sensor.b",
            "device_tracker.location": "device_tracker.c",
        },
    )
    states = States(
        {
            "sensor.a": {"state": "63.5", "attributes": {"unit_of_measurement": "%"}},
            "sensor.b": {"state": "unavailable", "attributes": {}},
            "device_tracker.c": {"state": "home", "attributes": {"latitude": 52.1, "longitude": 4.9}},
        }
    )

    title, row = table(states, [leaf]).splitlines()

    assert row.split() == ["LEAF", "64", "%", "-", "-", "-", "-", "-", "-", "known", "-"]
    assert title.index("range") == row.index("-")


def test_the_leaf_is_found_whatever_its_owner_calls_it() -> None:
    cars = vehicles_in([device("A", "LEAF"), device(KEY, "LEAF", name_by_user="Zoë")], [])

    assert find_leaf(cars, "account").name == "Zoë"
    with pytest.raises(DemoError, match="--fresh"):
        find_leaf(vehicles_in([device("A", "LEAF")], []), "account")


def test_the_leaf_of_a_source_that_was_removed_is_not_taken_for_the_accounts() -> None:
    cars = vehicles_in([device(KEY, "LEAF", config_entry_id="ovms"), device(KEY, "LEAF, mine")], [])

    assert find_leaf(cars, "account").name == "LEAF, mine"
