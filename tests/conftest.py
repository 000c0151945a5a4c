"""What all tests share."""

from hypothesis import settings
import pytest

# The harness brings an empty package of the same name. Whichever is imported first stays.
import custom_components  # noqa: F401

# A law is checked against the same examples in every run, so that a red build means a change. A deadline
# would measure the machine.
settings.register_profile("nissanconnect", deadline=None, derandomize=True)
settings.load_profile("nissanconnect")


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this integration, in the tests that have a Home Assistant."""
    if "hass" not in request.fixturenames:
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")  # has to be there before Home Assistant
    request.getfixturevalue("enable_custom_integrations")
