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
    SEVERAL_SOURCES = "several_sources"
    """More than one source speaks of it."""
    TRIPS = "trips"

    # What it obeys
    CLIMATE = "climate"
    CLIMATE_DEFROST = "climate_defrost"
    """Its climate control also thaws the windows when asked to (mynissan-na §4)."""
    CLIMATE_SCHEDULE = "climate_schedule"
    CLIMATE_TEMPERATURE = "climate_temperature"
    SEAT_HEAT = "seat_heat"
    """Its climate control also heats the front seats when asked to."""
    WHEEL_HEAT = "wheel_heat"
    """Its climate control also heats the steering wheel when asked to."""
    CHARGE_LIMIT = "charge_limit"
    CHARGE_SCHEDULE = "charge_schedule"
    HORN = "horn"
    LIGHTS = "lights"
    LOCK = "lock"
    LOCK_PIN = "lock_pin"
    """It is locked and unlocked with a PIN only."""
    LOCK_SETUP = "lock_setup"
    """Home Assistant may be registered for its remote lock, and the PIN chosen, from here."""
    REFRESH = "refresh"
    SEND_DESTINATION = "send_destination"
    """Destinations can be sent to its navigation."""
    START_CHARGING = "start_charging"
    START_ENGINE = "start_engine"
    STOP_CHARGING = "stop_charging"
    STOP_SIGNALS = "stop_signals"
    """Its horn and lights can be stopped before they do so by themselves."""
