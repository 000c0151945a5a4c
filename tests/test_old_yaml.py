"""A block of Home Assistant's old ``nissan_leaf`` in configuration.yaml, read as Home Assistant reads it."""

import logging
from pathlib import Path

from homeassistant import config as conf_util
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN

BLOCK = "nissan_leaf:\n  - username: owner@example.com\n    password: never shown\n    region: NE\n"


async def boot(hass: HomeAssistant, folder: Path, written: str) -> ir.IssueEntry | None:
    """Start with a configuration.yaml; return what the owner is shown about the block."""
    (folder / "configuration.yaml").write_text(written)
    hass.config.config_dir = str(folder)
    assert await async_setup_component(hass, DOMAIN, await conf_util.async_hass_config_yaml(hass))
    await hass.async_block_till_done(wait_background_tasks=True)
    return ir.async_get(hass).async_get_issue(DOMAIN, "nissan_leaf_yaml")


@pytest.mark.parametrize(
    "written",
    [
        BLOCK,
        BLOCK.replace("nissan_leaf:", "nissan_leaf of ours:"),
        "nissan_leaf:\n",
        "homeassistant:\n  packages:\n    car:\n" + "".join(f"      {line}\n" for line in BLOCK.splitlines()),
    ],
    ids=["plain", "with a word", "empty", "in a package"],
)
async def test_the_block_is_explained(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.nissanconnect")
    entry = MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"})
    entry.add_to_hass(hass)
    issue = await boot(hass, tmp_path, written)
    assert issue
    assert (issue.is_fixable, issue.is_persistent, issue.data) == (False, False, None)
    assert "nissan_leaf" not in hass.config.components, "nothing was needed of the old integration"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert not any("owner@example.com" in line or "never shown" in line for line in ours)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_without_the_block_the_issue_is_over(hass: HomeAssistant, tmp_path: Path) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        "nissan_leaf_yaml",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="nissan_leaf_yaml",
    )
    assert await boot(hass, tmp_path, "nissan_leaf_extra:\ntemplate: []\n") is None
