"""The 12 V battery, which every wake is paid from."""

from dataclasses import dataclass

WAKE_COST = 0.3
"""% for each wake: an assumption (kamereon-eu §18 [D]) in the order of what emptied a battery in four days (§16.2)."""
STANDBY = 0.4 / 86_400
"""% a second that alarm, telematics unit and chemistry take from a parked vehicle."""
RECHARGE = 12 / 3600
"""% a second while the powertrain feeds it."""
WAKE_MINIMUM = 40.0
"""% below which the telematics unit stays off to leave enough for starting."""


@dataclass(slots=True)
class TwelveVolt:
    """A lead-acid battery that is ``charge`` % full."""

    charge: float = 92.0
    fed: bool = False

    @property
    def voltage(self) -> float:
        """Volts at the terminals: at rest by its charge, else what feeds it."""
        return 14.2 if self.fed else 11.6 + 1.2 * self.charge / 100

    @property
    def can_wake(self) -> bool:
        """Whether it can afford to start the telematics unit, by itself or because something feeds it."""
        return self.fed or self.charge >= WAKE_MINIMUM

    def let(self, seconds: float, *, fed: bool) -> None:
        """Let time pass."""
        self.fed = fed
        change = RECHARGE if fed else -STANDBY
        self.charge = min(max(self.charge + change * seconds, 0.0), 100.0)

    def pay_wake(self) -> None:
        """Start the telematics unit once."""
        self.charge = max(0.0, self.charge - WAKE_COST)
