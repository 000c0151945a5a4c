"""The list of vehicles, and what their services allow (kamereon-eu §6.2, §7)."""

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.region import Entry, parse_list
from custom_components.nissanconnect.vehicle import (
    Capability,
    ClimateLimits,
    Powertrain,
    Privacy,
    ProtocolError,
    Subscription,
    VehicleInfo,
    VehicleState,
)

from ..conftest import NOW
from .bodies import body


@pytest.fixture(name="garage")
def _garage() -> dict[str, Entry]:
    return {entry.listed.info.key[-1]: entry for entry in parse_list(body("cars.v5"), NOW)}


def listed(**attributes: Json) -> VehicleInfo:
    (entry,) = parse_list({"data": [{"vin": "FAKE0VIN1", **attributes}]}, NOW)
    return entry.listed.info


def with_services(*services: Json, **attributes: Json) -> frozenset[Capability]:
    """What these services allow; trips are told without any."""
    active: list[Json] = [{"id": service, "activationState": "ACTIVATED"} for service in services]
    return listed(services=active, **attributes).capabilities - {Capability.TRIPS}


def test_what_makes_no_sense_is_left_out(garage: dict[str, Entry]) -> None:
    assert list(garage) == ["1", "2", "4", "5", "6", "7"]


def test_a_leaf(garage: dict[str, Entry]) -> None:
    assert garage["1"].listed.info == VehicleInfo(
        key="FAKE0VIN000000001",
        vin="FAKE0VIN000000001",
        nickname="Bluebird",
        model="Leaf",
        model_code="FE0-24",
        year=2021,
        generation="C1A",
        gateway="AVN",
        powertrain=Powertrain.ELECTRIC,
        capabilities=frozenset(
            {
                Capability.BATTERY,
                Capability.CLIMATE,
                Capability.CLIMATE_SCHEDULE,
                Capability.CLIMATE_STATUS,
                Capability.CLIMATE_TEMPERATURE,
                Capability.HORN,
                Capability.LIGHTS,
                Capability.LOCATION,
                Capability.REFRESH,
                Capability.START_CHARGING,
                Capability.TRIPS,
            }
        ),
    )
    assert garage["1"].listed.state == VehicleState(
        subscription=Subscription(backend="kamereon", received_at=NOW, active=True),
        privacy=Privacy(backend="kamereon", received_at=NOW, active=False),
    )
    assert garage["1"].services == "12 235 299 307 319 366 97"


def test_a_qashqai(garage: dict[str, Entry]) -> None:
    info = garage["2"].listed.info
    assert info.powertrain is Powertrain.COMBUSTION
    assert info.nickname is None
    assert info.year == 2022
    assert info.capabilities == {
        Capability.FUEL,
        Capability.HORN,
        Capability.LIGHTS,
        Capability.LOCATION,
        Capability.LOCK_STATUS,
        Capability.REFRESH,
        Capability.TRIPS,
    }
    assert garage["2"].listed.state.privacy == Privacy(backend="kamereon", received_at=NOW, active=True)


def test_a_micra_says_little_about_itself(garage: dict[str, Entry]) -> None:
    info = garage["4"].listed.info
    assert info.powertrain is None
    assert {Capability.BATTERY, Capability.CLIMATE_STATUS, Capability.CLIMATE_TEMPERATURE} <= info.capabilities
    assert Capability.FUEL not in info.capabilities
    assert garage["4"].listed.state.privacy is None


def test_a_patrol_has_services_of_its_own(garage: dict[str, Entry]) -> None:
    info = garage["5"].listed.info
    assert info.climate_limits == ClimateLimits(minimum=16, maximum=30, step=0.5)
    assert info.capabilities == {
        Capability.CLIMATE,
        Capability.CLIMATE_SCHEDULE,
        Capability.CLIMATE_STATUS,
        Capability.CLIMATE_TEMPERATURE,
        Capability.FUEL,
        Capability.HORN,
        Capability.LIGHTS,
        Capability.LOCATION,
        Capability.LOCK_STATUS,
        Capability.REFRESH,
        Capability.TRIPS,
    }


def test_a_lapsed_subscription(garage: dict[str, Entry]) -> None:
    lapsed = garage["6"].listed
    assert lapsed.state.subscription == Subscription(backend="kamereon", received_at=NOW, active=False)
    assert lapsed.info.capabilities == {Capability.BATTERY, Capability.TRIPS}


def test_a_list_without_services_says_nothing_about_the_subscription(garage: dict[str, Entry]) -> None:
    assert garage["7"].listed.state == VehicleState()
    assert garage["7"].listed.info.capabilities == {Capability.TRIPS}


