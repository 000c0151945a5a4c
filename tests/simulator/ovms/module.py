"""The module itself: publishes what it knows of a simulated car, and does what it is told."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from custom_components.nissanconnect.vehicle import Command, StartClimate

from ..cars.electric import Electric
from ..cars.execute import execute
from ..cars.vehicle import SimulatedVehicle
from .metrics import BEFORE_HEARING, module_metrics, vehicle_metrics
from .shell import run_line

AWAKE_FOR = timedelta(minutes=2)


class Link(Protocol):
    """A connection to a broker, lost as a mobile network loses one."""

    def open(
        self,
        will: tuple[str, str],
        filters: Sequence[str],
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
    ) -> None:
        """Connect, and again after the broker was gone; ``on_connected`` is called each time."""

    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Say something."""

    def cut(self) -> None:
        """Lose the connection without a word, for good."""


class OvmsModule:
    """A module of type NL. It has no clock and no thread: :meth:`tick` is its only pulse.

    Attributes:
        can_write: Whether the owner has allowed it to send frames (``xnl canwrite``).
        obeyed: Whether the vehicle does what the frames ask for.
        replies: Whether it answers commands at all.
        reply_with: What it answers instead of the truth.
        hears: Whether it has heard the vehicle since it started.
        reports_lock: Whether the vehicle tells its module that it is locked; those before 2016 do not.
        left_out: Metrics that its filter keeps back.
        lines: Every command that reached its shell.
        listeners: Clients that are listening.
    """

    def __init__(
        self,
        vehicle: SimulatedVehicle,
        link: Link,
        *,
        prefix: str,
        now: Callable[[], datetime],
        version: str = "3.3.006",
    ) -> None:
        """Start it; it is not connected yet."""
        self.vehicle = vehicle
        self.link = link
        self.prefix = prefix
        self.can_write = True
        self.obeyed = True
        self.replies = True
        self.reply_with: str | None = None
        self.hears = True
        self.reports_lock = True
        self.left_out: set[str] = set()
        self.lines: list[str] = []
        self.listeners: set[str] = set()
        self.connections = 0
        self._config = {"suffsoc": "0"}
        self._now = now
        self._version = f"{version}/ota_1/main (build test)"
        self._started_at = now() - timedelta(hours=3)
        self._awake_until: datetime | None = None
        self._sent: dict[str, str] = {}
        self._heard: dict[str, str] = {}
        self._touched: tuple[object, ...] = ()

    def connect(self) -> None:
        """Connect to the broker and tell everything."""
        self.link.open(
            (f"{self.prefix}metric/s/v3/connected", "no"),
            [f"{self.prefix}client/+/active", f"{self.prefix}client/+/command/+"],
            self._on_message,
            self._on_connected,
        )

    def cut(self) -> None:
        """Lose the network."""
        self.link.cut()

    def restart(self) -> None:
        """Lose power for a moment; until it hears the vehicle again it knows only what it declares."""
        self.link.cut()
        self._started_at = self._now()
        self.hears = False
        self._sent, self._heard, self._touched = {}, {}, ()
        self.connect()

    def tick(self) -> None:
        """Publish what has changed."""
        current = self.metrics()
        for name, text in current.items():
            if self._sent.get(name) != text:
                self.say(name, text)

    def tell_all(self) -> None:
        """Publish everything, as a module does every twenty minutes, too."""
        self._sent = {}
        self.tick()

    def say(self, name: str, text: str) -> None:
        """Publish one metric, true or not."""
        self._sent[name] = text
        if name not in self.left_out:
            self.link.publish(f"{self.prefix}metric/{name.replace('.', '/')}", text, retain=True)

    def notify(self, kind: str, subtype: str, text: str) -> None:
        """Tell the owner something."""
        self.link.publish(f"{self.prefix}notify/{kind}/{subtype.replace('.', '/')}", text, qos=1)

    def metrics(self) -> dict[str, str]:
        """Return all that it knows now."""
        now = self._now()
        self.vehicle.advance(now)
        known = {
            "m.freeram": "4091234",
            "m.hardware": "OVMS WIFI BLE BT cores=2 rev=ESP32/3",
            "m.monotonic": str(int((now - self._started_at).total_seconds())),
            "m.net.mdm.iccid": "89310000000000000001",
            "m.net.provider": "a network",
            "m.net.sq": "-83",
            "m.time.utc": f"{now:%Y-%m-%d %H:%M:%S} UTC",
            "m.version": self._version,
            "s.v3.connected": "yes",
            "v.c.limit.range": "0",
            "v.c.limit.soc": self._config["suffsoc"],
            "v.type": "NL",
            **module_metrics(self.vehicle),
            **BEFORE_HEARING,
        }
        if self.hears:
            if self._buses_are_awake():
                self._heard = vehicle_metrics(self.vehicle)
            known |= self._heard | {"v.e.awake": "yes" if self._awake or self.vehicle.drive is not None else "no"}
        return known if self.reports_lock else known | {"v.e.locked": "no"}

    def control(self, command: Command) -> bool:
        """Send frames to the vehicle, which they wake."""
        if not self.can_write:
            return False
        self.hears = True
        self._awake_until = self._now() + AWAKE_FOR
        self.vehicle.advance(self._now())
        if self.obeyed:
            execute(self.vehicle, StartClimate(21) if isinstance(command, StartClimate) else command)
        return True

    def configure(self, name: str, value: str) -> None:
        """Set a parameter; the charge limit is kept by the module itself."""
        self._config[name] = value
        if name == "suffsoc":
            assert isinstance(self.vehicle.powertrain, Electric)
            self.vehicle.powertrain.charger.limit = float(value) or 100.0

    def _buses_are_awake(self) -> bool:
        """Whether there is anything new to hear.

        A door, the plug and current that is offered wake the vehicle. It goes to sleep a while after it was used.
        """
        vehicle = self.vehicle
        assert isinstance(vehicle.powertrain, Electric)
        charger = vehicle.powertrain.charger
        in_use = vehicle.drive is not None or vehicle.powertrain.active
        touched = (vehicle.body.locked, frozenset(vehicle.body.open), charger.plugged, charger.powered, in_use)
        untouched, self._touched = touched == self._touched, touched
        return not untouched or self._awake or in_use

    @property
    def _awake(self) -> bool:
        return self._awake_until is not None and self._now() < self._awake_until

    def _on_connected(self) -> None:
        self.connections += 1
        self.tell_all()
        self.link.publish(f"{self.prefix}event", "server.v3.connected")

    def _on_message(self, topic: str, payload: bytes) -> None:
        client, kind, *number = topic.removeprefix(f"{self.prefix}client/").split("/")
        text = payload.decode()
        if kind == "active":
            (self.listeners.discard if text in ("", "0") else self.listeners.add)(client)
        else:
            self._command(client, number[0], text)

    def _command(self, client: str, number: str, line: str) -> None:
        self.lines.append(line)
        reply = run_line(line, self)
        if self.replies:
            self.link.publish(
                f"{self.prefix}client/{client}/response/{number}",
                reply if self.reply_with is None else self.reply_with,
                qos=1,
            )
