"""When what we believe is too old to be shown."""

from datetime import datetime, timedelta

from ..vehicle import VehicleState

READ_LIMIT = timedelta(hours=3)
"""How long values stay while the source cannot be read: a cloud's bad evening should not blank a dashboard."""

RESTORED_LIMIT = timedelta(hours=24)
"""The same for values from before a restart, when nothing could be read since."""


def is_available(state: VehicleState, now: datetime, *, reading: bool, restored: bool) -> bool:
    """Whether the state may be shown.

    ``reading`` tells that the last read worked, ``restored`` that none has since the last restart.
    """
    if reading:
        return True
    limit = RESTORED_LIMIT if restored else READ_LIMIT
    return state.last_read is not None and now - state.last_read < limit
