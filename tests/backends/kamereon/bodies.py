"""Made-up replies in the shapes of the real ones (kamereon-eu §8)."""

from datetime import UTC, datetime
import json
from pathlib import Path

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import AttributeReader, Mapper, stamp_of
from custom_components.nissanconnect.vehicle import Stamp, VehicleInfo, VehicleState

from ..conftest import NOW

_FOLDER = Path(__file__).parents[2] / "fixtures" / "kamereon"


def body(name: str) -> Json:
    """Return the reply of this name."""
    found: Json = json.loads((_FOLDER / f"{name}.json").read_text())
    return found


def mapped(mapper: Mapper, said: Json, vehicle: VehicleInfo) -> VehicleState:
    """Return what a reply about a vehicle means that was received now."""
    attributes = AttributeReader.of(said)
    return mapper(attributes, vehicle, stamp_of(attributes, NOW))


def stamp(reported_at: datetime | None = None) -> Stamp:
    """Return what every group says that was received now."""
    return Stamp(backend="kamereon", received_at=NOW, reported_at=reported_at)


def today(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return a time of the day on which the tests take place."""
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=UTC)
