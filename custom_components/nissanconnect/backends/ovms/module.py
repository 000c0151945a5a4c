"""One module and its vehicle, as its messages describe them: what changed, its notifications, what to keep. No I/O.

Its topics are those of ovms §1.1.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
import re
from typing import Self

from ...vehicle import (
    AlertType,
    Capability,
    Connectivity,
    Group,
    Notification,
    Powertrain,
    Push,
    Reported,
    VehicleInfo,
    VehicleState,
    as_vin,
    normalise_key,
    one_line,
)
from ..base import Json, MqttMessage
from ..reader import JsonReader, saved_time
from .mapping import groups_of
from .metrics import (
    BACKEND,
    CHARGE_LIMIT,
    CONNECTED,
    METRICS,
    TYPE,
    VIN,
    MetricStore,
    MetricUpdate,
    Part,
    UptimeTracker,
    decode,
    flag,
)

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

_LONGEST = 200
_METRICS = "metric/"
_NOTIFICATIONS = "notify/"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one module. ``prefix`` is the beginning of all, as the module has it, with or without a slash.

    ``client`` is our name among those that send it commands.
    """

    prefix: str = field(repr=False)
    client: str = ""

    @classmethod
    def of(cls, prefix: str, user: str = "", vehicle: str = "", client: str = "") -> Self:
        """Return the topics of a module from its settings.

        Without a ``vehicle`` the ``prefix`` is the module's own (``server.v3 topic.prefix``), which the module uses
        unchanged. Otherwise user and vehicle id are added to it. The user may be empty, which leaves two slashes in a
        row.
        """
        return cls(prefix if not vehicle else f"{prefix.strip('/')}/{user}/{vehicle}/", client)

    @property
    def valid(self) -> bool:
        """Whether a topic may begin like this: no wildcards, no control characters, not the broker's own topics."""
        return (
            0 < len(self.prefix) <= _LONGEST
            and not self.prefix.startswith("$")
            and all(character.isprintable() and character not in "+#" for character in self.prefix)
        )

    @property
    def account(self) -> str:
        """A stable id of the module that does not reveal the owner's user name at the broker."""
        return sha256(self.prefix.encode()).hexdigest()[:16]

    @property
    def filters(self) -> tuple[str, ...]:
        """The filters for all metrics, all notifications and the responses to us."""
        below = f"{_METRICS}#", f"{_NOTIFICATIONS}+/#", f"client/{self.client}/response/+"
        return tuple(self.prefix + each for each in below)

    @property
    def active(self) -> str:
        """The topic to which we publish whether we are listening."""
        return f"{self.prefix}client/{self.client}/active"

    def command(self, command_id: str) -> str:
        """Return the topic to which a command is published."""
        return f"{self.prefix}client/{self.client}/command/{command_id}"

    def metric(self, topic: str) -> str | None:
        """Return the name of the metric, ``v.b.soc``, whose topic this is; ``None`` for any other topic."""
        start = self.prefix + _METRICS
        return topic[len(start) :].replace("/", ".") if topic.startswith(start) else None

    def notification(self, topic: str) -> tuple[str, str] | None:
        """Return type and subtype, ``alert`` and ``batt.12v.alert``, of a notification; ``None`` for other topics."""
        start = self.prefix + _NOTIFICATIONS
        if not topic.startswith(start):
            return None
        kind, _, subtype = topic[len(start) :].partition("/")
        return kind, subtype.replace("/", ".")

    def responded_command(self, topic: str) -> str | None:
        """Return the id of the command to which this is the response; ``None`` for any other topic."""
        start = f"{self.prefix}client/{self.client}/response/"
        return topic[len(start) :] if topic.startswith(start) else None


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
        return not self.online and self.stale_in(now) is None

    def stale_in(self, now: datetime) -> timedelta | None:
        """Return how long until then; ``None`` if the module is online, or it is so already."""
        if self.online or self.offline_since is None:
            return None
        left = self.offline_since + STALE_AFTER - now
        return left if left > timedelta() else None


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
        self.key = saved.text("key")
        """That of the vehicle, once it was listed."""
        self._seen = {each for each in Capability if each in saved.texts("seen")}
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
            "key": self.key,
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
        vin = as_vin(normalise_key(self.store.text(VIN) or ""))
        return VehicleInfo(
            key=self.key or vin or f"OVMS-{self._topics.account[:12].upper()}",
            vin=vin,
            model="Leaf",
            gateway="OVMS",
            powertrain=Powertrain.ELECTRIC,
            capabilities=frozenset(self._capabilities | self._seen),
        )

    def keep_key(self) -> VehicleInfo:
        """Return the vehicle, whose key stays from now on, even if the module learns its VIN later."""
        self.key = self.info.key
        return self.info

    @property
    def state(self) -> VehicleState:
        """The whole state."""
        groups = groups_of(self.store, stale=self.availability.is_stale(self._now()))
        if self._received_at is not None:
            connectivity = Connectivity(
                backend=BACKEND,
                received_at=self._received_at,
                reported_at=self.availability.last_message_at,
                reachable=self.availability.online,
                firmware=(self.store.text("m.version") or "").partition("/")[0] or None,
                signal=self.store.number("m.net.sq"),
            )
            groups.append(connectivity)
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
    received_from = {each for each in Part if each in saved.texts("heard")}
    return UptimeTracker(seconds=seconds, received_at=received_at, received_from=received_from)


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
