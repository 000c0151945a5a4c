"""Everything that must be remembered of a vehicle so that its owner is told what happens, once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..vehicle import Alert, AlertType, Notification, Origin, VehicleState
from .alerts import View, Watch, standing, transitions
from .geodesy import distance
from .geofence import Crossing, Fence, FenceAction, Presence
from .inbox import AlertBook, Feed
from .movement import Anchor
from .track import Track, fixed_at

_CROSSINGS = {Crossing.ENTERED: AlertType.ENTERED_AREA, Crossing.LEFT: AlertType.LEFT_AREA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """What was seen so far. ``presences`` are by the areas' keys."""

    track: Track = Track()
    presences: Mapping[str, Presence] = field(default_factory=dict)
    anchor: Anchor = Anchor()
    watch: Watch = Watch()
    book: AlertBook = AlertBook()
    feed: Feed = Feed()

    def after(self, before: VehicleState, view: View, fences: Iterable[Fence]) -> tuple[Lookout, tuple[Alert, ...]]:
        """Return the lookout after a read that turned ``before`` into the state of ``view``, and what has happened.

        ``view.inside`` is filled in here.
        """
        drawn = tuple(fences)
        state = view.state
        placed, crossings = self._placed(state, drawn)
        seen = replace(
            view, inside=tuple((fence, inside) for fence in drawn if (inside := placed.inside(fence)) is not None)
        )
        watch, come_true = placed.watch.after(standing(seen))
        found = (*crossings, *transitions(before, seen), *come_true)
        # What is not told does not stand for a message that says the same in other words.
        return replace(placed, watch=watch)._admitted(each for each in found if each.type not in view.unwanted)

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
        self, messages: Iterable[Notification], now: datetime, source: str = ""
    ) -> tuple[Lookout, tuple[Alert, ...]]:
        """Return the lookout after a source's messages were read, and what they tell that is new."""
        feed, new = self.feed.after(messages, now, source)
        told = (
            Alert(
                type=message.alert,
                at=message.sent_at or now,
                origin=Origin.MESSAGE,
                details={"title": message.title, "text": message.text},
            )
            for message in new
        )
        return replace(self, feed=feed)._admitted(told)

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

    def _admitted(self, alerts: Iterable[Alert]) -> tuple[Lookout, tuple[Alert, ...]]:
        """Leave out what has been told."""
        book, news = self.book, []
        for alert in alerts:
            book, is_news = book.admit(alert)
            if is_news:
                news.append(alert)
        return replace(self, book=book), tuple(news)
