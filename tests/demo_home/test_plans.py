"""How the demo walks through the dialog of charge plans."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, override

import pytest

from script.demo_home.client import Answer, HomeAssistant
from script.demo_home.console import Console, DemoError
from script.demo_home.plans import add_plans
from script.demo_home.running import Home

WISHES: Mapping[str, Any] = {
    "type": "form",
    "flow_id": "flow",
    "data_schema": [
        {"name": "vehicle", "required": True},
        {"name": "target", "default": 100},
        {"name": "minimum", "default": 20},
        {"name": "place", "default": "anywhere", "description": {"suggested_value": "zone.home"}},
        {"name": "calendar", "required": False},
        {"name": "days", "schema": [{"name": "monday"}, {"name": "power", "default": 3.7}]},
    ],
}
MENU: Mapping[str, Any] = {
    "type": "menu",
    "flow_id": "flow",
    "menu_options": ["wishes", "save"],
    "description_placeholders": {"plan": "At night."},
}
CREATED: Mapping[str, Any] = {"type": "create_entry"}


class Dialog(HomeAssistant):
    """A Home Assistant that shows these steps, the same ones in every dialog."""

    def __init__(self, directory: Path, *steps: Mapping[str, Any]) -> None:
        self.home = Home(self, directory, program=None, account="ours", vehicles=[], dashboard={})  # type: ignore[arg-type] # is not stopped here
        self.steps = steps
        self.entered: list[dict[str, Any]] = []

    @override
    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        if "handler" in body:
            return self.steps[0]
        self.entered.append(body)
        return self.steps[len(self.entered) % len(self.steps)]


async def test_each_step_is_filled_with_our_choice_or_else_with_what_it_proposes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dialog = Dialog(tmp_path, WISHES, MENU, CREATED)

    await add_plans(dialog.home, Console())

    wishes, saved, *_ = dialog.entered
    assert wishes.pop("vehicle")
    assert wishes == {"target": 95, "minimum": 20, "place": "zone.home", "days": {"power": 6.6}}
    assert saved == {"next_step_id": "save"}
    assert "At night." in capsys.readouterr().out


@pytest.mark.parametrize(
    "last",
    [
        {**WISHES, "errors": {"base": "no"}},
        {**MENU, "menu_options": ["wishes"]},
        {"type": "abort", "reason": "not_loaded"},
        WISHES,
    ],
)
async def test_a_dialog_that_does_not_end_well_is_no_plan(tmp_path: Path, last: Mapping[str, Any]) -> None:
    with pytest.raises(DemoError, match="Adding a charge plan"):
        await add_plans(Dialog(tmp_path, WISHES, last).home, Console())

    await add_plans((later := Dialog(tmp_path, WISHES, CREATED)).home, Console())
    assert [each["target"] for each in later.entered[::2]] == [95, 80]


async def test_plans_that_the_owner_has_removed_stay_away(tmp_path: Path) -> None:
    await add_plans(Dialog(tmp_path, CREATED).home, Console())

    await add_plans((again := Dialog(tmp_path, WISHES, CREATED)).home, Console())

    assert again.entered == []
