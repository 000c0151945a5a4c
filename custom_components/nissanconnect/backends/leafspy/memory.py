"""Which vehicles have spoken, and in which unit: what survives a restart. No place is in it."""

from ..base import Json
from .heard import ENOUGH, HeardVehicle
from .outside import OutsideUnit
from .quirks import vehicle_key

MOST_VEHICLES = 10
"""One link serves a family, not a fleet; whoever knows the address must not fill Home Assistant with vehicles."""


def to_json(vehicles: dict[str, HeardVehicle]) -> Json:
    """Return what should survive."""
    return {
        key: {"located": vehicle.located, "fahrenheit": vehicle.outside.fahrenheit, "messages": vehicle.messages}
        for key, vehicle in vehicles.items()
    }


def from_json(saved: Json) -> dict[str, HeardVehicle]:
    """Return the vehicles as they were; what is damaged is left out."""
    found: dict[str, HeardVehicle] = {}
    for text, known in saved.items() if isinstance(saved, dict) else ():
        key = vehicle_key(text)
        if key is not None and isinstance(known, dict) and len(found) < MOST_VEHICLES:
            fahrenheit, messages = known.get("fahrenheit"), known.get("messages")
            unit = OutsideUnit(fahrenheit if isinstance(fahrenheit, bool) else None)
            told = messages if isinstance(messages, int) and 0 <= messages <= ENOUGH else ENOUGH  # kept uncounted once
            found[key] = HeardVehicle(key, unit, located=known.get("located") is True, messages=told)
    return found
