"""What ``script/demo --check`` looks at: first while Home Assistant runs, then at what it leaves behind."""

import asyncio
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
import sys
from typing import Any

from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import DOMAIN
from tests.mosquitto import Mosquitto
from tests.simulator import EMAIL, PASSWORD

from . import book, log, tour
from .cards import REPORT
from .console import Console, DemoError
from .energy import METER, WALLBOX, energy_issues, fill_energy_dashboard
from .furnish import VEHICLES, show_dashboard
from .plans import add_plans
from .processes import LOOPBACK
from .running import Home
from .seed import LOG
from .sources import add_module, add_phone, reported_by, tell
from .vehicles import States, Vehicle, fetch_states, fetch_statistic_ids, fetch_vehicles, find_leaf
from .waiting import until

_CHARGED_WITHIN = 120.0
"""Seconds."""
_KM, _KWH = 0.1, 0.02
"""What a distance and an energy may be off: both are rounded."""
_ENOUGH = 0.05
"""kWh that must have been charged."""

_NIGHT_WITHIN = 180.0
"""Seconds: on a small machine it takes some twenty."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at. ``secrets`` collects by kind what must not be found in the log."""

    home: Home
    directory: Path
    simulator_url: str
    mosquitto: Mosquitto | None
    console: Console
    secrets: dict[str, Iterable[str]] = field(default_factory=lambda: {"e-mail": [EMAIL], "password": [PASSWORD]})


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold. ``look`` tells what it has seen, or raises :class:`DemoError` with the reason."""

    name: str
    look: Callable[[Scene], Awaitable[str]]


def evening(now: datetime) -> str:
    """Return a time zone in which it is between nine and ten in the evening.

    By that time all vehicles of the demo are back home, so a check does not meet the LEAF on the road, where it
    rightly refuses to heat.
    """
    ahead = (21 - now.astimezone(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts these to the west


async def _is_private(scene: Scene) -> str:
    addresses = ", ".join(sorted(scene.home.program.listens_at()))
    if addresses != LOOPBACK:
        raise DemoError(f"it listens on {addresses}")
    return f"on {addresses} only"


async def _opens(scene: Scene) -> str:
    api = scene.home.api
    url_path = (await api.command("frontend/get_system_data", key="core"))["value"]["default_panel"]
    if await api.command("lovelace/config", url_path=url_path) != scene.home.dashboard:
        raise DemoError(f"after log-in {url_path} opens, which is not ours")
    return f"{len(await _shown(scene, scene.home.dashboard))} entities"


async def _shown(scene: Scene, config: dict[str, Any]) -> set[str]:
    """Return the entities and statistics that a dashboard shows, all of which are there."""
    api = scene.home.api
    shown, there = set(entities_in(config)), (await fetch_states(api)).by_entity_id.keys()
    if missing := shown - there - await fetch_statistic_ids(api):
        raise DemoError(f"it shows what is not there: {', '.join(sorted(missing))}")
    return shown


_EXPECTED = (
    ("sensor.battery_level", "sensor.fuel_level"),
    ("sensor.range", "sensor.fuel_range"),
    ("sensor.odometer",),
    ("sensor.last_report",),
    ("device_tracker.location",),
)
"""What must be known of each vehicle: one of each."""


async def _are_known(scene: Scene) -> str:
    states, vehicles = await fetch_states(scene.home.api), scene.home.vehicles
    scene.secrets["VIN"] = [vehicle.key for vehicle in vehicles]
    scene.secrets["position"] = [log.coordinate(degrees) for v in vehicles for degrees in _position(states, v)]
    if len(vehicles) < VEHICLES:
        raise DemoError(f"only {len(vehicles)} of {VEHICLES} are there")
    unknown = [
        f"{vehicle.name}'s {' or '.join(names)}"
        for vehicle in vehicles
        for names in _EXPECTED
        if all(states.value(vehicle, name) is None for name in names)
    ]
    if unknown:
        raise DemoError(f"unknown: {', '.join(unknown)}")
    return ", ".join(vehicle.name for vehicle in vehicles)


async def _heats(scene: Scene) -> str:
    api = scene.home.api
    leaf = find_leaf(scene.home.vehicles, scene.home.account)
    if (entity := leaf.entities.get("climate.climate")) is None:
        raise DemoError("the LEAF has no climate control")
    before, asked = (await fetch_states(api)).value(leaf, "climate.climate"), dt_util.utcnow()
    await api.post("/api/services/climate/turn_on", {"entity_id": entity})
    after, answered = (await fetch_states(api)).value(leaf, "climate.climate"), dt_util.utcnow()
    if (before, after) != ("off", "heat_cool"):
        raise DemoError(f"the action has ended without an error, and it went from {before} to {after}")
    return f"{before} → {after}, confirmed by the vehicle in {(answered - asked).total_seconds():.0f} s"


STAGED = ("--wake-delay", "1", "3", "--give-up", "4", "--refusing", "Ariya", "--uncovered", "Qashqai")
"""How the simulator is told to behave: quickly, and with a vehicle for every way a command can end."""

_ENDS = {
    "confirmed": ("LEAF", "button/press", "button.horn"),
    "rejected": ("Ariya", "climate/turn_on", "climate.climate"),
    "timed_out": ("Qashqai", "button/press", "button.horn"),
}


async def _tells_the_truth(scene: Scene) -> str:
    api, vehicles = scene.home.api, {vehicle.name: vehicle for vehicle in scene.home.vehicles}

    async def act(action: str, target: dict[str, str]) -> None:
        with suppress(DemoError):  # the action's own error; what counts is what is told of it
            await api.post(f"/api/services/{action}", target)

    await asyncio.gather(
        *(act(action, {"entity_id": vehicles[name].entities[entity]}) for name, action, entity in _ENDS.values())
    )
    ends = [await _ended(scene, vehicles[name], expected) for expected, (name, _, _) in _ENDS.items()]
    await act(f"{DOMAIN}/start_climate", {"device_id": vehicles["Qashqai"].device_id})
    return ", ".join([*ends, await _ended(scene, vehicles["Qashqai"], "blocked")])


async def _ended(scene: Scene, vehicle: Vehicle, expected: str) -> str:
    told = (await fetch_states(scene.home.api)).attributes(vehicle, "event.command")
    if told.get("event_type") != expected:
        raise DemoError(f"{vehicle.name}'s last command ended {told.get('event_type')} instead of {expected}")
    return f"{expected} ({vehicle.name}: {told['command']}{', ' + told['reason'] if 'reason' in told else ''})"


async def _alerts(scene: Scene) -> str:
    leaf = find_leaf(scene.home.vehicles, scene.home.account)
    return "; ".join(await tour.watch(scene.home.api, scene.simulator_url, leaf))


async def _has_sources(scene: Scene) -> str:
    api = scene.home.api
    if scene.mosquitto is not None:
        await add_module(scene.home, scene.simulator_url, scene.mosquitto, scene.console)
    await add_phone(scene.home, scene.simulator_url, scene.console)
    wanted = {"kamereon", "leafspy"} | ({"ovms"} if scene.mosquitto else set())
    seen = "nothing"

    async def told() -> str | None:
        nonlocal seen
        vehicles = await fetch_vehicles(api)
        parts = await reported_by(api, find_leaf(vehicles, scene.home.account))
        seen = f"{len(vehicles)} vehicles, {', '.join(f'{part}: {source}' for part, source in parts.items())}"
        return seen if wanted <= set(parts.values()) and len(vehicles) == len(scene.home.vehicles) else None

    # What the phone sends counts as newer than the module's report a minute later only: its clock is not known so well.
    try:
        return await until(told, f"one LEAF from {' and '.join(sorted(wanted))}", seconds=150, pause=1)
    except DemoError as reason:
        raise DemoError(f"{reason}; there are {seen}") from None


async def _outlives_a_source(scene: Scene) -> str:
    """Let the module lose its power, and read the vehicle: what was shown has to stay."""
    if scene.mosquitto is None:
        return "not tried without an MQTT broker"
    api = scene.home.api
    leaf = find_leaf(await fetch_vehicles(api), scene.home.account)
    before = await fetch_states(api)
    await tell(scene.simulator_url, "module-dies")

    async def noticed() -> bool | None:
        return (await fetch_states(api)).value(leaf, "binary_sensor.reachable") == "off" or None

    await until(noticed, "Home Assistant to notice that the module is gone", seconds=60)
    await api.post(f"/api/services/{DOMAIN}/refresh", {"device_id": leaf.device_id})
    after = await fetch_states(api)
    lost = [what for what in leaf.entities if before.is_available(leaf, what) and not after.is_available(leaf, what)]
    if lost:
        raise DemoError(f"with the module these are gone: {', '.join(lost)}")
    return f"without its module the LEAF still shows {len(leaf.entities)} entities, none of them unavailable"


async def _charges_by_price(scene: Scene) -> str:
    """Have plans made in the dialog, look for that of the LEAF in Home Assistant, and have it charge at once."""
    api = scene.home.api
    await add_plans(scene.home, scene.console)

    async def planned() -> str | None:
        leaf = find_leaf(await fetch_vehicles(api), scene.home.account)
        states = await fetch_states(api)
        energy, cost = (states.value(leaf, f"sensor.planned_{what}") for what in ("energy", "cost"))
        return f"{energy} kWh for {cost} EUR" if energy and cost else None

    plan = await until(planned, "the LEAF's plan", seconds=60)
    if "LEAF" not in await api.get("/api/image_proxy/image.demo_charging"):
        raise DemoError("the chart does not show the LEAF's plan")
    leaf = find_leaf(await fetch_vehicles(api), scene.home.account)
    await api.post("/api/services/button/press", {"entity_id": leaf.entities["button.charge_now"]})
    return plan


async def _keeps_trips(scene: Scene) -> str:
    """Look for the tour in the LEAF's book, and for what entities show of it."""
    api, leaf = scene.home.api, find_leaf(scene.home.vehicles, scene.home.account)
    driven = (await tell(scene.simulator_url, "last-trip"))["distance"]
    trip = await book.wait_for_trip(api, leaf)
    states = await fetch_states(api)
    if abs(trip["distance"] - driven) > _KM:
        raise DemoError(f"the trip has {trip['distance']} km in the book, and {driven:.1f} km by the odometer")
    last = states.value(leaf, "sensor.last_trip_distance")
    if float(last or 0) != trip["distance"]:
        raise DemoError(f"the last trip is shown with {last} km instead of {trip['distance']} km")
    start = datetime.fromisoformat(trip["start"])
    month = states.value(leaf, "sensor.month_distance")
    if start.month == datetime.now(start.tzinfo).month and float(month or 0) < trip["distance"]:
        raise DemoError(f"the month is shown with {month} km, which is less than its last trip")
    return f"{trip['distance']} km from {trip['from']} to {trip['to']} with {trip['energy']} kWh"


