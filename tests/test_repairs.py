"""The account doctor: what is wrong is told apart, shown with what to do, checked again at once, and taken back."""

from dataclasses import replace
from datetime import UTC, timedelta
from random import Random
from typing import Protocol

from homeassistant.components.repairs import RepairsFlowResult, repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN

from .conftest import NOON, LetTimePass, set_up, status
from .simulator import PASSWORD, Fault, Login, Simulator
from .simulator.cars.garage import LEAF, leaf
from .simulator.cars.vehicle import SimulatedVehicle

NO_RIGHT = Fault.http(403, "403", "security.access", "Access is denied for this resource")


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """What is shown to the owner, by its kind and, if it is about one, its vehicle."""
    shown: dict[str, ir.IssueEntry] = {}
    for issue in ir.async_get(hass).issues.values():
        if issue.domain != DOMAIN:  # Home Assistant's own, for an entry that has to log in again
            continue
        told = issue.translation_placeholders or {}
        assert issue.translation_key
        shown[" ".join([issue.translation_key, *(told[name] for name in ("vehicle",) if name in told)])] = issue
    return shown


class Fix(Protocol):
    """Opens the fix flow of an issue, or says in an open one that all is done."""

    async def __call__(self, issue: ir.IssueEntry, flow: str | None = None) -> RepairsFlowResult:
        """Return what is shown next."""


@pytest.fixture
async def fix(hass: HomeAssistant) -> Fix:
    """The fix flows."""
    assert await async_setup_component(hass, "repairs", {})
    manager = repairs_flow_manager(hass)
    assert manager is not None

    async def fix(issue: ir.IssueEntry, flow: str | None = None) -> RepairsFlowResult:
        if flow is None:
            result = await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})
            assert (result["type"], result["step_id"]) == ("form", "confirm")
            assert result["description_placeholders"] == issue.translation_placeholders
        else:
            result = await manager.async_configure(flow, {})
        await hass.async_block_till_done()
        return result

    return fix


async def lose_the_log_in(simulator: Simulator, pass_time: LetTimePass, login: Login) -> None:
    """End the session that lasts, and let the next log-in end as told."""
    simulator.fail("refresh-token", NO_RIGHT)
    simulator.login = login
    await pass_time(timedelta(minutes=70), timedelta(minutes=5))


@pytest.mark.parametrize(
    ("login", "key"),
    [
        (Login.TERMS_PENDING, "action_required"),
        (Login.EMAIL_UNCONFIRMED, "email_not_confirmed"),
        (Login.GEO_BLOCKED, "access_blocked"),
    ],
)
async def test_what_keeps_a_log_in_from_working_is_told_and_checked(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    fix: Fix,
    login: Login,
    key: str,
) -> None:
    await lose_the_log_in(simulator, pass_time, login)
    assert issues(hass).keys() == {key}
    issue = issues(hass)[key]
    assert issue.config_entry_id == loaded.entry_id

    form = await fix(issue)
    asked = simulator.requests["authorize"]
    again = await fix(issue, form["flow_id"])
    assert again["errors"] == {"base": "still_there"}
    assert simulator.requests["authorize"] == asked + 1  # not once for each vehicle too
    assert issues(hass).keys() == {key}

    simulator.login = Login.OUTAGE
    again = await fix(issue, form["flow_id"])
    assert again["errors"] == {"base": "not_checked"}
    assert issues(hass).keys() == {key}

    simulator.login = Login.SUCCESS
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)
    assert all(vehicle.coordinator.last_update_success for vehicle in loaded.runtime_data.vehicles.values())


async def test_behind_one_problem_there_may_be_another(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, fix: Fix
) -> None:
    await lose_the_log_in(simulator, pass_time, Login.TERMS_PENDING)
    simulator.account.password = "changed in the app"
    issue = issues(hass)["action_required"]
    form = await fix(issue)
    result = await fix(issue, form["flow_id"])
    assert (result["type"], result["reason"]) == ("abort", "another_problem")
    assert not issues(hass)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]

    simulator.account.password = PASSWORD
    await hass.config_entries.async_remove(loaded.entry_id)


