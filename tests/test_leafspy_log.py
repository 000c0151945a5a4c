"""Leaf Spy's logs in the history of a vehicle's sensors, with a real recorder."""

from asyncio import sleep, timeout
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from os import mkfifo
from pathlib import Path
from typing import Any

from aiohttp import FormData
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, slugify
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import alias

from .conftest import NOON, set_up, settle
from .dialogs import submit
from .leafspy import Client, call, link, phone
from .simulator.leafspy_app import VIN
from .simulator.leafspy_log import Drive, archive, log

HEALTH, TEMPERATURE, HX = (
    "sensor.leaf_battery_health",
    "sensor.leaf_battery_temperature",
    "sensor.leaf_battery_conductance_hx",
)
AMP_HOURS = "sensor.leaf_battery_charge_ah"
MORNING = datetime(2025, 3, 4, 7, 50, tzinfo=UTC)
REASONS = {"unreadable": 0, "ambiguous": 0, "no_time": 0, "future": 0, "other_vehicle": 0, "stale": 0, "empty": 0}

pytestmark = pytest.mark.usefixtures("recorder_mock")


def drive(start: datetime = MORNING, minutes: int = 20, health: float = 88, temperature: float = 10) -> list[list[str]]:
    """A drive that warms the battery by half a degree a minute, logged every minute."""
    return [
        Drive(at=start + timedelta(minutes=minute), health=health, temperature=temperature + minute / 2).row()
        for minute in range(minutes)
    ]


@pytest.fixture
def noon(freezer: FrozenDateTimeFactory) -> None:
    """The time; before anybody logs in."""
    freezer.move_to(NOON)


@pytest.fixture
async def client(hass: HomeAssistant, noon: None, hass_client: ClientSessionGenerator) -> Client:
    assert await async_setup_component(hass, "webhook", {})
    assert await async_setup_component(hass, "file_upload", {})
    client: Client = await hass_client()
    return client


@pytest.fixture
async def loaded(hass: HomeAssistant, client: Client) -> AsyncIterator[MockConfigEntry]:
    """A link whose vehicle has spoken once."""
    entry = link()
    await set_up(hass, entry)
    await call(hass, client, phone().parameters())
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder that Home Assistant may read."""
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    return tmp_path


async def act(hass: HomeAssistant, path: Path | str, vehicle: str = VIN) -> dict[str, Any]:
    """Have a log imported by the action; return its answer about the one vehicle."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, vehicle), entry.entry_id)
    assert device is not None
    response = await hass.services.async_call(
        DOMAIN,
        "import_leafspy_log",
        {"device_id": device.id, "path": str(path)},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    vehicles: Any = response["vehicles"]
    answer: dict[str, Any] = vehicles[device.id]["answer"]
    return answer


def of_book(name: str) -> str:
    """The id of a statistic that belongs to no entity."""
    return f"{DOMAIN}:{slugify(alias(VIN))}_{name}"


async def history(hass: HomeAssistant, entity_id: str) -> list[tuple[datetime, float, float, float]]:
    """The long-term statistics of a sensor, by the hour, as Home Assistant draws them."""
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime(2011, 1, 1, tzinfo=UTC),
        None,
        {entity_id},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    return [
        (datetime.fromtimestamp(row["start"], UTC), row["mean"] or 0, row["min"] or 0, row["max"] or 0)
        for row in found.get(entity_id, [])
    ]


async def changes(hass: HomeAssistant, statistic: str) -> dict[datetime, float]:
    """By how much a sum rises in each hour."""
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, datetime(2011, 1, 1, tzinfo=UTC), None, {statistic}, "hour", None, {"change"}
    )
    return {datetime.fromtimestamp(row["start"], UTC): row["change"] or 0 for row in found.get(statistic, [])}


async def metadata(hass: HomeAssistant, entity_id: str) -> StatisticMetaData:
    """What the recorder knows of a sensor's statistics."""
    known = await get_instance(hass).async_add_executor_job(lambda: get_metadata(hass, statistic_ids={entity_id}))
    return known[entity_id][1]