def test_a_vehicle_is_listed_once() -> None:
    found = parse_list({"data": [{"vin": "fake0vin1", "modelName": "first"}, {"vin": "FAKE0VIN1 "}]}, NOW)
    assert [entry.listed.info.model for entry in found] == ["first"]


@pytest.mark.parametrize("said", [None, [], "list", {}, {"data": None}, {"data": {"vin": "FAKE0VIN1"}}])
def test_no_list_is_not_an_empty_list(said: Json) -> None:
    with pytest.raises(ProtocolError):
        parse_list(said, NOW)


@pytest.mark.parametrize(
    ("energy", "flag", "powertrain"),
    [
        ("EV", "EV", Powertrain.ELECTRIC),
        ("electric", None, Powertrain.ELECTRIC),
        (None, "ev", Powertrain.ELECTRIC),
        ("OTHER", "EV", Powertrain.ELECTRIC),
        ("ICE", "ICE", Powertrain.COMBUSTION),
        ("gasoline", "ICE", Powertrain.COMBUSTION),
        (" Diesel ", None, Powertrain.COMBUSTION),
        ("hybrid", "ICE", Powertrain.HYBRID),
        ("gasoline", "HEV", Powertrain.HYBRID),
        ("gasoline", "EV", None),
        ("steam", None, None),
        ("OTHER", None, None),
        (None, None, None),
        (7, [], None),
    ],
)
def test_powertrains(energy: Json, flag: Json, powertrain: Powertrain | None) -> None:
    assert listed(energy=energy, iceEvFlag=flag).powertrain is powertrain


def test_a_service_alone_makes_no_powertrain() -> None:
    assert listed(modelName="Leaf", services=[{"id": 319, "activationState": "ACTIVATED"}]).powertrain is None


def test_a_petrol_vehicle_is_never_electric() -> None:
    capabilities = with_services(319, 299, 303, 12, energy="gasoline")
    assert capabilities == {Capability.FUEL, Capability.LOCATION, Capability.REFRESH}


@pytest.mark.parametrize(
    ("service", "granted"),
    [
        (12, {Capability.LOCATION, Capability.REFRESH, Capability.FUEL}),
        ("12", {Capability.LOCATION, Capability.REFRESH, Capability.FUEL}),
        (96, {Capability.START_ENGINE, Capability.FUEL}),
        (303, {Capability.STOP_CHARGING, Capability.FUEL}),
        (886, {Capability.LOCK_STATUS, Capability.REFRESH, Capability.FUEL}),
        (319, {Capability.BATTERY, Capability.REFRESH}),
        (27, {Capability.FUEL}),  # a vehicle that does not say how its lock is cannot be locked either
        (878, {Capability.FUEL}),
        (True, set()),
        (None, set()),
    ],
)
def test_services(service: Json, granted: set[Capability]) -> None:
    assert with_services(service) == granted


OPERATED = {Capability.LOCK, Capability.LOCK_PIN}
SET_UP = OPERATED | {Capability.LOCK_SETUP}


@pytest.mark.parametrize(
    ("services", "attributes", "granted"),
    [
        ((2021, 27), {}, OPERATED),
        ((886, 878), {}, OPERATED),
        ((871, "27"), {"ccsGen": "0"}, OPERATED),
        ((2021, 27), {"ccsGen": "1"}, set()),
        ((2021, 878), {"ccsGen": "1"}, OPERATED),
        ((2021, 27, 747), {"ccsGen": "0"}, OPERATED),
        ((2021, 27, 747), {"ccsGen": "2"}, SET_UP),
        ((2021, 27, 747), {"ccsGen": 2, "isCrossBadged": True}, SET_UP),
        ((2021, 27, 909), {"ccsGen": "2"}, OPERATED),
        ((2021, 878, 909), {"ccsGen": "1"}, SET_UP),
        ((2021, 878, 909), {"ccsGen": "1", "isCrossBadged": True}, OPERATED),
        ((2021, 878, 747), {"ccsGen": "1"}, OPERATED),
        ((2021, 27, 747), {"ccsGen": "2", "role": "OWNER"}, SET_UP),
        ((2021, 27, 747), {"ccsGen": "2", "role": "STANDARD"}, OPERATED),
        ((2021, 747), {"ccsGen": "2"}, set()),
        ((27, 747), {"ccsGen": "2"}, set()),
    ],
)
def test_the_remote_lock(services: tuple[Json, ...], attributes: dict[str, Json], granted: set[Capability]) -> None:
    assert with_services(*services, **attributes) & SET_UP == granted


@pytest.mark.parametrize(
    ("raw", "year"), [(2021, 2021), ("2021", 2021), ("MY21", None), (21, None), (None, None)], ids=repr
)
def test_years(raw: Json, year: int | None) -> None:
    assert listed(modelYear=raw).year == year
