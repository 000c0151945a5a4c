"""A Home Assistant that is kept in a file: what is in its storage, and how that is written down."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import json
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
    restore_state as rs,
)
from homeassistant.helpers.json import json_dumps

from ..rigs import RIGS, Rig
from ..rigs.base import ServiceRig
from ..rigs.kamereon import Europe
from ..rigs.leafspy import LeafSpy
from ..rigs.opencarwings import OpenCarwingsRig
from ..rigs.ovms import Ovms
from ..rigs.teslafi import TeslaFiRig

DOMAIN = "nissanconnect"
FOLDER = Path(__file__).parent

HOUSES: Mapping[str, tuple[type[Rig], ...]] = {
    **{str(source): (rig,) for source, rig in RIGS.items()},
    "several": (Europe, Ovms, TeslaFiRig, LeafSpy),
    "killed": (OpenCarwingsRig,),
}
"""The sources in each golden file. ``several`` has one vehicle of them all; ``killed`` had no time to write it all."""

_ENTRIES, _ENTITIES, _DEVICES = "core.config_entries", "core.entity_registry", "core.device_registry"
_STATES = "core.restore_state"
_FOUND = ("changes", "ends", "forgotten", "later", "shows")
_ADDRESS = "http://stand-in-{}"
"""Stands for the address of a service, whose port is another in each run."""


@dataclass(slots=True)
class Golden:
    """One golden file.

    Attributes:
        at: When it was written; that is the time at which everything starts again.
        storage: The files of Home Assistant's storage, by their keys, with what is ours in them.
        shows: The state and the attributes of each entity, started again while no source can be reached.
        changes: What is rightly written otherwise after that: a wake, say, that nobody waits for any more.
        later: The same, started again with the sources up, without what they report.
        forgotten: Which entities do not exist then or show nothing any more, because the sources say otherwise.
        ends: How the commands have ended that were on their way, started again with the sources up.
    """

    at: datetime
    storage: dict[str, Any]
    shows: dict[str, Any] = field(default_factory=dict)
    ends: list[dict[str, Any]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, name: str) -> Golden:
        """Read the file of a house."""
        file = FOLDER / f"{name}.json"
        if not file.exists():
            raise FileNotFoundError(f"a new house is written once: python -m tests.golden.record {name}")
        raw = json.loads(file.read_text())
        storage = raw["storage"]
        for key, table in ((_ENTITIES, "entities"), (_DEVICES, "devices")):
            rows = storage[key]["data"][table]
            storage[key]["data"][table] = [rows["usual"] | row for row in rows["rows"]]
        return cls(datetime.fromisoformat(raw["at"]), storage, **{name: raw[name] for name in _FOUND})

    def save(self, name: str) -> None:
        """Write the file of a house: a row of a registry says only what is not the usual."""
        storage = json.loads(json_dumps(self.storage))
        for key, table in ((_ENTITIES, "entities"), (_DEVICES, "devices")):
            storage[key]["data"][table] = _packed(storage[key]["data"][table])
        raw = {name: getattr(self, name) for name in _FOUND}
        raw |= {"at": self.at.isoformat(), "storage": storage}
        (FOLDER / f"{name}.json").write_text(_pretty(raw) + "\n")

    def files(self) -> Iterator[str]:
        """Go through the keys of our own files."""
        return (key for key in self.storage if key.startswith(f"{DOMAIN}."))

    def on_their_way(self) -> Iterator[tuple[str, str, str]]:
        """Go through the commands that have not ended: the vehicle's key, the command's kind, its ticket."""
        for key in self.files():
            for vehicle in self.storage[key]["data"]["vehicles"]:
                for each in vehicle["unfinished"]:
                    if each["ticket"] is not None and "info" in vehicle:
                        yield vehicle["info"]["key"], each["kind"], each["ticket"]["id"]

    def addressed(self, rigs: Collection[Rig], *, written: bool) -> None:
        """Put the addresses at which the services are now into the entries, or take them out again."""
        text = json_dumps(self.storage)
        for rig in rigs:
            if isinstance(rig, ServiceRig):
                shown = _ADDRESS.format(rig.source)
                text = text.replace(rig.service.url, shown) if written else text.replace(shown, rig.service.url)
        self.storage = json.loads(text)


async def async_load_registries(hass: HomeAssistant) -> None:
    """Load what Home Assistant keeps, as it does when it starts; the harness leaves that out."""
    dr.async_setup(hass)
    with patch("homeassistant.helpers.restore_state.start.async_at_start"):  # would write every quarter of an hour
        for registry in (ar, cr, dr, er, fr, ir, lr, rs):
            await registry.async_load(hass)


async def async_write(hass: HomeAssistant, storage: Mapping[str, Any]) -> dict[str, Any]:
    """Have everything written, and return what of it is ours."""
    await rs.async_get(hass).async_dump_states()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await moments(hass)
    written: dict[str, Any] = json.loads(json_dumps(storage))
    entries = [each for each in written[_ENTRIES]["data"]["entries"] if each["domain"] == DOMAIN]
    ids = {each["entry_id"] for each in entries}
    written[_ENTRIES]["data"]["entries"] = entries
    entities = written[_ENTITIES]["data"]
    entities |= {"entities": [each for each in entities["entities"] if each["platform"] == DOMAIN]}
    entities |= {"deleted_entities": []}
    known = {each["entity_id"] for each in entities["entities"]}
    devices = written[_DEVICES]["data"]
    devices |= {"deleted_devices": [], "devices": [each for each in devices["devices"] if ids & _owners(each)]}
    states = [each for each in written[_STATES]["data"] if each["state"]["entity_id"] in known]
    for each in states:
        del each["state"]["context"]
    written[_STATES]["data"] = [
        each for each in states if each["extra_data"] or each["state"]["state"] != STATE_UNKNOWN
    ]
    kept = (_ENTRIES, _ENTITIES, _DEVICES, _STATES)
    return {key: file for key, file in sorted(written.items()) if key in kept or key.startswith(f"{DOMAIN}.")}


async def moments(hass: HomeAssistant, count: int = 20) -> None:
    """Let happen what does not wait for good; Home Assistant itself would wait for that, too."""
    for _ in range(count):
        await hass.async_add_executor_job(time.sleep, 0.01)


def _owners(device: Mapping[str, Any]) -> set[str]:
    found = device.get("config_entries") or [device.get("config_entry_id")]
    return {*found}


def shown(hass: HomeAssistant) -> dict[str, Any]:
    """Return what our entities show, but for their names, and for how often they were asked, which begins anew."""
    rows = [each for each in er.async_get(hass).entities.values() if each.platform == DOMAIN]
    counters = {each.entity_id for each in rows if each.unique_id.endswith("_requests_today")}
    found = {}
    for entity_id in sorted(each.entity_id for each in rows):
        if (state := hass.states.get(entity_id)) is not None:
            shows = {**state.attributes, "state": "counted" if entity_id in counters else state.state}
            found[entity_id] = {name: value for name, value in shows.items() if name != "friendly_name"}
    as_json: dict[str, Any] = json.loads(json_dumps(found))
    return as_json


def ours(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return our entries, in the order in which they were added."""
    return hass.config_entries.async_entries(DOMAIN)