async def write(path: Path, content: bytes, hass: HomeAssistant) -> Path:
    await hass.async_add_executor_job(path.write_bytes, content)
    return path


async def test_a_log_becomes_history(hass: HomeAssistant, loaded: MockConfigEntry, media: Path) -> None:
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    answer = await act(hass, await write(media / "Log_1.csv", log(drive()), hass))
    seven, eight = MORNING.replace(minute=0), MORNING.replace(hour=8, minute=0)
    assert answer == {
        "rows": 20,
        "skipped": REASONS,
        "damaged": False,
        "hours": {HEALTH: 2, TEMPERATURE: 2, HX: 2, AMP_HOURS: 2, of_book("cell_spread"): 2},
        "from": dt_util.as_local(seven).isoformat(),
        "to": dt_util.as_local(eight + timedelta(hours=1)).isoformat(),
    }
    assert await history(hass, HEALTH) == [(seven, 88, 88, 88), (eight, 88, 88, 88)]
    assert await history(hass, TEMPERATURE) == [(seven, 12.25, 10, 14.5), (eight, 17.25, 15, 19.5)]
    assert await history(hass, HX) == [(seven, 79.9, 79.9, 79.9), (eight, 79.9, 79.9, 79.9)]
    assert await history(hass, AMP_HOURS) == [(seven, 56.3, 56.3, 56.3), (eight, 56.3, 56.3, 56.3)]
    assert await history(hass, of_book("cell_spread")) == [(seven, 18, 18, 18), (eight, 18, 18, 18)]
    spread = await metadata(hass, of_book("cell_spread"))
    assert (spread["name"], spread["unit_of_measurement"]) == ("LEAF: Cell voltage spread", "mV")
    assert await history(hass, "sensor.leaf_battery") == []


