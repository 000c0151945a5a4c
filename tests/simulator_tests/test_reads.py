"""What is read, by whom, and in which shape (kamereon-eu §3.2, §8)."""

from datetime import datetime, timedelta

import pytest

from custom_components.nissanconnect.vehicle import ChargeMode, Refresh, ScheduleClimate, StartCharging
from tests.backends.doubles import Clock
from tests.simulator import Simulator
from tests.simulator.cars.electric import Electric

from .client import ARIYA, JSON, JSON_API, LEAF, MICRA, QASHQAI, Client
from .conftest import NOW

CAN_GEN = "canGen=C1A_HS%20EVO"


def path(vin: str, data: str, version: str = "v1") -> str:
    return f"car-adapter/{version}/cars/{vin}/{data}"


def electric(service: Simulator, model: str) -> Electric:
    powertrain = service.vehicle(model).powertrain
    assert isinstance(powertrain, Electric)
    return powertrain


@pytest.mark.parametrize("accept", ["*/*", JSON_API, f"text/html, {JSON_API};q=0.9", "application/*"])
async def test_the_json_api_form(client: Client, accept: str) -> None:
    response = await client.get(path(ARIYA, "battery-status", "v2"), accept)
    message = await response.json()

    assert response.content_type == JSON_API
    assert message["data"].keys() == {"type", "id", "attributes"}
    assert (message["data"]["type"], message["data"]["id"]) == ("Car", ARIYA)
    assert "chargingInstantaneousPower" not in message["data"]["attributes"]


async def test_the_flat_form_lists_what_is_unknown_as_null(client: Client) -> None:
    response = await client.get(path(ARIYA, "battery-status", "v2"), JSON)
    message = await response.json()

    assert response.content_type == JSON
    assert message["id"] == ARIYA
    assert message["batteryCapacity"] == 87
    assert message["chargingInstantaneousPower"] is None


async def test_other_types_are_not_acceptable(client: Client) -> None:
    assert await client.error(path(LEAF, "location"), "text/html") == (406, "406")


async def test_battery_of_a_leaf(client: Client, service: Simulator) -> None:
    said = await client.attributes(path(LEAF, "battery-status"))
    vehicle = service.vehicle("Leaf")
    battery = vehicle.cloud.state.battery

    assert battery is not None
    assert said["batteryLevel"] == battery.level
    assert said["batteryBarLevel"] == round((battery.level or 0) * 2.4)
    assert said["batteryCapacity"] == 40_000
    assert (said["chargeStatus"], said["plugStatus"], said["plugStatusDetail"]) == (0, 0, 0)
    assert said["rangeHvacOn"] < said["rangeHvacOff"]
    assert 0 < said["timeRequiredToFullFast"] < said["timeRequiredToFullNormal"] < said["timeRequiredToFullSlow"]
    assert len(said["lastUpdateTime"]) == len("2026-11-20T07:15Z")
    assert "chargePower" not in said


async def test_batteries_that_charge(client: Client, service: Simulator, clock: Clock) -> None:
    for model in ("Leaf", "Ariya"):
        service.vehicle(model).plug_in()
        electric(service, model).charger.limit = 100
        service.vehicle(model).order(StartCharging())
    clock.advance(minutes=2)
    leaf = await client.attributes(path(LEAF, "battery-status"))
    ariya = await client.attributes(path(ARIYA, "battery-status", "v2"))
    bff = await client.attributes(f"bff-web/v3/cars/{ARIYA}/battery-status?{CAN_GEN}")

    assert (leaf["chargeStatus"], leaf["plugStatus"], leaf["plugStatusDetail"], leaf["chargePower"]) == (1, 1, 2, 3)
    assert leaf["vehiclePlugTimestamp"] == "2026-11-20T12:00:00Z"
    assert (ariya["chargingStatus"], ariya["plugStatus"], ariya["chargingInstantaneousPower"]) == (1.0, 1, 7.4)
    assert bff["instantaneousPower"] == 7.4
    assert 120 < ariya["chargingRemainingTime"] == bff["chargingRemainingTime"] < 240


async def test_a_battery_that_waits_for_its_timer(client: Client, service: Simulator) -> None:
    electric(service, "MICRA").charger.mode = ChargeMode.SCHEDULED
    service.vehicle("MICRA").plug_in()

    assert (await client.attributes(path(MICRA, "battery-status", "v2")))["chargingStatus"] == 0.1


async def test_battery_of_an_ariya(client: Client) -> None:
    old = await client.attributes(path(ARIYA, "battery-status"))
    new = await client.attributes(path(ARIYA, "battery-status", "v2"))
    bff = await client.attributes(f"bff-web/v3/cars/{ARIYA}/battery-status?{CAN_GEN}")

    assert old.keys() == {"batteryLevel", "plugStatus", "chargeStatus"}
    assert old["batteryLevel"] == new["batteryLevel"] == bff["batteryLevel"]
    assert new["batteryAutonomy"] == bff["batteryAutonomy"] > 200
    assert new["batteryAvailableEnergy"] == pytest.approx(new["batteryLevel"] * 0.87 * 0.97, abs=1)
    assert new["chargingStatus"] == 0.2
    assert new["chargingRemainingTime"] > 0  # although nothing charges (kamereon-eu §8.2)
    assert new["timestamp"] < bff["lastUpdateTime"]


