"""One module and its vehicle, as its messages describe them. No I/O: it is handed messages and asked what is new."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from ...vehicle import (
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
    vin_problem,
)
from ..base import Json, MqttMessage
from .groups import BACKEND, View, reported
from .memory import Memory
from .metrics import CONNECTED, LIMIT, METRICS, TYPE, VIN
from .notices import notice
from .presence import Presence
from .topics import Topics
from .tree import Tree, Word
from .values import decode, flag

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
