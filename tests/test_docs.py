"""What the README and the pages of ``docs/`` show works as it stands there."""

from functools import cache
import json
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.condition import CONDITIONS
from custom_components.nissanconnect.const import CONF_DEVICE_ID, DOMAIN
from custom_components.nissanconnect.settings import NUMBERS
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.trigger import TRIGGERS
from custom_components.nissanconnect.vehicle import AlertType, BackendError, Reason
from script.entity_page import MEANINGS, PAGE, SOURCES, main, pattern, rows, written
from script.home_address import read_home

from .charging import add_plan
from .conftest import set_up, state
from .pages import PAGES, REPOSITORY, anchors, automations, blocks, languages, prose, values
from .simulator import Simulator
from .test_alerts import draw, geofence
from .test_blueprints import BLUEPRINTS, FOLDER
from .test_commands import act

README = "README.md"
MOST_LINES = 250
LONGEST_LINE = 160
CONFIGURATIONS = {"docs/dashboard.md", "docs/fleets.md"}
"""The pages whose YAML is no automations. They have tests of their own: tests/frontend and tests/test_fleets.py."""
EXAMPLES = [
    (page, number) for page in PAGES if page not in CONFIGURATIONS for number, _ in enumerate(blocks(page, "yaml"))
]
CELLS = re.compile(r"^\|.*\|$", re.MULTILINE)


def strings() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPOSITORY / "custom_components" / DOMAIN / "translations/en.json").read_text())
    return found


def texts() -> dict[str, str]:
    """Return how the options are called in English."""
    steps = strings()["options"]["step"].values()
    return {option: name for step in steps for option, name in step.get("data", {}).items()}


@cache
def entity_ids() -> set[str]:
    """Return the ids of all entities without the car's part; those of geofences have more."""
    names = strings()["entity"]
    return {f"{platform}.{slugify(each['name'])}" for platform, keys in names.items() for each in keys.values()}


def test_the_readme_is_short() -> None:
    assert len(PAGES[README].splitlines()) <= MOST_LINES


def test_that_it_is_a_beta_is_said_once() -> None:
    assert sum(text.lower().count("beta") for text in PAGES.values()) == PAGES[README].count("**This is a beta:") == 1


@pytest.mark.parametrize("page", PAGES)
def test_no_line_is_too_long(page: str) -> None:
    """A table cannot be wrapped: those of the README are kept short all the same."""
    lines = PAGES[page].splitlines() if page == README else CELLS.sub("", PAGES[page]).splitlines()
    assert [line for line in lines if len(line) > LONGEST_LINE and "my.home-assistant.io" not in line] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = REPOSITORY / page
    for link in re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", prose(page)):
        target, _, anchor = "".join(link).partition("#")
        if target.startswith("https://"):
            continue
        path = Path(os.path.normpath(here.parent / target)) if target else here
        assert path.exists(), link
        assert path.is_relative_to(REPOSITORY), link
        if anchor:
            assert anchor in anchors(path.relative_to(REPOSITORY).as_posix()), link


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_can_be_linked_to(page: str) -> None:
    assert len(anchors(page)) == len(set(anchors(page)))
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1


def test_every_page_is_in_the_index() -> None:
    index = set(re.findall(r"\]\(([\w/.-]+\.md)", PAGES["docs/README.md"]))
    assert index == {os.path.relpath(page, "docs") for page in PAGES} - {"README.md"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_tested(page: str) -> None:
    assert languages(page) <= {"sh", "text", "yaml"}


@cache
def usage(module: str) -> str:
    """Return the help of a command line."""
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def commands() -> set[str]:
    """Return every command of all pages, whether in a block or in a sentence."""
    shown = [
        line.split("#")[0].strip() for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()
    ]
    named = [found for page in PAGES for found in re.findall(r"`((?:script/|\.ci/)[^`]*)`", prose(page))]
    return {each for each in (*shown, *named) if each}


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_exists(command: str) -> None:
    """It has the options that it is shown with, and the files that it is given; what it does has tests of its own."""
    program, *arguments = command.split()
    if program == "python":
        assert arguments[0] == "-m"
        module = arguments[1]
        assert (REPOSITORY / module.replace(".", "/")).with_suffix(".py").exists() or (
            REPOSITORY / module.replace(".", "/") / "__main__.py"
        ).exists()
    else:
        path = REPOSITORY / program
        assert os.access(path, os.X_OK)
        subprocess.run(["bash", "-n", path], check=True)
        found = re.search(r"python -m ([\w.]+)", path.read_text())
        module = found[1] if found and program != "script/test" else ""
    if module:
        for option in (each for each in arguments if each.startswith("--")):
            assert re.search(rf"{option}\b", usage(module)), option
    else:
        assert all((REPOSITORY / each).exists() for each in arguments if "/" in each)


@pytest.mark.parametrize("page", PAGES)
def test_every_entity_id_can_exist(page: str) -> None:
    """Not each car has each entity, so their ids are compared with the names."""
    geofences = {"binary_sensor.in_home"}
    for platform, name in re.findall(r"\b([a-z_]+)\.(?:leaf|ariya|qashqai)_(\w+)", PAGES[page]):
        assert f"{platform}.{name}" in entity_ids() | geofences


def test_every_option_is_explained() -> None:
    options = {
        f"| {texts()[option]} | {number.default:g} | {number.low} | {number.high} |"
        for option, number in NUMBERS.items()
    }
    rows = [row for row in CELLS.findall(PAGES["docs/options.md"]) if not row.startswith(("| option", "|--"))]
    assert {re.sub(r"(?<=\|)[^|]*\|$", "", row) for row in rows} == options


@pytest.mark.parametrize(("page", "number"), EXAMPLES)
async def test_every_example_can_be_set_up(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, page: str, number: int
) -> None:
    block = blocks(page, "yaml")[number]
    simulator.car("Qashqai").offer_remote_lock()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_DEVICE_ID: "ha-known-to-the-vehicle"})
    await set_up(hass, entry)
    await add_plan(hass, entry)
    await draw(hass, entry, geofence("Home"))
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations(block)})
    await hass.async_block_till_done()
    states = hass.states.async_all(AUTOMATION_DOMAIN)
    assert {each.name: each.state for each in states} == {each["alias"]: "on" for each in automations(block)}
    for entity_id in re.findall(r"\b[a-z_]+\.(?:leaf|ariya|qashqai)_\w+", block):
        state(hass, entity_id)
    await act(hass, AUTOMATION_DOMAIN, "turn_off", "all")


