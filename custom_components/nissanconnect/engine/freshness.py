"""When what we believe is too old to be shown.

What is as far ahead was read by a clock that was wrong, and would never become old.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from ..vehicle import Group, Reported, VehicleState

READ_LIMIT = timedelta(hours=3)
"""How long values stay while the source cannot be read: a cloud's bad evening should not blank a dashboard."""

RESTORED_LIMIT = timedelta(hours=24)
"""The same for values from before a restart, when nothing could be read since."""


_LISTED = frozenset({Group.PRIVACY, Group.SUBSCRIPTION})
"""What the list of an account's vehicles says even of one that answers nothing."""

_SELDOM: Mapping[Group, timedelta] = {
    **dict.fromkeys((Group.HEALTH, Group.SCHEDULES, Group.TYRES), timedelta(hours=6)),
    **dict.fromkeys((Group.SOFTWARE, *_LISTED), timedelta(hours=24)),
}
"""How long apart answers about a group may be although it is read whenever it is asked for."""


def own_groups(state: VehicleState) -> dict[Group, Reported]:
    """Return what is known of the vehicle itself, without what lists say of it."""
    return {group: value for group, value in state.groups().items() if group not in _LISTED}


def is_available(state: VehicleState, now: datetime, *, reading: bool, restored: bool) -> bool:
    """Whether anything of the vehicle may be shown.

    ``reading``: the last read brought something, ``restored``: none could be made since the last restart.
    """
    if reading:
        return True
    limit = RESTORED_LIMIT if restored else READ_LIMIT
    return any(abs(now - value.received_at) < limit for value in own_groups(state).values())


def outdated(state: VehicleState, missing: Collection[Group], now: datetime, *, restored: bool) -> frozenset[Group]:
    """Return which groups of one source are not to be shown any more.

    ``missing`` are those that it did not report when it was last asked for them. How long they stay counts from the
    last answer, whichever run that was in; ``restored`` as above.
    """
    limit, groups = RESTORED_LIMIT if restored else READ_LIMIT, state.groups()
    return frozenset(
        group
        for group in missing
        if group in groups and abs(now - groups[group].received_at) >= limit + _SELDOM.get(group, timedelta())
    )