async def test_an_entry_that_never_started_is_started_by_the_check(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, fix: Fix
) -> None:
    simulator.login = Login.TERMS_PENDING
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_RETRY
    issue = issues(hass)["action_required"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}

    simulator.login = Login.SUCCESS
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert status(entry) is ConfigEntryState.LOADED
    assert not issues(hass)


async def test_an_account_without_vehicles(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, fix: Fix
) -> None:
    everything, simulator.account.vins = simulator.account.vins, set()
    await pass_time(timedelta(hours=6, minutes=20), timedelta(minutes=10))
    assert issues(hass).keys() == {"no_vehicles"}  # although the vehicles can still be read
    issue = issues(hass)["no_vehicles"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}

    simulator.account.vins = everything
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)


async def test_a_subscription_that_lapsed(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, fix: Fix
) -> None:
    active = simulator.car("Leaf").services
    simulator.car("Leaf").lapse()
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert issues(hass).keys() == {"subscription_inactive LEAF"}
    issue = issues(hass)["subscription_inactive LEAF"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}
    simulator.fail("cars", Fault.http(503))
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "not_checked"}

    simulator.heal()
    simulator.car("Leaf").services = active
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)


async def test_electric_services_that_are_not_active(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    active, simulator.car("Leaf").services = simulator.car("Leaf").services, {12: True, 97: True, 299: False}
    await set_up(hass, entry)
    assert issues(hass).keys() == {"ev_services_inactive LEAF"}

    simulator.car("Leaf").services = active
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert not issues(hass)


async def test_a_vehicle_that_is_bound_to_somebody_else(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, fix: Fix
) -> None:
    simulator.fail("*", NO_RIGHT, vin=simulator.car("Leaf").vin)
    await set_up(hass, entry)
    assert issues(hass).keys() == {"vehicle_refused LEAF"}
    issue = issues(hass)["vehicle_refused LEAF"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}

    simulator.heal()  # and the check does not wait until the refusals of this day are forgotten
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)


