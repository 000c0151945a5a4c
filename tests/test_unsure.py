"""The dialog for owners who do not know what their vehicle talks to."""

import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.nissanconnect.const import DOMAIN

from .conftest import CREDENTIALS, NOON
from .dialogs import open_form, submit, suggested
from .simulator import Simulator

VIN = "SJNFAAZE0U0012345"
ANSWERS = {"region": "europe", "model": "leaf", "year": 2021, "app": "mynissan"}


async def ask(hass: HomeAssistant, **answers: Any) -> ConfigFlowResult:
    """Open the dialog and answer its questions, by default about a LEAF that the app shows."""
    return await submit(hass, await open_form(hass, "unsure"), ANSWERS | answers)


def told(answer: ConfigFlowResult) -> tuple[str, str]:
    """The plant, and the ways."""
    words = answer["description_placeholders"] or {}
    return words["plant"], words["ways"]


async def test_from_the_question_to_the_account(hass: HomeAssistant, simulator: Simulator) -> None:
    answer = await ask(hass)
    assert answer["type"] is FlowResultType.MENU
    assert (answer["step_id"], answer["menu_options"]) == ("unsure_cloud", ["unsure_best", "unsure", "user"])
    assert told(answer) == ("?", "MyNISSAN Europe")
    assert (answer["description_placeholders"] or {})["best"] == "MyNISSAN Europe"

    form = await submit(hass, answer, {"next_step_id": "unsure_best"})
    assert form["step_id"] == "europe"
    result = await submit(hass, form, CREDENTIALS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("answers", "step", "ways"),
    [
        ({"year": 2015, "app": "none"}, "unsure_closed", "OpenCARWINGS, OVMS, Leaf Spy"),
        ({"year": 2019, "app": "none"}, "unsure_app_decides", "MyNISSAN Europe, OpenCARWINGS, OVMS, Leaf Spy"),
        ({"year": 2015}, "unsure_contradiction", "MyNISSAN Europe, OpenCARWINGS, OVMS, Leaf Spy"),
        ({"app": "none"}, "unsure_try_cloud", "MyNISSAN Europe, OVMS, Leaf Spy"),
        ({"region": "russia", "app": "none"}, "unsure_russia", "OVMS, Leaf Spy"),
        ({"region": "australia"}, "unsure_unproven", "MyNISSAN Europe, OVMS, Leaf Spy"),
        ({"region": "elsewhere"}, "unsure_no_cloud", "OVMS, Leaf Spy"),
        ({"region": "japan"}, "unsure_cloud", "NissanConnect Japan"),
        ({"region": "north_america"}, "unsure_cloud", "MyNISSAN North America"),
        ({"region": "elsewhere", "model": "electric"}, "unsure_nothing", "-"),
    ],
)
async def test_every_answer_names_the_ways(hass: HomeAssistant, answers: dict[str, Any], step: str, ways: str) -> None:
    answer = await ask(hass, **answers)
    assert answer["step_id"] == step
    assert answer["menu_options"] == ([] if ways == "-" else ["unsure_best"]) + ["unsure", "user"]
    assert told(answer)[1] == ways
    again = await hass.config_entries.flow.async_configure(answer["flow_id"])  # the page is loaded anew
    assert again["step_id"] == step

    menu = await submit(hass, answer, {"next_step_id": "user"})
    assert menu["step_id"] == "user"


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("DE", "europe"),
        ("GB", "europe"),
        ("AE", "europe"),
        ("US", "north_america"),
        ("MX", "north_america"),
        ("JP", "japan"),
        ("NZ", "australia"),
        ("KZ", "russia"),
        ("BR", None),
        (None, None),
    ],
)
async def test_the_region_is_that_of_home_assistant(
    hass: HomeAssistant, country: str | None, region: str | None
) -> None:
    hass.config.country = country
    form = await open_form(hass, "unsure")
    assert suggested(form)["region"] == region


async def test_answers_can_be_looked_at_again(hass: HomeAssistant) -> None:
    answer = await ask(hass, vin=VIN)
    form = await submit(hass, answer, {"next_step_id": "unsure"})
    assert (form["step_id"], form["errors"]) == ("unsure", {})
    assert suggested(form) == ANSWERS | {"vin": None}
    assert (await submit(hass, form, ANSWERS | {"year": 2015, "app": "none"}))["step_id"] == "unsure_closed"


