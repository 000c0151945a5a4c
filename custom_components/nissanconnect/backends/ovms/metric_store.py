"""What was heard of one vehicle: the last word of each metric, and when it was the vehicle's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...vehicle import Group
from .metrics import BEAT, LOCKED, METRICS, Metric, Part, Speaker, Value

FADES = timedelta(hours=4)
"""How long what goes on (charging, climate) is believed of a module that is gone."""


@dataclass(slots=True)
class Presence:
    """``present`` is ``None`` until it is known; ``gone_at`` is when it went, if that was heard."""

    present: bool | None = None
    spoke_at: datetime | None = None
    gone_at: datetime | None = None
    _spoken: bool = False

    def interrupted(self) -> None:
        """We have not been listening."""
        self.present, self.gone_at, self._spoken = None, None, False

    def hear(self, connected: bool | None, at: datetime, *, live: bool) -> None:
        """Take a message; ``connected`` is its word for whether the module is, if it is about that."""
        if not live:
            if connected is not None and not self._spoken:
                self.present = connected
            return
        self._spoken = True
        if connected is False:
            if self.present is not False:
                self.gone_at = at
            self.present = False
            return
        self.present, self.spoke_at, self.gone_at = True, at, None

    def faded(self, now: datetime) -> bool:
        """Whether what went on when the module was last heard may be long over."""
        if self.present:
            return False
        return self.gone_at is None or now - self.gone_at >= FADES

    def fades_in(self, now: datetime) -> timedelta | None:
        """How long until then, if the module is gone and it is not so far yet."""
        if self.present or self.gone_at is None:
            return None
        left = self.gone_at + FADES - now
        return left if left > timedelta() else None


@dataclass(slots=True)
class Boot:
    """The module's time since its last start, as far as it was followed.

    ``beat`` is how many seconds it counted, ``beat_at`` when that was heard; ``heard`` are the parts of the vehicle
    that it must have heard since.
    """

    beat: float | None = None
    beat_at: datetime | None = None
    heard: set[Part] = field(default_factory=set)
    _doubted: bool = True
    _anew: set[Part] = field(default_factory=set)

    def interrupted(self) -> None:
        """It may have started since it was last heard."""
        self._doubted = True
        self._anew.clear()

    def count(self, beat: float, at: datetime) -> None:
        """It counts ``beat`` seconds."""
        if not self._is_same(beat, at):
            self.heard.clear()
        self.beat, self.beat_at, self._doubted = beat, at, False
        self.heard |= self._anew
        self._anew.clear()

    def show(self, part: Part) -> None:
        """It has heard ``part`` of the vehicle."""
        (self._anew if self._doubted else self.heard).add(part)

    def knows(self, part: Part) -> bool:
        """Whether it has heard ``part`` since it started."""
        return part in (self._anew if self._doubted else self.heard)

    def _is_same(self, beat: float, at: datetime) -> bool:
        """Whether it has not started since the last beat; after a long silence that cannot be told."""
        if self.beat is None or self.beat_at is None or beat < self.beat:
            return False
        if not self._doubted or beat == self.beat:
            return True
        return at - self.beat_at < timedelta(seconds=self.beat)


@dataclass(frozen=True, slots=True)
class Word:
    """A metric of :data:`~.metrics.METRICS` as it was said; ``text`` is ``None`` if it was no text."""

    metric: str
    text: str | None
    at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """A value; ``stated_at`` is when the vehicle is known to have stood behind it, ``None`` if that is not."""

    value: Value | None
    received_at: datetime
    stated_at: datetime | None = None


_AWAKE = ("v.e.awake", "v.e.on", "v.c.charging")


class Tree:
    """The metrics of one vehicle.

    What the broker had kept restores values and says nothing about when they were true. The same goes for a live value
    that has not changed while the vehicle sleeps: then the module repeats itself (ovms §1.5).
    """

    def __init__(self, boot: Boot, *, locks: bool = False) -> None:
        """Begin with what is known of the module; ``locks``: of its vehicle, that it reports being locked."""
        self.boot = boot
        self.locks = locks
        self._heard: dict[str, Heard] = {}
        self._held: dict[str, tuple[Word, Value]] = {}

    def __contains__(self, metric: str) -> bool:
        """Whether it was heard."""
        return metric in self._heard

    def hear(self, words: Iterable[Word]) -> None:
        """Take what was said at about the same time; the order matters only between live words about the same."""
        latest: dict[str, Word] = {}
        for each in words:
            if (known := latest.get(each.metric)) is None or each.live >= known.live:
                latest[each.metric] = each
        taken: list[tuple[Word, Value | None, bool]] = []
        read = {name: METRICS[name].read(each.text) for name, each in latest.items() if each.text is not None}
        if isinstance(beat := read.get(BEAT), float):
            self.boot.count(beat, latest[BEAT].at)
        for name, value in read.items():
            if value is not None and (part := METRICS[name].gives_away(value, live=latest[name].live)):
                self.boot.show(part)
        self.locks = self.locks or read.get(LOCKED) is True
        for name, each in latest.items():
            if (kept := self._sift(each, read.get(name))) is not None:
                taken.append(kept)
        taken.extend(self._released())
        self._stamp(taken)

    def _sift(self, said: Word, value: Value | None) -> tuple[Word, Value | None, bool] | None:
        """Return a word and whether it is news, unless it says nothing, or nothing yet."""
        metric = METRICS[said.metric]
        if value is None and said.text != "":  # garbage leaves what was known, an empty payload says that nothing is
            return None
        if value is not None and value == metric.silent:
            return None
        if value is not None and value == metric.default and not self._knows(said.metric, metric):
            self._held[said.metric] = said, value
            return None
        self._held.pop(said.metric, None)
        return self._take(said, value)

    def _released(self) -> list[tuple[Word, Value | None, bool]]:
        """Take what was held back and is believed now."""
        free = [name for name in self._held if self._knows(name, METRICS[name])]
        return [self._take(*self._held.pop(name)) for name in free]

    def _take(self, said: Word, value: Value | None) -> tuple[Word, Value | None, bool]:
        known = self._heard.get(said.metric)
        news = known is None or known.value != value
        stated_at = known.stated_at if known is not None else None
        self._heard[said.metric] = Heard(value, said.at, stated_at)
        return said, value, news

    def _stamp(self, taken: Iterable[tuple[Word, Value | None, bool]]) -> None:
        """Note which of the values were said by those who measure them."""
        speaking = {
            Speaker.MODULE: True,
            Speaker.SATELLITES: self.flag("v.p.gpslock") is True,
            Speaker.VEHICLE: any(self.flag(name) for name in _AWAKE),
        }
        for said, value, news in taken:
            if said.live and (news or speaking[METRICS[said.metric].speaker]):
                self._heard[said.metric] = Heard(value, said.at, said.at)

    def _knows(self, name: str, metric: Metric) -> bool:
        """Whether the module can know what it says of a metric when it says the default."""
        if name == LOCKED and not self.locks:
            return False  # older vehicles never report being locked, so "no" would mean nothing (§1.7)
        return metric.part is None or self.boot.knows(metric.part)

    def number(self, metric: str) -> float | None:
        """Return the value of a number."""
        value = self.value(metric)
        return value if isinstance(value, float) else None

    def flag(self, metric: str) -> bool | None:
        """Return the value of a flag."""
        value = self.value(metric)
        return value if isinstance(value, bool) else None

    def word(self, metric: str) -> str | None:
        """Return the value of a word."""
        value = self.value(metric)
        return value if isinstance(value, str) else None

    def numbers(self, metric: str) -> tuple[float | None, ...]:
        """Return the members of a list, none if it is unknown."""
        value = self.value(metric)
        return value if isinstance(value, tuple) else ()

    def stated_at(self, metric: str) -> datetime | None:
        """Return when the vehicle is known to have stood behind a value."""
        return heard.stated_at if (heard := self._heard.get(metric)) else None

    def times(self, group: Group) -> tuple[datetime, datetime | None] | None:
        """Return when a group was last heard, and when the vehicle last spoke of it; ``None`` if it never was."""
        heard = [self._heard[name] for name in _MEMBERS.get(group, ()) if name in self._heard]
        if not heard:
            return None
        stated = [each.stated_at for each in heard if each.stated_at is not None]
        return max(each.received_at for each in heard), max(stated, default=None)

    def value(self, metric: str) -> Value | None:
        """Return the value, of whatever kind it is."""
        return heard.value if (heard := self._heard.get(metric)) else None


_MEMBERS: Mapping[Group, tuple[str, ...]] = {
    group: tuple(name for name, metric in METRICS.items() if metric.group is group) for group in Group
}