_CHOICES = ("/event_types", "/options")
"""Where it is listed which values an entity may have."""


def lost(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Go through the places at which something is missing from ``after`` or is another than ``before``.

    What is new in a mapping is not lost, nor are new rows that are told apart by an id, nor new values that an entity
    may have; any other list has the same items in the same order, and is as long.
    """
    if isinstance(before, list) and isinstance(after, list) and (name := _id_in(before)):
        before, after = ({row[name]: row for row in rows} for rows in (before, after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name, value in before.items():
            if name in after:
                yield from lost(value, after[name], f"{where}/{name}")
            else:
                yield f"{where}/{name}: missing"
    elif isinstance(before, list) and isinstance(after, list) and where.endswith(_CHOICES):
        yield from (f"{where}: {each!r} is missing" for each in before if each not in after)
    elif isinstance(before, list) and isinstance(after, list):
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from lost(old, new, f"{where}/{number}")
        if len(before) != len(after):
            yield f"{where}: {len(before)} items are now {len(after)}"
    elif before != after:
        yield f"{where}: {before!r} is now {after!r}"


def _id_in(rows: list[Any]) -> str | None:
    """Return by what the rows of a registry, or the entries, are told apart."""
    names = ("id", "entry_id", "subentry_id")
    return next(
        (name for name in names if rows and all(isinstance(row, Mapping) and name in row for row in rows)), None
    )


def _packed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    usual = {}
    for name in {name for row in rows for name in row}:
        values = Counter(json.dumps(row.get(name), sort_keys=True) for row in rows)
        value, count = values.most_common(1)[0]
        if count > 1 and all(name in row for row in rows):
            usual[name] = json.loads(value)
    return {
        "usual": usual,
        "rows": [
            {name: value for name, value in row.items() if name not in usual or usual[name] != value} for row in rows
        ],
    }


def _pretty(value: Any, indent: int = 0, width: int = 180) -> str:
    """Return JSON with sorted keys, in which what is short stays on one line."""
    flat = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, dict | list):
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(name)}: {_pretty(value[name], indent + 1)}" for name in sorted(value)]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(f"{inner}{_pretty(each, indent + 1)}" for each in value) + "\n" + " " * indent + "]"
