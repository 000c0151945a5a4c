"""The configuration directory of the demo's Home Assistant, as it lies there before a start."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
import fcntl
import json
import os
from pathlib import Path
import shutil
from typing import Any

from homeassistant import components
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.sources import Source
from tests.simulator.cars.places import HOME

from .console import DemoError
from .entries import kept_entries
from .processes import LOOPBACK

CHECKOUT = Path(__file__).resolve().parents[2]

ENERGY = Path(__file__).with_name("demo_energy")
"""The integration of the home's price of electricity and of its wallbox."""

TIME_ZONE = "Europe/Amsterdam"

LOG = "home-assistant.log"
"""Where Home Assistant writes its log, in the configuration directory."""

# No `default_config`, which would look for devices in the network. Home Assistant lacks libraries of the system for
# pictures of cameras and says so with errors; there are no cameras here.
_CONFIGURATION = """\
# Written by script/demo at every start.
homeassistant:
  name: Home
  latitude: {latitude}
  longitude: {longitude}
  elevation: 0
  unit_system: metric
  time_zone: {zone}
  country: NL
  currency: EUR
  internal_url: {url}
  auth_providers:
    - type: homeassistant
automation: !include automations.yaml
config:
diagnostics:
energy:
frontend:
history:
logbook:
scene: !include scenes.yaml
script: !include scripts.yaml
sun:
webhook:
template: !include template.yaml
demo_energy:
  simulator: {simulator}
logger:
  default: warning
  logs:
    custom_components.nissanconnect: debug
    haffmpeg: fatal
    homeassistant.components.camera.img_util: fatal
"""


@contextmanager
def locked(directory: Path, *, empty: bool = False) -> Generator[None]:
    """Keep a configuration directory for ourselves; ``empty`` starts with nothing in it."""
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(f"Another demo is running in {directory}") from None
        for entry in directory.iterdir() if empty else ():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        yield
    finally:
        os.close(handle)


_EDITED = {"automations.yaml": "[]\n", "scenes.yaml": "[]\n", "scripts.yaml": "{}\n"}
"""What the editors of Home Assistant write to, and what is in it at first."""


_KEPT = ("info", "log", "wakes", "wishes", "plan", "wrong_pins")
"""What the integration's store keeps of a vehicle that is not of the vehicle's own time."""


def forget_vehicles(directory: Path) -> None:
    """Remove what the vehicles have reported to Home Assistant, and the broker of the module in one of them.

    The simulated vehicles begin anew with each start of the demo, some of their time behind the last ones: what those
    reported would count as newer than all that the new ones report. What was commanded, and what the owner has set,
    happened in Home Assistant's time and stays with the account; the module and the phone tell everything anew.
    """
    (directory / "mosquitto" / "mosquitto.db").unlink(missing_ok=True)
    account = kept_entries(directory).get(Source.EUROPE, {}).get("entry_id")
    for remembered in (directory / ".storage").glob(f"{DOMAIN}.*"):
        kept = _without_reports(remembered) if remembered.name == f"{DOMAIN}.{account}" else None
        if kept is None:
            remembered.unlink()
        else:
            remembered.write_text(json.dumps(kept))


def _without_reports(remembered: Path) -> dict[str, Any] | None:
    """Return what stays of the account's file; ``None`` if it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(remembered.read_text())
        vehicles = content["data"]["vehicles"]
        kept = [{name: vehicle[name] for name in _KEPT if name in vehicle} for vehicle in vehicles]
    except ValueError, LookupError, TypeError:
        return None
    return content | {"data": {"vehicles": kept}}


def seed(directory: Path, port: int, simulator_url: str) -> None:
    """Write what Home Assistant must find: its configuration, where to listen, integrations and blueprints.

    The first user is left to its own onboarding. The steps after that one are marked as done, because they would add
    integrations that ask the internet (a weather forecast, radio stations).
    """
    url = f"http://{LOOPBACK}:{port}"
    (directory / "configuration.yaml").write_text(
        _CONFIGURATION.format(
            latitude=HOME.latitude, longitude=HOME.longitude, zone=TIME_ZONE, url=url, simulator=simulator_url
        )
    )
    (directory / "template.yaml").write_text(_report_on_the_battery())
    for name, content in _EDITED.items():
        if not (directory / name).exists():
            (directory / name).write_text(content)
    for integration in (CHECKOUT / "custom_components" / DOMAIN, ENERGY):
        _link(directory / "custom_components" / integration.name, integration)
    _offer_blueprints(directory / "blueprints" / "automation")
    _store(directory, "http", {"stable": _http(port), "pending": None, "yaml_migration_done": True}, version=3)
    # With no other network adapter than the loopback (Linux, macOS) it also keeps out of the network's mDNS.
    _store(directory, "core.network", {"configured_adapters": ["lo", "lo0"]}, version=1)
    if not (directory / ".storage" / "onboarding").exists():
        _store(directory, "onboarding", {"done": ["core_config", "analytics", "integration"]}, version=4)


def _report_on_the_battery() -> str:
    """Return the entity of our documentation that keeps the report on the LEAF's battery for a card."""
    page = (CHECKOUT / "docs" / "battery-health.md").read_text()
    return page.partition("\ntemplate:\n")[2].partition("```")[0]


def _offer_blueprints(folder: Path) -> None:
    """Copy our blueprints as they are now, and once Home Assistant's own, which it leaves out where a folder is.

    Home Assistant does not look for blueprints behind a link, which earlier demos had there.
    """
    if (ours := folder / DOMAIN).is_symlink():
        ours.unlink()
    shutil.copytree(CHECKOUT / "blueprints" / "automation" / DOMAIN, ours, dirs_exist_ok=True)
    if not (theirs := folder / HOMEASSISTANT_DOMAIN).exists():
        shutil.copytree(Path(components.__path__[0], "automation", "blueprints"), theirs)


def _http(port: int) -> dict[str, object]:
    """Return the web server's settings. They are stored, because those in YAML are taken back after minutes."""
    return {
        "server_host": [LOOPBACK],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }


def _store(directory: Path, key: str, data: dict[str, object], *, version: int) -> None:
    path = directory / ".storage" / key
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": version, "minor_version": 1, "key": key, "data": data}))


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        return  # somebody has put something of their own there
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=True)
