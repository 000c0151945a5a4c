"""Everything that must be remembered of a vehicle so that its owner is told what happens, once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..vehicle import Alert, AlertType, Detail, Notification, Origin, VehicleState
from .alert_rules import CHANGED, HORIZON, AlertContext, ConditionTracker, conditions, transitions
from .charge_end import CHARGE_ENDS, SAME_CAUSE, ChargeContext
from .position import Crossing, Geofence, GeofenceAction, ParkedPosition, Presence, Track, distance, fixed_at

_KEPT = 50
_KNOWN = 200
_CLOCK_ERROR = timedelta(days=1)
"""A clock that was further ahead when it was first listened would let nothing be new until then."""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert that was given, and whether we have noticed its cause ourselves, too."""

    alert: Alert
    noticed: bool


@dataclass(frozen=True, slots=True)
class SeenAlerts:
    """The newest alerts, whose cause may be told again."""

    told: tuple[SeenAlert, ...] = ()

    def admit(self, alert: Alert) -> tuple[SeenAlerts, bool]:
        """Return the book after an alert, and whether it is news.

        The cloud may send several messages about what we have told already. What we notice ourselves happens each time
        that we notice it, unless it explains a message.
        """
        if alert.type is AlertType.CLOUD_MESSAGE:
            return self, True
        ours = alert.origin is Origin.STATE
        same = [
            told
            for told in self.told
            if _cause(told.alert.type) is _cause(alert.type)
            and abs(told.alert.at - alert.at) <= SAME_CAUSE
            and not (ours and told.noticed)
        ]
        if not same:
            return SeenAlerts((*self.told, SeenAlert(alert, noticed=ours))[-_KEPT:]), True
        if not ours:
            return self, False
        return SeenAlerts(
            tuple(SeenAlert(each.alert, noticed=True) if each is same[0] else each for each in self.told)
        ), False


def _cause(kind: AlertType) -> AlertType:
    return AlertType.CHARGING_FINISHED if kind in CHARGE_ENDS else kind


@dataclass(frozen=True, slots=True)
class SeenNotifications:
    """When each message that is known was sent.

    ``since_at`` is when we began to listen, ``None`` before that, ``sources_at`` the same of each source by its name.
    """

    since_at: datetime | None = None
    sent_at: Mapping[str, datetime] = field(default_factory=dict)
    sources_at: Mapping[str, datetime] = field(default_factory=dict)

    def listening(self, source: str, at: datetime) -> SeenNotifications:
        """Return the feed that listens to a source: since ``at``, if it has not done so before."""
        if source in self.sources_at:
            return self
        return replace(self, since_at=self.since_at or at, sources_at={**self.sources_at, source: at})

    def after(
        self, messages: Iterable[Notification], now: datetime, source: str = ""
    ) -> tuple[SeenNotifications, tuple[Notification, ...]]:
        """Return the feed after a read, and the new messages, oldest first. What was there before us is not new."""
        unknown = {each.id: each for each in messages if each.id not in self.sent_at}
        begun = None if self.since_at is None else max(self.since_at, self.sources_at.get(source, self.since_at))
        if begun is not None and begun - now > _CLOCK_ERROR:
            return self._begun_anew(now).after(messages, now, source)
        new = [each for each in unknown.values() if begun is not None and _sent_at(each, now) >= begun]
        known = dict(self.sent_at) | {each.id: _sent_at(each, now) for each in unknown.values()}
        kept = sorted(known.items(), key=lambda item: item[1])
        since = now if self.since_at is None else self.since_at
        if len(kept) > _KNOWN:  # what is forgotten must not come back as new
            since = max(since, kept[-_KNOWN - 1][1] + timedelta.resolution)
        feed = replace(self, since_at=since, sent_at=dict(kept[-_KNOWN:]))
        return feed, tuple(sorted(new, key=lambda each: _sent_at(each, now)))

    def _begun_anew(self, now: datetime) -> SeenNotifications:
        return replace(self, since_at=now, sources_at={source: min(at, now) for source, at in self.sources_at.items()})


def _sent_at(message: Notification, now: datetime) -> datetime:
    return message.sent_at or now


