"""Home Assistant's own MQTT integration, at a real broker."""

from pathlib import Path

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .mosquitto import USERS, Mosquitto


def mqtt_entry(hass: HomeAssistant, broker: Mosquitto, directory: Path) -> MockConfigEntry:
    """Return the entry of the integration, never loaded; it reads a configuration, which is empty, in ``directory``."""
    (directory / "configuration.yaml").touch()
    hass.config.config_dir = str(directory)
    return MockConfigEntry(
        domain=mqtt.DOMAIN,
        version=mqtt.CONFIG_ENTRY_VERSION,
        minor_version=mqtt.CONFIG_ENTRY_MINOR_VERSION,
        data={
            "broker": "127.0.0.1",
            "port": broker.port,
            "username": "homeassistant",
            "password": USERS["homeassistant"],
            "protocol": "5",
            "birth_message": {},
            "will_message": {},
        },
    )
