"""The vehicle's charge timer: recurring hours, each kept by the service under an id (mynissan-na §4)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from pynissan import (
    ChargeSchedule as Entry,
    ChargeScheduleInput,
    NissanClient,
    ServiceRequest,
    WeekDay,
)

from ...vehicle import ChargeMode, ChargeSchedule, Schedules, VehicleState
from .values import is_on, minutes_of, stamp

type Request = Callable[[NissanClient], Awaitable[ServiceRequest]]

_DAYS = (
    WeekDay.MONDAY,
    WeekDay.TUESDAY,
    WeekDay.WEDNESDAY,
    WeekDay.THURSDAY,
    WeekDay.FRIDAY,
    WeekDay.SATURDAY,
    WeekDay.SUNDAY,
)


def timer_of(entries: Sequence[Entry], now: datetime, zone: tzinfo) -> VehicleState:
    """Return whether the vehicle keeps to a timer: it does if any entry is switched on, and to which if one is."""
    states = {is_on(entry.state) for entry in entries}
    mode = ChargeMode.SCHEDULED if True in states else None if None in states else ChargeMode.ALWAYS
    if mode is None:
        return VehicleState()
    on = [entry for entry in entries if is_on(entry.state)]
    schedule = _schedule(on[0], zone) if len(on) == 1 else None
    return VehicleState(schedules=Schedules(**stamp(now), charge_mode=mode, charging=schedule))


def changes(
    vin: str, wanted: ChargeSchedule | None, entries: Sequence[Entry], now: datetime, zone: tzinfo
) -> list[Request]:
    """Return what to ask so that ``wanted`` is the only entry that is switched on; the last is the one that decides.

    The owner's other entries are switched off and not deleted. The first that is there takes the new hours, so that
    the vehicle's list does not fill up.
    """
    if wanted is None:
        return [_switch_off(vin, entry) for entry in entries if is_on(entry.state) is not False]
    hours = _hours(wanted, now, zone)
    if not entries:
        return [lambda client: client.async_create_charge_schedule(vin, hours)]
    first, *others = sorted(entries, key=lambda entry: is_on(entry.state) is not True)
    requests = [_switch_off(vin, entry) for entry in others if is_on(entry.state) is not False]
    if is_on(first.state) is not True:
        requests.append(lambda client: client.async_toggle_charge_schedule(vin, first.id, enabled=True))
    return [*requests, lambda client: client.async_update_charge_schedule(vin, first.id, hours)]


def _switch_off(vin: str, entry: Entry) -> Request:
    return lambda client: client.async_toggle_charge_schedule(vin, entry.id, enabled=False)


def _schedule(entry: Entry, zone: tzinfo) -> ChargeSchedule | None:
    """Return an entry by the clocks of ``zone``; the length of its hours may be missing or make no sense."""
    days = tuple(number for number, day in enumerate(_DAYS) if day in entry.week_days)
    minutes = minutes_of(entry.duration)
    if not days or minutes is None or not 0 < minutes <= 24 * 60:
        return None
    start = entry.start_date_time.astimezone(zone).replace(second=0, microsecond=0)
    end = start.replace(tzinfo=None) + timedelta(minutes=minutes)  # by the clock, whatever it does that night
    return ChargeSchedule(start.time(), end.time(), days)


def _hours(wanted: ChargeSchedule, now: datetime, zone: tzinfo) -> ChargeScheduleInput:
    """Return the hours as the service takes them: from a first start that lies ahead, by the clocks of ``zone``."""
    local = now.astimezone(zone)
    start = datetime.combine(local.date(), wanted.charge_from, zone)
    while start <= local or start.weekday() not in wanted.days:
        start = datetime.combine(start.date() + timedelta(days=1), wanted.charge_from, zone)
    hours, rest = divmod(int(wanted.duration.total_seconds()), 3600)
    duration = f"PT{hours}H" if hours else "PT"
    duration += f"{rest // 60}M" if rest else ""
    return ChargeScheduleInput(start, duration, tuple(_DAYS[day] for day in wanted.days))
