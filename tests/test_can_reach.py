"""The action that says whether a vehicle gets somewhere: what it takes, answers, and keeps to itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
import json
from traceback import format_exception
from types import MappingProxyType
from typing import Any

from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.nissanconnect import geofences
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book_entries import Trip
from custom_components.nissanconnect.engine.consumption import ConsumptionModel
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import Battery, Climate, Fuel, Position, VehicleState

from .charging import add_plan
from .conftest import NOON
from .nominatim import Nominatim, nominatim
from .simulator import Simulator
from .test_alerts import draw, geofence
from .test_command_log import ask
from .test_commands import device_id

__all__ = ["nominatim"]

type Answer = dict[str, Any]

HERE = 52.0, 5.0
STAMP: dict[str, Any] = {"backend": "b", "received_at": NOON, "reported_at": NOON}
STATE = VehicleState(
    battery=Battery(**STAMP, level=80.0, range=260.0, capacity=40.0, health=100.0),
    climate=Climate(**STAMP, outside_temperature=15.0),
    position=Position(**STAMP, latitude=HERE[0], longitude=HERE[1]),
)
"""A LEAF of 40 kWh, of which 38.5 can be used, on a mild day."""


class Asked:
    """The action, and the vehicle that it is asked about."""

    def __init__(self, hass: HomeAssistant, vehicle: VehicleRuntime, device: str) -> None:
        self._hass = hass
        self.vehicle = vehicle
        self.device = device

    async def report(self, **changed: Any) -> None:
        """Let the vehicle have reported this, and otherwise what it reports here."""
        self.vehicle.coordinator.async_set_updated_data(replace(STATE, **changed))
        await self._hass.async_block_till_done()

    async def __call__(self, **fields: Any) -> Answer:
        answer: Answer = await ask(self._hass, "can_reach", self.device, **fields)
        return answer

    async def refusal(self, **fields: Any) -> str | None:
        """The key of the error."""
        with pytest.raises(ServiceValidationError) as caught:
            await self(**fields)
        assert str(caught.value) != caught.value.translation_key, "it has words"
        return caught.value.translation_key


@pytest.fixture
async def leaf(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> Asked:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    asked = Asked(hass, vehicle, device_id(hass, loaded, simulator, "Leaf"))
    await asked.report()
    return asked


def experience(consumption: float, outside: float = 15.0, trips: int = 60) -> ConsumptionModel:
    """What is learnt from trips of a month that all took so many kWh for 100 km."""
    driven = [
        Trip(
            start=at,
            end=at + timedelta(hours=1),
            distance=60,
            energy=0.6 * consumption,
            uncertainty=0.4,
            outside=outside,
        )
        for at in (NOON - timedelta(hours=12 * number) for number in range(trips))
    ]
    return reduce(ConsumptionModel.after, driven, ConsumptionModel(typical=16.4))


def learns(asked: Asked, model: ConsumptionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked.vehicle.book, "consumption", model)


async def test_a_distance_is_answered_and_nothing_happens(
    hass: HomeAssistant, simulator: Simulator, leaf: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    learns(leaf, experience(15.4), monkeypatch)
    simulator.reset_counters()
    before = {each.entity_id: each for each in hass.states.async_all()}
    answer = await leaf(distance=100)
    assert answer == {
        "reachable": "yes",
        "level_at_arrival": pytest.approx(40, abs=0.3),
        "level_at_return": None,
        "spread": pytest.approx(7, abs=1),
        "distance": 100,
        "consumption": pytest.approx(15.4, abs=0.1),
        "outside_temperature": 15,
        "why": "enough",
        "message": "It gets there, and the reserve is left.",
        "units": {"distance": "km", "consumption": "kWh/100km", "outside_temperature": "°C"},
    }
    assert {each.entity_id: each for each in hass.states.async_all()} == before
    assert simulator.requests.total() == 0


async def test_there_and_back_with_a_reserve(leaf: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    learns(leaf, experience(15.4), monkeypatch)
    there_and_back = await leaf(distance=60, round_trip=True)
    assert (there_and_back["reachable"], there_and_back["distance"]) == ("yes", 120)
    assert there_and_back["level_at_arrival"] == pytest.approx(56, abs=0.3)
    assert there_and_back["level_at_return"] == pytest.approx(32, abs=0.3)
    assert (await leaf(distance=60, round_trip=True, reserve=30))["why"] == "close"
    short = await leaf(distance=60, round_trip=True, reserve=50)
    assert (short["reachable"], short["why"]) == ("no", "reserve_needed")
    assert short["message"] == "At best it gets there and back by using the reserve."
    assert (await leaf(distance=600))["message"] == "It does not get there, not even with the reserve."


async def test_before_anything_is_learnt_what_is_typical_counts_with_care(leaf: Asked) -> None:
    answer = await leaf(distance=130)
    assert answer["consumption"] == pytest.approx((16.4 + 17.3) / 2, abs=0.06), "of both batteries of its year"
    assert (answer["reachable"], answer["why"]) == ("unsure", "few_trips")
    assert answer["level_at_arrival"] - answer["spread"] < 10 < answer["level_at_arrival"]


async def test_the_level_may_be_another(leaf: Asked) -> None:
    assert (await leaf(distance=50))["reachable"] == "yes"
    assert (await leaf(distance=80, level=20))["reachable"] == "no"
    more = (await leaf(distance=50, level=100))["level_at_arrival"] - (await leaf(distance=50))["level_at_arrival"]
    assert more == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("reported_at", "known"), [(NOON - timedelta(hours=5), 15), (NOON - timedelta(hours=7), None), (None, 15)]
)
async def test_the_temperature_is_that_of_the_last_hours(
    leaf: Asked, reported_at: datetime | None, known: float | None
) -> None:
    before = await leaf(distance=50)
    climate = Climate(**STAMP | {"reported_at": reported_at}, outside_temperature=15.0)
    await leaf.report(climate=climate)
    answer = await leaf(distance=50)
    assert answer["outside_temperature"] == known
    assert (answer["spread"] > before["spread"]) is (known is None)
    await leaf.report(climate=None)
    assert (await leaf(distance=50))["outside_temperature"] is None


async def test_the_temperature_may_be_given_in_the_unit_of_the_house(hass: HomeAssistant, leaf: Asked) -> None:
    frost = await leaf(distance=50, outside_temperature=-10)
    assert frost["outside_temperature"] == -10
    assert frost["consumption"] > 1.5 * (await leaf(distance=50))["consumption"]
    hass.config.units = US_CUSTOMARY_SYSTEM
    assert await leaf(distance=50, outside_temperature=14) == frost


async def test_the_capacity_of_the_charge_plan_counts(
    hass: HomeAssistant, leaf: Asked, loaded: MockConfigEntry
) -> None:
    before = await leaf(distance=50)
    await add_plan(hass, loaded, capacity=20)
    await leaf.report()
    assert 80 - (await leaf(distance=50))["level_at_arrival"] == pytest.approx(
        (80 - before["level_at_arrival"]) * 38.5 / 20, abs=0.3
    )


SECRET = "Elsewhere"
NORTH = 52.5, 5.0
"""55.6 km from where the vehicle is."""


def at(subentry: ConfigSubentry, where: dict[str, float]) -> ConfigSubentry:
    """A geofence in another place."""
    data = {**subentry.data, "location": {**subentry.data["location"], **where}}
    return ConfigSubentry(data=MappingProxyType(data), subentry_type="geofence", title=subentry.title, unique_id=None)


@pytest.mark.parametrize(
    "to", ["zone.work", "Work", " WORK ", "person.anna", "52.5,5.0", "52.5, 5", "the lake", "sensor.appointment"]
)
async def test_a_place_is_as_far_as_the_road_may_be(
    hass: HomeAssistant, leaf: Asked, loaded: MockConfigEntry, to: str
) -> None:
    where = {"latitude": NORTH[0], "longitude": NORTH[1]}
    hass.states.async_set("zone.work", "0", where | {"radius": 100, "friendly_name": "Work"})
    hass.states.async_set("person.anna", "not_home", where)
    hass.states.async_set("sensor.appointment", "Work")
    await draw(hass, loaded, at(geofence("The lake"), where))
    await leaf.report()
    answer = await leaf(to=to)
    assert answer["distance"] == pytest.approx(1.3 * 55.63, abs=0.2)
    assert answer["spread"] > (await leaf(distance=answer["distance"]))["spread"], "it may be another road"
    told = json.dumps(answer)
    assert not [each for each in (*HERE, *NORTH) if f"{each:.1f}" in told and each != 5.0]


async def test_it_is_there_already(hass: HomeAssistant, leaf: Asked) -> None:
    answer = await leaf(to=f"{HERE[0]},{HERE[1]}")
    assert (answer["distance"], answer["level_at_arrival"], answer["reachable"]) == (0, 80, "yes")


@pytest.mark.parametrize(
    "to",
    ["12 Main Street, Amsterdam", "zone.nowhere", "91,5", "52.5,", "nan,nan", "", "sensor.leaf_battery", "sensor.loop"],
)
async def test_a_place_that_is_not_known_is_refused_and_never_looked_up(
    hass: HomeAssistant, leaf: Asked, to: str
) -> None:
    hass.states.async_set("sensor.loop", "sensor.loop")
    assert await leaf.refusal(to=to) == "place_unknown"


async def test_where_the_vehicle_is_has_to_be_known(hass: HomeAssistant, leaf: Asked) -> None:
    await leaf.report(position=None)
    assert await leaf.refusal(to="52.5,5.0") == "position_unknown"
    assert (await leaf(distance=20))["reachable"] == "yes"


@pytest.mark.parametrize(
    "address",
    ["Marienplatz 1, München", " Essen ", "東京都", "221B Baker St, London NW1 6XE", "Via Roma n° 5, 2° piano, Milano"],
)
async def test_an_address_is_as_far_as_the_place_that_openstreetmap_finds(
    leaf: Asked, nominatim: Nominatim, address: str
) -> None:
    nominatim.answer = [{"lat": str(NORTH[0]), "lon": str(NORTH[1])}]
    answer = await leaf(address=address)
    assert answer == await leaf(to=f"{NORTH[0]},{NORTH[1]}")
    assert answer["distance"] == pytest.approx(1.3 * 55.63, abs=0.2)
    assert await leaf(address=address) == answer
    ((asked, _),) = nominatim.asked
    assert asked == address.strip(), "once, and nothing else"


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "52.38, 4.9",
        "N 52° 22' 12\" E 4° 54'",
        "geo:52.3791,4.9003",
        "lat 52,379 lon 4,900",
        "home 52.379 4.900",
        "lat 48.1371\nlon 11.5754",
        "48° 8' 13.5\" North, 11° 34' 31.4\" East",
        "48.14 deg N, 11.58 deg E near home",
        "8FWH4HX8+9C",
        "4HX8+9C München",
    ],
)
async def test_a_position_is_never_sent_instead_of_an_address(leaf: Asked, nominatim: Nominatim, address: str) -> None:
    assert await leaf.refusal(address=address) == "address_expected"
    assert nominatim.asked == []


async def test_no_address_is_sent_unless_it_is_the_address(
    hass: HomeAssistant, leaf: Asked, nominatim: Nominatim
) -> None:
    assert await leaf.refusal(to="Marienplatz 1, München") == "place_unknown"
    await leaf.report(position=None)  # as in privacy mode
    assert await leaf.refusal(address="Marienplatz 1, München") == "position_unknown"
    assert nominatim.asked == []


async def test_a_vehicle_that_goes_private_meanwhile_is_nowhere(leaf: Asked, nominatim: Nominatim) -> None:
    async def go() -> None:
        await leaf.report(position=None)

    nominatim.meanwhile = go
    assert await leaf.refusal(address="Essen") == "position_unknown"


@pytest.mark.parametrize(
    ("status", "found", "key"),
    [
        (200, [], "address_not_found"),
        (503, [], "address_service_unavailable"),
        (200, {}, "address_service_unavailable"),
    ],
)
async def test_an_address_that_cannot_be_found_is_refused_in_words_without_it(
    leaf: Asked, nominatim: Nominatim, caplog: pytest.LogCaptureFixture, status: int, found: Any, key: str
) -> None:
    nominatim.status, nominatim.answer = status, found
    with pytest.raises(HomeAssistantError) as caught:
        await leaf(address=SECRET)
    assert caught.value.translation_key == key
    assert isinstance(caught.value, ServiceValidationError) is (key == "address_not_found")
    assert "OpenStreetMap" in str(caught.value)
    assert SECRET not in caplog.text + "".join(format_exception(caught.value))
    nominatim.status, nominatim.answer = 200, [{"lat": str(NORTH[0]), "lon": str(NORTH[1])}]
    assert (await leaf(address=SECRET))["distance"] > 0, "it is asked again"


async def test_a_lookup_takes_no_longer_than_it_may(
    leaf: Asked, nominatim: Nominatim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may be before it, and the service may hang."""
    monkeypatch.setattr(geofences, "_LONGEST", 0)
    async with geofences._turn:
        with pytest.raises(HomeAssistantError) as caught:
            await leaf(address="Essen")
    assert caught.value.translation_key == "address_service_unavailable"
    assert nominatim.asked == []
    monkeypatch.setattr(geofences, "_LONGEST", 30)
    assert (await leaf(address="Essen"))["distance"] > 0


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "distance_or_place"),
        ({"distance": 10, "to": "zone.home"}, "distance_or_place"),
        ({"distance": 10, "address": "Essen"}, "distance_or_place"),
        ({"to": "zone.home", "address": "Essen"}, "distance_or_place"),
        *(({"distance": bad}, "number_out_of_range") for bad in (0, -5, 6000, "nan", "inf", "-inf")),
        *(({"distance": 10, "reserve": bad}, "number_out_of_range") for bad in (-1, 101, "nan")),
        *(({"distance": 10, "level": bad}, "number_out_of_range") for bad in (-1, 101, "nan")),
        *(({"distance": 10, "outside_temperature": bad}, "number_out_of_range") for bad in (-90, 80, "nan", "inf")),
    ],
)
async def test_what_makes_no_sense_is_refused(leaf: Asked, fields: dict[str, Any], key: str) -> None:
    assert await leaf.refusal(**fields) == key


