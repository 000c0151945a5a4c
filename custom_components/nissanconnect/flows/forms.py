"""What each source asks of its owner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.const import CONF_CODE, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from ..sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One source's questions.

    ``title`` is what an entry is called at first; titles show up in logs, so it names the service and never the person.
    ``secrets`` are what is asked again when they have been rejected; a source without any is never asked again.
    """

    title: str
    fields: Mapping[probatio.Marker, Any]
    secrets: frozenset[str] = frozenset()
    not_kept: frozenset[str] = field(default=frozenset({CONF_CODE}))
    """What is used once and then forgotten."""

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
CODE = TextSelector(TextSelectorConfig(autocomplete="one-time-code"))

FORMS: Mapping[Source, Form] = {
    Source.EUROPE: Form(
        title="NissanConnect Europe",
        fields={probatio.Required(CONF_USERNAME): USERNAME, probatio.Required(CONF_PASSWORD): PASSWORD},
        secrets=frozenset({CONF_PASSWORD}),
    ),
}
