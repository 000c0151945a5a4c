"""The dashboard is made of what the vehicles have, whatever that is."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.binary_sensor import BINARY_SENSORS
from custom_components.nissanconnect.book.long_term import SERIES
from custom_components.nissanconnect.book_sensor import BOOK_SENSORS
from custom_components.nissanconnect.button import BUTTONS, CHARGE_BUTTONS
from custom_components.nissanconnect.calendar import CALENDARS, CHARGE_CALENDARS
from custom_components.nissanconnect.climate import CLIMATES
from custom_components.nissanconnect.device_tracker import TRACKERS
from custom_components.nissanconnect.estimate_sensor import ESTIMATES
from custom_components.nissanconnect.lock import LOCKS
from custom_components.nissanconnect.number import CHARGE_NUMBERS, NUMBERS
from custom_components.nissanconnect.sensor import CHARGE_SENSORS, INTEGRATION_SENSORS, SENSORS
from custom_components.nissanconnect.switch import CHARGE_SWITCHES, SWITCHES
from custom_components.nissanconnect.time import CHARGE_TIMES
from script.demo_home.cards import BADGES, CHART, GLANCE, MAPPED, METER, PLAN, SECTIONS
from script.demo_home.check import entities_in
from script.demo_home.dashboard import dashboard
from script.demo_home.vehicles import Vehicle

PLATFORMS = {
    "binary_sensor": BINARY_SENSORS,
    "button": (*BUTTONS, *CHARGE_BUTTONS),
    "calendar": (*CALENDARS, *CHARGE_CALENDARS),
    "climate": CLIMATES,
    "device_tracker": TRACKERS,
    "lock": LOCKS,
    "number": (*NUMBERS, *CHARGE_NUMBERS),
    "sensor": (*SENSORS, *INTEGRATION_SENSORS, *BOOK_SENSORS, *ESTIMATES, *CHARGE_SENSORS),
    "switch": (*SWITCHES, *CHARGE_SWITCHES),
    "time": CHARGE_TIMES,
}
STATISTICS = [f"statistic.{name}" for name in SERIES]
NAMES = sorted(
    [f"{platform}.{each.key}" for platform, descriptions in PLATFORMS.items() for each in descriptions] + STATISTICS
)
SHOWN = set(entities_in([*GLANCE, *BADGES, MAPPED, *(card for section in SECTIONS for card in section.cards)]))
SHOWN_OF_PLANS = set(entities_in(list(PLAN)))


def vehicle(name: str, *entities: str) -> Vehicle:
    """Return a vehicle whose entity ids begin with its name."""
    return Vehicle(
        device_id="device",
        entry_id="account",
        key=f"FAKE{name}",
        name=name,
        model="Model",
        entities={entity: entity.replace(".", f".{name.lower()}_") for entity in entities},
    )


def cards_in(config: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Yield all cards of a type."""
    match config:
        case dict():
            if config.get("type") == kind:
                yield config
            yield from cards_in([*config.values()], kind)
        case list():
            for item in config:
                yield from cards_in(item, kind)


def test_the_tables_name_entities_of_the_integration() -> None:
    assert (SHOWN | SHOWN_OF_PLANS) - set(NAMES) == set()


@given(first=st.sets(st.sampled_from(NAMES)), second=st.sets(st.sampled_from(NAMES)))
def test_it_shows_exactly_what_is_there(first: set[str], second: set[str]) -> None:
    vehicles = [vehicle("One", *first), vehicle("Two", *second)]

    shown = set(entities_in(dashboard(vehicles)))

    planned = [each for each in vehicles if "sensor.plan_status" in each.entities]
    assert shown == {
        *(each.entities[name] for each in vehicles for name in each.entities if name in SHOWN),
        *(each.entities[name] for each in planned for name in each.entities if name in SHOWN_OF_PLANS),
        *(entities_in([CHART, *METER]) if planned else ()),
    }


@given(st.sets(st.sampled_from(NAMES)))
def test_no_section_and_no_list_is_empty(entities: set[str]) -> None:
    view = next(each for each in dashboard([vehicle("One", *entities)])["views"] if each["path"] == "one")

    assert all(len(section["cards"]) > 1 for section in view["sections"])
    assert all(card["entities"] for kind in ("entities", "map", "statistics-graph") for card in cards_in(view, kind))


def test_a_vehicle_has_its_own_view_behind_its_heading() -> None:
    overview, *views = dashboard([vehicle("LEAF"), vehicle("My Ariya")])["views"]

    links = [heading["tap_action"]["navigation_path"] for heading in cards_in(overview, "heading")]

    assert links == [f"/nissan-cars/{view['path']}" for view in views]
    assert [view["path"] for view in views] == ["leaf", "my_ariya"]


