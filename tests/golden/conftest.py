"""A Home Assistant that really loads what it has stored, with the sources of one house beside it."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from ..rigs import Place, Rig
from ..rigs.kamereon import Europe
from .houses import HOUSES

type Build = Callable[[str], Coroutine[None, None, Sequence[Rig]]]


@pytest.fixture
def load_registries() -> bool:
    """Leave the registries to the test, because the harness would have them empty."""
    return False


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let the library of a socket leave that of its next ping."""
    return True


@pytest.fixture
async def build(
    hass: HomeAssistant,
    socket_enabled: None,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    hass_client_no_auth: ClientSessionGenerator,
) -> AsyncIterator[Build]:
    """Start the sources of a house, which are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def build(name: str) -> Sequence[Rig]:
            rigs = [kind(Place(hass, freezer, monkeypatch, hass_client_no_auth)) for kind in HOUSES[name]]
            for rig in rigs:
                await rig.open()
                stack.push_async_callback(rig.close)
                if isinstance(rig, Europe):
                    rig.service.car("Qashqai").offer_remote_lock()
            return rigs

        yield build