_COUNTED = 0.1
"""kWh that the wallbox has to count first: of less than half of that a book takes no notice."""


async def _keeps_charges(scene: Scene) -> str:
    """End the charge that has begun with its plan: the LEAF's book has to have what the meter has counted."""
    api, leaf = scene.home.api, find_leaf(await fetch_vehicles(scene.home.api), scene.home.account)

    async def counted() -> float:
        return float((await api.get(f"/api/states/{METER}"))["state"])

    enough = await counted() + _COUNTED

    async def has_charged() -> float | None:
        return found if (found := await counted()) >= enough else None

    await until(has_charged, "the wallbox's meter to rise", seconds=_CHARGED_WITHIN, pause=2)
    await api.post("/api/services/switch/turn_off", {"entity_id": WALLBOX})

    async def metered() -> book.Row | None:
        charges = [each for each in await book.fetch_charges(api, leaf) if not each["estimated"]]
        return charges[-1] if charges and charges[-1]["wall_energy"] > _ENOUGH else None

    charge = await until(metered, "a metered charge in the LEAF's book", seconds=_CHARGED_WITHIN, pause=2)
    risen = await book.meter_rise(api, METER, charge["start"], charge["end"])
    if abs(charge["wall_energy"] - risen) > _KWH:
        raise DemoError(f"it has {charge['wall_energy']} kWh in the book, and {risen:.2f} kWh by the meter")
    return f"{charge['wall_energy']} kWh for {charge['cost']} EUR, and {risen:.2f} kWh by the meter"


