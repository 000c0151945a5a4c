"""The dialog for owners who do not know what their vehicle talks to: a part of adding an entry."""

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
from ..vehicle.advisor import Advice, AdviceReason, App, Model, Territory, advise, region_of, was_built
from .texts import async_text

CONF_APP = "app"
CONF_VIN = "vin"
CONF_YEAR = "year"


def _choice(key: str, kind: type[Territory | Model | App]) -> SelectSelector:
    return SelectSelector(SelectSelectorConfig(options=[*kind], translation_key=key, mode=SelectSelectorMode.DROPDOWN))


@cache
def _questions() -> probatio.Schema:
    """What is asked. Made when it is shown: selectors take their time, and most starts show no dialog.

    What is required would be filled in by the browser with the first choice or the smallest number, so that owners who
    leave it alone would answer something; the labels say what is required instead.
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


class UnsureFlow(ConfigFlow):
    """The steps from a few questions to the source to choose. Nothing of what is entered is kept."""

    _advice: Advice
    _answers: dict[str, Any] | None = None
    """What was answered, for who looks at the questions again; without the VIN."""
    _plant: str | None

    async def async_step_unsure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what the owner knows."""
        errors: dict[str, str] = {}
        if user_input is not None:
            vin = user_input.get(CONF_VIN, "").strip()
            vin_is = vin_problem(vin) if vin else None
            if vin_is not in (None, VinProblem.CHECK_DIGIT):
                errors[CONF_VIN] = f"vin_{vin_is}"
            errors |= dict.fromkeys({CONF_REGION, CONF_MODEL} - user_input.keys(), "choose_one")
            year = None if CONF_YEAR not in user_input else int(user_input[CONF_YEAR])
            if (problem := _year_problem(user_input.get(CONF_MODEL), year)) is not None:
                errors[CONF_YEAR] = problem
            if not errors:
                self._advice = advise(
                    Territory(user_input[CONF_REGION]),
                    Model(user_input[CONF_MODEL]),
                    year,
                    App(user_input[CONF_APP]),
                )
                self._answers = {name: value for name, value in user_input.items() if name != CONF_VIN}
                self._plant = plant_country(vin)
                return await self._async_answer()
        answers = user_input or self._answers or {CONF_REGION: region_of(self.hass.config.country)}
        return self.async_show_form(
            step_id="unsure",
            data_schema=self.add_suggested_values_to_schema(_questions(), answers),
            errors=errors,
        )

    async def _async_answer(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Tell what leads to the vehicle and why, and offer to go on."""
        names = [SOURCES[Source(way)].title for way in self._advice.ways] or ["-"]
        return self.async_show_menu(
            step_id=_step(self._advice.verdict),
            menu_options=[*(["unsure_best"] if self._advice.ways else []), "unsure", "user"],
            description_placeholders={
                "plant": self._plant or "?",
                "plant_note": await self._async_plant_note(),
                "ways": ", ".join(names),
                "best": names[0],
            },
        )

    async def _async_plant_note(self) -> str:
        """Return what the VIN tells, in the language of Home Assistant; nothing without one."""
        if self._plant is None:
            return ""
        note = await async_text(self.hass, "plant", "known")
        return "\n\n" + note.replace("[country]", self._plant)

    async def async_step_unsure_best(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with the best way."""
        step: ConfigFlowResult = await getattr(self, f"async_step_{self._advice.ways[0]}")()
        return step


def _year_problem(model: str | None, year: int | None) -> str | None:
    """Return the key of what is wrong with a year of manufacture, if anything is."""
    if year is None:
        return None
    if year > dt_util.now().year + 1:  # owners mean the model year, which begins before its year
        return "year_to_come"
    return None if model is None or was_built(Model(model), year) else f"{model}_years"


def _step(verdict: AdviceReason) -> str:
    return f"unsure_{verdict}"


# Home Assistant finds the words by the name of the step, so each verdict is one. They differ in nothing else.
for _verdict in AdviceReason:
    setattr(UnsureFlow, f"async_step_{_step(_verdict)}", UnsureFlow._async_answer)
