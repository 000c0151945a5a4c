"""What each source asks of its owner."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from homeassistant.const import (
    CONF_API_KEY,
    CONF_API_TOKEN,
    CONF_CODE,
    CONF_COUNTRY,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PREFIX,
    CONF_URL,
    CONF_USERNAME,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..const import CONF_UNLOCK_WITHOUT_PIN, CONF_USER, CONF_VEHICLE_ID
from ..sources import COUNTRIES, Source
from ..vehicle import AuthenticationFailed


class Form(NamedTuple):
    """One source's questions.

    ``secrets`` are what is asked again when they have been rejected; a source without any is never asked again.
    """

    fields: Mapping[probatio.Marker, Any]
    secrets: frozenset[str] = frozenset()
    not_kept: frozenset[str] = frozenset({CONF_CODE})
    """What is used once and then forgotten."""
    errors: Mapping[str, str] = MappingProxyType({})
    """Which words to show in place of those for an error, where those are about another service."""
    same_device: bool = False
    """The source knows us as a device, which we stay when its secrets are asked for again."""

    @property
    def schema(self) -> probatio.Schema:
        """All questions."""
        return probatio.Schema(dict(self.fields))

    @property
    def secrets_schema(self) -> probatio.Schema:
        """The questions about what was rejected."""
        return probatio.Schema({marker: value for marker, value in self.fields.items() if str(marker) in self.secrets})


USERNAME = TextSelector(TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username"))
PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
CODE = TextSelector(TextSelectorConfig(autocomplete="one-time-code"))

_REJECTED = {AuthenticationFailed.key: "authentication_failed_other"}
COUNTRY = SelectSelector(
    SelectSelectorConfig(options=[*COUNTRIES], translation_key=CONF_COUNTRY, mode=SelectSelectorMode.DROPDOWN)
)
PIN = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
UNLOCKING: Mapping[probatio.Marker, Any] = {
    probatio.Required(CONF_UNLOCK_WITHOUT_PIN, default=False): BooleanSelector()
}
OWN_PIN: Mapping[probatio.Marker, Any] = {probatio.Optional(CONF_PIN): PIN, **UNLOCKING}
"""What guards the lock of a vehicle that takes any PIN."""

FORMS: Mapping[Source, Form] = {
    Source.EUROPE: Form(
        fields={probatio.Required(CONF_USERNAME): USERNAME, probatio.Required(CONF_PASSWORD): PASSWORD},
        secrets=frozenset({CONF_PASSWORD}),
    ),
    Source.OPENCARWINGS: Form(
        fields={
            probatio.Required(CONF_URL, default="https://opencarwings.viaaq.eu"): URL,
            probatio.Optional(CONF_API_KEY): PASSWORD,
            probatio.Optional(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
            probatio.Optional(CONF_PASSWORD): PASSWORD,
            **UNLOCKING,
        },
        secrets=frozenset({CONF_API_KEY, CONF_USERNAME, CONF_PASSWORD}),
        not_kept=frozenset({CONF_CODE, CONF_PASSWORD}),  # its tokens renew themselves
        errors=_REJECTED,
    ),
    Source.JAPAN: Form(
        fields={
            probatio.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
            probatio.Required(CONF_PASSWORD): PASSWORD,
        },
        secrets=frozenset({CONF_PASSWORD}),
        errors=_REJECTED,
    ),
    Source.TESLAFI: Form(
        fields={
            probatio.Required(CONF_URL, default="https://www.teslafi.com"): URL,
            probatio.Required(CONF_API_TOKEN): PASSWORD,
        },
        secrets=frozenset({CONF_API_TOKEN}),
        errors=_REJECTED,
    ),
    Source.NORTH_AMERICA: Form(
        fields={
            probatio.Required(CONF_USERNAME): USERNAME,
            probatio.Required(CONF_PASSWORD): PASSWORD,
            probatio.Required(CONF_COUNTRY, default="us"): COUNTRY,
            **UNLOCKING,
        },
        secrets=frozenset({CONF_PASSWORD}),
        not_kept=frozenset({CONF_CODE, CONF_PASSWORD}),
        same_device=True,
    ),
    Source.OVMS: Form(
        fields={
            probatio.Required(CONF_PREFIX, default="ovms"): TextSelector(),
            probatio.Optional(CONF_USER): TextSelector(),
            probatio.Optional(CONF_VEHICLE_ID): TextSelector(),
            **OWN_PIN,
        },
    ),
}
