"""The entries of the book: each trip and each charge of a vehicle.

Distances are in km, energies in kWh, powers in kW, levels in % and temperatures in °C. ``None`` is unknown. Energies
are those of the battery unless something else is said.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HOME = "zone.home"
"""The place that is home, whatever its owner calls it."""

_SHORTEST = 1.0
"""km below which a consumption says nothing."""


class Current(StrEnum):
    """What a vehicle charged with."""

    AC = "ac"
    DC = "dc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One trip.

    ``odometer`` is the distance shown at its end; ``origin`` and ``destination`` are
    places, empty outside of all that have a name.

    ``energy`` is what has left the battery, without what was ``regained``. It may be off by the ``uncertainty``; if it
    is ``assumed``, nothing has shown it.
    ``outside`` is the mean temperature, ``cost`` what was paid, in ``currency``, for the energy when it
    was charged.
    """

    start: datetime
    end: datetime
    distance: float
    odometer: float | None = None
    origin: str | None = None
    destination: str | None = None
    energy: float | None = None
    uncertainty: float | None = None
    regained: float | None = None
    level_from: float | None = None
    level_to: float | None = None
    outside: float | None = None
    cost: float | None = None
    currency: str | None = None
    assumed: bool = False

    @property
    def minutes(self) -> float:
        """How long it took."""
        return (self.end - self.start) / timedelta(minutes=1)

    @property
    def consumption(self) -> float | None:
        """The kWh for 100 km; ``None`` if that is unknown or says nothing."""
        if self.energy is None or self.energy <= 0 or self.distance < _SHORTEST:
            return None
        return 100 * self.energy / self.distance


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedHour:
    """What came from the wall in an hour of UTC that began ``at`` a time.

    ``energy`` is in kWh; ``cost`` is in the currency of the charge, ``None`` if that of the charge is unknown.
    """

    at: datetime
    energy: float
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One charge, pauses included, at a ``place``; empty outside of all that have a name.

    ``energy`` went into the battery; it may be off by the ``uncertainty``. The vehicle itself has ``counted`` it, or it
    was calculated. ``wall_energy`` came from the wall: it is ``estimated`` unless a meter has counted it. The current
    flowed for so many ``hours``. ``cost`` is in ``currency``. ``solar`` is which part was expected from
    the roof, from 0 to 1, if a plan knew a forecast.

    ``by_hour`` is how the ``wall_energy`` and the ``cost`` are divided over the hours in which it flowed, oldest first.
    It is empty if nothing is known of them, and in what earlier versions have written.
    """

    start: datetime
    end: datetime
    place: str | None = None
    level_from: float | None = None
    level_to: float | None = None
    energy: float | None = None
    uncertainty: float | None = None
    wall_energy: float | None = None
    counted: bool = False
    estimated: bool = True
    hours: float | None = None
    cost: float | None = None
    currency: str | None = None
    peak_power: float | None = None
    current: Current | None = None
    solar: float | None = None
    by_hour: tuple[ChargedHour, ...] = ()

    @property
    def minutes(self) -> float:
        """How long it took, pauses included."""
        return (self.end - self.start) / timedelta(minutes=1)

    @property
    def gained(self) -> float | None:
        """How many % were gained."""
        return None if self.level_from is None or self.level_to is None else self.level_to - self.level_from
