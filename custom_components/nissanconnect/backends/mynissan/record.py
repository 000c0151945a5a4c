"""What is remembered of one vehicle: its profile, when what was requested, and what the endpoints reported."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from ...vehicle import NEVER, BackendError, Charging, Group, Reported, VehicleState
from ..base import Json
from ..learned import LearnedState
from ..mapping import LEVEL, fill_gaps, known
from ..reader import JsonReader, saved_time
from .discovery import VehicleProfile
from .endpoints import CHARGE_LIMIT, DAILY, ENDPOINTS, Endpoint
from .mapping import stamp

_AFTER_COMMAND = timedelta(minutes=5)
"""For how long after a command each read requests what the command may have changed."""

_OWN_REQUESTS = 100
"""How many of our own commands are remembered, to tell them from those of the phone app."""

DISCOVERY = "knowledge"
"""The name under which is kept when the abilities of a vehicle were last discovered."""

_DAILY = {DISCOVERY, *(endpoint.name for endpoint in ENDPOINTS if endpoint.every >= DAILY)}


class GroupMerger:
    """Merges the reports of several endpoints into one of each group.

    A reported group replaces the previous one as a whole. So what a response leaves out is taken from the one before:
    a number that came in the wrong form must not make the battery disappear (mynissan-na §5).
    """

    def __init__(self) -> None:
        self.reports: defaultdict[Group, dict[str, Reported]] = defaultdict(dict)
        self._changed: set[Group] = set()

    def add(self, endpoint: str, state: VehicleState, *, lasting: bool) -> None:
        """Add a report of an endpoint. If it is ``lasting``, values that it leaves out stay as they were."""
        for group, report in state.groups().items():
            older = self.reports[group].get(endpoint) if lasting else None
            self.reports[group][endpoint] = fill_gaps(report, older)
            self._changed.add(group)

    def take(self) -> VehicleState:
        """Return the groups that were added to since the last time, each as one."""
        changed, self._changed = self._changed, set()
        return VehicleState.of(*(known(_merged(*self.reports[group].values())) for group in Group if group in changed))


def _merged(*reports: Reported) -> Reported:
    """Return the vehicle's newest report, with what it leaves out taken from the others."""
    newest, *older = sorted(reports, key=lambda report: (report.reported_at or NEVER, report.received_at), reverse=True)
    for report in older:
        newest = fill_gaps(newest, report)
    return replace(newest, received_at=max(report.received_at for report in reports))


@dataclass(slots=True)
class VehicleRecord:
    """What is remembered of one vehicle.

    ``responses`` are the times when the vehicle was last discovered and when endpoints last responded. Those of what is
    requested once a day survive a restart; the others are lost, like the reports. ``commands`` are the times when a
    command about a group was sent, ``own_requests`` the ids of commands sent from here.
    """

    profile: VehicleProfile = VehicleProfile()
    responses: dict[str, datetime] = field(default_factory=dict)
    commands: dict[Group, datetime] = field(default_factory=dict)
    own_requests: deque[str] = field(default_factory=lambda: deque(maxlen=_OWN_REQUESTS))
    learned: LearnedState = field(default_factory=LearnedState)
    merger: GroupMerger = field(default_factory=GroupMerger)

    def update_profile(self, profile: VehicleProfile) -> None:
        """Replace the profile. With other services, refused endpoints are worth another try."""
        if self.profile.services != profile.services:
            self.learned.forget_refusals()
        self.profile = profile

    def is_due(self, name: str, every: timedelta, now: datetime, groups: Iterable[Group] = ()) -> bool:
        """Whether to request ``name``: once within ``every`` at most, or after a command about its ``groups``."""
        if self.learned.is_refused(name, now):
            return False
        if every < DAILY and any(now - self.commands.get(group, NEVER) < _AFTER_COMMAND for group in groups):
            return True
        last = self.responses.get(name)
        return last is None or now < last or now - last >= every  # a clock that was set back starts anew

    def add_report(
        self, endpoint: Endpoint[Any], state: VehicleState, missing: Mapping[str, BackendError], now: datetime
    ) -> None:
        """Add what an endpoint reported, and what is ``missing`` in its response."""
        if endpoint.every and missing and not state.groups():
            # Nothing was reported, but that is no reason to request it at each read either.
            self.learned.record_refusal(endpoint.name, now, next(iter(missing.values())))
        else:
            self.responses[endpoint.name] = now
        if state.groups():
            self.learned.record_success(endpoint.name)
        self.merger.add(endpoint.name, state, lasting=endpoint.lasting)

    def forget_refusals(self) -> None:
        """Make everything worth a request at once that is otherwise requested once a day."""
        for name in _DAILY:
            self.responses.pop(name, None)
        self.learned.forget_refusals()

    def to_json(self) -> dict[str, Json]:
        """Return what survives a restart. The names are those of the first version.

        The charge limit is part of it, because the rest of its group is reported without it.
        """
        charging = self.merger.reports[Group.CHARGING].get(CHARGE_LIMIT.name)
        return {
            "knowledge": self.profile.to_json(),
            "asked": {name: at.isoformat() for name, at in self.responses.items() if name in _DAILY},
            "answered": [*sorted(self.learned.working)],
            "ours": [*self.own_requests],
            "limit": charging.limit if isinstance(charging, Charging) else None,
        }

    @classmethod
    def from_json(cls, saved: Json, now: datetime) -> Self:
        """Read what :meth:`to_json` wrote; damaged values are left out."""
        values = JsonReader.of(saved)
        times = {name: saved_time(at) for name, at in values.child("asked").values.items() if name in _DAILY}
        record = cls(
            profile=VehicleProfile.from_json(values.get("knowledge")),
            responses={name: at for name, at in times.items() if at is not None and at <= now},
            own_requests=deque(values.texts("ours"), maxlen=_OWN_REQUESTS),
            learned=LearnedState({*values.texts("answered")}),
        )
        if (limit := values.quantity("limit", LEVEL)) is not None:
            charging = VehicleState(charging=Charging(**stamp(now), limit=limit))
            record.merger.add(CHARGE_LIMIT.name, charging, lasting=False)
            record.merger.take()  # it fills gaps of others, but is no report by itself
        return record
