"""The last value of each metric of one vehicle, when the vehicle itself reported it, and whether to trust it.

Two things limit the trust: a module that has just started publishes defaults (:class:`UptimeTracker`), and one that is
offline publishes nothing (:class:`Availability`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...vehicle import Group
from .metrics import LOCKED, METRICS, UPTIME, MeasuredBy, Metric, Part, Value

STALE_AFTER = timedelta(hours=4)
"""How long reported activity (charging, climate) is trusted after the module went offline."""


@dataclass(slots=True)
class Availability:
    """Whether the module is connected to the broker; ``online`` is ``None`` until that is known.

    The metric for it is not enough: filters may keep it back, and the broker may take most of an hour to notice that
    the module is gone (ovms §1.1, §1.2). Any live message after its last will shows that it is back.
    ``offline_since`` is ``None`` if we did not see it go.
    """

    online: bool | None = None
    last_message_at: datetime | None = None
    offline_since: datetime | None = None
    _had_live_message: bool = False

    def interrupted(self) -> None:
        """Note that there was no subscription for a while."""
        self.online, self.offline_since, self._had_live_message = None, None, False

    def update(self, connected: bool | None, at: datetime, *, live: bool) -> None:
        """Take a message; ``connected`` is the value of the module's metric for it, ``None`` for any other message."""
        if not live:
            if connected is not None and not self._had_live_message:
                self.online = connected
            return
        self._had_live_message = True
        if connected is False:
            if self.online is not False:
                self.offline_since = at
            self.online = False
            return
        self.online, self.last_message_at, self.offline_since = True, at, None

    def is_stale(self, now: datetime) -> bool:
        """Whether the last reported activity is too old to trust."""
        if self.online:
            return False
        return self.offline_since is None or now - self.offline_since >= STALE_AFTER

    def stale_in(self, now: datetime) -> timedelta | None:
        """Return how long until then; ``None`` if the module is online, or it is so already."""
        if self.online or self.offline_since is None:
            return None
        left = self.offline_since + STALE_AFTER - now
        return left if left > timedelta() else None