_CROSSINGS = {Crossing.ENTERED: AlertType.ENTERED_AREA, Crossing.LEFT: AlertType.LEFT_AREA}


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedAlerts:
    """What was found too late to be reported one by one: how much of each type, the oldest, and the last summary."""

    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_at: datetime | None = None
    summed_up_at: datetime | None = None

    def after(self, alert: Alert) -> MissedAlerts:
        """Return it with one more."""
        counts = {**self.counts, alert.type: self.counts.get(alert.type, 0) + 1}
        return replace(self, counts=counts, oldest_at=min(self.oldest_at or alert.at, alert.at))

    def summary(self, now: datetime, unwanted: Iterable[AlertType] = ()) -> tuple[MissedAlerts, Alert | None]:
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
        return MissedAlerts(summed_up_at=now), Alert(type=AlertType.MISSED, at=now, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTracker:
    """What was seen so far. ``presences`` are by the areas' keys."""

    track: Track = Track()
    presences: Mapping[str, Presence] = field(default_factory=dict)
    anchor: ParkedPosition = ParkedPosition()
    watch: ConditionTracker = ConditionTracker()
    book: SeenAlerts = SeenAlerts()
    feed: SeenNotifications = SeenNotifications()
    missed: MissedAlerts = MissedAlerts()

    def after(
        self, before: VehicleState, view: AlertContext, fences: Iterable[Geofence]
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
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
        watch, come_true = placed.watch.after(conditions(seen))
        found = (*crossings, *transitions(before, seen), *come_true)

        def late(alert: Alert) -> bool:
            return alert.type in CHANGED and seen.found_late(before, CHANGED[alert.type])

        # What is not told does not stand for a message that says the same in other words.
        return replace(placed, watch=watch)._admitted((each for each in found if each.type not in view.unwanted), late)

    def inside(self, fence: Geofence) -> bool | None:
        """Whether the vehicle is in the area; ``None`` before its position was known."""
        presence = self.presences.get(fence.key)
        return presence.inside if presence is not None and presence.area == fence.area else None

    def distance(self, fence: Geofence) -> float | None:
        """Return the km to the centre of the area; ``None`` before the position was known."""
        return distance(fence.area, self.track.last) if self.track.last is not None else None

    def blocks_climate(self, fences: Iterable[Geofence]) -> bool:
        """Whether climate is not to be started where the vehicle is."""
        known = ((fence, self.inside(fence)) for fence in fences)
        return any(
            inside is not None and GeofenceAction.BLOCK_CLIMATE in fence.actions(inside=inside)
            for fence, inside in known
        )

    def after_messages(
        self,
        messages: Iterable[Notification],
        now: datetime,
        source: str = "",
        *,
        charge: ChargeContext = ChargeContext(),  # noqa: B008 - frozen
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
        """Return the lookout after a source's messages were read, and what they report that is new.

        Older ones than the horizon are counted as missed. ``charge`` is what the vehicle itself reports of a charge.
        """
        feed, new = self.feed.after(messages, now, source)
        return replace(self, feed=feed)._admitted(
            (_alert(message, message.sent_at or now, charge) for message in new),
            late=lambda alert: now - alert.at > HORIZON,
        )

    def summed_up(self, now: datetime, unwanted: Iterable[AlertType]) -> tuple[AlertTracker, Alert | None]:
        """Return the lookout after a summary of what was missed, if there is one to give."""
        missed, alert = self.missed.summary(now, unwanted)
        return replace(self, missed=missed), alert

    def _placed(self, state: VehicleState, fences: Iterable[Geofence]) -> tuple[AlertTracker, tuple[Alert, ...]]:
        if state.is_private:  # then nobody is to know where the vehicle was, either
            return replace(self, track=Track(), presences={}, anchor=ParkedPosition()), ()
        track, news = self.track.after(state.position)
        presences, alerts = {}, []
        for fence in fences:
            presence = self.presences.get(fence.key, Presence(area=fence.area))
            if track.last is not None and (news or self.inside(fence) is None):
                presence, crossing = presence.after(fence.area, track.last)
                if crossing is not None and GeofenceAction.ALERT in fence.actions(inside=crossing is Crossing.ENTERED):
                    alerts.append(Alert(type=_CROSSINGS[crossing], at=fixed_at(track.last), subject=fence.name))
            presences[fence.key] = presence
        anchor, moved = self.anchor.after(state, track.last)
        if moved is not None:
            alerts.append(moved)
        return replace(self, track=track, presences=presences, anchor=anchor), tuple(alerts)

    def _admitted(
        self, alerts: Iterable[Alert], late: Callable[[Alert], bool]
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
        """Leave out what was reported already, and only count what comes too late."""
        book, missed, news = self.book, self.missed, []
        for alert in alerts:
            book, is_news = book.admit(alert)
            if is_news and late(alert):
                missed = missed.after(alert)
            elif is_news:
                news.append(alert)
        return replace(self, book=book, missed=missed), tuple(news)


def _alert(message: Notification, at: datetime, charge: ChargeContext) -> Alert:
    details: dict[str, Detail] = {"title": message.title, "text": message.text}
    if message.alert in CHARGE_ENDS:
        details["level"] = charge.level_at(at)
    return Alert(type=charge.judged(message.alert, at), at=at, origin=Origin.MESSAGE, details=details)