async def test_what_the_vehicle_does_not_report_is_asked_for(leaf: Asked) -> None:
    await leaf.report(battery=None)
    assert await leaf.refusal(distance=10) == "level_unknown"
    unknown = Battery(**STAMP, level=80.0)  # the LEAF of 2021 has one of two batteries
    await leaf.report(battery=unknown)
    assert await leaf.refusal(distance=10) == "range_unknown"
    await leaf.report(battery=replace(unknown, level=0.0, range=0.0))
    assert await leaf.refusal(distance=10) == "range_unknown"


async def test_without_a_capacity_the_range_of_the_vehicle_counts(leaf: Asked) -> None:
    await leaf.report(battery=Battery(**STAMP, level=80.0, range=240.0))
    answer = await leaf(distance=90)
    assert (answer["level_at_arrival"], answer["consumption"], answer["reachable"]) == (50, None, "yes")
    assert (await leaf(distance=90, level=40))["level_at_arrival"] == 10
    assert (await leaf(distance=190))["why"] == "close"


@pytest.mark.parametrize(
    ("fuel", "left"),
    [({"level": 60.0, "range": 420.0}, 45), ({"range": 420.0}, 75)],
)
async def test_a_vehicle_with_a_tank(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    fuel: dict[str, Any],
    left: float,
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Qashqai").vin]
    asked = Asked(hass, vehicle, device_id(hass, loaded, simulator, "Qashqai"))
    await asked.report(battery=None, fuel=Fuel(**STAMP, **fuel))
    answer = await asked(distance=105)
    assert (answer["level_at_arrival"], answer["consumption"], answer["reachable"]) == (left, None, "yes")
    await asked.report(battery=None, fuel=Fuel(**STAMP, level=60.0))
    assert await asked.refusal(distance=105) == "range_unknown"


async def test_of_several_vehicles_each_answers_for_itself(
    hass: HomeAssistant, simulator: Simulator, leaf: Asked
) -> None:
    await leaf.report()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    ariya = entry.runtime_data.vehicles[simulator.car("Ariya").vin]
    ariya.coordinator.async_set_updated_data(replace(STATE, battery=None, position=None))
    devices = [device_id(hass, entry, simulator, "Ariya"), leaf.device]

    async def asked(**fields: Any) -> Any:
        call = {"device_id": devices, **fields}
        told: Any = await hass.services.async_call(DOMAIN, "can_reach", call, blocking=True, return_response=True)
        return [told["vehicles"][each] for each in devices]

    one, other = await asked(distance=10)
    assert (one["answer"], one["error"]) == (
        None,
        str(ServiceValidationError(translation_domain=DOMAIN, translation_key="level_unknown")),
    )
    assert other["answer"]["reachable"] == "yes"
    assert "error" not in other
    await leaf.report(battery=None)
    with pytest.raises(ServiceValidationError):
        await asked(distance=10)


def may_see(hass: HomeAssistant, device: str, *entity_ids: str) -> MockUser:
    """Return a user who may see and control a vehicle, and these entities."""
    user, everything = MockUser().add_to_hass(hass), {"read": True, "control": True}
    user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
    allowed = {"device_ids": {device: everything}, "entity_ids": dict.fromkeys(entity_ids, everything)}
    user.mock_policy({"entities": {name: each for name, each in allowed.items() if each}})
    return user


async def ask_as(hass: HomeAssistant, user: MockUser, device: str, **fields: Any) -> None:
    """Ask as a user."""
    await hass.services.async_call(
        DOMAIN,
        "can_reach",
        {"device_id": device, **fields},
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id),
    )