@dataclass(slots=True)
class UptimeTracker:
    """Detects restarts of the module from the seconds that it counts since its last start (ovms §1.3).

    A module that starts publishes the vehicle as unlocked and at rest until it has received data from it. After an
    interruption nothing is taken for granted until the module's seconds are known again.

    ``seconds`` is the last uptime, received at ``received_at``. ``received_from`` are the parts of the vehicle from
    which the module must have received data since its start.
    """

    seconds: float | None = None
    received_at: datetime | None = None
    received_from: set[Part] = field(default_factory=set)
    _uncertain: bool = True
    _received_since: set[Part] = field(default_factory=set)
    """As ``received_from``, but since the interruption; it counts while the uptime is uncertain."""

    def interrupted(self) -> None:
        """Note that the module may have restarted."""
        self._uncertain = True
        self._received_since.clear()

    def update(self, seconds: float, at: datetime) -> None:
        """Take the uptime that the module has published."""
        if not self._is_same_run(seconds, at):
            self.received_from.clear()
        self.seconds, self.received_at, self._uncertain = seconds, at, False
        self.received_from |= self._received_since
        self._received_since.clear()

    def add(self, part: Part) -> None:
        """Note that the module has received data from ``part``."""
        (self._received_since if self._uncertain else self.received_from).add(part)

    def has_received(self, part: Part) -> bool:
        """Whether the module has received data from ``part`` since its start."""
        return part in (self._received_since if self._uncertain else self.received_from)

    def _is_same_run(self, seconds: float, at: datetime) -> bool:
        """Whether the module has not restarted since the last uptime; after a long silence nobody can know."""
        if self.seconds is None or self.received_at is None or seconds < self.seconds:
            return False
        if not self._uncertain or seconds == self.seconds:
            return True
        return at - self.received_at < timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class MetricUpdate:
    """A message about a metric of :data:`~.metrics.METRICS`; ``text`` is ``None`` if the payload was no text."""

    metric: str
    text: str | None = field(repr=False)
    at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value; ``reported_at`` is when the vehicle last confirmed it, ``None`` if that is unknown."""

    value: Value | None = field(repr=False)
    received_at: datetime
    reported_at: datetime | None = None


type _Accepted = tuple[MetricUpdate, Value | None, bool]
"""An update that was stored, its value, and whether that differs from the one before."""

_AWAKE = ("v.e.awake", "v.e.on", "v.c.charging")


class MetricStore:
    """The metrics of one vehicle.

    A retained message restores a value without a time. The same goes for a live value that has not changed while the
    vehicle sleeps: then the module repeats itself (ovms §1.5). ``reports_lock``: this vehicle is known to report being
    locked.
    """

    def __init__(self, uptime: UptimeTracker, *, reports_lock: bool = False) -> None:
        self.uptime = uptime
        self.reports_lock = reports_lock
        self._values: dict[str, StoredValue] = {}
        self._unconfirmed: dict[str, tuple[MetricUpdate, Value]] = {}
        """Defaults that the module has published before it can know; they count once it can."""

    def __contains__(self, metric: str) -> bool:
        """Whether a value was received."""
        return metric in self._values

    def update(self, updates: Iterable[MetricUpdate]) -> None:
        """Take what arrived at about the same time; only the order of live updates of one metric matters."""
        latest: dict[str, MetricUpdate] = {}
        for each in updates:
            if (known := latest.get(each.metric)) is None or each.live >= known.live:
                latest[each.metric] = each
        parsed = {name: METRICS[name].parse(each.text) for name, each in latest.items() if each.text is not None}
        if isinstance(seconds := parsed.get(UPTIME), float):
            self.uptime.update(seconds, latest[UPTIME].at)
        for name, value in parsed.items():
            if value is not None and (part := METRICS[name].part_proved_by(value, live=latest[name].live)):
                self.uptime.add(part)
        self.reports_lock = self.reports_lock or parsed.get(LOCKED) is True
        accepted = [stored for each in latest.values() if (stored := self._accept(each, parsed.get(each.metric)))]
        accepted.extend(self._confirmed())
        self._set_report_times(accepted)

    def _accept(self, update: MetricUpdate, value: Value | None) -> _Accepted | None:
        """Store an update, unless it holds nothing or has to be confirmed first."""
        metric = METRICS[update.metric]
        if value is None and update.text != "":  # garbage keeps the known value, an empty payload clears it
            return None
        if value is not None and value == metric.unset:
            return None
        if value is not None and value == metric.default and not self._can_know(update.metric, metric):
            self._unconfirmed[update.metric] = update, value
            return None
        self._unconfirmed.pop(update.metric, None)
        return self._store(update, value)

    def _confirmed(self) -> list[_Accepted]:
        """Store the defaults that count now."""
        names = [name for name in self._unconfirmed if self._can_know(name, METRICS[name])]
        return [self._store(*self._unconfirmed.pop(name)) for name in names]

    def _store(self, update: MetricUpdate, value: Value | None) -> _Accepted:
        known = self._values.get(update.metric)
        changed = known is None or known.value != value
        reported_at = known.reported_at if known is not None else None
        self._values[update.metric] = StoredValue(value, update.at, reported_at)
        return update, value, changed

    def _set_report_times(self, accepted: Iterable[_Accepted]) -> None:
        """Note which of the values come from those who measure them."""
        is_measuring = {
            MeasuredBy.MODULE: True,
            MeasuredBy.SATELLITES: self.flag("v.p.gpslock") is True,
            MeasuredBy.VEHICLE: any(self.flag(name) for name in _AWAKE),
        }
        for update, value, changed in accepted:
            if update.live and (changed or is_measuring[METRICS[update.metric].measured_by]):
                self._values[update.metric] = StoredValue(value, update.at, update.at)

    def _can_know(self, name: str, metric: Metric) -> bool:
        """Whether the module can know a metric whose default it publishes."""
        if name == LOCKED and not self.reports_lock:
            return False  # older vehicles never report being locked, so "no" would mean nothing (§1.7)
        return metric.confirmed_by is None or self.uptime.has_received(metric.confirmed_by)

    def value(self, metric: str) -> Value | None:
        """Return the value, whatever its type."""
        return stored.value if (stored := self._values.get(metric)) else None

    def number(self, metric: str) -> float | None:
        """Return the value of a number."""
        value = self.value(metric)
        return value if isinstance(value, float) else None

    def flag(self, metric: str) -> bool | None:
        """Return the value of a flag."""
        value = self.value(metric)
        return value if isinstance(value, bool) else None

    def text(self, metric: str) -> str | None:
        """Return the value of a text."""
        value = self.value(metric)
        return value if isinstance(value, str) else None

    def numbers(self, metric: str) -> tuple[float | None, ...]:
        """Return the members of a list; none if it is unknown."""
        value = self.value(metric)
        return value if isinstance(value, tuple) else ()

    def reported_at(self, metric: str) -> datetime | None:
        """Return when the vehicle last confirmed a value."""
        return stored.reported_at if (stored := self._values.get(metric)) else None

    def times(self, group: Group) -> tuple[datetime, datetime | None] | None:
        """Return when a group was last received, and when the vehicle last reported it; ``None`` if it never was."""
        stored = [self._values[name] for name in _MEMBERS.get(group, ()) if name in self._values]
        if not stored:
            return None
        reported = [each.reported_at for each in stored if each.reported_at is not None]
        return max(each.received_at for each in stored), max(reported, default=None)


_MEMBERS: Mapping[Group, tuple[str, ...]] = {
    group: tuple(name for name, metric in METRICS.items() if metric.group is group) for group in Group
}
