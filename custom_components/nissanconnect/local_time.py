"""Times that people give, which are in Home Assistant's zone if they name none, and times that they get."""

from datetime import datetime, timedelta

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN

_LONGEST_AHEAD = timedelta(days=365)


def local_time(at: datetime) -> str:
    """Return a time as actions show it: in ISO format, in local time with its offset, to the second."""
    return dt_util.as_local(at).isoformat(timespec="seconds")


def in_utc(at: datetime) -> datetime:
    """Return ``at`` in UTC; raises a translated error if the clocks skip it, or if it is in no known year."""
    try:
        found = dt_util.as_utc(at)
        if at.tzinfo is None and dt_util.as_local(found).replace(tzinfo=None) != at:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_does_not_exist")
    except OverflowError:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_too_far") from None
    return found


def future_time(at: datetime, now: datetime) -> datetime:
    """Return ``at`` in UTC; raises a translated error also if it is not after ``now``, or too long after it."""
    found = in_utc(at)
    if at.tzinfo is None and found <= now:
        found = in_utc(at.replace(fold=1))  # when clocks are put back, the same time comes a second time
    if found <= now:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_in_the_past")
    if found - now > _LONGEST_AHEAD:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_too_far")
    return found
