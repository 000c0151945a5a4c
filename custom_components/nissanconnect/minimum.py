"""Home Assistant must be new enough: said clearly here, before anything else of ours is imported."""

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, __version__

MINIMUM = (2026, 11)

if (MAJOR_VERSION, MINOR_VERSION) < MINIMUM:
    raise ImportError(
        f"NissanConnect needs Home Assistant {'.'.join(map(str, MINIMUM))} or newer; this is {__version__}"
    )
