"""One module and its vehicle, as its messages describe them: what changed, its notifications, what to keep. No I/O."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
import re

from ...vehicle import (
    AlertType,
    Capability,
    Group,
    Notification,
    Powertrain,
    Push,
    Reported,
    VehicleInfo,
    VehicleState,
    VinProblem,
    normalise_key,
    one_line,
    vin_problem,
)
from ..base import Json, MqttMessage
from ..reader import JsonReader, saved_time
from .mapping import connectivity_of, groups_of
from .metric_store import Availability, MetricStore, MetricUpdate, UptimeTracker
from .metrics import CHARGE_LIMIT, CONNECTED, METRICS, TYPE, VIN, Part, decode, flag
from .mqtt import Topics

LEAF = "NL"
"""The type of the firmware's part for the LEAF and the e-NV200."""

_ALWAYS = frozenset(
    {
        Capability.BATTERY,
        Capability.CLIMATE,
        Capability.CLIMATE_STATUS,
        Capability.LOCK,
        Capability.LOCK_STATUS,
        Capability.REFRESH,
        Capability.START_CHARGING,
        Capability.STOP_CHARGING,
    }
)
_BY_METRIC = {CHARGE_LIMIT: Capability.CHARGE_LIMIT, "v.p.latitude": Capability.LOCATION}
"""What a vehicle can do if it has these metrics."""

_ONLINE_INTERVAL = timedelta(minutes=1)
"""How often a push says that the module is online if nothing else changes."""


class Module:
    """The state of one module and its vehicle.

    ``takes_pin``: unlocking requires a PIN. ``memory`` is what :meth:`memory` returned before the last restart;
    whatever does not fit is dropped.
    """

    def __init__(self, topics: Topics, *, takes_pin: bool, now: Callable[[], datetime], memory: Json) -> None:
        self._topics = topics
        self._capabilities = _ALWAYS | ({Capability.LOCK_PIN} if takes_pin else set())
        self._now = now
        self._updates: list[MetricUpdate] = []
        self._notifications: list[Notification] = []
        self._pushed: dict[Group, Reported] = {}
        self._pushed_info: VehicleInfo | None = None
        self._received_at: datetime | None = None
        saved = JsonReader.of(memory)
        self._key = saved.text("key")
        self._seen = set(_members(Capability, saved.get("seen")))
        self.availability = Availability()
        self.store = MetricStore(_saved_uptime(saved), reports_lock=saved.flag("locks") is True)
        self.messages = 0
        """How many messages were received."""

    def interrupted(self) -> None:
        """Note that there was no subscription for a while."""
        self.availability.interrupted()
        self.store.uptime.interrupted()

    def handle(self, message: MqttMessage) -> None:
        """Take a message; :meth:`process` evaluates it together with those that arrive at the same time."""
        self.messages += 1
        now = self._now()
        if (metric := self._topics.metric(message.topic)) is not None:
            self._handle_metric(metric, message, now)
        elif (topic := self._topics.notification(message.topic)) is not None and not message.retain:
            self.availability.update(None, now, live=True)
            if (notification := notification_of(topic, message.payload, now)) is not None:
                self._notifications.append(notification)

    def _handle_metric(self, metric: str, message: MqttMessage, now: datetime) -> None:
        self._received_at, live = now, not message.retain
        text = decode(message.payload)
        connected = flag(text or "") if metric == CONNECTED else None
        self.availability.update(connected, now, live=live)
        if connected is False and live:
            self.process()
            self.store.uptime.interrupted()
        if metric in METRICS:
            self._updates.append(MetricUpdate(metric, text, now, live))

    def process(self) -> None:
        """Evaluate the messages that have arrived since the last call."""
        updates, self._updates = self._updates, []
        self.store.update(updates)
        self._seen.update(can for metric, can in _BY_METRIC.items() if metric in self.store)

    def memory(self) -> Json:
        """Return what should survive a restart of ours."""
        uptime = self.store.uptime
        return {
            "beat": uptime.seconds,
            "beat_at": uptime.received_at.isoformat() if uptime.received_at else None,
            "key": self._key,
            "heard": [*sorted(uptime.received_from)],
            "locks": self.store.reports_lock,
            "seen": [*sorted(self._seen)],
        }

    @property
    def is_other_vehicle(self) -> bool:
        """Whether the module is set up for a vehicle that is no LEAF."""
        return (kind := self.store.text(TYPE)) is not None and kind != LEAF

    @property
    def info(self) -> VehicleInfo:
        """The vehicle. Its key is its VIN if the module knew that when the vehicle was first listed."""
        reported = normalise_key(self.store.text(VIN) or "")
        vin = reported if vin_problem(reported) in (None, VinProblem.CHECK_DIGIT) else None
        return VehicleInfo(
            key=self._key or vin or f"OVMS-{self._topics.account[:12].upper()}",
            vin=vin,
            model="Leaf",
            gateway="OVMS",
            powertrain=Powertrain.ELECTRIC,
            capabilities=frozenset(self._capabilities | self._seen),
        )

    @property
    def has_key(self) -> bool:
        """Whether the vehicle was listed before."""
        return self._key is not None

    def keep_key(self) -> VehicleInfo:
        """Return the vehicle, whose key stays from now on, even if the module learns its VIN later."""
        self._key = self.info.key
        return self.info

    @property
    def state(self) -> VehicleState:
        """The whole state."""
        groups = groups_of(self.store, stale=self.availability.is_stale(self._now()))
        if self._received_at is not None:
            groups.append(connectivity_of(self.store, self.availability, self._received_at))
        return VehicleState.of(*groups)

    def forget_pushes(self) -> None:
        """Make the next push hold everything: it is for a new listener."""
        self._pushed, self._pushed_info = {}, None

    def next_push(self, *, without: Collection[Group] = ()) -> Push | None:
        """Return what has changed since the last push; changes of the groups in ``without`` stay for the next one."""
        self.process()
        notifications, self._notifications = tuple(self._notifications), []
        changed = {
            group: value
            for group, value in self.state.groups().items()
            if group not in without and self._is_changed(group, value)
        }
        info = self.info
        if not changed and not notifications and info == self._pushed_info:
            return None
        self._pushed |= changed
        self._pushed_info = info
        return Push(info=info, state=VehicleState.of(*changed.values()), notifications=notifications)

    def last_push(self) -> Push | None:
        """Return the remaining changes when the broker is gone: whether the module is online is unknown then."""
        self.process()
        self.interrupted()
        if self._received_at is not None:
            self._received_at = self._now()
        return self.next_push()

    def _is_changed(self, group: Group, value: Reported) -> bool:
        """Whether a group has to be pushed; that the module is still online counts once in a while only."""
        pushed = self._pushed.get(group)
        if pushed is None or group is not Group.CONNECTIVITY:
            return pushed != value
        if value.received_at - pushed.received_at >= _ONLINE_INTERVAL:
            return True
        return replace(value, received_at=pushed.received_at, reported_at=pushed.reported_at) != pushed


