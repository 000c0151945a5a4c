"""What each source reports goes to A Better Routeplanner, once, and not again after a restart."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.nissanconnect.sources import Source

from ..rigs import Rig
from ..simulator.abrp import Abrp
from ..test_abrp import abrp, connect_vehicle

__all__ = ["abrp"]


async def test_each_source_is_sent_once(hass: HomeAssistant, rig: Rig, abrp: Abrp) -> None:
    entry = await rig.add()
    await rig.tell()
    await rig.settle()
    entity = er.async_get(hass).async_get(rig.id("sensor.{}_battery"))
    assert entity is not None
    (vehicle,) = (each for key, each in entry.runtime_data.vehicles.items() if entity.unique_id.startswith(key))
    await connect_vehicle(hass, entry, vehicle.info.key)
    await rig.pass_time(timedelta(minutes=30))
    count = len(abrp.samples)
    plugged_in = rig.turn()
    await rig.pass_time(timedelta(minutes=40))
    assert len(abrp.samples) > count
    sent = abrp.samples[-1].telemetry
    assert abs(sent["soc"] - vehicle.coordinator.data.battery.level) < 1
    assert sent.get("is_parked") is True or not plugged_in
    assert None not in sent.values()
    wakes, count = rig.wakes, len(abrp.samples)
    states_times = vehicle.coordinator.data.battery.reported_at is not None
    assert states_times or rig.source in {Source.NORTH_AMERICA, Source.TESLAFI}

    await hass.config_entries.async_reload(entry.entry_id)
    await rig.settle()
    assert len(abrp.samples) == count or not states_times, "what was restored, or kept by a broker"
    assert rig.wakes == wakes
    assert set(abrp.requests) == {"send"}
