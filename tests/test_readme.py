"""What the README shows works as it stands there."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any
from urllib.parse import quote

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.condition import CONDITIONS
from custom_components.nissanconnect.const import CONF_DEVICE_ID, DOMAIN
from custom_components.nissanconnect.trigger import TRIGGERS
from custom_components.nissanconnect.vehicle import AlertType

from .conftest import set_up, state
from .simulator import Simulator
from .test_alerts import area, draw
from .test_blueprints import BLUEPRINTS, FOLDER, REPOSITORY
from .test_commands import act

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def automations(block: str) -> list[dict[str, Any]]:
    """A block as automations: it is one, or several, or a list of actions."""
    written = parse_yaml(block)
    parts = written if isinstance(written, list) else [written]
    if not any("triggers" in part for part in parts):
        parts = [{"triggers": [{"trigger": "event", "event_type": "ask"}], "actions": parts}]
    return [{"alias": f"example {number}", **part} for number, part in enumerate(parts)]


def words(tree: Any, key: str) -> Iterator[str]:
    """Everything that is said under a key, wherever it stands."""
    for each in tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ():
        yield from words(each, key)
    if isinstance(tree, dict) and isinstance(tree.get(key), str):
        yield tree[key]


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
async def test_every_example_can_be_set_up(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, block: str
) -> None:
    simulator.car("Qashqai").offer_remote_lock()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_DEVICE_ID: "ha-known-to-the-vehicle"})
    await set_up(hass, entry)
    await draw(hass, entry, area("Home"))
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations(block)})
    await hass.async_block_till_done()
    states = hass.states.async_all(AUTOMATION_DOMAIN)
    assert {each.name: each.state for each in states} == {each["alias"]: "on" for each in automations(block)}
    for entity_id in re.findall(r"\b[a-z_]+\.(?:leaf|ariya|qashqai)_\w+", block):
        state(hass, entity_id)
    await act(hass, AUTOMATION_DOMAIN, "turn_off", "all")


def test_every_trigger_and_condition_has_an_example() -> None:
    examples = [automations(block) for block in BLOCKS]
    for kind, known in (("trigger", TRIGGERS), ("condition", CONDITIONS)):
        ours = {each for each in words(examples, kind) if each.startswith(f"{DOMAIN}.")}
        assert ours == {f"{DOMAIN}.{key}" for key in known}
        assert all(f"`{each}`" in README for each in ours), "the table names it, too"


def test_every_alert_is_explained() -> None:
    (table,) = re.findall(r"^\| alert \|.*?\n\n", README, re.MULTILINE | re.DOTALL)
    named = [kind for row in table.strip().splitlines()[2:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(AlertType)


@pytest.mark.parametrize("path", BLUEPRINTS)
def test_every_blueprint_can_be_imported(path: str) -> None:
    source = load_yaml_dict(str(FOLDER / Path(path)))["blueprint"]["source_url"]
    link = f"https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url={quote(source, safe='')}"
    assert README.count(f"]({link})") == 1


def test_every_example_prints_rounded_numbers() -> None:
    """A sensor shows as many decimals as it has; a sentence wants none of them."""
    written = [*BLOCKS, *((FOLDER / Path(path)).read_text() for path in BLUEPRINTS)]
    printed = [each for text in written for each in re.findall(r"{{.*?}}", text, re.DOTALL)]
    numbers = [
        each for each in printed if re.search(r"states\(['\w]*(sensor\.|_sensor)|level\b|threshold|distance", each)
    ]
    assert len(numbers) >= 5
    for each in numbers:
        if "device_id(" not in each and ".get(" not in each and ">=" not in each:  # nothing is printed there
            assert "round" in each, each
