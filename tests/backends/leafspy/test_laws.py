"""No request whatever raises, and the app always gets one of its two answers."""

from datetime import UTC, timedelta
import json

from hypothesis import example, given, strategies as st

from custom_components.nissanconnect.backends.leafspy import ACCEPTED, REFUSED
from tests.simulator.leafspy_app import VIN, LeafSpyApp, old_leaf

from ..possible import assert_possible
from .conftest import NOW, World

VALID = LeafSpyApp(vehicle=old_leaf(NOW, UTC)).parameters()
NUMBERS = (
    st.floats().map(str) | st.integers().map(str) | st.sampled_from(["", "0", "3", "none", "1e400", "95.0", "203"])
)
VALUES = NUMBERS | st.text() | st.sampled_from([VIN, "ZE0-123456", "F", "C"])
REQUESTS = st.builds(
    lambda changed, absent: {name: value for name, value in (VALID | changed).items() if name not in absent},
    st.dictionaries(st.sampled_from([*VALID]) | st.text(), VALUES, max_size=8),
    st.sets(st.sampled_from([*VALID]), max_size=6),
) | st.dictionaries(st.text(), st.text())
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "password": st.text(min_size=1),
        "odometer_unit": st.just("miles"),
        "outside_unit": st.sampled_from(["celsius", "fahrenheit"]),
    },
)
STEPS = st.integers(-3600, 100_000).map(lambda seconds: timedelta(seconds=seconds))


@example([(VALID | {"SOH": "0.001"}, timedelta())], {})
@given(st.lists(st.tuples(REQUESTS, STEPS), max_size=6), FIELDS)
async def test_any_requests_are_answered_and_bring_only_what_is_promised(
    requests: list[tuple[dict[str, str], timedelta]], fields: dict[str, str]
) -> None:
    world = World()
    latest = world.time
    backend, password = world.backend(**fields), fields.get("password")
    for request, step in requests:
        world.time += step
        latest = max(latest, world.time)
        admitted = password is None or request.get("pass", "") == password
        assert backend.receive(request) == (ACCEPTED if admitted else REFUSED)
    for listed in await backend.list_vehicles():
        state = (await backend.read(listed.info)).state
        assert_possible(state, latest)
        for group in state.groups().values():
            assert group.backend == "leafspy"
            assert group.reported_at in (None, group.received_at)
        assert state.battery is None or state.battery.level is None or 0 <= state.battery.level <= 100
        assert state.battery is None or state.battery.health is None or 1 <= state.battery.health <= 120
        assert state.charging is None or state.charging.power is None or 0 <= state.charging.power < 300
        assert state.position is None or abs(state.position.latitude) <= 90
        assert state.climate is None or -50 <= (state.climate.outside_temperature or 0) <= 60
    json.dumps(backend.memory())


@given(REQUESTS, st.dictionaries(st.text(), st.text()))
async def test_what_newer_apps_add_changes_nothing(request: dict[str, str], added: dict[str, str]) -> None:
    one, other = World().backend(), World().backend()
    one.receive(request)
    other.receive(added | request if not added.keys() & VALID.keys() else request)
    assert one.memory() == other.memory()
    for listed in await one.list_vehicles():
        assert await one.read(listed.info) == await other.read(listed.info)
