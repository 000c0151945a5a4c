"""What the mappings of all backends share: from the values of a payload to groups of the vehicle's state."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from ..vehicle import Position, Reported, Stamp, Tyre, Tyres
from .quantities import PRESSURE, heading, place

_STAMP = frozenset(field.name for field in fields(Reported))


def known[G: Reported](group: G) -> G | None:
    """Return the group, or ``None`` if nothing in it is known: then it was not reported."""
    return group if any(is_known(group, name) for name in value_names(group)) else None


def is_known(group: Reported, name: str) -> bool:
    """Whether the field of that name was reported."""
    value, default = getattr(group, name), type(group).__dataclass_fields__[name].default
    return bool(value) if isinstance(value, Mapping) else value is not None and value != default


def value_names(group: Reported) -> tuple[str, ...]:
    """Return the names of a group's fields, without those of its stamp."""
    return tuple(field.name for field in fields(group) if field.name not in _STAMP)


def fill_gaps[G: Reported](newest: G, older: G | None) -> G:
    """Return ``newest`` with what it leaves out taken from an older report of the same source."""
    if older is None:
        return newest
    missing = [name for name in value_names(newest) if not is_known(newest, name)]
    return replace(newest, **{name: getattr(older, name) for name in missing})


def position(
    stamp: Stamp, latitude: float | None, longitude: float | None, direction: float | None = None
) -> Position | None:
    """Return a position in degrees; 0/0 is no fix. ``direction`` is clockwise from north."""
    if (found := place(latitude, longitude)) is None:
        return None
    return Position(**stamp, latitude=found[0], longitude=found[1], heading=heading(direction))


def tyres(stamp: Stamp, pressures: Sequence[float | None], warnings: Sequence[bool | None] = (None,) * 4) -> Tyres:
    """Return four tyres by kPa and warnings: front left, front right, rear left, rear right."""
    front_left, front_right, rear_left, rear_right = (
        Tyre(pressure=PRESSURE.of(pressure), warning=warning)
        for pressure, warning in zip(pressures, warnings, strict=True)
    )
    return Tyres(**stamp, front_left=front_left, front_right=front_right, rear_left=rear_left, rear_right=rear_right)
