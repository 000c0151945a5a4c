"""The dialog that advises owners who do not know which source fits their vehicle: a part of adding an entry."""

from functools import cache
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_MODEL, CONF_REGION
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..sources import SOURCES, Source
from ..vehicle import VinProblem, plant_country, vin_problem
from ..vehicle.advisor import Advice, App, Model, Territory, advise, region_of, was_built
from . import async_text

CONF_APP = "app"
CONF_VIN = "vin"
CONF_YEAR = "year"


def _choice(key: str, kind: type[Territory | Model | App]) -> SelectSelector:
    return SelectSelector(SelectSelectorConfig(options=[*kind], translation_key=key, mode=SelectSelectorMode.DROPDOWN))


@cache
def _schema() -> probatio.Schema:
    """Return the form. It is created when it is first shown: selectors are slow, and most starts show no dialog.

    Fields are optional and checked by hand. In a required one the browser would preselect the first choice or the
    smallest number, and owners who leave it alone would submit that. The labels say what is required.
    """
    return probatio.Schema(
        {
            probatio.Optional(CONF_REGION): _choice(CONF_REGION, Territory),
            probatio.Optional(CONF_MODEL): _choice(CONF_MODEL, Model),
            probatio.Optional(CONF_YEAR): NumberSelector(
                NumberSelectorConfig(min=1990, max=2040, step=1, mode=NumberSelectorMode.BOX)
            ),
            probatio.Required(CONF_APP, default=App.NONE): _choice(CONF_APP, App),
            probatio.Optional(CONF_VIN): TextSelector(),
        }
    )


class AdvisorFlow(ConfigFlow):
    """From a few facts about the vehicle to the source to choose. Nothing that is entered is stored."""

    _advice: Advice
    _facts: dict[str, Any] | None = None
    """The last valid input without the VIN, for owners who go back to the form."""
    _plant: str | None

    async def async_step_unsure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take what the owner knows about the vehicle."""
        errors: dict[str, str] = {}
        if user_input is not None:
            vin = user_input.get(CONF_VIN, "").strip()
            wrong_vin = vin_problem(vin) if vin else None
            if wrong_vin not in (None, VinProblem.CHECK_DIGIT):
                errors[CONF_VIN] = f"vin_{wrong_vin}"
            errors |= dict.fromkeys({CONF_REGION, CONF_MODEL} - user_input.keys(), "choose_one")
            year = None if CONF_YEAR not in user_input else int(user_input[CONF_YEAR])
            if (wrong_year := _year_error(user_input.get(CONF_MODEL), year)) is not None:
                errors[CONF_YEAR] = wrong_year
            if not errors:
                self._advice = advise(
                    Territory(user_input[CONF_REGION]),
                    Model(user_input[CONF_MODEL]),
                    year,
                    App(user_input[CONF_APP]),
                )
                self._facts = {name: value for name, value in user_input.items() if name != CONF_VIN}
                self._plant = plant_country(vin)
                return await self._async_show_advice()
        suggested = user_input or self._facts or {CONF_REGION: region_of(self.hass.config.country)}
        return self.async_show_form(
            step_id="unsure",
            data_schema=self.add_suggested_values_to_schema(_schema(), suggested),
            errors=errors,
        )

    async def _async_show_advice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show which sources fit the vehicle and why, and offer to go on with the best one."""
        names = [SOURCES[Source(way)].title for way in self._advice.ways] or ["-"]
        return self.async_show_menu(
            step_id=f"unsure_{self._advice.verdict}",
            menu_options=[*(["unsure_best"] if self._advice.ways else []), "unsure", "user"],
            description_placeholders={
                "plant": self._plant or "?",
                "plant_note": await self._async_plant_note(),
                "ways": ", ".join(names),
                "best": names[0],
            },
        )

    # One step for each AdviceReason: Home Assistant finds the texts of a menu by the name of its step.
    async_step_unsure_cloud = _async_show_advice
    async_step_unsure_try_cloud = _async_show_advice
    async_step_unsure_contradiction = _async_show_advice
    async_step_unsure_app_decides = _async_show_advice
    async_step_unsure_unproven = _async_show_advice
    async_step_unsure_closed = _async_show_advice
    async_step_unsure_russia = _async_show_advice
    async_step_unsure_no_cloud = _async_show_advice
    async_step_unsure_nothing = _async_show_advice

    async def _async_plant_note(self) -> str:
        """Return the text about the plant that the VIN names, in the owner's language; empty without a VIN."""
        if self._plant is None:
            return ""
        note = await async_text(self.hass, "plant", "known")
        return "\n\n" + note.replace("[country]", self._plant)

    async def async_step_unsure_best(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with the step of the best source."""
        step: ConfigFlowResult = await getattr(self, f"async_step_{self._advice.ways[0]}")()
        return step


def _year_error(model: str | None, year: int | None) -> str | None:
    """Return the error key for a wrong year of manufacture, ``None`` if it may be right or is unknown."""
    if year is None:
        return None
    if year > dt_util.now().year + 1:  # owners mean the model year, which begins before its year
        return "year_to_come"
    return None if model is None or was_built(Model(model), year) else f"{model}_years"
