"""Climate control from afar: when it runs, when it ends by itself, when it refuses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

ON_BATTERY = timedelta(minutes=15)
ON_MAINS = timedelta(hours=2)
"""How long a vehicle heats or cools before it stops by itself (kamereon-eu §9.3)."""
WINDOWS, SEATS, WHEEL = 0.4, 0.12, 0.05
"""kW that the wires in the windows, in the two front seats and in the steering wheel take."""


@dataclass(frozen=True, slots=True)
class Wires:
    """What is heated besides the air."""

    windows: bool = False
    seats: bool = False
    wheel: bool = False

    @property
    def power(self) -> float:
        """What that takes, in kW."""
        return WINDOWS * self.windows + SEATS * self.seats + WHEEL * self.wheel


@dataclass(slots=True)
class RemoteClimate:
    """The climate timer of a vehicle; below ``min_level`` % it will not run on the battery."""

    min_level: float = 15.0
    target: float = 21.0
    wires: Wires = Wires()
    started_at: datetime | None = None
    next_start_at: datetime | None = None
    next_target: float | None = None
    next_wires: Wires = Wires()

    @property
    def running(self) -> bool:
        """Whether it heats or cools."""
        return self.started_at is not None

    @property
    def heating(self) -> float:
        """What goes into windows, seats and wheel, in kW."""
        return self.wires.power if self.running else 0.0

    def may_run(self, level: float, plugged: bool) -> bool:
        """Whether there is power enough."""
        return plugged or level >= self.min_level

    def start(self, at: datetime, target: float | None, wires: Wires = Wires()) -> None:
        """Start, or run on with another target."""
        self.started_at, self.wires = at, wires
        self.target = self.target if target is None else target

    def stop(self) -> None:
        """Stop."""
        self.started_at = None

    def schedule(self, at: datetime | None, target: float | None = None, wires: Wires = Wires()) -> None:
        """Remember one start, or none."""
        self.next_start_at, self.next_target, self.next_wires = at, target, wires

    def ends_at(self, plugged: bool) -> datetime | None:
        """When it will stop by itself."""
        return None if self.started_at is None else self.started_at + (ON_MAINS if plugged else ON_BATTERY)