async def test_battery_of_a_micra(client: Client) -> None:
    bff = await client.attributes(f"bff-web/v3/cars/{MICRA}/battery-status?{CAN_GEN}")

    assert bff.keys() == {
        "lastUpdateTime",
        "batteryLevel",
        "batteryTemperature",
        "batteryAutonomy",
        "plugStatus",
        "chargingStatus",
        "chargingRemainingTime",
    }
    assert bff["batteryTemperature"] == 0
    assert bff["lastUpdateTime"] == "2026-11-20T10:00:00.000Z"


async def test_the_second_version_lags_and_may_stand_still(client: Client, service: Simulator, clock: Clock) -> None:
    vehicle, times = service.vehicle("Ariya"), []
    for _ in range(3):
        vehicle.order(Refresh())
        clock.advance(minutes=5)
        said = await client.attributes(path(ARIYA, "battery-status", "v2"))
        times.append(datetime.fromisoformat(said["timestamp"]))

    assert times[0] == times[1] == times[2]
    assert clock() - times[0] > timedelta(minutes=30)


async def test_a_combustion_vehicle(client: Client) -> None:
    battery = await client.attributes(path(QASHQAI, "battery-status"))
    cockpit = await client.attributes(path(QASHQAI, "cockpit"))

    assert battery.keys() == {"rangeHvacOn", "lastUpdateTime"}
    assert battery["rangeHvacOn"] == cockpit["fuelAutonomy"]
    assert cockpit.keys() >= {"totalMileage", "mileage", "fuelQuantity", "fuelLevel", "fuelLowWarning"}
    assert await client.attributes(path(QASHQAI, "res-state")) == {"details": "Stopped, ready for RES", "code": "10"}


async def test_odometers(client: Client, service: Simulator) -> None:
    leaf = await client.attributes(path(LEAF, "cockpit"))
    micra = await client.attributes(path(MICRA, "cockpit", "v2"))

    assert leaf == {"totalMileage": round(service.vehicle("Leaf").odometer, 1)}
    assert micra == {"fuelQuantity": 0.0, "totalMileage": 5120.0}


async def test_climate(client: Client, service: Simulator, clock: Clock) -> None:
    service.vehicle("Leaf").order(ScheduleClimate(at=NOW + timedelta(minutes=40), target=23))
    clock.advance(minutes=2)
    leaf = await client.attributes(path(LEAF, "hvac-status"))
    micra = await client.attributes(path(MICRA, "hvac-status"))

    assert (leaf["hvacStatus"], leaf["socThreshold"]) == ("off", 15)
    assert (leaf["nextHvacStartDate"], leaf["nextTargetTemperature"]) == ("2026-11-20T12:40:00Z", 23)
    assert -10 < leaf["externalTemperature"] < 20
    assert micra.keys() == {"hvacStatus", "internalTemperature", "lastUpdateTime"}


async def test_location_and_privacy(client: Client, service: Simulator) -> None:
    said = await client.attributes(path(LEAF, "location"))
    vehicle = service.vehicle("Leaf")

    assert (said["gpsLatitude"], said["gpsLongitude"]) == pytest.approx(vehicle.point, abs=1e-5)
    assert 0 <= said["gpsDirection"] < 360
    assert "gpsDirection" not in await client.attributes(path(MICRA, "location"))

    vehicle.set_privacy(on=True)
    assert await client.error(path(LEAF, "location")) == (403, "403009")


async def test_locks(client: Client, service: Simulator) -> None:
    vehicle = service.vehicle("Qashqai")
    vehicle.body.locked, vehicle.body.open = False, {"hatch"}
    vehicle.report({*vehicle.cloud.reported})
    said = await client.attributes(path(QASHQAI, "lock-status"))

    assert said == {
        "lockStatus": "unlocked",
        "doorStatusFrontLeft": "closed",
        "doorStatusFrontRight": "closed",
        "doorStatusRearLeft": "closed",
        "doorStatusRearRight": "closed",
        "hatchStatus": "open",
        "lastUpdateTime": "2026-11-20T12:00:00Z",
    }
    assert (await client.attributes(path(ARIYA, "lock-status"))).keys() == {"lockStatus", "lastUpdateTime"}


async def test_tyres_timer_and_lamps(client: Client) -> None:
    tyres = await client.attributes(path(ARIYA, "pressure"))
    lamps = await client.attributes(f"bff-web/v1/cars/{ARIYA}/health-status?{CAN_GEN}")

    assert 2000 < tyres["flPressure"] < 2400
    assert tyres["rrStatus"] == 0
    assert await client.attributes(path(LEAF, "charge-mode")) == {"chargeMode": "scheduled"}
    assert lamps["malfunctionIndicatorLamp"] == "OFF"


