"""One module and its vehicle, as its messages describe them. No I/O: it is handed messages and asked what is new."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
import re

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
    VinProblem,
    normalise_key,
    one_line,
    vin_problem,
)
from ..base import Json, MqttMessage
from ..reader import saved_time
from .mapping import BACKEND, View, reported
from .metric_store import Boot, Presence, Tree, Word
from .metrics import CONNECTED, LIMIT, METRICS, TYPE, VIN, Part, decode, flag
from .mqtt import Topics


@dataclass(slots=True)
class Memory:
    """The vehicle's key, the module's last start, whether the vehicle reports being locked, what else it can do."""

    key: str | None = None
    boot: Boot = field(default_factory=Boot)
    locks: bool = False
    seen: set[Capability] = field(default_factory=set)

    @classmethod
    def from_json(cls, kept: Json) -> Memory:
        """Rebuild what :meth:`to_json` returned; whatever does not fit is forgotten."""
        if not isinstance(kept, dict):
            return cls()
        key, beat, boot = kept.get("key"), kept.get("beat"), Boot()
        if isinstance(beat, int | float) and (beat_at := saved_time(kept.get("beat_at"))) is not None:
            boot = Boot(beat=float(beat), beat_at=beat_at, heard=set(_members(Part, kept.get("heard"))))
        return cls(
            key=key if isinstance(key, str) and key else None,
            boot=boot,
            locks=kept.get("locks") is True,
            seen=set(_members(Capability, kept.get("seen"))),
        )

    def to_json(self) -> Json:
        """Return it in a form that can be stored."""
        return {
            "beat": self.boot.beat,
            "beat_at": self.boot.beat_at.isoformat() if self.boot.beat_at else None,
            "key": self.key,
            "heard": [*sorted(self.boot.heard)],
            "locks": self.locks,
            "seen": [*sorted(self.seen)],
        }


def _members[T: (Part, Capability)](kind: type[T], raw: Json) -> Iterable[T]:
    names = raw if isinstance(raw, list) else []
    return [each for each in kind if each.value in names]


_KINDS = frozenset({"alert", "error", "info"})
"""The fourth, ``data``, is for machines."""

_MEANINGS: Mapping[str, AlertType] = {
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
"""Only those without doubt; a charge that was stopped as information was stopped by somebody who knows."""

_PLACE = re.compile(r"@?-?\d{1,3}\.\d{2,}\s*,\s*-?\d{1,3}\.\d{2,}")
_SUBTYPE = re.compile(r"[a-z0-9._-]{1,60}", re.ASCII | re.IGNORECASE)


def notice(topic: tuple[str, str], payload: bytes, at: datetime) -> Notification | None:
    """Return a message for the owner, without the coordinates that some carry; ``None`` if it is none."""
    kind, subtype = topic
    if kind not in _KINDS or not _SUBTYPE.fullmatch(subtype):
        return None
    text = decode(payload)
    if text is None:
        return None
    name = f"{kind}.{subtype}"
    # The broker may deliver a message more than once.
    seed = f"{name} {at:%Y-%m-%d %H:%M} ".encode() + payload
    return Notification(
        id=sha256(seed).hexdigest()[:32],
        kind=name,
        alert=_MEANINGS.get(name, AlertType.CLOUD_MESSAGE),
        category=kind,
        text=_shown(text),
        sent_at=at,
    )


def _shown(text: str) -> str:
    return _PLACE.sub("…", one_line(text, len(text)) or "")


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
_SEEN = {LIMIT: Capability.CHARGE_LIMIT, "v.p.latitude": Capability.LOCATION}
"""What a vehicle can do if it has these metrics."""

_SIGN_OF_LIFE = timedelta(minutes=1)
"""A module that sends nothing but its own ticking is told of this often."""


class Module:
    """What is known of one module and its vehicle; ``takes_pin``: there is one that unlocking has to come with."""

    def __init__(self, topics: Topics, *, takes_pin: bool, now: Callable[[], datetime], memory: Json) -> None:
        """Begin with what was kept."""
        self._topics = topics
        self._capabilities = _ALWAYS | ({Capability.LOCK_PIN} if takes_pin else set())
        self._now = now
        self._memory = Memory.from_json(memory)
        self._words: list[Word] = []
        self._notices: list[Notification] = []
        self._told: dict[Group, Reported] = {}
        self._told_info: VehicleInfo | None = None
        self._received_at: datetime | None = None
        self.presence = Presence()
        self.tree = Tree(self._memory.boot, locks=self._memory.locks)
        self.messages = 0
        """How many messages have been heard."""

    def interrupted(self) -> None:
        """Nobody was listening for a while."""
        self.presence.interrupted()
        self.tree.boot.interrupted()

    def hear(self, message: MqttMessage) -> None:
        """Take a message; what it means is found out by :meth:`settle`, together with those that come along."""
        self.messages += 1
        now = self._now()
        if (metric := self._topics.metric(message.topic)) is not None:
            self._hear_metric(metric, message, now)
        elif (topic := self._topics.notice(message.topic)) is not None and not message.retain:
            self.presence.hear(None, now, live=True)
            if (told := notice(topic, message.payload, now)) is not None:
                self._notices.append(told)

    def _hear_metric(self, metric: str, message: MqttMessage, now: datetime) -> None:
        self._received_at, live = now, not message.retain
        text = decode(message.payload)
        connected = flag(text or "") if metric == CONNECTED else None
        self.presence.hear(connected, now, live=live)
        if connected is False and live:
            self.settle()
            self.tree.boot.interrupted()
        if metric in METRICS:
            self._words.append(Word(metric, text, now, live))

    def settle(self) -> None:
        """Make sense of what was heard since the last time."""
        words, self._words = self._words, []
        self.tree.hear(words)
        self._memory.locks = self.tree.locks
        self._memory.seen.update(can for metric, can in _SEEN.items() if metric in self.tree)

    def memory(self) -> Json:
        """Return what should survive a restart."""
        return self._memory.to_json()

    @property
    def is_other(self) -> bool:
        """Whether the module is set up for a vehicle that is no LEAF."""
        return (kind := self.tree.word(TYPE)) is not None and kind != LEAF

    @property
    def info(self) -> VehicleInfo:
        """The vehicle. Its key is its VIN if the module knew that when the vehicle was first listed."""
        told = normalise_key(self.tree.word(VIN) or "")
        vin = told if vin_problem(told) in (None, VinProblem.CHECK_DIGIT) else None
        return VehicleInfo(
            key=self._memory.key or vin or f"OVMS-{self._topics.account[:12].upper()}",
            vin=vin,
            model="Leaf",
            gateway="OVMS",
            powertrain=Powertrain.ELECTRIC,
            capabilities=frozenset(self._capabilities | self._memory.seen),
        )

    @property
    def named(self) -> bool:
        """Whether the vehicle has a key that it keeps."""
        return self._memory.key is not None

    def name(self) -> VehicleInfo:
        """Return the vehicle, which keeps its key from now on, also when the module learns its VIN later."""
        self._memory.key = self.info.key
        return self.info

    @property
    def state(self) -> VehicleState:
        """All that is known."""
        groups = reported(View(self.tree, faded=self.presence.faded(self._now())))
        return VehicleState.of(*groups.values(), self._connectivity(self.presence.present))

    def _connectivity(self, reachable: bool | None) -> Connectivity | None:
        if self._received_at is None:
            return None
        return Connectivity(
            backend=BACKEND,
            received_at=self._received_at,
            reported_at=self.presence.spoke_at,
            reachable=reachable,
            firmware=(self.tree.word("m.version") or "").partition("/")[0] or None,
            signal=self.tree.number("m.net.sq"),
        )

    def begin(self) -> None:
        """Tell everything anew: there is somebody else to tell."""
        self._told, self._told_info = {}, None

    def news(self, *, later: Collection[Group] = ()) -> Push | None:
        """Return what has not been told yet, but for the groups that are to be told ``later``."""
        self.settle()
        notices, self._notices = tuple(self._notices), []
        known = {group: value for group, value in self.state.groups().items() if group not in later}
        groups = {group: value for group, value in known.items() if self._is_news(group, value)}
        info = self.info
        if not groups and not notices and info == self._told_info:
            return None
        self._told |= groups
        self._told_info = info
        return Push(info=info, state=VehicleState.of(*groups.values()), notifications=notices)

    def cut_off(self) -> Push | None:
        """Return what is left to tell, and that nobody knows whether the module is there: the broker is gone."""
        self.settle()
        self.interrupted()
        if self._received_at is not None:
            self._received_at = self._now()
        return self.news()

    def _is_news(self, group: Group, value: Reported) -> bool:
        told = self._told.get(group)
        if told is None or group is not Group.CONNECTIVITY:
            return told != value
        if value.received_at - told.received_at >= _SIGN_OF_LIFE:
            return True
        return replace(value, received_at=told.received_at, reported_at=told.reported_at) != told