async def test_nothing_is_presumed(hass: HomeAssistant) -> None:
    form = await open_form(hass, "unsure")
    schema = form["data_schema"]
    assert schema is not None
    assert schema({}) == {"app": "none"}
    form = await submit(hass, form, {"app": "none"})
    assert form["errors"] == {"region": "choose_one", "model": "choose_one"}
    answer = await submit(hass, form, {"region": "europe", "model": "leaf", "app": "none"})
    assert answer["step_id"] == "unsure_app_decides", "the year is not known"


@pytest.mark.parametrize(
    ("model", "year", "error"),
    [
        ("leaf", 1990, "leaf_years"),
        ("leaf", 2009, "leaf_years"),
        ("leaf", 2010, None),
        ("e_nv200", 2013, "e_nv200_years"),
        ("e_nv200", 2014, None),
        ("e_nv200", 2022, None),
        ("e_nv200", 2023, "e_nv200_years"),
        ("combustion", 1990, None),
        ("combustion", NOON.year + 1, None),  # a model year begins before its year
        ("leaf", NOON.year + 2, "year_to_come"),
    ],
)
async def test_a_year_in_which_the_model_was_not_built_is_an_error(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, model: str, year: int, error: str | None
) -> None:
    freezer.move_to(NOON)
    answer = await ask(hass, model=model, year=year)
    assert answer.get("errors") == (None if error is None else {"year": error})


@pytest.mark.parametrize(("language", "required"), [("en", "(required)"), ("de", "(Pflichtfeld)")])
async def test_what_is_demanded_is_marked(hass: HomeAssistant, language: str, required: str) -> None:
    """In words, because the field itself cannot be: what is required is filled in by the browser."""
    texts = await async_get_translations(hass, language, "config", {DOMAIN})
    for field in ("region", "model"):
        assert texts[f"component.{DOMAIN}.config.step.unsure.data.{field}"].endswith(required)


async def test_the_plant_is_named_if_there_is_a_vin(hass: HomeAssistant) -> None:
    without, answer = await ask(hass), await ask(hass, vin=VIN)
    assert (without["description_placeholders"] or {})["plant_note"] == ""
    assert "built in this country: GB." in (answer["description_placeholders"] or {})["plant_note"]


async def test_the_best_source_is_offered(hass: HomeAssistant) -> None:
    answer = await ask(hass, region="elsewhere")
    assert (await submit(hass, answer, {"next_step_id": "unsure_best"}))["step_id"] == "ovms"


@pytest.mark.parametrize(
    ("vin", "error"),
    [
        (VIN[:-1], "vin_length"),
        (f"{VIN}6", "vin_length"),
        ("ZE1-123456", "vin_length"),
        (f"I{VIN[1:]}", "vin_characters"),
    ],
)
async def test_a_vin_that_cannot_be_one(hass: HomeAssistant, vin: str, error: str) -> None:
    form = await ask(hass, vin=vin)
    assert form["errors"] == {"vin": error}
    assert suggested(form) == ANSWERS | {"vin": vin}
    assert told(await submit(hass, form, ANSWERS))[0] == "?"


@pytest.mark.parametrize(
    ("vin", "plant"),
    [(f" {VIN.lower()} ", "GB"), ("JN1AZ0CP0BT999999", "JP"), ("1N4AZ1CP2JC999999", "US"), ("XYZAZ1CP2JC999999", "?")],
)
async def test_a_vin_tells_the_plant_and_decides_nothing(hass: HomeAssistant, vin: str, plant: str) -> None:
    without, answer = await ask(hass, region="elsewhere"), await ask(hass, region="elsewhere", vin=vin)
    assert told(answer) == (plant, *told(without)[1:])
    assert answer["step_id"] == without["step_id"]


async def test_the_vin_is_kept_and_logged_nowhere(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = await ask(hass, vin=f"{VIN}6")
    answer = await submit(hass, form, ANSWERS | {"vin": VIN})
    form = await submit(hass, answer, {"next_step_id": "unsure_best"})
    flow = hass.config_entries.flow._progress[form["flow_id"]]
    assert VIN not in repr(vars(flow))
    result = await submit(hass, form, CREDENTIALS)
    assert VIN not in repr(result["data"])
    assert VIN not in caplog.text
