"""Which vehicle becomes a source of the LEAF, and which does not any more."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, override

import pytest

from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import alias
from script.demo_home.client import Answer, HomeAssistant
from script.demo_home.console import Console
from script.demo_home.entries import kept_entries, merged_sources, remember_merged
from script.demo_home.running import Home
from script.demo_home.sources import _merge, entered_for
from tests.simulator.cars.garage import LEAF

THE_LEAF = alias(LEAF.key)
OVMS, LEAFSPY = f"ovms-entry {THE_LEAF}", f"leafspy-entry {THE_LEAF}"


def form(*offered: str) -> Mapping[str, Any]:
    """Return the form of the dialog that proposes the first of the offered vehicles."""
    sources = {"select": {"options": [{"value": value, "label": value} for value in offered]}}
    return {
        "type": "form",
        "flow_id": "flow",
        "data_schema": [
            {"name": "source", "required": True, "default": offered[0], "selector": sources},
            {"name": "vehicle", "required": True, "default": "another", "selector": {"select": {"options": []}}},
            {"name": "preferred", "required": True, "default": False, "selector": {"boolean": {}}},
        ],
    }


def test_the_vehicle_of_the_entry_becomes_the_source_whichever_is_proposed() -> None:
    expected = {"source": LEAFSPY, "vehicle": THE_LEAF, "preferred": False}

    assert entered_for(form(OVMS, LEAFSPY), "leafspy-entry") == expected
    assert entered_for(form(LEAFSPY, OVMS), "leafspy-entry") == expected


def test_nothing_is_entered_before_the_vehicle_of_the_entry_is_offered() -> None:
    assert entered_for(form(OVMS, "leafspy-entry another"), "leafspy-entry") is None
    assert entered_for({"type": "abort", "reason": "no_other_source"}, "leafspy-entry") is None


def test_what_the_leaf_was_given_is_remembered_over_a_start(tmp_path: Path) -> None:
    assert merged_sources(tmp_path) == set()

    remember_merged(tmp_path, [Source.OVMS])
    remember_merged(tmp_path, [Source.LEAFSPY])

    assert merged_sources(tmp_path) == {Source.OVMS, Source.LEAFSPY}


def test_our_entries_are_found_by_their_kind(tmp_path: Path) -> None:
    assert kept_entries(tmp_path) == {}
    (tmp_path / ".storage").mkdir()
    entries = [
        {"domain": "mqtt", "entry_id": "a", "data": {}},
        {"domain": "nissanconnect", "entry_id": "b", "data": {"source": "ovms"}},
        {"domain": "nissanconnect", "entry_id": "added by somebody else", "data": {"source": "ovms"}},
    ]
    (tmp_path / ".storage" / "core.config_entries").write_text(json.dumps({"data": {"entries": entries}}))

    assert {kind: entry["entry_id"] for kind, entry in kept_entries(tmp_path).items()} == {Source.OVMS: "b"}


class Sources(HomeAssistant):
    """A Home Assistant whose dialog makes an entry a source of the account ``ours``."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(self, directory, program=None, account="ours", vehicles=[], dashboard={})  # type: ignore[arg-type] # is not stopped here
        self.added = 0
        self.made: list[str] = []

    @override
    async def command(self, kind: str, **fields: Any) -> Answer:
        assert (kind, fields) == ("config_entries/subentries/list", {"entry_id": "ours"})
        return [{"unique_id": source.replace(" ", "_")} for source in self.made]

    @override
    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        if "handler" in body:
            return form(OVMS)
        self.made.append(body["source"])
        return {"type": "create_entry"}

    async def add(self) -> str:
        """Add the module's own entry."""
        self.added += 1
        keep_entry(self.home.directory)
        return "ovms-entry"

    async def merge(self) -> None:
        """Make the module a source, as each start of the demo does."""
        await _merge(self.home, Source.OVMS, "OVMS module", self.add, Console())


def keep_entry(directory: Path, *, kept: bool = True) -> None:
    """Have the module's entry in Home Assistant's storage, or not any more."""
    entries = [{"domain": "nissanconnect", "entry_id": "ovms-entry", "data": {"source": "ovms"}}] if kept else []
    (directory / ".storage").mkdir(exist_ok=True)
    (directory / ".storage" / "core.config_entries").write_text(json.dumps({"data": {"entries": entries}}))


async def test_a_source_is_added_and_made_one_of_the_leaf_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = Sources(tmp_path)
    for _ in range(3):
        await sources.merge()

    assert (sources.added, sources.made) == (1, [OVMS])
    assert merged_sources(tmp_path) == {Source.OVMS}
    assert len(capsys.readouterr().out.splitlines()) == 1


async def test_an_entry_that_is_there_already_is_made_a_source(tmp_path: Path) -> None:
    """The start before has come to an end in between."""
    sources = Sources(tmp_path)
    keep_entry(tmp_path)
    await sources.merge()

    assert (sources.added, sources.made) == (0, [OVMS])
    assert merged_sources(tmp_path) == {Source.OVMS}


@pytest.mark.parametrize(("kept", "advice"), [(True, "Add source"), (False, "--fresh")])
async def test_what_somebody_has_removed_stays_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: bool, advice: str
) -> None:
    sources = Sources(tmp_path)
    await sources.merge()
    sources.made.clear()
    keep_entry(tmp_path, kept=kept)
    capsys.readouterr()
    await sources.merge()

    assert (sources.added, sources.made) == (1, [])
    assert advice in capsys.readouterr().out


async def test_a_source_that_the_owner_has_made_is_remembered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = Sources(tmp_path)
    keep_entry(tmp_path)
    sources.made.append(OVMS)
    await sources.merge()

    assert merged_sources(tmp_path) == {Source.OVMS}
    assert not capsys.readouterr().out