async def test_who_may_not_see_an_entity_is_not_told_how_far_away_it_is(
    hass: HomeAssistant, leaf: Asked, loaded: MockConfigEntry
) -> None:
    hass.states.async_set("person.anna", "not_home", {"latitude": NORTH[0], "longitude": NORTH[1]})
    user = may_see(hass, leaf.device)
    await ask_as(hass, user, leaf.device, distance=10)
    await ask_as(hass, user, leaf.device, to="52.5,5")
    with pytest.raises(Unauthorized):
        await ask_as(hass, user, leaf.device, to="person.anna")
    await ask_as(hass, may_see(hass, leaf.device, "person.anna"), leaf.device, to="person.anna")


async def test_an_error_names_the_field_and_its_unit_as_the_owner_knows_them(hass: HomeAssistant, leaf: Asked) -> None:
    hass.config.units, hass.config.language = US_CUSTOMARY_SYSTEM, "de"
    with pytest.raises(ServiceValidationError) as error:
        await leaf(distance=10, outside_temperature=150)
    said = error.value.translation_placeholders
    assert said == {"field": "Außentemperatur", "minimum": "-76", "maximum": "140 °F"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_it_answers_in_the_language_of_the_house(hass: HomeAssistant, leaf: Asked, language: str) -> None:
    hass.config.language = language
    assert (await leaf(distance=20))["message"] == {
        "en": "It gets there, and the reserve is left.",
        "de": "Es kommt hin und behält die Reserve.",
    }[language]
