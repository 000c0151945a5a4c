"""What is kept over a restart: the vehicles, their last values with their own times, and what a backend has learnt."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from functools import partial
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
import probatio

from .alerts import Wishes
from .backends.base import Json
from .commands import Unfinished
from .const import DOMAIN
from .engine.lookout import Lookout
from .engine.merge import Word
from .engine.wakes import Wake, WakeLedger
from .engine.wrong_pins import WrongPins
from .vehicle import COMMANDS, GROUP_TYPES, Asker, Command, CommandRecord, Ticket, VehicleInfo, VehicleState

_VERSION = 1
_DELAY = 15.0
"""Seconds from a change to the write: reads come in bursts, storage media wear out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedVehicle:
    """What is kept of one vehicle.

    ``word`` is what its own account has said, ``lent_words`` what came by other ways, by their names. ``pending``
    is what was pushed and had to stay for a moment before it would be believed. ``unfinished`` are the commands whose
    end has not been seen.
    """

    info: VehicleInfo
    word: Word = Word()
    pending: VehicleState = VehicleState()
    lent_words: Mapping[str, Word] = field(default_factory=dict)
    log: tuple[CommandRecord, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    wakes: WakeLedger = WakeLedger()
    rests_since: datetime | None = None
    lookout: Lookout = Lookout()
    wishes: Wishes = Wishes()
    wrong_pins: WrongPins = WrongPins()


@dataclass(slots=True)
class Remembered:
    """What the store holds."""

    vehicles: list[RememberedVehicle] = field(default_factory=list)
    memory: Json = None


class VehicleStore:
    """The file of one config entry. Private, because it holds positions and VINs."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, _VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True)
        self._delay: float | None = None
        """After which delay the next write comes, if one is planned."""

    async def async_load(self) -> Remembered:
        """Return what was kept. What cannot be read any more is left out, the rest is still good."""
        raw = await self._store.async_load() or {}
        return await self._hass.async_add_executor_job(_read, raw)  # 1 ms for each vehicle

    def async_schedule_save(self, provide: Callable[[], Remembered], *, at_once: bool = False) -> None:
        """Write what ``provide`` returns, soon and at the latest when Home Assistant stops.

        What is planned is left alone unless it is urgent now: Home Assistant's store puts a write off with every
        further one, and a source that speaks every second would put it off for hours.
        """

        def write() -> dict[str, Any]:
            self._delay = None
            return _dump(provide())

        delay = 0 if at_once else _DELAY
        if self._delay is None or delay < self._delay:
            self._delay = delay
            self._store.async_delay_save(write, delay)

    async def async_save(self, remembered: Remembered) -> None:
        """Write now."""
        await self._store.async_save(_dump(remembered))

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()


def _dump(remembered: Remembered) -> dict[str, Any]:
    """Return what the store writes. Dataclasses are left to its JSON encoder, which is many times as fast."""
    return {"memory": remembered.memory, "vehicles": [_dump_vehicle(vehicle) for vehicle in remembered.vehicles]}


def _dump_vehicle(vehicle: RememberedVehicle) -> dict[str, Any]:
    return {
        "info": _fields(vehicle.info) | {"capabilities": sorted(vehicle.info.capabilities)},
        "word": _dump_word(vehicle.word),
        "pending": dict(vehicle.pending.groups()),
        "lent_words": {name: _dump_word(word) for name, word in vehicle.lent_words.items()},
        "log": vehicle.log,
        "wakes": vehicle.wakes.wakes,
        "rests_since_at": vehicle.rests_since,
        "lookout": vehicle.lookout,
        "wishes": vehicle.wishes,
        "wrong_pins": vehicle.wrong_pins,
        "unfinished": [
            _fields(each) | {"kind": each.command.kind(), "command": _without_pin(each.command)}
            for each in vehicle.unfinished
        ],
    }


def _dump_word(word: Word) -> dict[str, Any]:
    return {"state": dict(word.state.groups()), "changed_at": word.changed_at}


def _without_pin(command: Command) -> dict[str, Any]:
    """A command that is only followed needs no PIN, and a PIN is kept nowhere."""
    return {name: value for name, value in _fields(command).items() if name != "pin"}


def _fields(item: VehicleInfo | Unfinished | Command) -> dict[str, Any]:
    return {each.name: getattr(item, each.name) for each in fields(item)}


def _read(raw: Mapping[str, Any]) -> Remembered:
    vehicles = [vehicle for kept in raw.get("vehicles", ()) if (vehicle := _read_vehicle(kept)) is not None]
    return Remembered(vehicles=vehicles, memory=raw.get("memory"))


def _read_vehicle(raw: Mapping[str, Any]) -> RememberedVehicle | None:
    if (info := _load(VehicleInfo, raw.get("info"))) is None:
        return None
    return RememberedVehicle(
        info=info,
        word=_read_word(raw.get("word")),
        pending=_read_state(raw.get("pending")),
        lent_words={name: _read_word(word) for name, word in _mapping(raw.get("lent_words")).items()},
        log=tuple(_each(partial(_load, CommandRecord), raw.get("log"))),
        unfinished=tuple(_each(_read_unfinished, raw.get("unfinished"))),
        wakes=WakeLedger.reopened(_each(partial(_load, Wake), raw.get("wakes"))),
        rests_since=_read_time(raw.get("rests_since_at")),
        lookout=_load(Lookout, raw.get("lookout")) or Lookout(),
        wishes=_load(Wishes, raw.get("wishes")) or Wishes(),
        wrong_pins=_load(WrongPins, raw.get("wrong_pins")) or WrongPins(),
    )


def _read_word(raw: Any) -> Word:
    known = _mapping(raw)
    changed_at = _mapping(known.get("changed_at"))
    return Word(
        state=_read_state(known.get("state")),
        changed_at={group: at for group in changed_at if (at := _read_time(changed_at[group])) is not None},
    )


def _read_state(raw: Any) -> VehicleState:
    known = _mapping(raw)
    return VehicleState.of(*(_load(kind, known.get(group)) for group, kind in GROUP_TYPES.items()))


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _read_time(raw: Any) -> datetime | None:
    found = _revive("at", raw)
    return found if isinstance(found, datetime) else None


def _read_unfinished(raw: Any) -> Unfinished | None:
    if not isinstance(raw, Mapping):
        return None
    kind = next((each for each in COMMANDS if each.kind() == raw.get("kind")), None)
    command = _load(kind, raw.get("command")) if kind else None
    asked_by, ticket = _load(Asker, raw.get("asked_by")), _load(Ticket, raw.get("ticket"))
    asked_at, sent_at = (_read_time(raw.get(name)) for name in ("asked_at", "sent_at"))
    if command is None or asked_by is None or asked_at is None or (sent_at is None and raw.get("sent_at") is not None):
        return None  # whether it was sent is not left to a guess
    return Unfinished(command=command, asked_by=asked_by, asked_at=asked_at, sent_at=sent_at, ticket=ticket)


def _load[T](kind: type[T], raw: Any) -> T | None:
    """Rebuild a dataclass; a field of another version is dropped, a value that does not fit drops the whole."""
    if not isinstance(raw, Mapping):
        return None
    try:
        return cast("T", _schema(kind)({name: _revive(name, value) for name, value in raw.items()}))
    except probatio.Invalid, TypeError:
        return None


def _each[T](read: Callable[[Any], T | None], raw: Any) -> Iterator[T]:
    """Read what can be read of a list."""
    found = (read(each) for each in (raw if isinstance(raw, list) else ()))
    return (each for each in found if each is not None)


def _revive(name: str, value: Any) -> Any:
    """Undo what JSON cannot hold.

    By convention every point in time, or mapping to such, is called ``at`` or ``…_at`` and has a zone; every time of
    day is called ``…_by``, ``…_from`` or ``…_until``.
    """
    if isinstance(value, str) and name.endswith(("_by", "_from", "_until")):
        with suppress(ValueError):
            return time.fromisoformat(value)
    if isinstance(value, str) and (name == "at" or name.endswith("_at")):
        with suppress(ValueError):  # what is no time is no datetime, which the schema then says
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else None
    if isinstance(value, Mapping) and name != "values":
        return {inner: _revive(name if name.endswith("_at") else inner, item) for inner, item in value.items()}
    if isinstance(value, list):
        return frozenset(value) if name == "capabilities" else tuple(_revive(name, item) for item in value)
    return value


_SCHEMAS: dict[type, probatio.Schema] = {}


def _schema(kind: type) -> probatio.Schema:
    """Return what turns JSON into ``kind``. Made when it is needed: all at once would take 8 ms of every start."""
    if kind not in _SCHEMAS:
        _SCHEMAS[kind] = probatio.create_dataclass_schema(kind, extra=probatio.REMOVE_EXTRA)
    return _SCHEMAS[kind]
