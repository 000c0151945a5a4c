"""What is kept over a restart: the vehicles, their last values with their times, and what a backend has learnt."""

from asyncio import wait
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
import logging
import os
from pathlib import Path
import sys
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .backends.base import Json
from .const import DOMAIN
from .engine.alert_rules import AlertPreferences
from .engine.alert_tracker import AlertTracker
from .engine.charge_physics import ChargeModel
from .engine.charge_session import ChargeMemory, ChargeSession
from .engine.command_job import ClimatePlan, Unfinished
from .engine.merge import SourceState
from .engine.preconditions import WrongPins
from .engine.wake_policy import Wake, WakeLedger, WakeResult
from .vehicle import COMMANDS, GROUP_TYPES, Command, CommandRecord, Initiator, Ticket, VehicleInfo, VehicleState
from .vehicle.codec import LenientReader

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_SETS = ("capabilities", "lost")
"""The fields of a vehicle that are sets, which JSON does not have."""
_DELAY = 15.0
"""Seconds from a change to the write: reads come in bursts, and storage media wear out."""

_LONGEST_WRITE = 0.25
"""Seconds that a command waits for its write at most: some milliseconds suffice, unless the disk is full or asleep."""

_MOST_UNFINISHED = 20

MOST_VEHICLES = 200
"""Of one account. With thousands, listed or kept, Home Assistant would hardly start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedVehicle:
    """What is kept of one vehicle.

    ``reported`` is what its own account has reported, ``secondary_reported`` what other sources have, by their names.
    ``pending`` is what was pushed and has not lasted long enough to be shown. ``unfinished`` are the commands whose end
    was not known yet.
    """

    info: VehicleInfo
    reported: SourceState = SourceState()
    pending: VehicleState = VehicleState()
    secondary_reported: Mapping[str, SourceState] = field(default_factory=dict)
    log: tuple[CommandRecord, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    wakes: WakeLedger = WakeLedger()
    rests_since: datetime | None = None
    alert_tracker: AlertTracker = AlertTracker()
    alert_preferences: AlertPreferences = AlertPreferences()
    plan: ClimatePlan | None = None
    wrong_pins: WrongPins = WrongPins()
    charge: ChargeMemory = ChargeMemory()


@dataclass(slots=True)
class Remembered:
    """What the store holds."""

    vehicles: list[RememberedVehicle] = field(default_factory=list)
    memory: Json = None
    set_aside: str | None = None
    """The file that is kept because something in it could not be read."""


class StoreFile(Store[dict[str, Any]]):
    """A file that is loaded whichever version wrote it: it is a cache, and what is not understood can be read anew."""

    set_aside: str | None = None
    """The new name of the file, if there was something in it that could not be read."""

    is_written = False
    """Whether what was saved last is in the file. Home Assistant only logs that the disk is full."""

    @override
    async def async_save(self, data: dict[str, Any]) -> None:
        self.is_written = False
        await super().async_save(data)

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        await super()._async_write_data(data)
        self.is_written = True

    @override
    async def _async_migrate_func(self, old_major_version: int, old_minor_version: int, old_data: Any) -> Any:
        """Return what another version wrote as it is; :class:`StoreReader` leaves out what it does not understand."""
        if old_major_version != self.version:
            await self.async_set_aside()
        return old_data

    async def async_read(self) -> Any:
        """Return the content, ``None`` if there is none; a file that cannot be read at all is set aside."""
        try:
            return await self.async_load()
        except HomeAssistantError, AttributeError, KeyError, TypeError, ValueError:  # no file, or not one of ours
            await self.async_set_aside()
            return None

    async def async_set_aside(self) -> None:
        """Rename the file, so that nothing in it is lost."""
        name = f"{self.path}.corrupt.{dt_util.utcnow().isoformat()}"
        self.set_aside = self.path
        with suppress(OSError):
            await self.hass.async_add_executor_job(os.rename, self.path, name)
            self.set_aside = name
        _LOGGER.warning("Something in %s cannot be read; it is kept as %s", self.path, self.set_aside)

    async def async_remove_set_aside(self) -> None:
        """Delete what was set aside: it tells of vehicles, too."""
        path = Path(self.path)

        def remove() -> None:
            for each in path.parent.glob(f"{path.name}.corrupt.*"):
                with suppress(OSError):
                    each.unlink()

        await self.hass.async_add_executor_job(remove)


class VehicleStore:
    """The file of one config entry. Private, because it holds positions and VINs."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._store = StoreFile(
            hass,
            _VERSION,
            f"{DOMAIN}.{entry_id}",
            private=True,
            atomic_writes=True,
            max_readable_version=sys.maxsize,
        )
        # The commands and wakes that are under way, written before a command leaves: little, and not atomically, so
        # without a wait for the disk. If our process is killed, the system still writes it. If the power fails, there
        # is the file above, which is written right afterwards.
        self._open = StoreFile(
            hass, _VERSION, f"{DOMAIN}.{entry_id}.open", private=True, max_readable_version=sys.maxsize
        )
        self._revision = 0
        """Of the state that was written last, to either file: the second file is used only if it is the newer one."""
        self._remember: Callable[[], Remembered] = Remembered
        self._closed = False
        self._delay: float | None = None
        """The delay of the next write, if one is scheduled."""

    async def async_load(self) -> Remembered:
        """Return what was kept, without what cannot be read any more. If there is such, the file is set aside."""
        raw = await self._store.async_read()
        if raw is None and self._store.set_aside is not None:
            return Remembered(set_aside=self._store.set_aside)
        reader = StoreReader(dt_util.utcnow())
        remembered = await self._hass.async_add_executor_job(reader.read, raw)  # 1 ms for each vehicle
        self._revision = _revision(raw)
        with suppress(HomeAssistantError, AttributeError, KeyError, TypeError, ValueError):
            raw_open: Any = await self._open.async_load()
            if _revision(raw_open) > self._revision:
                self._revision = _revision(raw_open)
                remembered.vehicles = StoreReader(reader.now).reopen(remembered.vehicles, raw_open)
        if reader.lost and self._store.set_aside is None:
            await self._store.async_set_aside()
            await self.async_save(remembered)
        remembered.set_aside = self._store.set_aside
        return remembered

    @callback
    def async_start(self, remember: Callable[[], Remembered]) -> None:
        """From now on, write what ``remember`` returns."""
        self._remember = remember

    @callback
    def async_schedule_save(self, *, at_once: bool = False) -> None:
        """Write after a delay or at once, at the latest when Home Assistant stops; do nothing once closed.

        A scheduled write is only replaced by a more urgent one. Home Assistant's store would delay it with every
        further call, and a source that pushes every second would delay it for hours.
        """
        if self._closed:
            return

        def write() -> dict[str, Any]:
            self._delay = None
            return self._with_revision(_dump(self._remember()))

        delay = 0 if at_once else _DELAY
        if self._delay is None or delay < self._delay:
            self._delay = delay
            self._store.async_delay_save(write, delay)

    async def async_save(self, remembered: Remembered) -> None:
        """Write now, which replaces a scheduled write."""
        self._delay = None
        await self._store.async_save(self._with_revision(_dump(remembered)))

    async def async_close(self) -> None:
        """Write for the last time: commands that end later must not overwrite what a reloaded entry writes."""
        self._closed = True
        await self.async_save(self._remember())

    async def async_save_open(self) -> None:
        """Write now which commands and wakes are under way, and wait for that as long as a command can wait."""
        if self._closed:
            return
        vehicles = map(_dump_open, self._remember().vehicles)
        data = self._with_revision({"vehicles": [each for each in vehicles if each["unfinished"] or each["wakes"]]})
        writing = self._hass.async_create_task(self._open.async_save(data), eager_start=True)
        await wait({writing}, timeout=_LONGEST_WRITE)

    def _with_revision(self, data: dict[str, Any]) -> dict[str, Any]:
        self._revision += 1
        return data | {"number": self._revision}

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()
        await self._open.async_remove()
        await self._store.async_remove_set_aside()


