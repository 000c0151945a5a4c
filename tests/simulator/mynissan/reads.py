"""The queries: what the service last heard of a vehicle, by operation name (mynissan-na §3, §7)."""

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import ChargingStatus, Reported, TripPeriod, Tyres, UpdateStatus

from ..cars.drive import Point
from ..cars.trips import Trip, summarise
from .car import Car
from .units import degrees, distance, psi

type Variables = Mapping[str, Json]
type Query = Callable[[Car, Variables], dict[str, Json]]
"""Returns the fields of the vehicle; what its type does not have is absent, not null (§3.1)."""


def _time(said: Reported) -> str | None:
    return said.reported_at.strftime("%Y-%m-%dT%H:%M:%SZ") if said.reported_at else None


def _distance(km: float, unit: Json) -> dict[str, Json]:
    return {"__typename": "Distance", "unit": unit, "value": distance(km, unit)}


def _temperature(celsius: float, unit: Json) -> dict[str, Json]:
    return {"__typename": "Temperature", "unit": unit, "value": degrees(celsius, unit)}


def dynamic_data(car: Car, variables: Variables) -> dict[str, Json]:
    said, unit = car.vehicle.cloud.state, variables["unit"]
    found: dict[str, Json] = {
        "doorsStatus": _doors(car),
        "mileage": {
            "__typename": "Mileage",
            "total": distance(said.odometer.distance, unit),
            "recordedTime": _time(said.odometer),
            "unit": unit,
        }
        if said.odometer and said.odometer.distance is not None
        else None,
        "tirePressure": _tyres(said.tyres) if said.tyres else None,
        "mils": [
            {"__typename": "Mil", "active": active, "detailedMessage": None, "type": kind}
            for kind, active in car.lamps.items()
        ],
        "fuelAutonomy": None,
    }
    if car.electric is not None:
        return found | _electric(car, variables)
    if said.fuel is not None and said.fuel.range is not None:
        found["fuelAutonomy"] = _distance(said.fuel.range, unit) | {"lastUpdatedAt": _time(said.fuel)}
    if said.health is not None:
        left = said.health.values["service_due_km"]
        assert isinstance(left, float)
        found["engineOilDrainRange"] = {
            "__typename": "EngineOilDrainRange",
            "range": distance(left, unit),
            "unit": unit,
            "lastUpdatedAt": _time(said.health),
        }
    return found


def _electric(car: Car, variables: Variables) -> dict[str, Json]:
    said = car.vehicle.cloud.state
    battery, charging, climate = said.battery, said.charging, said.climate
    assert battery
    assert charging
    assert climate
    left = charging.finish_at - charging.reported_at if charging.finish_at and charging.reported_at else None
    return {
        "batteryStatus": {
            "__typename": "BatteryStatus",
            "level": battery.level,
            "isPluggedIn": charging.plugged_in,
            "isCharging": charging.status is ChargingStatus.CHARGING,
            "remainingChargeTime": left // timedelta(minutes=1) if left else None,
            "remainingMileage": _distance(battery.range or 0, variables["unit"]),
        },
        "climateStatus": {
            "__typename": "ClimateStatus",
            "state": "ON" if climate.running else "OFF",
            "temperature": _temperature(climate.inside_temperature or 0, variables["temperatureUnit"]),
        },
        "chargeSchedules": [*car.entries.values()],
        "climateSchedules": [],
    }


def _doors(car: Car) -> dict[str, Json]:
    body = car.vehicle.cloud.state.body
    assert body
    locked = _word(body.locked, "LOCKED", "UNLOCKED")

    def door(place: str) -> dict[str, Json]:
        is_open = getattr(body, f"door_{place}")
        window = "OPEN" if place in car.windows else "CLOSED"
        return {"__typename": "Door", "ajar": _word(is_open, "OPEN", "CLOSED"), "window": window, "lock": locked}

    return {
        "__typename": "DoorsStatus",
        "lastUpdatedAt": _time(body),
        "doorFrontLeft": door("front_left"),
        "doorFrontRight": door("front_right"),
        "doorRearLeft": door("rear_left"),
        "doorRearRight": door("rear_right"),
        "engineHood": {"__typename": "Opening", "ajar": _word("bonnet" in car.vehicle.body.open, "OPEN", "CLOSED")},
        "hatch": {"__typename": "Opening", "ajar": _word(body.hatch, "OPEN", "CLOSED")},
        "sunroof": {"__typename": "Opening", "ajar": "CLOSED"} if car.sunroof else None,
        "trunk": {"__typename": "Lock", "lock": locked},
        "overallLock": {"__typename": "Lock", "lock": locked},
    }


def _word(is_so: bool | None, yes: str, no: str) -> str | None:
    return None if is_so is None else yes if is_so else no


