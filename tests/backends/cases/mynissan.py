"""MyNISSAN in North America, whose library chooses the hosts itself."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar, override

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import create
from custom_components.nissanconnect.vehicle import Capability, Command, StopClimate, VehicleInfo
from tests.simulator.mynissan import EMAIL, PASSWORD, MyNissan

from .base import Case

VIN = "1N4FAKE0000000001"
_AT = "2026-11-20T18:00:00Z"
_DISTANCE: Json = {"__typename": "Distance", "value": 150, "unit": "KILOMETER"}
_PLACE: Json = {"__typename": "Coordinate", "latitude": 48.1, "longitude": 11.5}


class NorthAmerica(Case):
    """Three vehicles; the first is a LEAF."""

    name = "mynissan"
    create = staticmethod(create)
    fields = {"country": "us", "username": EMAIL, "password": PASSWORD}
    public = frozenset({"country"})
    forgotten = frozenset({"password"})
    command: ClassVar[Command | None] = StopClimate()
    offline_fields = {"country": "mx", "username": "x", "password": "y"}
    logged_in: ClassVar[Json] = {
        "access_token": "access",
        "refresh_token": "refresh",
        "id_token": "identity",
        "device_id": "device",
    }
    info = VehicleInfo(key=VIN, vin=VIN, capabilities=frozenset(Capability))
    service: MyNissan

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.service = await stack.enter_async_context(MyNissan(now=self.clock))
        self.wire.detour = self.service.url

    @property
    @override
    def arrived(self) -> int:
        return sum(len(car.requests) for car in self.service.cars.values())

    @override
    def reject(self) -> None:
        self.service.end_sessions(for_good=True)
        self.service.password = "another"

    @override
    def expire(self) -> None:
        self.service.end_sessions()

    @staticmethod
    @override
    def documents() -> Sequence[Json]:
        return (
            {
                "data": {
                    "vehicles": [{"vin": VIN, "modelYear": "2024", "nickname": "A"}],
                    "vehicle": {
                        "vin": VIN,
                        "__typename": "ElectricAVK2Vehicle",
                        "batteryStatus": {
                            "level": 64,
                            "isPluggedIn": True,
                            "isCharging": True,
                            "remainingMileage": _DISTANCE,
                            "timeToFull": 90,
                        },
                        "climateStatus": {"state": "ON", "temperature": {"value": 21, "unit": "CELSIUS"}},
                        "mileage": {"total": 1000, "unit": "KILOMETER", "recordedTime": _AT},
                        "tirePressure": {"flPressure": 33, "frPressure": 230, "flStatus": 0, "lastUpdatedAt": _AT},
                        "location": {"latitude": 48.1, "longitude": 11.5, "lastUpdatedAt": _AT},
                        "chargeConfig": {"limits": [{"charge": {"percent": 80}}]},
                        "chargeSchedules": [{"id": "1", "startDateTime": _AT, "duration": "PT5H", "weekDays": ["MO"]}],
                        "delayedClimateSchedule": {"id": "1", "startDateTime": _AT, "temperature": {"value": 21}},
                        "subscriptions": [{"isActive": True, "product": {"id": "1"}, "subscriptionEndDate": _AT}],
                        "otaUpdate": {"status": "DOWNLOADING", "progress": 50, "batteryLevel": 50},
                        "fuelAutonomy": _DISTANCE,
                        "engineOilDrainRange": _DISTANCE,
                        "drivingHistory": {
                            "__typename": "DrivingHistory",
                            "tripSummaries": [
                                {
                                    "__typename": "TripSummary",
                                    "day": 20,
                                    "month": 11,
                                    "year": 2026,
                                    "numberOfTrips": 3,
                                    "duration": "PT5H",
                                    "distanceTraveled": _DISTANCE,
                                    "energyConsumed": 7.5,
                                    "co2Saved": {"__typename": "Weight", "value": 1.5, "unit": "KILOGRAM"},
                                }
                            ],
                            "trips": [
                                {
                                    "__typename": "Trip",
                                    "distance": _DISTANCE,
                                    "startDate": "2026-11-20T17:00:00Z",
                                    "endDate": _AT,
                                    "startLocation": _PLACE,
                                    "endLocation": _PLACE,
                                    "energyConsumed": 2.5,
                                    "energySaved": 0.5,
                                }
                            ],
                        },
                        "remoteServiceHistory": {"history": [{"serviceRequestId": "1", "status": "SUCCESS"}]},
                    },
                    "flashLights": {"serviceRequestId": "1", "success": True},
                    "checkLocationServiceRequest": {
                        "status": "SUCCESS",
                        "location": {"latitude": 1.0, "longitude": 2.0},
                    },
                }
            },
        )
