"""Which vehicle becomes a source of the LEAF, and which does not any more."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import alias
from script.demo_home.entries import kept_entries, merged_sources, remember_merged
from script.demo_home.sources import entered_for
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
