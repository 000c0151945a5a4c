"""The forms of a charge plan open with whatever a subentry holds."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict
from hypothesis import example, given, strategies as st

from custom_components.nissanconnect.charging.plans import CONF_READY_BY_DAYS, SwitchedBy
from custom_components.nissanconnect.charging.price_choice import CONSTANT, TWO_TARIFF
from custom_components.nissanconnect.flows import vehicle_selector
from custom_components.nissanconnect.flows.charge_forms import (
    MARKET,
    names,
    opened,
    options_form,
    price_form,
    prices_form,
    suggestions,
    switch_form,
    switched_by_form,
    wishes_form,
)

_SOME = [SelectOptionDict(value="x", label="x")]
_FORMS = [
    wishes_form(vehicle_selector({}), _SOME),
    switched_by_form([*SwitchedBy]),
    options_form(["on", "off"]),
    prices_form(_SOME),
    *[price_form(kind, "EUR") for kind in (MARKET, CONSTANT, TWO_TARIFF)],
    *[switch_form(way, power=3.7, phases=3, can_refresh=can, own=[]) for way in SwitchedBy for can in (True, False)],
]
_NAMES = sorted({CONF_READY_BY_DAYS}.union(*(names(form) for form in _FORMS)))
_WORDS = st.sampled_from(["mon", "sun", "switch.x", "06:00:00", "entity", "x", "on"]) | st.text()
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=5,
)
_HOUSE = cast("HomeAssistant", SimpleNamespace(states=SimpleNamespace(get=lambda _: object())))
"""A Home Assistant that has every entity."""


@given(st.dictionaries(st.sampled_from(_NAMES), _ANYTHING))
@example({CONF_READY_BY_DAYS: None})
def test_nothing_that_is_kept_keeps_a_form_from_opening(data: Mapping[str, Any]) -> None:
    fields = opened(data)
    for form in _FORMS:
        shown = suggestions(_HOUSE, form, fields)
        for marker, kind in form.items():
            if str(marker) in names(form) and str(marker) in shown:
                kind(shown[str(marker)])  # what is filled in can be submitted