def test_a_garage_without_vehicles_is_no_error() -> None:
    assert [view["sections"] for view in dashboard([])["views"]] == [[]]


@pytest.mark.parametrize("name", ["sensor.charging_finish", "sensor.climate_next_start"])
def test_a_time_that_nobody_knows_is_hidden(name: str) -> None:
    (card,) = (card for view in dashboard([vehicle("LEAF", name)])["views"] for card in cards_in(view, "tile"))

    (condition,) = card["visibility"]

    assert condition["entity"] == card["entity"] == f"sensor.leaf_{name.removeprefix('sensor.')}"
    assert "unknown" in condition["state_not"]


CAREFUL = ["button.horn", "button.lights", "button.refresh", "button.start_engine"]


@pytest.mark.parametrize("name", CAREFUL)
def test_what_is_heard_or_wakes_asks_first(name: str) -> None:
    (card,) = (card for view in dashboard([vehicle("LEAF", name)])["views"] for card in cards_in(view, "tile"))

    for action in ("tap_action", "icon_tap_action"):  # the icon of a tile acts by itself
        assert card[action]["action"] == "toggle"
        assert card[action]["confirmation"]["text"].endswith(("?", "."))


GIVES_WAY = sorted(
    f"{platform}.{each.key}"
    for platform, descriptions in PLATFORMS.items()
    for each in descriptions
    if getattr(each, "unless", None) and f"{platform}.{each.key}" in SHOWN
)


@pytest.mark.parametrize("name", [*GIVES_WAY, "switch.charging", "number.charge_limit"])
def test_what_comes_and_goes_with_a_source_is_shown_only_while_it_is_there(name: str) -> None:
    leaf = vehicle("LEAF", name)
    shown = [
        card
        for view in dashboard([leaf])["views"]
        for card in [*view.get("badges", ()), *(card for section in view["sections"] for card in section["cards"])]
        if card.get("entity") == leaf.entities[name]
    ]

    assert shown
    for card in shown:
        assert card["visibility"] == [
            {"condition": "state", "entity": leaf.entities[name], "state_not": ["unavailable"]}
        ]


@pytest.mark.parametrize(
    ("statistics", "shown"),
    [
        ((), []),
        (("distance",), [["Distance"]]),
        (("distance", "energy_charged"), [["Distance"], ["Charged"]]),
        (SERIES, [["Distance"], ["Used", "Charged"]]),
    ],
)
def test_bars_of_days_show_the_statistics_that_are_there(statistics: Iterable[str], shown: list[list[str]]) -> None:
    car = vehicle("LEAF", "sensor.energy_charged", *(f"statistic.{name}" for name in statistics))

    graphs = list(cards_in(dashboard([car]), "statistics-graph"))

    assert [[row["name"] for row in graph["entities"]] for graph in graphs] == shown
    assert {row["entity"] for graph in graphs for row in graph["entities"]} <= {*car.entities.values()}


def test_vehicles_that_charge_by_price_have_a_view_of_their_plans_prices_and_calendars() -> None:
    plan = ("calendar.charging", *SHOWN_OF_PLANS)
    vehicles = [vehicle("LEAF", *plan), vehicle("Ariya", *plan), vehicle("Qashqai")]

    overview, charging, *views = dashboard(vehicles)["views"]

    assert (overview["path"], charging["path"], len(views)) == ("garage", "charging", 3)
    assert [heading["heading"] for heading in cards_in(charging, "heading")] == ["LEAF", "Ariya", "Home"]
    (calendar,) = cards_in(charging, "calendar")
    assert calendar["entities"] == ["calendar.leaf_charging", "calendar.ariya_charging"]


def test_a_plan_whose_calendar_is_disabled_is_shown_without_it() -> None:
    _, charging, _ = dashboard([vehicle("LEAF", *SHOWN_OF_PLANS)])["views"]

    assert list(cards_in(charging, "calendar")) == []


def test_two_vehicles_whose_names_differ_in_nothing_but_case_have_views_of_their_own() -> None:
    views = dashboard([vehicle("LEAF", "sensor.range"), vehicle("Leaf", "sensor.range")])["views"]

    paths = [view["path"] for view in views[1:]]
    headings = [section["cards"][0] for section in views[0]["sections"][:2]]
    assert len(set(paths)) == 2
    assert [each["tap_action"]["navigation_path"].rpartition("/")[2] for each in headings] == paths
