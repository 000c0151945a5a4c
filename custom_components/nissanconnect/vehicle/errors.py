"""The errors of backends.

The messages are for logs: they name hosts, endpoints and codes, never an account, a vehicle, a token or a place.
"""

from typing import ClassVar, Self


class BackendError(Exception):
    """A request to a backend has failed. ``key`` names the kind and is the translation key.

    ``nothing_done``: the response itself shows that the request was not carried out, or the request never left. After
    any other error the vehicle may still carry out the command. A backend that knows better sets it for one error.
    """

    key: ClassVar[str] = "backend_error"
    nothing_done: bool = True

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


class AuthenticationFailed(BackendError):
    """The credentials were rejected. They must not be sent again until the owner changes them."""

    key = "authentication_failed"


class CredentialsMissing(AuthenticationFailed):
    """There are no credentials to log in with."""

    key = "credentials_missing"


class ActionRequired(BackendError):
    """The owner must do something in the maker's app first: accept terms, confirm an address and the like."""

    key = "action_required"


class EmailNotConfirmed(ActionRequired):
    """The account's e-mail address has not been confirmed."""

    key = "email_not_confirmed"


class NoFreeTimer(ActionRequired):
    """All timers that the service has for the vehicle are in use."""

    key = "no_free_timer"


class TwoFactorRequired(BackendError):
    """A second factor must be given."""

    key = "two_factor_required"


class DeviceNotRegistered(BackendError):
    """Home Assistant is not, or no longer, registered for the remote lock of this vehicle."""

    key = "device_not_registered"


class PinRequired(BackendError):
    """The command takes a PIN, and none was given."""

    key = "pin_required"


class WrongPin(BackendError):
    """The PIN that was given with the command is wrong."""

    key = "wrong_pin"


class WrongCode(BackendError):
    """The one-time code is wrong or too old."""

    key = "wrong_code"


class RateLimited(BackendError):
    """Too many requests."""

    key = "rate_limited"


class Busy(BackendError):
    """The service still carries out another command of this kind."""

    key = "busy"


class NotForwarded(BackendError):
    """The service could not send the vehicle the message that would have woken it."""

    key = "not_forwarded"


class TooLate(BackendError):
    """The command could not be sent soon enough after the request, so it is not sent at all."""

    key = "too_late"


class TimePassed(BackendError):
    """The planned time has passed, or is too soon for the service."""

    key = "time_in_the_past"


class TooManyCommands(RateLimited):
    """Enough commands have been sent for now; each costs the owner money."""

    key = "too_many_commands"


class NotSupported(BackendError):
    """This vehicle, or its contract, does not offer the function. A retry soon is pointless."""

    key = "not_supported"


class SubscriptionInactive(BackendError):
    """No connected service is active for this vehicle."""

    key = "subscription_inactive"


class NoVehicles(BackendError):
    """The account works, but no vehicle is bound to it."""

    key = "no_vehicles"


class InvalidPin(BackendError):
    """The entered text cannot be a PIN."""

    key = "invalid_pin"


class InvalidTopic(BackendError):
    """The entered text cannot be an MQTT topic prefix."""

    key = "invalid_topic"


class OtherVehicle(NotSupported):
    """What was found belongs to another kind of vehicle."""

    key = "other_vehicle"


class NothingReceived(NoVehicles):
    """Nothing has ever been received from there."""

    key = "nothing_heard"


class PrivacyMode(BackendError):
    """The driver has switched privacy mode on."""

    key = "privacy_mode"


class Unreachable(BackendError):
    """The service works, but the vehicle did not respond."""

    key = "unreachable"
    nothing_done = False


class ServiceError(BackendError):
    """The service has responded with an error of unknown meaning."""

    nothing_done = False


class Unavailable(BackendError):
    """The service does not work at the moment: outage, time-out, no connection."""

    key = "unavailable"
    nothing_done = False


class TokenRejected(Unavailable):
    """A fresh token was rejected, too. Once may be the service's fault; if it goes on, the log-in is not valid."""

    key = "not_let_in"
    nothing_done = True


class NoConnection(Unavailable):
    """No connection could be made. The cause may be the owner's own network."""

    key = "no_connection"
    nothing_done = True


class NoBroker(NoConnection):
    """There is no MQTT broker, or it does not respond."""

    key = "no_broker"


class ServiceOutage(Unavailable):
    """The log-in works and the service is reachable, but several parts of it fail at once: not the owner's fault."""

    key = "service_outage"


class AccessBlocked(Unavailable):
    """The service refuses this network, for example outside its region."""

    key = "access_blocked"
    nothing_done = True


class ProtocolError(BackendError):
    """The response cannot be understood."""

    key = "protocol_error"
    nothing_done = False


class Declined(ProtocolError):
    """The service has rejected the request as invalid."""

    key = "declined"
    nothing_done = True


class InvalidAddress(ProtocolError):
    """The given address is invalid, or would send secrets unencrypted over the internet."""

    key = "invalid_address"
    nothing_done = True


class UnsafeRedirect(ProtocolError):
    """The service redirected to another host; nothing was sent there."""

    key = "unsafe_redirect"
    nothing_done = True