def _tyres(tyres: Tyres) -> dict[str, Json]:
    found: dict[str, Json] = {"__typename": "TirePressure", "lastUpdatedAt": _time(tyres)}
    places = {
        "fl": tyres.front_left,
        "fr": tyres.front_right,
        "rl": tyres.rear_left,
        "rr": tyres.rear_right,
    }
    for place, tyre in places.items():
        found[f"{place}Pressure"] = None if tyre.pressure is None else psi(tyre.pressure)
        found[f"{place}Status"] = 0
    return found


def location(car: Car, variables: Variables) -> dict[str, Json]:
    return {"location": position(car)}


def position(car: Car) -> dict[str, Json] | None:
    where = car.vehicle.cloud.state.position
    if where is None:
        return None
    return {
        "__typename": "Location",
        "latitude": where.latitude,
        "longitude": where.longitude,
        "lastUpdatedAt": _time(where),
    }


def capabilities(car: Car, variables: Variables) -> dict[str, Json]:
    if not car.enrolled:
        return {"capabilities": None}
    unit = variables["unit"]
    seat: Json = "HEATING" if car.seats else None
    return {
        "capabilities": {
            "__typename": "VehicleCapability",
            "telematicsProgram": car.program,
            "status": "ENROLLED",
            "serviceCapability": [
                {"__typename": "ServiceCapability", "type": name, "enabled": True, "subscribed": subscribed}
                for name, subscribed in car.services.items()
            ],
            "accessoriesDetails": {
                "__typename": "AccessoriesDetails",
                "seatHeater": {
                    "__typename": "SeatHeater",
                    "enabled": car.seats,
                    "accessories": {
                        "__typename": "SeatHeaterAccessories",
                        "assistantSeat": seat,
                        "driverSeat": "HEATING_AND_COOLING" if car.seats else None,
                    },
                },
                "steeringHeat": {"__typename": "Accessory", "enabled": car.wheel},
                "sunRoof": {"__typename": "SunRoof", "type": "ELECTRIC", "enabled": car.sunroof},
                "hvacTemperatures": {
                    "__typename": "HvacTemperatures",
                    "unit": unit,
                    "default": degrees(22, unit),
                    "min": degrees(16, unit),
                    "max": degrees(32, unit),
                    "resolution": 1.0 if unit == "FAHRENHEIT" else 0.5,
                },
            }
            if car.electric
            else None,
        }
    }


def charge_schedules(car: Car, variables: Variables) -> dict[str, Json]:
    return {"chargeSchedules": [*car.entries.values()]} if car.electric else {}


def charge_config(car: Car, variables: Variables) -> dict[str, Json]:
    said = car.vehicle.cloud.state.charging
    if said is None or said.limit is None or car.kind != "ElectricAVK2Vehicle":
        return {}
    percent: Json = {"__typename": "ChargeLimit", "percent": round(said.limit)}
    return {
        "chargeConfig": {
            "__typename": "ChargeConfig",
            "limits": {"__typename": "ChargeLimits", "charge": percent, "notification": None},
        }
    }


def climate_schedules(car: Car, variables: Variables) -> dict[str, Json]:
    said = car.vehicle.cloud.state.climate
    delayed: Json = None
    if said and said.next_start_at:
        delayed = {"__typename": "DelayedClimateSchedule", "startDateTime": said.next_start_at.isoformat()}
    return {"climateSchedules": [], "climateSchedulesAccessories": None, "delayedClimateSchedule": delayed}


def subscriptions(car: Car, variables: Variables) -> dict[str, Json]:
    package: dict[str, Json] = {
        "__typename": "VehicleSubscription",
        "subscriptionId": "package-1",
        "subscriptionServiceType": "Trial",
        "purchaseType": "TRIAL",
        "productType": "TELEMATICS",
        "subscriptionStartDate": "2024-03-01T00:00:00Z",
        "subscriptionEndDate": car.subscription_ends_at,
        "isActive": car.subscribed,
        "product": {
            "__typename": "VehicleSubscriptionProduct",
            "productId": "product-1",
            "marketingName": "Premium",
            "description": "Everything",
            "services": [*car.services],
        },
    }
    return {"capabilities": {"__typename": "VehicleCapability", "subscriptions": [package]}}


def ota_update(car: Car, variables: Variables) -> dict[str, Json]:
    firmware = car.vehicle.firmware
    if firmware is None:
        return {}
    if firmware.update is None:
        return {"otaUpdate": None}
    return {
        "otaUpdate": {
            "__typename": "OtaUpdate",
            "campaignOperationId": firmware.update,
            "status": {"__typename": "OtaStatus", "status": _STATES[firmware.status], "progress": firmware.progress},
            "campaignDescription": {"__typename": "CampaignDescription", "globalReleaseNote": firmware.notes},
            "batteryLevel": {"__typename": "OtaBattery", "activationEnabled": True},
            "size": 1_048_576,
            "lastChecked": car.vehicle.now.isoformat(),
        }
    }


