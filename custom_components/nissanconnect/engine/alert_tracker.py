"""The persistent alert state of one vehicle: raises each alert once.

Alerts are de-duplicated by the id of a notification, and by cause if both we and the cloud have noticed it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..vehicle import Alert, AlertOrigin, AlertType, Detail, Notification, VehicleState
from .alert_rules import (
    CHANGED,
    CHARGE_ENDS,
    HORIZON,
    SAME_CAUSE,
    AlertCondition,
    AlertContext,
    ChargeContext,
    conditions,
    transitions,
)
from .health_tracker import HealthTracker
from .position import Geofence, GeofenceAction, ParkedPosition, Presence, Track, distance

_KEPT = 50
_KNOWN = 200
_CLOCK_ERROR = timedelta(days=1)
"""If the clock was further ahead at the first read, nothing would be new until then."""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert that was raised, and whether we have noticed its cause ourselves as well."""

    alert: Alert
    noticed: bool


@dataclass(frozen=True, slots=True)
class SeenAlerts:
    """The newest alerts, whose cause may be reported again."""

    told: tuple[SeenAlert, ...] = ()

    def admit(self, alert: Alert) -> tuple[SeenAlerts, bool]:
        """Return the seen alerts after one more, and whether that one is new.

        The cloud may send several messages about an event that has raised its alert already. An event that we notice
        ourselves is new each time, unless it explains a message.
        """
        if alert.type is AlertType.CLOUD_MESSAGE:
            return self, True
        ours = alert.origin is AlertOrigin.STATE
        same = [
            seen
            for seen in self.told
            if _cause(seen.alert.type) is _cause(alert.type)
            and abs(seen.alert.at - alert.at) <= SAME_CAUSE
            and not (ours and seen.noticed)
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
    """When each known notification was sent.

    ``since_at`` is when they were first read, ``None`` before that; ``sources_at`` is the same for each source by name.
    """

    since_at: datetime | None = None
    sent_at: Mapping[str, datetime] = field(default_factory=dict)
    sources_at: Mapping[str, datetime] = field(default_factory=dict)

    def after(
        self, messages: Iterable[Notification], now: datetime, source: str, listening_since: datetime
    ) -> tuple[SeenNotifications, tuple[Notification, ...]]:
        """Return this after a read of a source, and the new notifications, oldest first.

        The notifications of a source count from when it was listened to first.
        """
        since = self.since_at or listening_since
        sources_at = {**self.sources_at, source: self.sources_at.get(source, listening_since)}
        begun = max(since, sources_at[source])
        if begun - now > _CLOCK_ERROR:
            since = begun = now
            sources_at = {name: min(at, now) for name, at in sources_at.items()}
        unknown = {each.id: each for each in messages if each.id not in self.sent_at}
        sent_at = {id_: each.sent_at or now for id_, each in unknown.items()}
        new = [each for each in unknown.values() if sent_at[each.id] >= begun]
        kept = sorted({**self.sent_at, **sent_at}.items(), key=lambda item: item[1])
        if len(kept) > _KNOWN:  # a forgotten one must not come back as new
            since = max(since, kept[-_KNOWN - 1][1] + timedelta.resolution)
        seen = SeenNotifications(since, dict(kept[-_KNOWN:]), sources_at)
        return seen, tuple(sorted(new, key=lambda each: sent_at[each.id]))


@dataclass(frozen=True, slots=True)
class ConditionTracker:
    """Which conditions held last; for those with a quiet time, when and at which value they raised an alert."""

    standing: Mapping[str, bool] = field(default_factory=dict)
    reported_at: Mapping[str, datetime] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)

    def after(self, found: Iterable[AlertCondition]) -> tuple[ConditionTracker, tuple[Alert, ...]]:
        """Return the tracker after an evaluation, and the alerts of the conditions that have begun to hold.

        Conditions that are missing are forgotten. Those of one type that begin together, like two doors, are one alert.
        """
        evaluated = tuple(found)
        new = [each for each in evaluated if self._is_new(each)]
        holding = ((each.key, self.standing.get(each.key) if each.holds is None else each.holds) for each in evaluated)
        quiet = [each for each in new if each.quiet]
        tracker = ConditionTracker(
            {key: holds for key, holds in holding if holds is not None},
            {**self.reported_at, **{each.key: each.alert.at for each in quiet}},
            {**self.values, **{each.key: each.value for each in quiet if each.value is not None}},
        )
        alerts = dict[AlertType, Alert]()
        for each in new:
            known = alerts.get(each.alert.type)
            alerts[each.alert.type] = each.alert if known is None else _joined(known, each.alert)
        return tracker, tuple(alerts.values())

    def _is_new(self, found: AlertCondition) -> bool:
        was, reported_at = self.standing.get(found.key), self.reported_at.get(found.key)
        if not found.holds or was is True or (was is None and not found.at_once):
            return False
        if reported_at is None or abs(found.alert.at - reported_at) >= found.quiet:
            return True
        return found.value is not None and found.value < self.values.get(found.key, found.value)


