"""Advises owners who do not know which source fits their vehicle: the advice, and its dialog in adding an entry.

The facts about services and vehicles are in regions §3 to §5. The VIN is not used: it only names the plant.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

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
from ..texts import async_text
from ..vehicle import VinProblem, plant_country, vin_problem

CONF_APP = "app"
CONF_VIN = "vin"
CONF_YEAR = "year"


class Territory(StrEnum):
    """Where a vehicle is now: its telematics unit and account must be served there, wherever it was sold.

    The European service also covers the Middle East (regions §1 [B]).
    """

    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    JAPAN = "japan"
    AUSTRALIA = "australia"
    RUSSIA = "russia"
    """Russia and its neighbours, which had a service of their own; it has ended (regions §1)."""
    ELSEWHERE = "elsewhere"


def region_of(country: str | None) -> Territory | None:
    """Return the region of a country (ISO 3166-1 alpha-2), ``None`` if it is unknown (regions §1)."""
    return next((region for region, countries in _COUNTRIES.items() if country in countries.split()), None)


_COUNTRIES: Mapping[Territory, str] = {
    Territory.EUROPE: "AD AL AT BA BE BG CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC"
    " MD ME MK MT NL NO PL PT RO RS SE SI SK SM TR UA VA XK AE BH IL JO KW LB OM QA SA",
    Territory.NORTH_AMERICA: "CA MX US",
    Territory.JAPAN: "JP",
    Territory.AUSTRALIA: "AU NZ",
    Territory.RUSSIA: "BY KG KZ RU TJ TM UZ",
}


class Model(StrEnum):
    """The kind of vehicle, as far as it matters for the advice."""

    LEAF = "leaf"
    E_NV200 = "e_nv200"
    ELECTRIC = "electric"
    COMBUSTION = "combustion"


_YEARS: Mapping[str | None, tuple[int, int | None]] = {Model.LEAF: (2010, None), Model.E_NV200: (2014, 2022)}
"""When a model was first and last built, if known (regions §3 [B])."""


class App(StrEnum):
    """The app that shows the battery or fuel level today. Owners confuse the names (regions §5.5)."""

    NONE = "none"
    """None, or the owner does not know."""
    MYNISSAN = "mynissan"
    NISSANCONNECT_EV = "nissanconnect_ev"


class AdviceReason(StrEnum):
    """The reason for an advice."""

    CLOUD = "cloud"
    """Nissan's service of the region fits."""
    TRY_CLOUD = "try_cloud"
    """It may fit, but no current app works: the vehicle may be an import, or have no subscription."""
    CONTRADICTION = "contradiction"
    """The owner says that a current app works, but the vehicle was not made for its service."""
    APP_DECIDES = "app_decides"
    """The vehicle may belong to the current service or to the closed one."""
    UNPROVEN = "unproven"
    """It is unknown whether the European service accepts accounts of this region (regions §1 [D])."""
    CLOSED = "closed"
    """Its service was switched off, in Europe on 30 March 2026 (regions §5.2 [A]); no other is known to work ([D])."""
    RUSSIA = "russia"
    """Nissan left in 2022, and no service is known since."""
    NO_CLOUD = "no_cloud"
    """The region has no known service."""
    NOTHING = "nothing"
    """No source is known."""


class Advice(NamedTuple):
    """The sources for a vehicle, best first, and the reason."""

    reason: AdviceReason
    sources: tuple[Source, ...]


def advise(region: Territory, model: Model, year: int | None, app: App) -> Advice:
    """Return the advice for a vehicle that was built in ``year``, ``None`` if that is unknown."""
    hardware = tuple(
        source for source, last in _HARDWARE.get(model, {}).items() if last is None or year is None or year <= last
    )
    match _service(region, model, year), _CLOUDS.get(region):
        case ((_Service.NONE | _Service.CLOSED), Source() as cloud) if app is App.MYNISSAN:
            return Advice(AdviceReason.CONTRADICTION, (cloud, *hardware))
        case ((_Service.UNCLEAR | _Service.CURRENT), Source() as cloud) if app is App.MYNISSAN:
            return Advice(AdviceReason.CLOUD, (cloud,))
        case _Service.NONE, _:
            return Advice(AdviceReason.NOTHING, ())
        case _Service.UNCLEAR, Source() if app is App.NISSANCONNECT_EV:
            return Advice(AdviceReason.CLOSED, hardware)
        case _Service.CLOSED, _ if region is not Territory.RUSSIA:
            return Advice(AdviceReason.CLOSED, hardware)
        case _Service.UNCLEAR, Source() as cloud:
            return Advice(AdviceReason.APP_DECIDES, (cloud, *hardware))
        case _, Source() as cloud:
            return Advice(AdviceReason.TRY_CLOUD if hardware else AdviceReason.CLOUD, (cloud, *hardware))
        case _ if region is Territory.AUSTRALIA:
            return Advice(AdviceReason.UNPROVEN, (Source.EUROPE, *hardware))
        case _ if region is Territory.RUSSIA and hardware:
            return Advice(AdviceReason.RUSSIA, hardware)
        case _:
            return Advice(AdviceReason.NO_CLOUD if hardware else AdviceReason.NOTHING, hardware)


class _Service(StrEnum):
    """The service of Nissan's that a vehicle was made for."""

    NONE = "none"
    CLOSED = "closed"
    UNCLEAR = "unclear"
    CURRENT = "current"


def _service(region: Territory, model: Model, year: int | None) -> _Service:
    """LEAFs changed to the current service in about May 2019, e-NV200s never did (regions §3 [A, B])."""
    if model is Model.E_NV200 or (model is Model.LEAF and year is not None and year < 2019):
        return _Service.CLOSED
    if model is Model.LEAF and (year is None or year == 2019):
        return _Service.UNCLEAR
    # The first telematics units in combustion vehicles (regions §3 [B]).
    first_connected = 2016 if region is Territory.NORTH_AMERICA else 2018
    if model is Model.COMBUSTION and year is not None and year < first_connected:
        return _Service.NONE
    return _Service.CURRENT


_CLOUDS: Mapping[Territory, Source] = {
    Territory.EUROPE: Source.EUROPE,
    Territory.NORTH_AMERICA: Source.NORTH_AMERICA,
    Territory.JAPAN: Source.JAPAN,
}

_HARDWARE: Mapping[Model, Mapping[Source, int | None]] = {
    Model.LEAF: {Source.OPENCARWINGS: 2019, Source.OVMS: 2025, Source.LEAFSPY: 2025},
    Model.E_NV200: {Source.OPENCARWINGS: None, Source.OVMS: None, Source.LEAFSPY: None},
}
"""Sources without Nissan, and up to which model year (regions §3, opencarwings §1 [B])."""


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
        names = [SOURCES[source].title for source in self._advice.sources] or ["-"]
        return self.async_show_menu(
            step_id=f"unsure_{self._advice.reason}",
            menu_options=[*(["unsure_best"] if self._advice.sources else []), "unsure", "user"],
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
        step: ConfigFlowResult = await getattr(self, f"async_step_{self._advice.sources[0]}")()
        return step


def _year_error(model: str | None, year: int | None) -> str | None:
    """Return the error key for a wrong year of manufacture, ``None`` if it may be right or is unknown."""
    if year is None:
        return None
    if year > dt_util.now().year + 1:  # owners mean the model year, which begins before its year
        return "year_to_come"
    first, last = _YEARS.get(model, (year, None))
    return None if first <= year <= (last or year) else f"{model}_years"
