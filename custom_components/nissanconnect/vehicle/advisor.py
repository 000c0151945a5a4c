"""Advises an owner which source fits their vehicle.

The facts about services and vehicles are in regions §3 to §5. The VIN is not used: it only names the plant.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


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


_YEARS: Mapping[Model, tuple[int, int | None]] = {Model.LEAF: (2010, None), Model.E_NV200: (2014, 2022)}
"""When a model was first and last built, if known (regions §3 [B])."""


def was_built(model: Model, year: int) -> bool:
    """Whether ``model`` can have been built in ``year``, as far as known."""
    first, last = _YEARS.get(model, (year, year))
    return first <= year and (last is None or year <= last)


class App(StrEnum):
    """The app that shows the battery or fuel level today. Owners confuse the names (regions §5.5)."""

    NONE = "none"
    """None, or the owner does not know."""
    MYNISSAN = "mynissan"
    NISSANCONNECT_EV = "nissanconnect_ev"


class Way(StrEnum):
    """A way to reach a vehicle, by the name of its source."""

    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    JAPAN = "japan"
    OPENCARWINGS = "opencarwings"
    OVMS = "ovms"
    LEAFSPY = "leafspy"


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
    """There is no known way."""


class Advice(NamedTuple):
    """The ways to a vehicle, best first, and the reason."""

    verdict: AdviceReason
    ways: tuple[Way, ...]


def advise(region: Territory, model: Model, year: int | None, app: App) -> Advice:
    """Return the advice for a vehicle that was built in ``year``, ``None`` if that is unknown."""
    hardware = tuple(
        way for way, last in _HARDWARE.get(model, {}).items() if last is None or year is None or year <= last
    )
    match _service(region, model, year), _CLOUDS.get(region):
        case ((_Service.NONE | _Service.CLOSED), Way() as cloud) if app is App.MYNISSAN:
            return Advice(AdviceReason.CONTRADICTION, (cloud, *hardware))
        case ((_Service.UNCLEAR | _Service.CURRENT), Way() as cloud) if app is App.MYNISSAN:
            return Advice(AdviceReason.CLOUD, (cloud,))
        case _Service.NONE, _:
            return Advice(AdviceReason.NOTHING, ())
        case _Service.UNCLEAR, Way() if app is App.NISSANCONNECT_EV:
            return Advice(AdviceReason.CLOSED, hardware)
        case _Service.CLOSED, _ if region is not Territory.RUSSIA:
            return Advice(AdviceReason.CLOSED, hardware)
        case _Service.UNCLEAR, Way() as cloud:
            return Advice(AdviceReason.APP_DECIDES, (cloud, *hardware))
        case _, Way() as cloud:
            return Advice(AdviceReason.TRY_CLOUD if hardware else AdviceReason.CLOUD, (cloud, *hardware))
        case _ if region is Territory.AUSTRALIA:
            return Advice(AdviceReason.UNPROVEN, (Way.EUROPE, *hardware))
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
    if model is Model.COMBUSTION and year is not None and year < _FIRST_CONNECTED.get(region, 2018):
        return _Service.NONE
    return _Service.CURRENT


_FIRST_CONNECTED: Mapping[Territory, int] = {Territory.NORTH_AMERICA: 2016}
"""First year of telematics units in combustion vehicles, where that was not 2018 (regions §3 [B])."""

_CLOUDS: Mapping[Territory, Way] = {
    Territory.EUROPE: Way.EUROPE,
    Territory.NORTH_AMERICA: Way.NORTH_AMERICA,
    Territory.JAPAN: Way.JAPAN,
}

_HARDWARE: Mapping[Model, Mapping[Way, int | None]] = {
    Model.LEAF: {Way.OPENCARWINGS: 2019, Way.OVMS: 2025, Way.LEAFSPY: 2025},
    Model.E_NV200: {Way.OPENCARWINGS: None, Way.OVMS: None, Way.LEAFSPY: None},
}
"""Ways without Nissan, and up to which model year (regions §3, opencarwings §1 [B])."""
