"""What a LEAF's metrics become."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.nissanconnect.vehicle import (
    Capability,
    ChargeSpeed,
    ChargingStatus,
    InvalidTopic,
    NothingReceived,
    OtherVehicle,
    Powertrain,
)
from tests.simulator.cars.places import TO_SCIENCE_PARK

from ..conftest import NOW
from .conftest import PREFIX, VIN, World


async def test_the_kept_tree_restores_everything_and_counts_as_unseen(world: World) -> None:
    async with world.listening() as shell:
        state = shell.state
    assert state.battery is not None
    assert state.battery.level == pytest.approx(60)
    assert state.battery.capacity == pytest.approx(40)
    assert state.battery.energy == pytest.approx(24)
    assert state.battery.health == 100
    assert state.battery.temperature == 15
    assert state.battery.cell_spread == pytest.approx(24)
    assert state.battery.range == pytest.approx(world.electric.range(world.vehicle.outside, climate_on=True), rel=0.01)
    assert state.charging is not None
    assert (state.charging.plugged_in, state.charging.status, state.charging.limit) == (
        False,
        ChargingStatus.NOT_CHARGING,
        100,
    )
    assert state.climate is not None
    assert state.climate.running is False
    assert state.climate.outside_temperature == pytest.approx(world.vehicle.outside, abs=0.5)
    assert state.body is not None
    assert state.body.locked is True
    assert state.body.door_rear_right is False
    assert state.body.hatch is False
    assert state.position is not None
    assert (state.position.latitude, state.position.longitude) == tuple(world.vehicle.point)
    assert state.odometer is not None
    assert state.odometer.distance == 48_123
    assert state.tyres is not None
    assert state.tyres.front_left.pressure == pytest.approx(
        world.vehicle.body.pressures(world.vehicle.outside)[0], 0.01
    )
    assert state.aux_battery is not None
    assert state.aux_battery.voltage == pytest.approx(12.7, abs=0.1)
    assert state.connectivity is not None
    assert (state.connectivity.reachable, state.connectivity.firmware, state.connectivity.signal) == (
        True,
        "3.3.006",
        -83,
    )
    assert state.last_report is None  # nobody knows when any of this was true
    assert {each.backend for each in state.groups().values()} == {"ovms"}
    assert {each.received_at for each in state.groups().values()} <= {NOW, NOW + timedelta(seconds=3)}


async def test_what_comes_live_is_the_vehicles_own_word(world: World) -> None:
    async with world.listening() as shell:
        world.vehicle.body.open.add("hatch")
        await world.tick(minutes=5)
        body = shell.state.body
        odometer = shell.state.odometer
    assert body is not None
    assert body.hatch is True
    assert body.reported_at == body.received_at == NOW + timedelta(minutes=5, seconds=3)
    assert odometer is not None
    assert odometer.reported_at is None


async def test_a_module_that_repeats_itself_while_the_vehicle_sleeps_reports_nothing_new(world: World) -> None:
    async with world.listening() as shell:
        world.module.tell_all()
        await world.clock.advance(seconds=1)
        asleep = shell.state
        world.module.say("v.e.awake", "yes")
        world.module.tell_all()
        world.module.say("v.e.awake", "yes")
        world.module.say("v.b.soc", "60")
        await world.clock.advance(seconds=1)
        awake = shell.state
    assert asleep.battery is not None
    assert asleep.battery.reported_at is None
    assert asleep.aux_battery is not None
    assert asleep.aux_battery.reported_at is not None  # the module measures that itself
    assert asleep.position is not None
    assert asleep.position.reported_at is not None  # and that
    assert awake.battery is not None
    assert awake.battery.reported_at is not None


async def test_without_a_satellite_in_sight_a_position_is_an_old_one(world: World) -> None:
    async with world.listening() as shell:
        world.module.say("v.p.gpslock", "no")
        world.module.say("v.p.latitude", f"{world.vehicle.point.latitude:.6f}")
        await world.clock.advance(seconds=1)
        assert shell.state.position is not None
        assert shell.state.position.reported_at is None


async def test_a_running_charge(world: World) -> None:
    world.vehicle.plug_in()
    world.module.configure("suffsoc", "80")
    async with world.listening() as shell:
        await world.tick(minutes=10)
        charging = shell.state.charging
    assert charging is not None
    assert (charging.plugged_in, charging.status, charging.limit) == (True, ChargingStatus.CHARGING, 80)
    assert charging.power == pytest.approx(6.6)
    assert charging.finish_at is not None
    hours = (charging.finish_at - NOW) / timedelta(hours=1)
    assert hours == pytest.approx(40 * 0.2 / (6.6 * 0.9), abs=0.1)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"v.c.charging": "no", "v.c.state": "done"}, ChargingStatus.FINISHED),
        ({"v.c.charging": "no", "v.c.state": "timerwait"}, ChargingStatus.WAITING_FOR_SCHEDULE),
        ({"v.c.charging": "no", "v.c.substate": "powerwait"}, ChargingStatus.WAITING_FOR_POWER),
        ({"v.c.charging": "no", "v.c.state": "charging"}, ChargingStatus.NOT_CHARGING),
        ({"v.c.charging": "yes", "v.c.state": "topoff"}, ChargingStatus.CHARGING),
        ({"v.c.charging": "", "v.c.state": "something new"}, None),
    ],
)
async def test_what_the_charger_does(world: World, said: dict[str, str], status: ChargingStatus | None) -> None:
    async with world.listening() as shell:
        for name, text in said.items():
            world.module.say(name, text)
        await world.clock.advance(seconds=1)
        assert shell.state.charging is not None
        assert shell.state.charging.status is status


async def test_a_quick_charge_needs_no_pilot_signal(world: World) -> None:
    async with world.listening() as shell:
        for name, text in {"v.c.charging": "yes", "v.c.state": "charging", "v.c.type": "chademo"}.items():
            world.module.say(name, text)
        await world.clock.advance(seconds=1)
        charging = shell.state.charging
    assert charging is not None
    assert charging.plugged_in is True
    assert charging.speed is ChargeSpeed.FASTEST


async def test_the_counters_of_a_trip_and_of_a_charge(world: World) -> None:
    ledger = world.electric.ledger
    async with world.listening() as shell:
        for number in (1, 2):
            before = replace(ledger)
            world.vehicle.depart(TO_SCIENCE_PARK)
            await world.tick(seconds=30)
            assert shell.state.counters is not None
            assert shell.state.counters.driven == pytest.approx(ledger.driving - before.driving, abs=0.001), number
            await world.tick(hours=1)
            trip = ledger.since(before)
            assert shell.state.counters.driven == pytest.approx(trip.driving, abs=0.001)
            assert shell.state.counters.regained == pytest.approx(trip.recovered, abs=0.001)
            assert trip.driving > trip.recovered > 0

            before = replace(ledger)
            world.vehicle.plug_in()
            await world.tick(minutes=10)
            assert shell.state.counters.charged == pytest.approx(ledger.charged - before.charged, abs=0.001)
            assert shell.state.counters.reported_at == shell.state.counters.received_at
            await world.tick(hours=1)
            charge = ledger.since(before)
            assert charge.charged == pytest.approx(charge.mains - charge.charging_loss)
            assert shell.state.counters.charged == pytest.approx(charge.charged, rel=0.001)
            assert shell.state.counters.driven == pytest.approx(trip.driving, abs=0.001)
            assert shell.state.counters.from_wall is None


async def test_a_counter_may_be_zero_and_is_never_a_marker(world: World) -> None:
    async with world.listening() as shell:
        for name, text in {"v.b.energy.used": "0", "v.b.energy.recd": "-1", "v.c.kwh": "65535"}.items():
            world.module.say(name, text)
        world.module.say("v.c.kwh.grid", "4.6125")  # which other modules set
        await world.clock.advance(seconds=1)
        counters = shell.state.counters
    assert counters is not None
    assert (counters.driven, counters.regained, counters.charged, counters.from_wall) == (0, 0, 0, 4.612)


async def test_a_target_temperature_means_something_only_while_the_climate_runs(world: World) -> None:
    async with world.listening() as shell:
        world.module.say("v.e.cabinsetpoint", "22.5")
        await world.clock.advance(seconds=1)
        assert shell.state.climate is not None
        assert shell.state.climate.target_temperature is None
        world.module.say("v.e.hvac", "yes")
        await world.clock.advance(seconds=1)
        assert shell.state.climate is not None
        assert shell.state.climate.target_temperature == 22.5


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("nan", 60),
        ("-1", 60),
        ("100.4", 100),
        ("1e2", 100),
        ("87.083", 87.1),
        ("6_0", 60),
        ("\u0661\u0662", 60),
        ("61.5 %", 60),
        ("", None),
        ("9" * 5000, 60),
        ("inf", 60),
    ],
)
async def test_what_makes_no_sense_leaves_what_was_known(world: World, text: str, level: float | None) -> None:
    async with world.listening() as shell:
        world.module.say("xnl.v.b.soc.instrument", "")
        world.module.say("v.b.soc", text)
        await world.clock.advance(seconds=1)
        assert shell.state.battery is not None
        assert shell.state.battery.level == level


async def test_markers_for_missing_sensors_are_not_values(world: World) -> None:
    async with world.listening() as shell:
        for nothing in ("255", "-40"):
            world.module.say("v.b.temp", nothing)
            world.module.say("v.e.temp", nothing)
        world.module.say("v.b.12v.voltage", "0")
        world.module.say("v.b.c.voltage", "3.8,65535,3.81")
        world.module.say("v.t.pressure", "248.2,,255.1,65535")
        world.module.say("xnl.v.b.hx", "39.5234")
        await world.clock.advance(seconds=1)
        battery, tyres, climate = shell.state.battery, shell.state.tyres, shell.state.climate
        aux_battery = shell.state.aux_battery
    assert battery is not None
    assert battery.temperature == 15
    assert battery.cell_spread == pytest.approx(10)
    assert battery.hx == 39.52
    assert aux_battery is not None
    assert aux_battery.voltage is not None
    assert aux_battery.voltage > 11
    assert tyres is not None
    assert [tyres.front_left.pressure, tyres.front_right.pressure] == [248, None]
    assert [tyres.rear_left.pressure, tyres.rear_right.pressure] == [255, None]
    assert climate is not None
    assert climate.outside_temperature == 8.5


async def test_payloads_of_old_firmware(world: World) -> None:
    async with world.listening() as shell:
        world.module.say("v.p.gpstime", "1795207945")
        world.module.say("v.p.latitude", "40.9464")
        world.module.say("v.p.longitude", "-8.6291")
        world.module.say("v.p.odometer", "176015")
        await world.clock.advance(seconds=1)
        position, odometer = shell.state.position, shell.state.odometer
    assert position is not None
    assert (position.latitude, position.longitude) == (40.9464, -8.6291)
    assert odometer is not None
    assert odometer.distance == 176_015


@pytest.mark.parametrize(("latitude", "longitude"), [("0.000000", "0.000000"), ("91", "10"), ("50", "")])
async def test_a_place_that_is_none_is_not_told(world: World, latitude: str, longitude: str) -> None:
    world.broker.kept.clear()
    world.module.left_out = {"v.p.latitude", "v.p.longitude"}  # it is asked for everything
    async with world.listening() as shell:
        world.module.say("v.p.latitude", latitude)
        world.module.say("v.p.longitude", longitude)
        await world.clock.advance(seconds=1)
        assert shell.state.position is None


async def test_the_vehicle_is_what_its_metrics_show(world: World) -> None:
    info = await world.info()
    assert (info.key, info.vin, info.model, info.powertrain) == (VIN, VIN, "Leaf", Powertrain.ELECTRIC)
    assert {Capability.CHARGE_LIMIT, Capability.LOCATION, Capability.LOCK, Capability.CLIMATE} <= info.capabilities
    assert not {Capability.HORN, Capability.LIGHTS, Capability.LOCK_PIN} & info.capabilities
    assert VIN not in repr(info)


async def test_without_a_vin_the_key_is_the_topics_and_stays_so(world: World) -> None:
    world.module.link.publish(f"{PREFIX}metric/v/vin", "", retain=True)
    before = await world.info()
    assert before.vin is None
    assert before.key.startswith("OVMS-")
    async with world.listening() as shell:
        world.module.say("v.vin", VIN.lower())
        await world.clock.advance(seconds=1)
        assert (shell.info.key, shell.info.vin) == (before.key, VIN)
        world.module.say("v.vin", "no VIN at all")
        await world.clock.advance(seconds=1)
        assert (shell.info.key, shell.info.vin) == (before.key, None)
    world.module.say("v.vin", VIN)
    assert (await world.info(world.another(memory=world.backend.memory()))).key == before.key
    assert (await world.info(world.another())).key == VIN


async def test_a_module_that_is_just_connecting_gets_the_time_to_tell_its_vin(world: World) -> None:
    world.broker.kept.clear()
    listing = asyncio.ensure_future(world.backend.list_vehicles())
    for name, text in world.module.metrics().items():  # one by one, as over a slow network
        await world.clock.advance(seconds=0.4 if name in {"v.type", "v.vin"} else 0)
        world.module.say(name, text)
    await world.clock.advance(seconds=1)
    assert [each.info.key for each in listing.result()] == [VIN]


async def test_a_vehicle_that_was_never_heard_has_no_name_yet(world: World) -> None:
    memory = (await world.info(), world.backend.memory())[1]
    world.module.cut()
    world.broker.kept.clear()
    with pytest.raises(NothingReceived):
        await world.info(world.another())
    assert (await world.info(world.another(memory=memory))).key == VIN


async def test_what_it_turned_out_to_be_able_to_do_is_remembered(world: World) -> None:
    assert Capability.CHARGE_LIMIT in (await world.info()).capabilities
    world.module.link.publish(f"{PREFIX}metric/v/c/limit/soc", "", retain=True)
    assert Capability.CHARGE_LIMIT in (await world.info(world.another(memory=world.backend.memory()))).capabilities
    assert Capability.CHARGE_LIMIT not in (await world.info(world.another())).capabilities


async def test_the_same_vehicle_id_under_another_user_is_another_vehicle(world: World) -> None:
    other = world.another(prefix="ovms/somebody/LEAF40/")
    with pytest.raises(NothingReceived):
        await world.clock.until(other.log_in())
    world.module.left_out = {"v.vin"}
    world.broker.kept.clear()
    world.module.tell_all()
    world.module.prefix = "ovms/somebody/LEAF40/"
    world.module.tell_all()
    assert (await world.info(other)).key != (await world.info(world.another())).key
    names = {await world.clock.until(world.backend.log_in()), await world.clock.until(world.another().log_in())}
    assert len(names) == 1


async def test_a_read_publishes_nothing_and_leaves_no_subscription(world: World) -> None:
    await world.clock.until(world.backend.read(await world.info()))
    assert world.bus.published == []
    assert len(world.broker.subscriptions) == 2, "the module's own"


async def test_a_module_of_another_kind_of_vehicle_is_not_read(world: World) -> None:
    world.module.say("v.type", "RT")
    with pytest.raises(OtherVehicle):
        await world.clock.until(world.another().log_in())


@pytest.mark.parametrize("prefix", ["", "ovms/+/x/", "#", "$SYS/", "a\nb", "a" * 300])
async def test_a_topic_that_cannot_be_one_is_told(world: World, prefix: str) -> None:
    with pytest.raises(InvalidTopic):
        await world.another(prefix=prefix).log_in()