def test_every_trigger_and_condition_has_an_example() -> None:
    page = "docs/automations.md"
    examples = [automations(block) for block in blocks(page, "yaml")]
    for kind, known in (("trigger", TRIGGERS), ("condition", CONDITIONS)):
        ours = {each for each in values(examples, kind) if each.startswith(f"{DOMAIN}.")}
        assert ours == {f"{DOMAIN}.{key}" for key in known}
        assert all(f"`{each}`" in prose(page) for each in ours), "the table names it, too"


def test_every_alert_is_explained() -> None:
    (table,) = re.findall(r"^\| alert \|(?:.*\n)+?(?=\n|\Z)", PAGES["docs/geofences.md"], re.MULTILINE)
    named = [kind for row in table.strip().splitlines()[2:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(AlertType)
    assert f"[{len(AlertType)} kinds]" in PAGES[README]


def _keys(error: type[BackendError]) -> set[str]:
    return {error.key}.union(*(_keys(each) for each in error.__subclasses__()))


def test_every_reason_is_explained_and_none_that_does_not_exist() -> None:
    reasons = PAGES["docs/actions.md"].partition("\n## Reasons\n")[2]
    named = [key for row in CELLS.findall(reasons)[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert len(named) == len(set(named))
    assert set(Reason) <= set(named)
    assert set(named) - set(Reason) <= _keys(BackendError)


@pytest.mark.parametrize("path", BLUEPRINTS)
def test_every_blueprint_is_in_the_readme(path: str) -> None:
    assert PAGES[README].count(f"]({read_home().blueprint_link(Path(path).name)})") == 1


def test_every_example_prints_rounded_numbers() -> None:
    """A sensor shows as many decimals as it has; a sentence wants none of them."""
    examples = [blocks(page, "yaml")[number] for page, number in EXAMPLES]
    texts = [*examples, *((FOLDER / Path(path)).read_text() for path in BLUEPRINTS)]
    printed = [each for text in texts for each in re.findall(r"{{.*?}}", text, re.DOTALL)]
    numbers = [
        each for each in printed if re.search(r"states\(['\w]*(sensor\.|_sensor)|level\b|threshold|distance", each)
    ]
    assert len(numbers) >= 5
    for each in numbers:
        if "device_id(" not in each and ".get(" not in each and ">=" not in each:  # nothing is printed there
            assert "round" in each, each


def test_the_tables_of_entities_are_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(PAGE.read_text()) == PAGE.read_text(), "run script/entities"
    old = tmp_path / "entities.md"
    old.write_text("# Entities\n\nText.\n")
    assert main(["--check"], old) == 1
    assert main([], old) == 0
    assert main(["--check"], old) == 0
    assert old.read_text().startswith("# Entities\n\nText.\n<!--")
    assert capsys.readouterr().out.splitlines() == ["not current: run script/entities", "current"]


def test_entities_of_one_meaning_share_a_row_with_all_their_units_and_sources() -> None:
    (month,) = (each for each in rows("sensor") if "Distance this month" in each.names)
    assert month.states == "km, kWh, kWh/100km, amount of money"
    assert month.sources == SOURCES.keys()


def test_the_page_of_entities_explains_the_letters_of_every_source() -> None:
    assert SOURCES.keys() == {*Source} - {Source.DEMO}
    assert len({*SOURCES.values()}) == len(SOURCES)


def test_no_meaning_is_left_over_and_none_is_missing() -> None:
    for platform, meanings in MEANINGS.items():
        section = PAGES["docs/entities.md"].count(f"{next(iter(meanings.values()))} |")
        assert section == 1, platform
    with pytest.raises(ValueError, match="write what it means"):
        pattern("sensor", "something_new")
