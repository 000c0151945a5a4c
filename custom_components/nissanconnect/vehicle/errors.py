"""The errors of backends.

The messages are for logs: they name hosts, endpoints and codes, never an account, a vehicle, a token or a place.
"""

from typing import ClassVar, Self, override


class BackendError(Exception):
    """A request to a backend has failed. ``key`` names the kind and is the translation key.

    ``nothing_done``: the response itself shows that the request was not carried out, or the request never left. After
    any other error the vehicle may still carry out the command. A backend that knows better sets it for one error.
    """

    key: ClassVar[str] = "backend_error"
    nothing_done: bool = True

    @override
    def __init_subclass__(cls, *, key: str | None = None, nothing_done: bool | None = None) -> None:
        """Set what the new kind does not share with its base."""
        cls.key = key or cls.key
        cls.nothing_done = cls.nothing_done if nothing_done is None else nothing_done

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, nothing_done: bool | None = None
    ) -> None:
        """Keep a log-safe message and, if the backend stated them, the seconds to wait before a retry."""
        super().__init__(message or self.key.replace("_", " "))
        self.retry_after = retry_after
        if nothing_done is not None:
            self.nothing_done = nothing_done

    def copy(self, *, retry_after: float | None = None) -> Self:
        """Return the same error anew: one that is raised twice collects the tracebacks of both callers."""
        return type(self)(str(self), retry_after=self.retry_after if retry_after is None else retry_after)


class AuthenticationFailed(BackendError, key="authentication_failed"):
    """The credentials were rejected. They must not be sent again until the owner changes them."""


class CredentialsMissing(AuthenticationFailed, key="credentials_missing"):
    """There are no credentials to log in with."""


class ActionRequired(BackendError, key="action_required"):
    """The owner must do something in the maker's app first: accept terms, confirm an address and the like."""


class EmailNotConfirmed(ActionRequired, key="email_not_confirmed"):
    """The account's e-mail address has not been confirmed."""


class NoFreeTimer(ActionRequired, key="no_free_timer"):
    """All timers that the service has for the vehicle are in use."""


class TwoFactorRequired(BackendError, key="two_factor_required"):
    """A second factor must be given."""


class DeviceNotRegistered(BackendError, key="device_not_registered"):
    """Home Assistant is not, or no longer, registered for the remote lock of this vehicle."""


class PinRequired(BackendError, key="pin_required"):
    """The command takes a PIN, and none was given."""


class WrongPin(BackendError, key="wrong_pin"):
    """The PIN that was given with the command is wrong."""


class WrongCode(BackendError, key="wrong_code"):
    """The one-time code is wrong or too old."""


class RateLimited(BackendError, key="rate_limited"):
    """Too many requests."""


class Busy(BackendError, key="busy"):
    """The service still carries out another command of this kind."""


class NotForwarded(BackendError, key="not_forwarded"):
    """The service could not send the vehicle the message that would have woken it."""


class TooLate(BackendError, key="too_late"):
    """The command could not be sent soon enough after the request, so it is not sent at all."""


class TimePassed(BackendError, key="time_in_the_past"):
    """The planned time has passed, or is too soon for the service."""


class TooManyCommands(RateLimited, key="too_many_commands"):
    """Enough commands have been sent for now; each costs the owner money."""


class NotSupported(BackendError, key="not_supported"):
    """This vehicle, or its contract, does not offer the function. A retry soon is pointless."""


class SubscriptionInactive(BackendError, key="subscription_inactive"):
    """No connected service is active for this vehicle."""


class NoVehicles(BackendError, key="no_vehicles"):
    """The account works, but no vehicle is bound to it."""


class InvalidPin(BackendError, key="invalid_pin"):
    """The entered text cannot be a PIN."""


class InvalidTopic(BackendError, key="invalid_topic"):
    """The entered text cannot be an MQTT topic prefix."""


class OtherVehicle(NotSupported, key="other_vehicle"):
    """What was found belongs to another kind of vehicle."""


class NothingReceived(NoVehicles, key="nothing_heard"):
    """Nothing has ever been received from there."""


class PrivacyMode(BackendError, key="privacy_mode"):
    """The driver has switched privacy mode on."""


class Unreachable(BackendError, key="unreachable", nothing_done=False):
    """The service works, but the vehicle did not respond."""


class ServiceError(BackendError, nothing_done=False):
    """The service has responded with an error of unknown meaning."""


class Unavailable(BackendError, key="unavailable", nothing_done=False):
    """The service does not work at the moment: outage, time-out, no connection."""


class TokenRejected(Unavailable, key="not_let_in", nothing_done=True):
    """A fresh token was rejected, too. Once may be the service's fault; if it goes on, the log-in is not valid."""


class NoConnection(Unavailable, key="no_connection", nothing_done=True):
    """No connection could be made. The cause may be the owner's own network."""


class NoBroker(NoConnection, key="no_broker"):
    """There is no MQTT broker, or it does not respond."""


class ServiceOutage(Unavailable, key="service_outage"):
    """The log-in works and the service is reachable, but several parts of it fail at once: not the owner's fault."""


class AccessBlocked(Unavailable, key="access_blocked", nothing_done=True):
    """The service refuses this network, for example outside its region."""


class ProtocolError(BackendError, key="protocol_error", nothing_done=False):
    """The response cannot be understood."""


class Declined(ProtocolError, key="declined", nothing_done=True):
    """The service has rejected the request as invalid."""


class InvalidAddress(ProtocolError, key="invalid_address", nothing_done=True):
    """The given address is invalid, or would send secrets unencrypted over the internet."""


class UnsafeRedirect(ProtocolError, key="unsafe_redirect", nothing_done=True):
    """The service redirected to another host; nothing was sent there."""