@pytest.mark.parametrize(
    ("vin", "data", "version", "expected"),
    [
        (LEAF, "battery-status", "v2", (501, "501")),
        (MICRA, "battery-status", "v1", (501, "501")),
        (QASHQAI, "battery-status", "v2", (501, "501")),
        (MICRA, "cockpit", "v1", (501, "501")),
        (LEAF, "cockpit", "v2", (501, "501")),
        (QASHQAI, "hvac-status", "v1", (403, "403")),
        (LEAF, "lock-status", "v1", (404, "404")),
        (MICRA, "lock-status", "v1", (404, "404")),
        (LEAF, "pressure", "v1", (403, "403")),
        (QASHQAI, "charge-mode", "v1", (501, "501")),
        (LEAF, "res-state", "v1", (501, "501")),
        (LEAF, "charges", "v1", (404, "404")),
        (LEAF, "location", "v9", (404, "404")),
        (LEAF.lower(), "location", "v1", (404, "404")),
        ("SJNFAKE0000000099", "location", "v1", (404, "404")),
        (LEAF, "settings/gfc-restrictions", "v1", (501, "501")),
    ],
)
async def test_who_is_not_served(client: Client, vin: str, data: str, version: str, expected: tuple[int, str]) -> None:
    assert await client.error(path(vin, data, version)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"bff-web/v3/cars/{LEAF}/battery-status?canGen=C1A", (501, "501")),
        (f"bff-web/v3/cars/{ARIYA}/battery-status", (400, "400")),
        (f"bff-web/v3/cars/{ARIYA}/battery-status?canGen=C1A", (403, "403011")),
        (f"bff-web/v2/cars/{ARIYA}/battery-status?{CAN_GEN}", (404, "404")),
    ],
)
async def test_what_the_bff_refuses(client: Client, address: str, expected: tuple[int, str]) -> None:
    assert await client.error(address) == expected


async def test_the_bff_knows_one_shape(client: Client) -> None:
    address = f"bff-web/v3/cars/{ARIYA}/battery-status?{CAN_GEN}"

    assert (await client.get(address, JSON_API)).status == 406
    assert "data" in await (await client.get(address, JSON)).json()


async def test_without_a_subscription_there_is_no_right(client: Client, service: Simulator) -> None:
    for model in ("Leaf", "Qashqai"):
        service.car(model).lapse()

    assert await client.error(path(LEAF, "location")) == (403, "403")
    assert await client.error(path(LEAF, "hvac-status")) == (403, "403")
    assert await client.error(path(QASHQAI, "lock-status")) == (404, "404")
    assert (await client.get(path(LEAF, "battery-status"))).status == 200


async def test_of_a_vehicle_that_has_never_reported_nothing_is_known(client: Client, service: Simulator) -> None:
    service.vehicle("Leaf").cloud.reported.clear()

    for data in ("battery-status", "cockpit", "hvac-status", "location"):
        assert await client.error(path(LEAF, data)) == (404, "404")


async def test_reading_wakes_nobody(client: Client, service: Simulator, clock: Clock) -> None:
    for _ in range(20):
        for data in ("battery-status", "cockpit", "location", "hvac-status"):
            await client.get(path(LEAF, data))
        clock.advance(minutes=1)

    assert service.requests["wakes"] == service.vehicle("Leaf").telematics.wakes == 0
    assert service.requests["battery-status"] == service.requests["battery-status/v1"] == 20


async def test_trips(client: Client) -> None:
    said = await client.attributes(path(LEAF, "trip-history?type=0&start=2026-11-18&end=2026-11-19"))
    monday, tuesday = said["summaries"]

    assert (monday["day"], tuesday["day"]) == ("20261118", "20261119")
    assert monday["tripsNumber"] == 2
    assert 20 < monday["distance"] < 23
    assert monday["consumedElectricity"] > monday["savedElectricity"] > 0
    assert monday["firstTripStart"].endswith("Z")


@pytest.mark.parametrize(("kind", "name", "value"), [(1, "month", "202611"), (2, "year", "2026")])
async def test_trips_by_month_and_year(client: Client, kind: int, name: str, value: str) -> None:
    said = await client.attributes(path(LEAF, f"trip-history?type={kind}&start=2026-01-01&end=2026-12-31"))

    assert [summary[name] for summary in said["summaries"]] == [value]


@pytest.mark.parametrize("query", ["", "type=3", "type=0&start=20261118&end=20261119", "type=0&start=2026-11-18"])
async def test_trips_want_their_parameters(client: Client, query: str) -> None:
    assert await client.error(path(LEAF, f"trip-history?{query}")) == (400, "400")


async def test_no_trips(client: Client) -> None:
    assert await client.attributes(path(MICRA, "trip-history?type=0&start=2026-11-18&end=2026-11-19")) == {
        "summaries": []
    }
