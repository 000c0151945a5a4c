"""What is kept over a restart: the vehicles, their last values with their own times, and what a backend has learnt."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
import probatio

from .backends.base import Json
from .const import DOMAIN
from .vehicle import GROUP_TYPES, VehicleInfo, VehicleState

_VERSION = 1
_DELAY = 15.0
"""Seconds from a change to the write: reads come in bursts, storage media wear out."""


@dataclass(slots=True)
class Remembered:
    """What the store holds."""

    vehicles: dict[str, tuple[VehicleInfo, VehicleState]] = field(default_factory=dict)
    memory: Json = None


class VehicleStore:
    """The file of one config entry. Private, because it holds positions and VINs."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._store = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True)

    async def async_load(self) -> Remembered:
        """Return what was kept. What cannot be read any more is left out, the rest is still good."""
        return _read(await self._store.async_load() or {})

    def async_schedule_save(self, provide: Callable[[], Remembered]) -> None:
        """Write what ``provide`` returns, soon and at the latest when Home Assistant stops."""
        self._store.async_delay_save(lambda: _dump(provide()), _DELAY)

    async def async_save(self, remembered: Remembered) -> None:
        """Write now."""
        await self._store.async_save(_dump(remembered))

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()


def _dump(remembered: Remembered) -> dict[str, Any]:
    return {
        "memory": remembered.memory,
        "vehicles": [
            {
                "info": asdict(info) | {"capabilities": sorted(info.capabilities)},
                "state": {group: asdict(value) for group, value in state.groups().items()},
            }
            for info, state in remembered.vehicles.values()
        ],
    }


def _read(raw: Mapping[str, Any]) -> Remembered:
    vehicles = {}
    for kept in raw.get("vehicles", ()):
        if (info := _load(VehicleInfo, kept["info"])) is not None:
            vehicles[info.key] = (info, _load_state(kept["state"]))
    return Remembered(vehicles=vehicles, memory=raw.get("memory"))


def _load_state(raw: Mapping[str, Any]) -> VehicleState:
    return VehicleState.of(*(_load(kind, raw[group]) for group, kind in GROUP_TYPES.items() if group in raw))


def _load[T](kind: type[T], raw: Any) -> T | None:
    """Rebuild a dataclass; a field of another version is dropped, a value that does not fit drops the whole."""
    if not isinstance(raw, Mapping):
        return None
    try:
        return cast("T", _SCHEMAS[kind]({name: _revive(name, value) for name, value in raw.items()}))
    except probatio.Invalid, TypeError, ValueError:
        return None


def _revive(name: str, value: Any) -> Any:
    """Undo what JSON cannot hold. By convention every point in time in ``vehicle`` is called ``…_at``."""
    if name.endswith("_at") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return frozenset(value) if name == "capabilities" else value


_KINDS: tuple[type, ...] = (VehicleInfo, *GROUP_TYPES.values())
_SCHEMAS = {kind: probatio.create_dataclass_schema(kind, extra=probatio.REMOVE_EXTRA) for kind in _KINDS}
