"""The vehicle's own software, and an update of it that waits for the owner."""

from dataclasses import dataclass

from custom_components.nissanconnect.vehicle import UpdateStatus


@dataclass(slots=True, kw_only=True)
class Firmware:
    """What is offered over the air: the name of an update and how far it has come; no name, no update."""

    update: str | None = None
    status: UpdateStatus = UpdateStatus.UP_TO_DATE
    progress: float | None = None
    notes: str | None = None

    def offer(self, update: str, notes: str) -> None:
        """Offer an update that has been loaded and waits to be activated."""
        self.update, self.notes, self.status, self.progress = update, notes, UpdateStatus.READY, 100.0

    def finish(self) -> None:
        """Let the offered update be the vehicle's software."""
        self.update = self.progress = self.notes = None
        self.status = UpdateStatus.UP_TO_DATE