_SHOWN = (
    "sensor.last_trip_distance",
    "sensor.last_charge_energy",
    "sensor.month_distance",
    "sensor.energy_charged",
    "sensor.range_estimated",
    "sensor.battery_health",
    "sensor.battery_hx",
    "sensor.cell_spread",
    "statistic.distance",
    "statistic.energy_consumed",
)
"""What the dashboard shows of the LEAF's book and of its battery's health."""


async def _shows_the_book(scene: Scene) -> str:
    api = scene.home.api
    await book.fill_statistics(api, scene.home.vehicles)
    vehicles = await fetch_vehicles(api)
    leaf = find_leaf(vehicles, scene.home.account)
    shown = await _shown(scene, await show_dashboard(api, vehicles))
    if missing := [what for what in _SHOWN if leaf.entities.get(what) not in shown]:
        raise DemoError(f"the dashboard lacks the LEAF's {', '.join(missing)}")

    async def reported() -> str | None:
        report = await api.post("/api/template", {"template": f"{{{{ state_attr('{REPORT}', 'text') or '' }}}}"})
        return report or None

    report = await until(reported, "the report on the battery", seconds=30, pause=1)
    return f"{len(_SHOWN)} of its values, and a report on its battery in {len(report.split())} words"


async def _is_on_the_energy_dashboard(scene: Scene) -> str:
    await fill_energy_dashboard(scene.home, scene.console)
    shown, wrong = await energy_issues(scene.home.api, scene.home.vehicles)
    if not shown or wrong:
        raise DemoError(f"Home Assistant says: {', '.join(wrong) or 'no vehicle is on it'}")
    return f"{', '.join(shown)}, and nothing is wrong with it"


