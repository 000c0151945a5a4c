"""What a vehicle can do through the backends that it has."""

from enum import StrEnum


class Capability(StrEnum):
    """One thing that a vehicle reports or obeys. An entity exists when its capability does, never by model name."""

    # What it reports
    BATTERY = "battery"
    CLIMATE_STATUS = "climate_status"
    FUEL = "fuel"
    LOCATION = "location"
    LOCK_STATUS = "lock_status"
    TRIPS = "trips"

    # What it obeys
    CLIMATE = "climate"
    CLIMATE_SCHEDULE = "climate_schedule"
    CLIMATE_TEMPERATURE = "climate_temperature"
    CHARGE_LIMIT = "charge_limit"
    HORN = "horn"
    LIGHTS = "lights"
    LOCK = "lock"
    LOCK_PIN = "lock_pin"
    """It is locked and unlocked with a PIN only."""
    LOCK_SETUP = "lock_setup"
    """Home Assistant may be registered for its remote lock, and the PIN chosen, from here."""
    REFRESH = "refresh"
    START_CHARGING = "start_charging"
    START_ENGINE = "start_engine"
    STOP_CHARGING = "stop_charging"
