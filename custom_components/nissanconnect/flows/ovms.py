"""The dialog for a module that Home Assistant has found at its MQTT broker."""

from typing import Any, override

from homeassistant.config_entries import SOURCE_MQTT, ConfigFlowResult
from homeassistant.const import CONF_PREFIX
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import probatio

from ..const import CONF_USER, CONF_VEHICLE_ID
from ..sources import OWN_PIN, Source, async_load
from ..vehicle import one_line
from .login import LogInFlow

_MOST_FOUND = 10
"""Modules that wait for their owner's answer: whoever may publish at the broker could show any number."""
_LONGEST_LEVEL = 100

_GUARD = probatio.Schema(dict(OWN_PIN))


class OvmsFlow(LogInFlow):
    """From the type of a module, which the broker has kept, to an entry."""

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Begin with a module under the topics that a LEAF's has unless its owner has changed them (ovms §5.1)."""
        await async_load(self.hass, "ovms")
        from ..backends.ovms import LEAF, Topics  # noqa: PLC0415

        payload = discovery_info.payload
        kind = payload.decode(errors="replace") if isinstance(payload, bytes | bytearray) else payload
        levels = discovery_info.topic.split("/")
        if kind != LEAF or len(levels) != 6 or not levels[2]:
            return self.async_abort(reason="not_a_leaf")
        prefix, user, vehicle = levels[:3]
        if any((one_line(level, _LONGEST_LEVEL) or "") != level for level in levels[:3]):
            return self.async_abort(reason="not_a_leaf")
        await self.async_set_unique_id(f"{Source.OVMS}_{Topics.of(prefix, user, vehicle).account}")
        self._abort_if_unique_id_configured()
        self._found = {CONF_PREFIX: prefix, CONF_USER: user, CONF_VEHICLE_ID: vehicle}
        self.context["title_placeholders"] = {"name": one_line(vehicle) or vehicle}
        others = [flow for flow in self._async_in_progress() if flow["context"].get("source") == SOURCE_MQTT]
        if len(others) >= _MOST_FOUND:
            return self.async_abort(reason="too_many_found")
        return await self.async_step_ovms_found()

    async def async_step_ovms_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether it is to be added, and for what only its owner knows."""
        return await self._async_log_in("ovms_found", Source.OVMS, _GUARD, user_input)
