"""The state of a vehicle, made of groups of values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self, get_args, get_type_hints

from .charging import ChargeMode, ChargingStatus
from .groups import (
    AuxBattery,
    Battery,
    Body,
    Charging,
    Climate,
    Connectivity,
    Counters,
    Fuel,
    Group,
    Health,
    Odometer,
    Position,
    Privacy,
    Reported,
    Schedules,
    Software,
    Subscription,
    Tyres,
)


class _Derived:
    """The cache of :class:`VehicleState`. It is not a field, so it is never compared."""

    __slots__ = ("_groups",)
    _groups: MappingProxyType[Group, Reported]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleState(_Derived):
    """All groups of one vehicle, from one source or merged."""

    battery: Battery | None = None
    charging: Charging | None = None
    counters: Counters | None = None
    climate: Climate | None = None
    body: Body | None = None
    position: Position | None = None
    odometer: Odometer | None = None
    fuel: Fuel | None = None
    tyres: Tyres | None = None
    aux_battery: AuxBattery | None = None
    health: Health | None = None
    connectivity: Connectivity | None = None
    privacy: Privacy | None = None
    subscription: Subscription | None = None
    schedules: Schedules | None = None
    software: Software | None = None

    @classmethod
    def of(cls, *groups: Reported | None) -> Self:
        """Build a state from groups; the type of each determines its field."""
        known: dict[str, Any] = {_PLACES[type(group)]: group for group in groups if group is not None}
        return cls(**known)

    def groups(self) -> MappingProxyType[Group, Reported]:
        """Return the known groups."""
        try:
            return self._groups
        except AttributeError:
            found = ((group, getattr(self, group)) for group in Group)
            known = MappingProxyType({group: value for group, value in found if value is not None})
            object.__setattr__(self, "_groups", known)
            return known

    def only(self, groups: Collection[Group]) -> Self:
        """Return the state of these groups."""
        return self.of(*(value for group, value in self.groups().items() if group in groups))

    @property
    def report_times(self) -> dict[Group, datetime]:
        """When the vehicle reported each group by its own clock, if the source states it."""
        return {group: value.reported_at for group, value in self.groups().items() if value.reported_at is not None}

    def without_past_forecasts(self, now: datetime) -> Self:
        """Return the state without forecasts of times before ``now``: whether those have come true is unknown."""
        charging, climate = self.charging, self.climate
        if charging is not None and charging.finish_at is not None and charging.finish_at <= now:
            charging = replace(charging, finish_at=None)
        if climate is not None and climate.next_start_at is not None and climate.next_start_at <= now:
            climate = replace(climate, next_start_at=None)
        if charging is self.charging and climate is self.climate:
            return self
        return replace(self, charging=charging, climate=climate)

    @property
    def charging_status(self) -> ChargingStatus | None:
        """The charging status, refined: a plugged vehicle that only reports not charging may wait for its schedule."""
        charging, mode = self.charging, self.schedules and self.schedules.charge_mode
        if charging is None or charging.status is not ChargingStatus.NOT_CHARGING or not charging.plugged_in:
            return charging.status if charging else None
        full = self.battery is not None and self.battery.level is not None and self.battery.level >= 100
        by_timer = mode in (ChargeMode.DELAYED, ChargeMode.SCHEDULED) and not full
        return ChargingStatus.WAITING_FOR_SCHEDULE if by_timer else charging.status

    @property
    def last_report(self) -> datetime | None:
        """The newest report time of the vehicle itself."""
        return max((g.reported_at for g in self.groups().values() if g.reported_at is not None), default=None)

    @property
    def last_read(self) -> datetime | None:
        """When a backend last returned anything about this vehicle."""
        return max((g.received_at for g in self.groups().values()), default=None)

    @property
    def is_private(self) -> bool:
        """Whether privacy mode is known to be on, so the position must not be shown or stored."""
        return self.privacy is not None and self.privacy.active is True


_HINTS = get_type_hints(VehicleState)

GROUP_TYPES: Mapping[Group, type[Reported]] = {group: get_args(_HINTS[group])[0] for group in Group}
"""The type of each group."""

_PLACES = {kind: group for group, kind in GROUP_TYPES.items()}
