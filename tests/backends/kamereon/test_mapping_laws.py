"""No JSON makes a parser raise, and whatever it brings keeps the promises of ``vehicle``."""

from dataclasses import fields
from datetime import timedelta
import json

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.commands import action_id, progress
from custom_components.nissanconnect.backends.kamereon.endpoints import ENDPOINTS, VersionedEndpoint
from custom_components.nissanconnect.backends.kamereon.mapping import AttributeReader
from custom_components.nissanconnect.backends.kamereon.region import parse_list
from custom_components.nissanconnect.vehicle import Capability, Powertrain, ProtocolError, VehicleInfo

from ..conftest import NOW
from ..strategies import JSON, SCALARS
from .bodies import body, mapped
from .fake import ARIYA, LEAF, MICRA, QASHQAI

VEHICLES = st.sampled_from([LEAF, MICRA, ARIYA, QASHQAI])
ENDPOINT = st.sampled_from(ENDPOINTS)
VALID = [
    body(name)
    for name in (
        "battery-status.v1.leaf.charging",
        "battery-status.v2.ariya",
        "cockpit.v1.qashqai",
        "hvac-status.v1.leaf",
        "location.v1.leaf",
        "lock-status.v1.qashqai",
        "pressure.v1",
        "health-status.v1",
    )
]
NAMES = sorted({name for valid in VALID for name in json.dumps(valid).split('"') if name.isalpha()})


def attributes_of(valid: Json) -> dict[str, Json]:
    found = valid if isinstance(valid, dict) else {}
    for name in ("data", "attributes"):
        inner = found.get(name)
        found = inner if isinstance(inner, dict) else found
    return found


@st.composite
def mutations(draw: st.DrawFn) -> Json:
    """A valid body of which some values are something else."""
    attributes = dict(attributes_of(draw(st.sampled_from(VALID))))
    for name in draw(st.lists(st.sampled_from([*attributes, *NAMES]), max_size=6)):
        attributes[name] = draw(SCALARS | JSON | st.floats(-200, 200) | st.integers(-3, 3) | st.datetimes().map(str))
    shapes: list[Json] = [{"data": {"attributes": attributes}}, {"data": attributes}, attributes]
    return draw(st.sampled_from(shapes))


@given(JSON | mutations(), ENDPOINT, VEHICLES)
def test_a_parser_brings_only_what_it_promises(said: Json, endpoint: VersionedEndpoint, vehicle: VehicleInfo) -> None:
    state = mapped(endpoint.map, said, vehicle)
    groups = state.groups()
    assert groups.keys() <= endpoint.groups
    for group in groups.values():
        assert group.backend == "kamereon"
        assert group.received_at == NOW
        assert group.reported_at is None or group.reported_at <= NOW + timedelta(minutes=5)
        assert any(getattr(group, f.name) != f.default for f in fields(group) if f.name not in STAMP)
    assert state.battery is None or state.battery.level is None or 0 <= state.battery.level <= 100
    assert state.position is None or abs(state.position.latitude) <= 90
    assert state.charging is None or state.charging.finish_at is None or state.charging.active
    assert state.fuel is None or vehicle.powertrain is not Powertrain.ELECTRIC
    assert state.battery is None or vehicle.powertrain is not Powertrain.COMBUSTION
    assert isinstance(endpoint.is_sparse(AttributeReader.of(said)), bool)


STAMP = {"backend", "received_at", "reported_at"}


@given(JSON | mutations())
def test_replies_to_actions_are_always_read(said: Json) -> None:
    progress(said)
    assert isinstance(action_id(said), str)


LISTED = st.fixed_dictionaries(
    {"vin": st.just("FAKE0VIN1") | SCALARS},
    optional={
        name: JSON | st.sampled_from(["EV", "ICE", "on", "OWNER", "2022", "1", "2"])
        for name in (
            "modelName",
            "modelYear",
            "energy",
            "iceEvFlag",
            "privacyMode",
            "role",
            "pictureURL",
            "ccsGen",
            "isCrossBadged",
        )
    }
    | {
        "services": JSON
        | st.lists(
            st.fixed_dictionaries(
                {"id": st.integers(1, 2100) | SCALARS, "activationState": st.just("ACTIVATED") | JSON}
            )
        )
    },
)


@given(st.lists(LISTED | JSON, max_size=4))
def test_a_list_of_anything_is_read(entries: list[Json]) -> None:
    found = parse_list({"data": [*entries, {"vin": "LAST"}]}, NOW)
    keys = [entry.listed.info.key for entry in found]
    assert "LAST" in keys
    assert len(keys) == len(set(keys))
    assert all(key and key == key.strip().upper() for key in keys)
    for entry in found:
        capabilities = entry.listed.info.capabilities
        assert (Capability.LOCK in capabilities) is (Capability.LOCK_PIN in capabilities)
        assert Capability.LOCK_STATUS in capabilities or Capability.LOCK not in capabilities
        assert Capability.LOCK in capabilities or Capability.LOCK_SETUP not in capabilities


@given(JSON)
def test_a_list_is_read_or_refused(said: Json) -> None:
    try:
        parse_list(said, NOW)
    except ProtocolError:
        assert not (isinstance(said, dict) and isinstance(said.get("data"), list))