async def test_the_spread_is_history_of_its_sensor_if_there_is_one(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    sensor = er.async_get(hass).async_get_or_create(
        "sensor", DOMAIN, f"{VIN}_cell_spread", config_entry=loaded, suggested_object_id="leaf_spread"
    )
    await act(hass, await write(media / "Log_1.csv", log(drive()), hass))
    assert len(await history(hass, sensor.entity_id)) == 2
    assert await history(hass, of_book("cell_spread")) == []


async def test_what_was_driven_becomes_history_of_the_book(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    """From logs that overlap, in any order, and after the statistics are rebuilt."""
    rows = [
        Drive(at=MORNING + timedelta(minutes=minute), odometer=51_096 + minute).row(
            instead={"packvolts": "360", "packamps": "50" if minute < 15 else "-25"}
        )
        for minute in range(21)
    ]
    later = [
        Drive(at=MORNING + timedelta(days=40, minutes=minute), odometer=53_000 + minute).row() for minute in range(9)
    ]
    parts = {"1": log(rows[:18]), "2": log(later), "3": log(rows)}
    for name, content in parts.items():
        await write(media / f"{name}.csv", content, hass)
    for name in ("1", "2", "3", "2", "1"):
        await act(hass, media / f"{name}.csv")
    vehicle = loaded.runtime_data.vehicles[VIN]
    await vehicle.statistics.async_rebuild()
    driven, used, regained = [
        await changes(hass, of_book(name)) for name in ("distance", "energy_consumed", "energy_regained")
    ]
    seven, eight, other = (
        MORNING.replace(minute=0),
        MORNING.replace(hour=8, minute=0),
        MORNING.replace(minute=0) + timedelta(days=40),
    )
    assert driven == {seven: 9, eight: 11, other: 8}
    assert used == pytest.approx(
        {seven: 9 * 18 / 60, eight: (5.5 * 18 - 5.5 * 9) / 60, other: 8 * 7.809 / 60}, abs=0.01
    )
    assert regained == pytest.approx({eight: 5.5 * 9 / 60, other: 0}, abs=0.01), "it begins with what it counts"


async def test_it_joins_what_home_assistant_records_itself(
    hass: HomeAssistant, loaded: MockConfigEntry, client: Client, media: Path, freezer: FrozenDateTimeFactory
) -> None:
    assert await async_setup_component(hass, "sensor", {})
    await async_wait_recording_done(hass)
    freezer.move_to(NOON + timedelta(hours=1))
    for minute in range(0, 60, 5):
        do_adhoc_statistics(hass, start=NOON + timedelta(minutes=minute))
    await async_wait_recording_done(hass)
    own = await history(hass, HEALTH)
    assert own == [(NOON, 88, 88, 88)]
    before = await metadata(hass, HEALTH)

    await act(hass, await write(media / "Log_1.csv", log(drive(health=91)), hass))
    assert [mean for _, mean, _, _ in await history(hass, HEALTH)] == [91, 91, 88]
    after = await metadata(hass, HEALTH)
    assert after == before, "the sensor goes on as it was"
    assert after["mean_type"] is StatisticMeanType.ARITHMETIC


async def test_importing_again_changes_nothing_and_overlapping_logs_are_fine(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    first = await write(media / "Log_1.csv", log(drive()), hass)
    answer = await act(hass, first)
    once = {sensor: await history(hass, sensor) for sensor in (HEALTH, TEMPERATURE, HX, AMP_HOURS)}
    assert await act(hass, first) == answer
    assert {sensor: await history(hass, sensor) for sensor in once} == once

    parts = {
        "Log_1.csv": log(drive()),
        "Log_1_2.csv": log(drive(MORNING + timedelta(minutes=10), 40, temperature=15), header=None),
    }
    both = await act(hass, await write(media / "logs.zip", archive(parts), hass))
    assert both["rows"] == 60
    hours = await history(hass, TEMPERATURE)
    assert [start.hour for start, *_ in hours] == [7, 8]
    assert hours[0] == once[TEMPERATURE][0]
    assert hours[1][2:] == (15, 34.5)


async def test_rows_that_cannot_be_used_are_told(hass: HomeAssistant, loaded: MockConfigEntry, media: Path) -> None:
    rows = drive()
    rows[0] = Drive(at=MORNING, vin="ZE0-123456").row()
    rows[1] = rows[1][:100]
    rows[2] = Drive(at=MORNING).row(instead={"epochtime": "n/a"})
    rows[3] = Drive(at=MORNING).row(instead={"bms": "0"})
    rows[4] = Drive(at=NOON + timedelta(days=1)).row()
    rows[5] = Drive(at=MORNING).row(instead={"soh": "8.6E+01"})
    answer = await act(hass, await write(media / "Log.csv", log(rows), hass))
    assert answer["rows"] == 20
    told = {"other_vehicle": 1, "unreadable": 1, "ambiguous": 1, "no_time": 1, "stale": 1, "future": 1, "empty": 0}
    assert answer["skipped"] == told


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "log_without_rows"),
        (b"\x00\xff" * 50_000, "log_empty"),
        (log([Drive(at=MORNING, vin="ZE0-123456").row()]), "log_empty"),
        (log(drive(NOON - timedelta(minutes=30))), "log_empty"),  # an hour that Home Assistant is just recording
        (b"PK\x03\x04 and then nothing", "log_without_rows"),
        (archive({"photo.jpg": b"\xff"}), "log_without_rows"),
        (archive({}), "log_without_rows"),
        (None, "file_missing"),
    ],
    ids=["nothing", "bytes", "another", "now", "archive", "photos", "no files", "gone"],
)
async def test_a_log_that_tells_nothing_is_an_error(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, content: bytes | None, key: str
) -> None:
    path = media / "Log.csv"
    if content is not None:
        await write(path, content, hass)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, path)
    assert error.value.translation_key == key
    assert VIN not in str(error.value)
    assert await history(hass, HEALTH) == []


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link to a pipe"])
async def test_what_is_no_file_is_refused_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, kind: str
) -> None:
    """Opening a pipe would hold a thread of Home Assistant until somebody writes to it."""
    path = media / "Log.csv"
    if kind == "pipe":
        mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        hass.config.allowlist_external_dirs = {"/dev"}
        path = Path("/dev/zero")
    else:
        mkfifo(media / "pipe")
        path.symlink_to(media / "pipe")
    with pytest.raises(ServiceValidationError) as error:
        async with timeout(5):
            await act(hass, path)
    assert error.value.translation_key == "file_missing"
    assert error.value.translation_placeholders == {"path": str(path)}


