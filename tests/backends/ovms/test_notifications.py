"""What a module tells its owner."""

import pytest

from custom_components.nissanconnect.vehicle import AlertType, Notification

from .conftest import PREFIX, Shell, World


def told(shell: Shell) -> list[Notification]:
    return [each for push in shell.pushes for each in push.notifications]


@pytest.mark.parametrize(
    ("kind", "subtype", "alert"),
    [
        ("alert", "batt.12v.alert", AlertType.AUX_BATTERY_LOW),
        ("alert", "charge.stopped", AlertType.CHARGING_INTERRUPTED),
        ("info", "charge.stopped", AlertType.CLOUD_MESSAGE),
        ("info", "charge.done", AlertType.CHARGING_FINISHED),
        ("alert", "flatbed.moved", AlertType.UNEXPECTED_MOVEMENT),
        ("info", "v-nissanleaf.charge.status", AlertType.CLOUD_MESSAGE),
        ("error", "something.new", AlertType.CLOUD_MESSAGE),
    ],
)
async def test_a_notice_is_told_for_what_it_means(world: World, kind: str, subtype: str, alert: AlertType) -> None:
    async with world.listening() as shell:
        world.module.notify(kind, subtype, "Something has happened.\nReally.")
        await world.clock.advance(seconds=1)
    (notice,) = told(shell)
    assert (notice.kind, notice.alert) == (f"{kind}.{subtype}", alert)
    assert notice.text == "Something has happened. Really."
    assert notice.sent_at is not None


async def test_no_notice_tells_where_the_vehicle_is(world: World) -> None:
    async with world.listening() as shell:
        world.module.notify("alert", "flatbed.moved", "Vehicle is being transported (@59.913868,10.752245)")
        await world.clock.advance(seconds=1)
    (notice,) = told(shell)
    assert notice.text == "Vehicle is being transported (…)"


async def test_a_long_or_odd_notice_is_cut(world: World) -> None:
    async with world.listening() as shell:
        world.module.notify("info", "charge.done", "a\x00\x1b[31m" + "b" * 3000)
        world.module.notify("info", "charge.done", "c" * 5000)
        world.broker.publish(f"{PREFIX}notify/info/charge/done", b"\xff\xfe")
        await world.clock.advance(seconds=1)
    (notice,) = told(shell)
    assert notice.text is not None
    assert notice.text.startswith("a[31mb")
    assert len(notice.text) == 500


async def test_what_is_kept_or_meant_for_machines_is_no_notice(world: World) -> None:
    world.module.link.publish(f"{PREFIX}notify/info/charge/done", "Charge Done", retain=True)
    async with world.listening() as shell:
        world.module.link.publish(f"{PREFIX}notify/data/log/grid/1/-5", "1,59.9,10.7")
        world.module.link.publish(f"{PREFIX}notify/info", "without a subtype")
        world.module.link.publish(f"{PREFIX}notify/info/{'x' * 200}", "long")
        await world.clock.advance(seconds=1)
    assert told(shell) == []


async def test_a_notice_delivered_twice_is_the_same(world: World) -> None:
    async with world.listening() as shell:
        for _ in range(2):
            world.module.notify("info", "charge.done", "Charge Done")
            await world.clock.advance(seconds=1)
    assert len({each.id for each in told(shell)}) == 1


async def test_a_notice_shows_that_the_module_is_there(world: World) -> None:
    async with world.listening() as shell:
        world.module.cut()
        await world.clock.advance(seconds=1)
        world.broker.publish(f"{PREFIX}notify/info/charge/done", b"Charge Done")
        await world.clock.advance(seconds=1)
        assert shell.state.connectivity is not None
        assert shell.state.connectivity.reachable is True