def _saved_uptime(saved: JsonReader) -> UptimeTracker:
    seconds, received_at = saved.number("beat"), saved_time(saved.get("beat_at"))
    if seconds is None or received_at is None:
        return UptimeTracker()
    received_from = set(_members(Part, saved.get("heard")))
    return UptimeTracker(seconds=seconds, received_at=received_at, received_from=received_from)


def _members[T: (Part, Capability)](kind: type[T], names: Json) -> Iterable[T]:
    return [each for each in kind if isinstance(names, list) and each.value in names]


_TYPES = frozenset({"alert", "error", "info"})
"""The fourth, ``data``, is for machines."""

_ALERTS: Mapping[str, AlertType] = {
    "alert.alarm.sounding": AlertType.ALARM,
    "alert.batt.12v.alert": AlertType.AUX_BATTERY_LOW,
    "alert.batt.12v.shutdown": AlertType.AUX_BATTERY_LOW,
    "alert.batt.soc.alert": AlertType.CHARGE_BELOW,
    "alert.charge.stopped": AlertType.CHARGING_INTERRUPTED,
    "alert.flatbed.moved": AlertType.UNEXPECTED_MOVEMENT,
    "alert.tpms.alert": AlertType.TYRE_WARNING,
    "alert.tpms.warning": AlertType.TYRE_WARNING,
    "alert.valet.hood": AlertType.DOOR_OPEN,
    "alert.valet.trunk": AlertType.DOOR_OPEN,
    "info.charge.done": AlertType.CHARGING_FINISHED,
}
"""Only those without doubt; ``info.charge.stopped`` means that somebody stopped the charge on purpose."""

_COORDINATES = re.compile(r"@?-?\d{1,3}\.\d{2,}\s*,\s*-?\d{1,3}\.\d{2,}")
_SUBTYPE = re.compile(r"[a-z0-9._-]{1,60}", re.ASCII | re.IGNORECASE)


def notification_of(topic: tuple[str, str], payload: bytes, at: datetime) -> Notification | None:
    """Return a notification (ovms §1.10) without the coordinates that some hold; ``None`` if it is not for people."""
    kind, subtype = topic
    text = decode(payload)
    if kind not in _TYPES or not _SUBTYPE.fullmatch(subtype) or text is None:
        return None
    name = f"{kind}.{subtype}"
    # The broker may deliver a message more than once.
    seed = f"{name} {at:%Y-%m-%d %H:%M} ".encode() + payload
    return Notification(
        id=sha256(seed).hexdigest()[:32],
        kind=name,
        alert=_ALERTS.get(name, AlertType.CLOUD_MESSAGE),
        text=_COORDINATES.sub("…", one_line(text, len(text)) or ""),
        sent_at=at,
    )
