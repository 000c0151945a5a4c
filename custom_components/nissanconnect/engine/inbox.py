"""What has been told already: no message twice, and no cause twice that both we and the cloud noticed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..vehicle import Alert, AlertType, Notification, Origin
from .charge import CHARGE_ENDS, SAME_CAUSE

_KEPT = 50
_KNOWN = 200
_CLOCK_ERROR = timedelta(days=1)
"""A clock that was further ahead when it was first listened would let nothing be new until then."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that was given, and whether we have noticed its cause ourselves, too."""

    alert: Alert
    noticed: bool


@dataclass(frozen=True, slots=True)
class AlertBook:
    """The newest alerts, whose cause may be told again."""

    told: tuple[Told, ...] = ()

    def admit(self, alert: Alert) -> tuple[AlertBook, bool]:
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
            return AlertBook((*self.told, Told(alert, noticed=ours))[-_KEPT:]), True
        if not ours:
            return self, False
        return AlertBook(
            tuple(Told(each.alert, noticed=True) if each is same[0] else each for each in self.told)
        ), False


def _cause(kind: AlertType) -> AlertType:
    return AlertType.CHARGING_FINISHED if kind in CHARGE_ENDS else kind


@dataclass(frozen=True, slots=True)
class Feed:
    """When each message that is known was sent.

    ``since_at`` is when we began to listen, ``None`` before that, ``sources_at`` the same of each source by its name.
    """

    since_at: datetime | None = None
    sent_at: Mapping[str, datetime] = field(default_factory=dict)
    sources_at: Mapping[str, datetime] = field(default_factory=dict)

    def listening(self, source: str, at: datetime) -> Feed:
        """Return the feed that listens to a source: since ``at``, if it has not done so before."""
        if source in self.sources_at:
            return self
        return replace(self, since_at=self.since_at or at, sources_at={**self.sources_at, source: at})

    def after(
        self, messages: Iterable[Notification], now: datetime, source: str = ""
    ) -> tuple[Feed, tuple[Notification, ...]]:
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

    def _begun_anew(self, now: datetime) -> Feed:
        return replace(self, since_at=now, sources_at={source: min(at, now) for source, at in self.sources_at.items()})


def _sent_at(message: Notification, now: datetime) -> datetime:
    return message.sent_at or now
