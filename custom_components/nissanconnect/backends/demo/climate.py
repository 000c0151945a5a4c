"""Climate control from afar: when it runs, when it ends by itself, when it refuses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

ON_BATTERY = timedelta(minutes=15)
ON_MAINS = timedelta(hours=2)
"""How long a vehicle heats or cools before it stops by itself (kamereon-eu §9.3)."""
WINDOWS = 0.4
"""kW that the wires in the windows take."""


@dataclass(slots=True)
class RemoteClimate:
    """The climate timer of a vehicle; below ``min_level`` % it will not run on the battery."""

    min_level: float = 15.0
    target: float = 21.0
    defrost: bool = False
    started_at: datetime | None = None
    next_start_at: datetime | None = None
    next_target: float | None = None
    next_defrost: bool = False

    @property
    def running(self) -> bool:
        """Whether it heats or cools."""
        return self.started_at is not None

    @property
    def defrosting(self) -> float:
        """What goes into thawing the windows, in kW."""
        return WINDOWS if self.running and self.defrost else 0.0

    def may_run(self, level: float, plugged: bool) -> bool:
        """Whether there is power enough."""
        return plugged or level >= self.min_level

    def start(self, at: datetime, target: float | None, defrost: bool = False) -> None:
        """Start, or run on with another target."""
        self.started_at, self.defrost = at, defrost
        self.target = self.target if target is None else target

    def stop(self) -> None:
        """Stop."""
        self.started_at = None

    def schedule(self, at: datetime | None, target: float | None = None, defrost: bool = False) -> None:
        """Remember one start, or none."""
        self.next_start_at, self.next_target, self.next_defrost = at, target, defrost

    def ends_at(self, plugged: bool) -> datetime | None:
        """When it will stop by itself."""
        return None if self.started_at is None else self.started_at + (ON_MAINS if plugged else ON_BATTERY)
