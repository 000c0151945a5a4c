"""Notes in a vehicle's book what it reports, where that was, what its meters have counted, and what a kWh costs.

Where a charge plan counts on the sun, its part is noted, too.
"""

from collections.abc import Callable, Iterable

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..charging.control import ChargeControl
from ..charging.plans import ChargePlanSettings
from ..coordinator import StateUpdate, VehicleCoordinator
from ..engine.book_readings import Quantity, Reading
from ..engine.book_reports import readings_of
from ..vehicle import TripRecord, VehicleState
from .meters import Meters
from .places import Places, async_zone_at
from .tariffs import Noted, Tariffs

_RECORDS = "records"
"""The source of what single trips tell that a service keeps."""

type Note = Callable[[Quantity, Reading], None]
"""Takes a reading that is not in the future."""


class BookNotes:
    """What is noted of one vehicle; ``note`` takes it."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        charge: ChargeControl,
        places: Places,
        *,
        note: Note,
        noted: Noted,
    ) -> None:
        """Meters and prices are not followed before :meth:`async_start`; ``noted`` returns what is noted."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._places = places
        self._note = note
        self.tariffs = Tariffs(
            coordinator,
            charge,
            note=self._async_note,
            noted=noted,
        )
        self.meters = Meters(
            self._hass,
            charge,
            is_there=self._may_be_at,
            note=lambda reading: self._async_note(Quantity.METER, reading),
        )

    @callback
    def async_start(self) -> None:
        """Begin to follow meters and prices."""
        self.tariffs.async_start()
        self.meters.async_start()

    @callback
    def async_stop(self) -> None:
        """Stop that."""
        self.tariffs.async_stop()
        self.meters.async_stop()

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """Note what is new in an update of the vehicle."""
        if update.state is not update.before:
            self.async_note_state(update.before, update.state)

    @callback
    def async_note_state(self, before: VehicleState, state: VehicleState) -> None:
        """Note what is new in a state, and what the meters show now: a charge may begin."""
        for quantity, reading in readings_of(before, state):
            self._async_note(quantity, reading)
        if (position := state.position) is not None and position != before.position:
            place = self._places.async_at(position)
            self._async_note(Quantity.PLACE, Reading(position.known_at, place, position.backend))
        self.meters.async_note()

    @callback
    def async_note_ends(self, records: Iterable[TripRecord]) -> None:
        """Note in which zones the trips that a service keeps have begun and ended."""
        for each in records:
            for at, position in ((each.start, each.start_position), (each.end, each.end_position)):
                if position is not None and (place := async_zone_at(self._hass, *position)):
                    self._async_note(Quantity.PLACE, Reading(at, place, _RECORDS))

    @callback
    def _async_note(self, quantity: Quantity, reading: Reading) -> None:
        now = dt_util.utcnow()
        if reading.at > now and reading.value is not None:
            reading = reading._replace(at=now)  # the vehicle's clock is ahead
        self._note(quantity, reading)

    def _may_be_at(self, plan: ChargePlanSettings) -> bool:
        """Whether the vehicle is where a plan holds, as far as that is known."""
        position = self._coordinator.data.position
        return plan.place is None or position is None or self._places.async_at(position) == plan.place
