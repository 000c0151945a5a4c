"""What several files of the shell share. Imported first, to say clearly that an older Home Assistant will not do."""

from typing import Final

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, Platform, __version__

MINIMUM: Final = (2026, 11)

if (MAJOR_VERSION, MINOR_VERSION) < MINIMUM:
    raise ImportError(
        f"NissanConnect needs Home Assistant {'.'.join(map(str, MINIMUM))} or newer; this is {__version__}"
    )

DOMAIN: Final = "nissanconnect"
MANUFACTURER: Final = "Nissan"

CONF_AUTH: Final = "auth"
CONF_DEVICE_ID: Final = "device_id"
"""Our name in the vehicles' lists of trusted devices."""
CONF_ENTRY: Final = "entry"
"""The entry whose vehicle is a source."""
CONF_ODOMETER_UNIT: Final = "odometer_unit"
CONF_ON_ENTERING: Final = "on_entering"
CONF_ON_LEAVING: Final = "on_leaving"
CONF_OUTSIDE_UNIT: Final = "outside_unit"
CONF_PINS: Final = "pins"
"""PINs by vehicle, of owners who chose to have them stored."""
CONF_PREFERRED: Final = "preferred"
"""Whether a source comes before the vehicle's own account."""
CONF_SOURCE: Final = "source"
CONF_SOURCE_VEHICLE: Final = "source_vehicle"
"""Which vehicle of the other entry it is, by its alias."""
CONF_UNLOCK_WITHOUT_PIN: Final = "unlock_without_pin"
"""Whether the owner wants that whoever may use a lock that asks for no PIN can unlock; older entries do not say."""
CONF_USER: Final = "user"
CONF_VEHICLE: Final = "vehicle"
CONF_VEHICLE_ID: Final = "vehicle_id"
"""What an OVMS module calls its vehicle."""
CONF_VEHICLES: Final = "vehicles"

SUBENTRY_ABRP: Final = "abrp"
SUBENTRY_CHARGE_PLAN: Final = "charge_plan"
SUBENTRY_GEOFENCE: Final = "geofence"
SUBENTRY_SOURCE: Final = "source"

EVENT_ALERT: Final = f"{DOMAIN}_alert"
EVENT_COMMAND: Final = f"{DOMAIN}_command"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.CLIMATE,
    Platform.DEVICE_TRACKER,
    Platform.EVENT,
    Platform.LOCK,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
    Platform.UPDATE,
)