async def _spends_a_night(_: Scene) -> str:
    """Live through a night of charging by price, in another process, because time is another there."""
    command = (sys.executable, "-m", "script.demo_home.night")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    try:
        printed = (await asyncio.wait_for(process.communicate(), _NIGHT_WITHIN))[0].decode().strip()
    except TimeoutError:
        raise DemoError(f"the night has not ended after {_NIGHT_WITHIN:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise DemoError(printed)
    return printed


async def _log_is_clean(scene: Scene) -> str:
    text = (scene.directory / LOG).read_text()
    if trouble := log.trouble_in(text):
        raise DemoError("\n    ".join([f"{len(trouble)} lines tell of errors", *trouble[:10]]))
    return f"none in {len(text.splitlines())} lines"


async def _log_is_discreet(scene: Scene) -> str:
    scene.secrets["token"] = log.stored_secrets(scene.directory / ".storage", DOMAIN)
    if found := log.given_away((scene.directory / LOG).read_text(), scene.secrets):
        raise DemoError(f"it gives away: {', '.join(found)}")
    return f"no {', no '.join(scene.secrets)}"


RUNNING = (
    Check("Listens", _is_private),
    Check("Vehicles", _are_known),
    Check("Dashboard", _opens),
    Check("Energy dashboard", _is_on_the_energy_dashboard),
    Check("Alerts", _alerts),  # before the LEAF heats, which slows its charge down
    Check("LEAF heats", _heats),
    Check("Commands", _tells_the_truth),
    Check("Sources", _has_sources),
    Check("Trips", _keeps_trips),
    Check("The book's cards", _shows_the_book),
    Check("A source dies", _outlives_a_source),
    Check("Charge plans", _charges_by_price),
    Check("A night", _spends_a_night),
    Check("Charges", _keeps_charges),
)
STARTED_AGAIN = (
    Check("Vehicles", _are_known),
    Check("Dashboard", _opens),
    Check("Alerts", _alerts),
    Check("Sources", _has_sources),
    Check("Trips", _keeps_trips),
    Check("Energy dashboard", _is_on_the_energy_dashboard),
    Check("Charge plans", _charges_by_price),
)
"""The vehicles begin anew with each start of the demo, in a home that remembers the last ones."""
STOPPED = (
    Check("Errors in the log", _log_is_clean),
    Check("Secrets in the log", _log_is_discreet),
)


async def passes(checks: Iterable[Check], scene: Scene, console: Console) -> bool:
    """Go through checks, on after a failure too; print how each ends and return whether all hold."""
    all_hold = True
    for check in checks:
        try:
            console.step(f"{check.name}: {await check.look(scene)}")
        except DemoError as reason:
            console.step(f"FAILED: {check.name}: {reason}")
            all_hold = False
    return all_hold


def _position(states: States, vehicle: Vehicle) -> Iterator[float]:
    attributes = states.attributes(vehicle, "device_tracker.location")
    return (attributes[name] for name in ("latitude", "longitude") if name in attributes)


def entities_in(config: Any) -> Iterator[str]:
    """Yield every entity id that a dashboard's configuration names."""
    match config:
        case dict():
            if "entity" in config:
                yield config["entity"]
            yield from entities_in([*config.values()])
        case list():
            for item in config:
                yield from entities_in(item)
