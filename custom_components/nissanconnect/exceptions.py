"""The one place that turns what a backend or a vehicle said into Home Assistant's exceptions, with translations."""

from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .vehicle import (
    AuthenticationFailed,
    BackendError,
    CommandOutcome,
    CommandStatus,
    NotSupported,
    PinRequired,
    TwoFactorRequired,
)

NEEDS_REAUTH = (AuthenticationFailed, TwoFactorRequired)


def update_error(
    error: BackendError, *, others: bool = False, pause: float | None = None
) -> ConfigEntryAuthFailed | UpdateFailed:
    """Return what a coordinator raises when a read failed as a whole.

    Home Assistant reads no more what does not let us in, so with ``others`` to read from it is not told that way.
    ``pause`` is after how many seconds to try again, where Home Assistant would decide that for itself.
    """
    if isinstance(error, NEEDS_REAUTH) and not others:
        return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=error.key)
    return UpdateFailed(translation_domain=DOMAIN, translation_key=error.key, retry_after=pause)


def action_error(error: BackendError) -> HomeAssistantError:
    """Return what an action raises when its command was not accepted."""
    kind = ServiceValidationError if isinstance(error, NotSupported | PinRequired) else HomeAssistantError
    return kind(translation_domain=DOMAIN, translation_key=error.key)


def outcome_error(outcome: CommandOutcome) -> HomeAssistantError:
    """Return what an action raises when its command was blocked, or not confirmed by the vehicle."""
    kind = ServiceValidationError if outcome.status is CommandStatus.BLOCKED else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key=outcome.reason or outcome.status,
        translation_placeholders={"code": outcome.code or "?"},
    )