def _joined(one: Alert, other: Alert) -> Alert:
    """Join two alerts of one type: all subjects if there are any, otherwise the later stage."""
    subjects = (*one.subjects, *other.subjects)
    if not subjects:
        return other
    pressures = [value for each in (one, other) if isinstance(value := each.details.get("pressure"), float | int)]
    lowest = {"pressure": min(pressures)} if pressures else {}
    return replace(
        other,
        at=max(one.at, other.at),
        subject=", ".join(subjects),
        details={**one.details, **other.details, **lowest, "subjects": subjects},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedAlerts:
    """Alerts that were found too late to be raised one by one: counts by type, the oldest, and the last summary."""

    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_at: datetime | None = None
    summed_up_at: datetime | None = None

    def after(self, alert: Alert) -> MissedAlerts:
        """Count one more."""
        counts = {**self.counts, alert.type: self.counts.get(alert.type, 0) + 1}
        return replace(self, counts=counts, oldest_at=min(self.oldest_at or alert.at, alert.at))

    def summary(self, now: datetime, unwanted: Iterable[AlertType] = ()) -> tuple[MissedAlerts, Alert | None]:
        """Return what is left, and a summary if there is anything to report: never two within the horizon."""
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
    """All that was seen so far. ``presences`` are by the keys of the geofences."""

    track: Track = Track()
    presences: Mapping[str, Presence] = field(default_factory=dict)
    anchor: ParkedPosition = ParkedPosition()
    watch: ConditionTracker = ConditionTracker()
    health: HealthTracker = HealthTracker()
    book: SeenAlerts = SeenAlerts()
    feed: SeenNotifications = SeenNotifications()
    missed: MissedAlerts = MissedAlerts()

    def after(
        self, before: VehicleState, context: AlertContext, geofences: Collection[Geofence]
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
        """Return the tracker after an update from ``before`` to the state of ``context``, and the new alerts.

        ``context.lock_reminder`` is filled in here. Events longer ago than the horizon are counted as missed.
        Conditions that have begun to hold, and still do, are raised however long ago they began.
        """
        located, crossings = self._located(context.state, geofences)
        reminding = located._acting(geofences, GeofenceAction.LOCK_REMINDER)
        seen = replace(context, lock_reminder=next((each.name for each in reminding), None))
        watch, begun = located.watch.after(conditions(seen))
        health, dropped = located.health.after(context.healths)
        found = (*crossings, *transitions(before, seen), *begun, *dropped)

        def late(alert: Alert) -> bool:
            return alert.type in CHANGED and seen.found_late(before, CHANGED[alert.type])

        # An alert that is switched off must not hide a message about the same event.
        wanted = (each for each in found if each.type not in context.unwanted)
        return replace(located, watch=watch, health=health)._admitted(wanted, late)

    def inside(self, geofence: Geofence) -> bool | None:
        """Whether the vehicle is inside a geofence; ``None`` before its position was known."""
        presence = self.presences.get(geofence.key)
        return presence.inside if presence is not None and presence.area == geofence.area else None

    def distance(self, geofence: Geofence) -> float | None:
        """Return the km to the centre of a geofence; ``None`` before the position was known."""
        return distance(geofence.area, self.track.last) if self.track.last is not None else None

    def blocks_climate(self, geofences: Iterable[Geofence]) -> bool:
        """Whether a geofence blocks climate where the vehicle is."""
        return any(self._acting(geofences, GeofenceAction.BLOCK_CLIMATE))

    def _acting(self, geofences: Iterable[Geofence], action: GeofenceAction) -> Iterator[Geofence]:
        """Yield the geofences that want ``action`` where the vehicle is."""
        for each in geofences:
            if (inside := self.inside(each)) is not None and action in each.actions(inside=inside):
                yield each

    def after_messages(
        self,
        messages: Iterable[Notification],
        now: datetime,
        source: str,
        listening_since: datetime,
        *,
        charge: ChargeContext = ChargeContext(),  # noqa: B008 - frozen
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
        """Return the tracker after a source's notifications were read, and the new alerts.

        Only those count that were sent since the source was listened to first; it is ``listening_since`` if it is new.
        Notifications older than the horizon are counted as missed. ``charge`` is what the vehicle itself reports about
        a charge.
        """
        feed, new = self.feed.after(messages, now, source, listening_since)
        return replace(self, feed=feed)._admitted(
            (_alert(message, message.sent_at or now, charge) for message in new),
            late=lambda alert: now - alert.at > HORIZON,
        )

    def summed_up(self, now: datetime, unwanted: Iterable[AlertType]) -> tuple[AlertTracker, Alert | None]:
        """Return the tracker after a summary of missed alerts, and that summary if there is one."""
        missed, alert = self.missed.summary(now, unwanted)
        return replace(self, missed=missed), alert

    def _located(self, state: VehicleState, geofences: Iterable[Geofence]) -> tuple[AlertTracker, tuple[Alert, ...]]:
        if state.is_private:  # nobody may know where the vehicle was, either
            return replace(self, track=Track(), presences={}, anchor=ParkedPosition()), ()
        track, is_new = self.track.after(state.position)
        presences, alerts = {}, []
        for geofence in geofences:
            presence = self.presences.get(geofence.key, Presence(area=geofence.area))
            if track.last is not None and (is_new or self.inside(geofence) is None):
                presence, crossing = presence.after(geofence.area, track.last)
                wanted = GeofenceAction.ALERT in geofence.actions(inside=crossing is AlertType.ENTERED_AREA)
                if crossing is not None and wanted:
                    alerts.append(Alert(type=crossing, at=track.last.known_at, subject=geofence.name))
            presences[geofence.key] = presence
        anchor, moved = self.anchor.after(state, track.last)
        if moved is not None:
            alerts.append(moved)
        return replace(self, track=track, presences=presences, anchor=anchor), tuple(alerts)

    def _admitted(
        self, alerts: Iterable[Alert], late: Callable[[Alert], bool]
    ) -> tuple[AlertTracker, tuple[Alert, ...]]:
        """Leave out alerts that were raised already, and only count late ones."""
        book, missed, new = self.book, self.missed, list[Alert]()
        for alert in alerts:
            book, is_new = book.admit(alert)
            if is_new and late(alert):
                missed = missed.after(alert)
            elif is_new:
                new.append(alert)
        return replace(self, book=book, missed=missed), tuple(new)


def _alert(message: Notification, at: datetime, charge: ChargeContext) -> Alert:
    details: dict[str, Detail] = {"title": message.title, "text": message.text}
    if message.alert in CHARGE_ENDS:
        details["level"] = charge.level_at(at)
    return Alert(type=charge.judged(message.alert, at), at=at, origin=AlertOrigin.MESSAGE, details=details)
