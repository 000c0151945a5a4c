"""Each source in turn, with what stands in for its service."""

from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect.sources import Source

from ..rigs import RIGS, Place, Rig


@pytest.fixture(params=Source)
def kind(request: pytest.FixtureRequest) -> type[Rig]:
    """Which source it is about."""
    if (rig := RIGS.get(request.param)) is None:
        pytest.fail(f"{request.param} needs a rig in tests/rigs, named in RIGS: see docs/new-backend.md")
    return rig


@pytest.fixture
def expected_lingering_timers(kind: type[Rig]) -> bool:
    """Whether a library is known to leave timers."""
    return kind.leaves_timers


@pytest.fixture
async def rig(
    kind: type[Rig],
    hass: HomeAssistant,
    socket_enabled: None,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    hass_client_no_auth: ClientSessionGenerator,
) -> AsyncIterator[Rig]:
    """The source, which nobody has added yet."""
    rig = kind(Place(hass, freezer, monkeypatch, hass_client_no_auth))
    await rig.open()
    yield rig
    await rig.close()