def _revision(raw: Any) -> int:
    """Return the revision of a written state; early versions gave it none."""
    revision = raw.get("number") if isinstance(raw, Mapping) else None
    return revision if isinstance(revision, int) else 0


def _dump(remembered: Remembered) -> dict[str, Any]:
    """Return what the store writes, under the names that the first version gave it.

    Most dataclasses are left to the store's JSON encoder, which is many times as fast.
    """
    return {"memory": remembered.memory, "vehicles": [_dump_vehicle(vehicle) for vehicle in remembered.vehicles]}


def _dump_vehicle(vehicle: RememberedVehicle) -> dict[str, Any]:
    return {
        "info": _fields(vehicle.info) | {name: sorted(getattr(vehicle.info, name)) for name in _SETS},
        "word": _dump_reported(vehicle.reported),
        "pending": dict(vehicle.pending.groups()),
        "lent_words": {name: _dump_reported(each) for name, each in vehicle.secondary_reported.items()},
        "log": vehicle.log,
        "wakes": vehicle.wakes.wakes,
        "rests_since_at": vehicle.rests_since,
        "lookout": vehicle.alert_tracker,
        "wishes": vehicle.alert_preferences,
        "plan": vehicle.plan,
        "wrong_pins": vehicle.wrong_pins,
        "charge": vehicle.charge,
        "unfinished": _dump_unfinished(vehicle),
    }


