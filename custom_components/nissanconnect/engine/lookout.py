"""Everything that must be remembered of a vehicle so that its owner is told what happens, once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..vehicle import Alert, AlertType, Detail, Notification, Origin, VehicleState
from .alerts import CHANGED, HORIZON, View, Watch, standing, transitions
from .charge import CHARGE_ENDS, ChargeFacts
from .geodesy import distance
from .geofence import Crossing, Fence, FenceAction, Presence
from .inbox import AlertBook, Feed
from .movement import Anchor
from .track import Track, fixed_at

_CROSSINGS = {Crossing.ENTERED: AlertType.ENTERED_AREA, Crossing.LEFT: AlertType.LEFT_AREA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What was found too late to be reported one by one: how much of each type, the oldest, and the last summary."""

    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_at: datetime | None = None
    summed_up_at: datetime | None = None

    def after(self, alert: Alert) -> Missed:
        """Return it with one more."""
        counts = {**self.counts, alert.type: self.counts.get(alert.type, 0) + 1}
        return replace(self, counts=counts, oldest_at=min(self.oldest_at or alert.at, alert.at))

    def summary(self, now: datetime, unwanted: Iterable[AlertType] = ()) -> tuple[Missed, Alert | None]:
        """Return what is left, and an alert that sums it up if there is anything: never two within the horizon."""
        if self.oldest_at is None or (self.summed_up_at and timedelta() <= now - self.summed_up_at < HORIZON):
            return self, None
        wanted = {kind: count for kind, count in self.counts.items() if kind not in {*unwanted}}
        if not wanted:
            return replace(self, counts={}, oldest_at=None), None
        details: dict[str, Detail] = {
            "count": sum(wanted.values()),
            "since": self.oldest_at.isoformat(),
            "types": tuple(sorted(wanted)),
        }
        return Missed(summed_up_at=now), Alert(type=AlertType.MISSED, at=now, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """What was seen so far. ``presences`` are by the areas' keys."""

    track: Track = Track()
    presences: Mapping[str, Presence] = field(default_factory=dict)
    anchor: Anchor = Anchor()
    watch: Watch = Watch()
    book: AlertBook = AlertBook()
    feed: Feed = Feed()
    missed: Missed = Missed()

    def after(self, before: VehicleState, view: View, fences: Iterable[Fence]) -> tuple[Lookout, tuple[Alert, ...]]:
        """Return the lookout after a read that turned ``before`` into the state of ``view``, and what has happened.

        ``view.inside`` is filled in here. What happened beyond the horizon is counted as missed; what has come to be so
        and still is, is not.
        """
        drawn = tuple(fences)
        state = view.state
        placed, crossings = self._placed(state, drawn)
        seen = replace(
            view, inside=tuple((fence, inside) for fence in drawn if (inside := placed.inside(fence)) is not None)
        )
        watch, come_true = placed.watch.after(standing(seen))
        found = (*crossings, *transitions(before, seen), *come_true)

        def late(alert: Alert) -> bool:
            return alert.type in CHANGED and seen.found_late(before, CHANGED[alert.type])

        # What is not told does not stand for a message that says the same in other words.
        return replace(placed, watch=watch)._admitted((each for each in found if each.type not in view.unwanted), late)

    def inside(self, fence: Fence) -> bool | None:
        """Whether the vehicle is in the area; ``None`` before its position was known."""
        presence = self.presences.get(fence.key)
        return presence.inside if presence is not None and presence.area == fence.area else None

    def distance(self, fence: Fence) -> float | None:
        """Return the km to the centre of the area; ``None`` before the position was known."""
        return distance(fence.area, self.track.last) if self.track.last is not None else None

    def blocks_climate(self, fences: Iterable[Fence]) -> bool:
        """Whether climate is not to be started where the vehicle is."""
        known = ((fence, self.inside(fence)) for fence in fences)
        return any(
            inside is not None and FenceAction.BLOCK_CLIMATE in fence.actions(inside=inside) for fence, inside in known
        )

    def after_messages(
        self,
        messages: Iterable[Notification],
        now: datetime,
        source: str = "",
        *,
        charge: ChargeFacts = ChargeFacts(),  # noqa: B008 - frozen
    ) -> tuple[Lookout, tuple[Alert, ...]]:
        """Return the lookout after a source's messages were read, and what they report that is new.

        Older ones than the horizon are counted as missed. ``charge`` is what the vehicle itself reports of a charge.
        """
        feed, new = self.feed.after(messages, now, source)
        return replace(self, feed=feed)._admitted(
            (_alert(message, message.sent_at or now, charge) for message in new),
            late=lambda alert: now - alert.at > HORIZON,
        )

    def summed_up(self, now: datetime, unwanted: Iterable[AlertType]) -> tuple[Lookout, Alert | None]:
        """Return the lookout after a summary of what was missed, if there is one to give."""
        missed, alert = self.missed.summary(now, unwanted)
        return replace(self, missed=missed), alert

    def _placed(self, state: VehicleState, fences: Iterable[Fence]) -> tuple[Lookout, tuple[Alert, ...]]:
        if state.is_private:  # then nobody is to know where the vehicle was, either
            return replace(self, track=Track(), presences={}, anchor=Anchor()), ()
        track, news = self.track.after(state.position)
        presences, alerts = {}, []
        for fence in fences:
            presence = self.presences.get(fence.key, Presence(area=fence.area))
            if track.last is not None and (news or self.inside(fence) is None):
                presence, crossing = presence.after(fence.area, track.last)
                if crossing is not None and FenceAction.ALERT in fence.actions(inside=crossing is Crossing.ENTERED):
                    alerts.append(Alert(type=_CROSSINGS[crossing], at=fixed_at(track.last), subject=fence.name))
            presences[fence.key] = presence
        anchor, moved = self.anchor.after(state, track.last)
        if moved is not None:
            alerts.append(moved)
        return replace(self, track=track, presences=presences, anchor=anchor), tuple(alerts)

    def _admitted(self, alerts: Iterable[Alert], late: Callable[[Alert], bool]) -> tuple[Lookout, tuple[Alert, ...]]:
        """Leave out what was reported already, and only count what comes too late."""
        book, missed, news = self.book, self.missed, []
        for alert in alerts:
            book, is_news = book.admit(alert)
            if is_news and late(alert):
                missed = missed.after(alert)
            elif is_news:
                news.append(alert)
        return replace(self, book=book, missed=missed), tuple(news)


def _alert(message: Notification, at: datetime, charge: ChargeFacts) -> Alert:
    details: dict[str, Detail] = {"title": message.title, "text": message.text}
    if message.alert in CHARGE_ENDS:
        details["level"] = charge.level_at(at)
    return Alert(type=charge.judged(message.alert, at), at=at, origin=Origin.MESSAGE, details=details)