async def test_a_file_that_cannot_be_opened_is_not_called_missing(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without the right to read it, which the user who runs these tests may always have."""
    path = await write(media / "Log.csv", log(drive()), hass)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, path)
    assert error.value.translation_key == "log_not_found"


async def test_a_damaged_archive_gives_what_can_be_read(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    packed = bytearray(archive({"1.csv": log(drive()), "2.csv": log(drive(MORNING + timedelta(days=1), 300))}))
    packed[len(packed) * 2 // 3] ^= 255
    answer = await act(hass, await write(media / "logs.zip", bytes(packed), hass))
    assert answer["damaged"]
    assert answer["rows"] >= 20


async def test_only_what_home_assistant_may_read_is_read(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = await write(tmp_path_factory.mktemp("elsewhere") / "Log.csv", log(drive()), hass)
    for path in (elsewhere, media / ".." / elsewhere.parent.name / "Log.csv", "/etc/passwd"):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, path)
        assert error.value.translation_key == "path_not_allowed"
    (media / "link.csv").symlink_to(elsewhere)
    with pytest.raises(ServiceValidationError):
        await act(hass, media / "link.csv")


async def test_the_unit_of_a_sensor_stays_what_its_owner_has_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    er.async_get(hass).async_update_entity_options(TEMPERATURE, "sensor", {"unit_of_measurement": "°F"})
    await settle(hass)
    await act(hass, await write(media / "Log.csv", log(drive()), hass))
    known = await metadata(hass, TEMPERATURE)
    assert known["unit_of_measurement"] == "°F"
    assert known["unit_class"] == "temperature"
    assert (await history(hass, TEMPERATURE))[0][1] == pytest.approx(12.25 * 1.8 + 32)

    er.async_get(hass).async_update_entity_options(TEMPERATURE, "sensor", {"unit_of_measurement": "°C"})
    await settle(hass)
    await act(hass, await write(media / "Log.csv", log(drive(temperature=11)), hass))
    assert [round(mean, 2) for _, mean, _, _ in await history(hass, TEMPERATURE)] == [13.25, 18.25]
    assert await metadata(hass, TEMPERATURE) == known


async def test_a_vehicle_without_such_sensors_has_no_history(hass: HomeAssistant, client: Client, media: Path) -> None:
    entry = link()
    await set_up(hass, entry)
    app = {name: value for name, value in phone().parameters().items() if name in {"pass", "VIN", "SOC"}}
    await call(hass, client, app)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, await write(media / "Log.csv", log(drive()), hass))
    assert error.value.translation_key == "no_battery_sensors"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_years_of_logs_do_not_hold_up_home_assistant(
    hass: HomeAssistant, loaded: MockConfigEntry, media: Path
) -> None:
    """Ten thousand rows over ten weeks, in seven megabytes."""
    content = log(Drive(at=MORNING + timedelta(minutes=10 * number)).row() for number in range(10_000))
    assert len(content) > 7_000_000
    path = await write(media / "Log.csv", content, hass)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        loop = hass.loop
        while True:
            before = loop.time()
            await sleep(0.005)
            longest = max(longest, loop.time() - before)

    watching = hass.async_create_background_task(watch(), "watch")
    answer = await act(hass, path)
    watching.cancel()
    assert answer["rows"] == 10_000
    assert answer["hours"][HEALTH] == 1668
    assert len(await history(hass, HEALTH)) == 1668
    assert longest < 2, "the event loop goes on"


async def upload(client: Client, content: bytes) -> str:
    """Hand a file to Home Assistant, as its pages do."""
    form = FormData()
    form.add_field("file", content, filename="Log.csv")
    response = await client.post("/api/file_upload", data=form)
    assert response.status == 200
    file_id: str = (await response.json())["file_id"]
    return file_id


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    menu = await entry.start_reconfigure_flow(hass)
    assert menu["menu_options"] == ["leafspy", "leafspy_log"]
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": "leafspy_log"})


async def go(hass: HomeAssistant, flow: ConfigFlowResult, entered: dict[str, str] | None = None) -> ConfigFlowResult:
    """Fill the form in and follow the reading to its end."""
    result = await submit(hass, flow, entered)
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        assert result["progress_action"] == "leafspy_log"
        result = await submit(hass, result)
    return result


async def test_a_file_is_uploaded_read_and_told_of(
    hass: HomeAssistant, loaded: MockConfigEntry, client: Client
) -> None:
    shares: list[float] = []
    hass.bus.async_listen(
        "data_entry_flow_progress_update", callback(lambda event: shares.append(event.data["progress"]))
    )
    form = await begin(hass, loaded)
    assert (form["step_id"], form["errors"]) == ("leafspy_log", {})
    result = await go(hass, form, {"file": await upload(client, log(drive(minutes=200)))})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "log_imported")
    told = {"hours": "5", "from": "2025-03-04", "to": "2025-03-04", "rows": "200"}
    assert result["description_placeholders"] == told | dict.fromkeys(REASONS, "0")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(await history(hass, HEALTH)) == 5


async def test_a_file_that_tells_nothing_can_be_replaced_by_another(
    hass: HomeAssistant, loaded: MockConfigEntry, client: Client
) -> None:
    form = await begin(hass, loaded)
    again = await go(hass, form, {"file": await upload(client, b"Gids,SOC\n1,2\n")})
    assert (again["step_id"], again["errors"]) == ("leafspy_log_again", {"base": "log_empty"})
    assert (again["description_placeholders"] or {})["rows"] == "1"
    gone = await go(hass, again, {"file": "00000000-0000-0000-0000-000000000000"})
    assert gone["errors"] == {"base": "log_not_found"}
    result = await go(hass, gone, {"file": await upload(client, log(drive()))})
    assert result["reason"] == "log_imported"


async def test_with_two_vehicles_it_is_asked_whose_log_it_is(
    hass: HomeAssistant, loaded: MockConfigEntry, client: Client
) -> None:
    await call(hass, client, phone().parameters() | {"VIN": "VSKHAAME0U0000123"})
    form = await begin(hass, loaded)
    assert form["data_schema"] is not None
    ((_, selector),) = ((m, s) for m, s in form["data_schema"].schema.items() if str(m) == "vehicle")
    choice = {each["label"]: each["value"] for each in selector.config["options"]}
    assert set(choice) == {"LEAF", "e-NV200"}
    theirs = log([Drive(at=MORNING, vin="VSKHAAME0U0000123", health=70).row()])
    result = await go(hass, form, {"file": await upload(client, theirs), "vehicle": choice["e-NV200"]})
    assert result["reason"] == "log_imported"
    assert [mean for _, mean, _, _ in await history(hass, "sensor.e_nv200_battery_health")] == [70]
    assert await history(hass, HEALTH) == []


async def test_before_the_first_message_there_is_nobody_to_import_for(hass: HomeAssistant, client: Client) -> None:
    entry = link()
    await set_up(hass, entry)
    assert (await begin(hass, entry))["reason"] == "no_vehicle_yet"
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await begin(hass, entry))["reason"] == "no_vehicle_yet"


async def test_a_recorder_that_takes_too_long_is_told_of(
    hass: HomeAssistant, loaded: MockConfigEntry, client: Client, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be migrating or repacking its database; what it was handed is kept and written after that."""
    content = log(drive())
    path = await write(media / "Log.csv", content, hass)
    await hass.async_add_executor_job(import_module, f"custom_components.{DOMAIN}.statistics")
    monkeypatch.setattr(f"custom_components.{DOMAIN}.statistics._LONGEST_WRITE", 0)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, path)
    assert error.value.translation_key == "recorder_busy"
    form = await begin(hass, loaded)
    result = await go(hass, form, {"file": await upload(client, content)})
    assert result["errors"] == {"base": "recorder_busy"}
    assert len(await history(hass, HEALTH)) == 2