def _dump_open(vehicle: RememberedVehicle) -> dict[str, Any]:
    wakes = [wake for wake in vehicle.wakes.wakes if wake.result is WakeResult.PENDING]
    return {"key": vehicle.info.key, "unfinished": _dump_unfinished(vehicle), "wakes": wakes}


def _dump_unfinished(vehicle: RememberedVehicle) -> list[dict[str, Any]]:
    return [
        _fields(each) | {"kind": each.command.kind(), "command": _without_pin(each.command)}
        for each in vehicle.unfinished
    ]


def _dump_reported(reported: SourceState) -> dict[str, Any]:
    return {"state": dict(reported.state.groups()), "changed_at": reported.changed_at}


def _without_pin(command: Command) -> dict[str, Any]:
    """Return a command's fields but for the PIN: it is never stored, and not needed to follow the command."""
    return {name: value for name, value in _fields(command).items() if name != "pin"}


def _fields(item: VehicleInfo | Unfinished | Command) -> dict[str, Any]:
    return {each.name: getattr(item, each.name) for each in fields(item)}


class StoreReader(LenientReader):
    """Reads what :func:`_dump` wrote."""

    __slots__ = ()

    def read(self, raw: Any) -> Remembered:
        """Return what can be read."""
        kept = self.mapping(raw)
        found: dict[str, RememberedVehicle] = {}
        for vehicle in self._each(self._vehicle, kept.get("vehicles")):
            if len(found) == MOST_VEHICLES and vehicle.info.key not in found:
                self.lost = True
                break
            found[vehicle.info.key] = vehicle
        return Remembered(vehicles=list(found.values()), memory=kept.get("memory"))

    def reopen(self, vehicles: list[RememberedVehicle], raw: Any) -> list[RememberedVehicle]:
        """Return the vehicles with the commands and wakes of the second file, which was written later."""
        listed = [self.mapping(each) for each in self.mapping(raw).get("vehicles") or ()]
        kept = {each.get("key"): each for each in listed}
        return [self._reopen(each, kept[each.info.key]) if each.info.key in kept else each for each in vehicles]

    def _reopen(self, vehicle: RememberedVehicle, kept: Mapping[str, Any]) -> RememberedVehicle:
        newer = self._each(self._unfinished, kept.get("unfinished"))
        unfinished = {(each.command.kind(), each.asked_at): each for each in (*vehicle.unfinished, *newer)}
        wakes = list(vehicle.wakes.wakes)
        in_both = Counter((each.at, each.why) for each in wakes)  # several may be equal
        for wake in self._each(partial(self.load, Wake), kept.get("wakes")):
            if in_both[wake.at, wake.why] > 0:
                in_both[wake.at, wake.why] -= 1
            else:
                wakes.append(wake)
        return replace(
            vehicle,
            unfinished=tuple(unfinished.values())[-_MOST_UNFINISHED:],
            wakes=WakeLedger.reopened(wakes),
        )

    def _vehicle(self, raw: Any) -> RememberedVehicle | None:
        kept = self.mapping(raw)
        info = self.load(VehicleInfo, kept.get("info"))
        if info is None:
            return None
        return RememberedVehicle(
            info=info,
            reported=self._reported(kept.get("word")),
            pending=self._state(kept.get("pending")),
            secondary_reported={
                name: self._reported(each) for name, each in self.mapping(kept.get("lent_words")).items()
            },
            log=tuple(self._each(partial(self.load, CommandRecord), kept.get("log"))),
            unfinished=tuple(self._each(self._unfinished, kept.get("unfinished")))[-_MOST_UNFINISHED:],
            wakes=WakeLedger.reopened(self._each(partial(self.load, Wake), kept.get("wakes"))),
            rests_since=self.load(datetime, kept.get("rests_since_at")),
            alert_tracker=self.load(AlertTracker, kept.get("lookout")) or AlertTracker(),
            alert_preferences=self._preferences(kept.get("wishes")),
            plan=self.load(ClimatePlan, kept.get("plan")),
            wrong_pins=self.load(WrongPins, kept.get("wrong_pins")) or WrongPins(),
            charge=self._charge(self.mapping(kept.get("charge"))),
        )

    def _charge(self, kept: Mapping[str, Any]) -> ChargeMemory:
        enabled = self.load(bool, kept.get("enabled"))
        return ChargeMemory(
            enabled=enabled is not False,
            session=self.load(ChargeSession, kept.get("session")),
            model=self.load(ChargeModel, kept.get("model")) or ChargeModel(),
        )

    def _preferences(self, raw: Any) -> AlertPreferences:
        found = self.load(AlertPreferences, raw) or AlertPreferences()
        if 0 <= found.charge_below <= 100:
            return found
        self.lost = True  # an alert below such a level makes no sense
        return replace(found, charge_below=AlertPreferences().charge_below)

    def _reported(self, raw: Any) -> SourceState:
        kept = self.mapping(raw)
        loaded = {group: self.load(datetime, at) for group, at in self.mapping(kept.get("changed_at")).items()}
        return SourceState(
            state=self._state(kept.get("state")),
            changed_at={group: at for group, at in loaded.items() if at is not None},
        )

    def _state(self, raw: Any) -> VehicleState:
        kept = self.mapping(raw)
        return VehicleState.of(*(self.load(kind, kept.get(group)) for group, kind in GROUP_TYPES.items()))

    def _unfinished(self, raw: Any) -> Unfinished | None:
        kept = self.mapping(raw)
        kind = next((each for each in COMMANDS if each.kind() == kept.get("kind")), None)
        command = self.load(kind, kept.get("command")) if kind else None
        asked_by = self.load(Initiator, kept.get("asked_by"))
        ticket = self.load(Ticket, kept.get("ticket"))
        asked_at = self.load(datetime, kept.get("asked_at"))
        sent_at = self.load(datetime, kept.get("sent_at"))
        if command is None or asked_by is None or asked_at is None:
            return None
        if sent_at is None and kept.get("sent_at") is not None:
            return None  # without its time the command would count as never sent
        return Unfinished(command=command, asked_by=asked_by, asked_at=asked_at, sent_at=sent_at, ticket=ticket)

    def _each[T](self, read: Callable[[Any], T | None], raw: Any) -> Iterator[T]:
        """Read a list, without what cannot be read of it."""
        for each in self.items(raw):
            found = read(each)
            if found is not None:
                yield found
            else:
                self.lost = True