_STATES = {
    UpdateStatus.UP_TO_DATE: "ACTIVATION_COMPLETED",
    UpdateStatus.INSTALLING: "INSTALLING",
    UpdateStatus.READY: "READY_FOR_ACTIVATION",
    UpdateStatus.AVAILABLE: "READY_FOR_DOWNLOAD",
}


def alerts(car: Car, variables: Variables) -> dict[str, Json]:
    return {"boundaryAlerts": [], "curfewAlerts": [], "speedAlerts": [*car.speed_alerts], "valetAlert": None}


def _page(items: list[dict[str, Json]], variables: Variables, name: str) -> dict[str, Json]:
    number, count = variables["pageNumber"], variables["itemsPerPage"]
    assert isinstance(number, int)
    assert isinstance(count, int)
    return {
        "__typename": "Page",
        "pageNumber": number,
        "itemsPerPage": count,
        "totalItems": len(items),
        "totalPages": -(-len(items) // count),
        name: [*items[(number - 1) * count : number * count]],
    }


def breach_alerts(car: Car, variables: Variables) -> dict[str, Json]:
    return {"breachAlerts": _page(car.breaches, variables, "alerts")}


def remote_history(car: Car, variables: Variables) -> dict[str, Json]:
    return {"remoteServiceHistory": _page(car.history, variables, "history")}


def driving_history(car: Car, variables: Variables) -> dict[str, Json]:
    if car.electric is None:
        return {}
    period = _PERIODS[variables["aggregator"]]
    unit, now = variables["distanceUnit"], car.vehicle.now.date()
    summaries = summarise(car.vehicle.cloud.trips, period, now - timedelta(days=365), now, UTC)
    return {
        "drivingHistory": {
            "__typename": "DrivingHistory",
            "tripSummaries": [
                {
                    "__typename": "TripSummary",
                    "day": each.start.day if period is TripPeriod.DAY else None,
                    "month": each.start.month if period is not TripPeriod.YEAR else None,
                    "year": each.start.year,
                    "numberOfTrips": each.trips,
                    "distanceTraveled": {"__typename": "Distance", "unit": unit, "value": each.distance},
                    "duration": f"PT{int(each.duration or 0)}M",
                    "energyConsumed": each.energy_used,
                    "co2Saved": {"__typename": "Weight", "unit": "KILOGRAM", "value": (each.co2_saved or 0) / 1000},
                }
                for each in summaries
            ],
            "trips": [_trip(each, unit) for each in reversed(car.vehicle.cloud.trips)],
        }
    }


def _trip(trip: Trip, unit: Json) -> Json:
    return {
        "__typename": "Trip",
        "distance": {"__typename": "Distance", "unit": unit, "value": round(trip.distance, 1)},
        "startDate": trip.started_at.isoformat(),
        "endDate": trip.ended_at.isoformat(),
        "duration": round(trip.minutes),
        "startLocation": _coordinate(trip.start),
        "endLocation": _coordinate(trip.end),
        "energyConsumed": round(trip.consumption.electricity, 3),
        "energySaved": round(trip.consumption.recovered, 3),
    }


def _coordinate(point: Point | None) -> Json:
    if point is None:
        return None
    return {"__typename": "Coordinate", "latitude": point.latitude, "longitude": point.longitude}


_PERIODS: Mapping[Json, TripPeriod] = {
    "DAILY": TripPeriod.DAY,
    "MONTHLY": TripPeriod.MONTH,
    "YEARLY": TripPeriod.YEAR,
}


def listed(car: Car) -> dict[str, Json]:
    """The vehicle in the list of the account."""
    info = car.vehicle.info
    return {
        "__typename": car.kind,
        "vin": car.vin,
        "year": str(info.year),
        "model": info.model,
        "color": None,
        "nickname": info.nickname,
        "image": None,
        "driverType": car.driver,
        "plate": None,
    }


QUERIES: Mapping[str, Query] = {
    "BreachAlerts": breach_alerts,
    "ChargeConfig": charge_config,
    "DrivingHistory": driving_history,
    "OtaUpdate": ota_update,
    "RemoteServiceHistory": remote_history,
    "VehicleAlerts": alerts,
    "VehicleCapabilities": capabilities,
    "VehicleChargeSchedules": charge_schedules,
    "VehicleClimateSchedules": climate_schedules,
    "VehicleDynamicData": dynamic_data,
    "VehicleLocation": location,
    "VehicleSubscriptions": subscriptions,
}