async def test_a_read_of_what_a_vehicle_does_not_offer_is_no_refusal(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Most reads ask a parked vehicle for its battery and position only; the Qashqai tells of its odometer and tank."""
    simulator.car("Qashqai").services[12] = False
    simulator.fail("battery-status", NO_RIGHT, vin=simulator.car("Qashqai").vin)
    await set_up(hass, entry)
    for _ in range(20):
        assert not issues(hass)
        await pass_time(timedelta(minutes=10), timedelta(minutes=5))

    simulator.fail("*", NO_RIGHT, vin=simulator.car("Qashqai").vin)
    await pass_time(timedelta(hours=7), timedelta(minutes=10))
    assert issues(hass).keys() == {"vehicle_refused Qashqai"}


async def test_a_vehicle_that_the_service_does_not_know(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, fix: Fix
) -> None:
    assert not issues(hass)
    simulator.fail("*", Fault.http(404), vin=simulator.car("Leaf").vin)
    await pass_time(timedelta(minutes=11))
    assert issues(hass).keys() == {"vehicle_refused LEAF"}
    issue = issues(hass)["vehicle_refused LEAF"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}

    simulator.heal()
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)


async def test_a_vehicle_from_another_market(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    vin = "1N4AZ1CP1JC999999"
    make = replace(leaf(NOON, UTC), info=replace(LEAF, key=vin, vin=vin, nickname="Import"))
    imported = simulator.add_vehicle(SimulatedVehicle(make, start=NOON, rng=Random(0)))
    await set_up(hass, entry)
    assert not issues(hass)  # it works, so nobody asks where it was built

    imported.lapse()
    await pass_time(timedelta(hours=6, minutes=2), timedelta(hours=1))
    assert issues(hass).keys() == {"subscription_inactive Import", "wrong_region Import"}
    assert not issues(hass)["wrong_region Import"].is_fixable

    simulator.account.vins -= {vin}
    await pass_time(timedelta(hours=12, minutes=4), timedelta(hours=1))
    assert not issues(hass)


async def test_a_vehicle_that_has_not_answered_for_a_week(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass, fix: Fix
) -> None:
    car = simulator.car("Leaf")
    simulator.account.vins = {car.vin}
    car.vehicle.telematics.covered = False
    await set_up(hass, entry)
    await pass_time(timedelta(days=8), timedelta(hours=4))
    assert not issues(hass), "nobody has asked it"
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "button", "press", {"entity_id": "button.leaf_refresh_from_vehicle"}, blocking=True
        )
    wakes = simulator.requests["wakes"]
    await pass_time(timedelta(hours=4), timedelta(hours=4))
    assert issues(hass).keys() == {"vehicle_silent LEAF"}
    issue = issues(hass)["vehicle_silent LEAF"]
    form = await fix(issue)
    assert (await fix(issue, form["flow_id"]))["errors"] == {"base": "still_there"}
    assert simulator.requests["wakes"] == wakes

    car.vehicle.telematics.covered = True
    car.vehicle.report(car.vehicle.cloud.reported)
    assert (await fix(issue, form["flow_id"]))["type"] == "create_entry"
    assert not issues(hass)


@pytest.mark.parametrize("fault", [Fault.http(500), Fault.html(502, "Bad gateway")])
async def test_an_outage_is_nobodys_fault_here(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, fault: Fault
) -> None:
    for vin in simulator.cars:
        simulator.fail("*", fault, vin=vin)
    await pass_time(timedelta(minutes=11))
    assert not issues(hass)
    await pass_time(timedelta(minutes=6))
    assert issues(hass).keys() == {"service_outage"}
    issue = issues(hass)["service_outage"]
    assert not issue.is_fixable
    told = issue.translation_placeholders or {}

    retries = [
        each.coordinator.read_failure.retry_at
        for each in loaded.runtime_data.vehicles.values()
        if each.coordinator.read_failure
    ]
    assert told["until"] == f"{dt_util.as_local(min(retries)):%H:%M}"

    await pass_time(timedelta(hours=3), timedelta(minutes=5))  # tokens end meanwhile
    assert issues(hass).keys() == {"service_outage"}
    simulator.heal()
    await pass_time(timedelta(minutes=65), timedelta(minutes=5))
    assert not issues(hass)


async def test_one_vehicle_without_answers_is_no_outage(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("*", Fault.http(500), vin=simulator.car("Leaf").vin)
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert not issues(hass)


async def test_a_log_in_that_is_down_and_a_network_that_is_away_are_no_outage(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await lose_the_log_in(simulator, pass_time, Login.OUTAGE)
    assert not issues(hass)
    simulator.heal()
    simulator.login = Login.SUCCESS
    await pass_time(timedelta(minutes=65), timedelta(minutes=5))
    assert all(vehicle.coordinator.last_update_success for vehicle in loaded.runtime_data.vehicles.values())

    await simulator.stop()
    await pass_time(timedelta(minutes=50), timedelta(minutes=5))
    assert not any(vehicle.coordinator.last_update_success for vehicle in loaded.runtime_data.vehicles.values())
    assert not issues(hass)


async def test_privacy_mode_is_a_state_and_no_fault(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.vehicle("Leaf").set_privacy(on=True)
    await pass_time(timedelta(minutes=11))
    assert not issues(hass)


async def test_issues_go_with_their_entry_and_tell_no_vin(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    for car in simulator.cars.values():
        car.lapse()
    await set_up(hass, entry)
    assert len(issues(hass)) == len(simulator.cars)
    for issue in issues(hass).values():
        assert not any(vin in repr(issue) for vin in simulator.cars)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issues(hass)
