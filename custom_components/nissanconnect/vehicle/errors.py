"""What can go wrong between a backend and us.

The messages are for logs: they name hosts, endpoints and codes, never an account, a vehicle, a token or a place.
"""

from typing import ClassVar, Self


class BackendError(Exception):
    """A backend did not do what was asked. ``key`` names the kind; it is the translation key in every shell.

    ``nothing_done``: the answer itself shows that the request was not carried out, or it never left. With any other
    error the vehicle may obey all the same. A backend that knows more of one request says so in that one error.
    """

    key: ClassVar[str] = "backend_error"
    nothing_done: bool = True

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, nothing_done: bool | None = None
    ) -> None:
        """Keep a log-safe message and, where the backend stated one, the seconds to wait before asking again."""
        super().__init__(message or self.key.replace("_", " "))
        self.retry_after = retry_after
        if nothing_done is not None:
            self.nothing_done = nothing_done

    def copy(self, *, retry_after: float | None = None) -> Self:
        """Return the same error anew: one that is raised twice collects the tracebacks of both callers."""
        return type(self)(str(self), retry_after=self.retry_after if retry_after is None else retry_after)


class AuthenticationFailed(BackendError):
    """The credentials were rejected. They must not be sent again until the owner has changed them."""

    key = "authentication_failed"


class CredentialsMissing(AuthenticationFailed):
    """Nothing was given to log in with."""

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
    """The service has answered that it could not send the vehicle the message that would have woken it."""

    key = "not_forwarded"


class TooLate(BackendError):
    """The command could not be sent soon enough after it was asked for, so it is not sent at all."""

    key = "too_late"


class TimePassed(BackendError):
    """What was planned for a time that has passed, or that the service cannot meet any more, is not planned."""

    key = "time_in_the_past"


class TooManyCommands(RateLimited):
    """Enough commands have been sent for now; each costs the owner money."""

    key = "too_many_commands"


class NotSupported(BackendError):
    """This vehicle, or its contract, does not offer what was asked. Asking again soon is pointless."""

    key = "not_supported"


class SubscriptionInactive(BackendError):
    """No connected service is active for this vehicle."""

    key = "subscription_inactive"


class NoVehicles(BackendError):
    """The account works, but no vehicle is bound to it."""

    key = "no_vehicles"


class InvalidPin(BackendError):
    """What was entered cannot be a PIN."""

    key = "invalid_pin"


class InvalidTopic(BackendError):
    """What was entered cannot be the beginning of an MQTT topic."""

    key = "invalid_topic"


class OtherVehicle(NotSupported):
    """What was found belongs to a vehicle of another kind."""

    key = "other_vehicle"


class NothingReceived(NoVehicles):
    """Nothing has ever been heard from there."""

    key = "nothing_heard"


class PrivacyMode(BackendError):
    """The driver has switched privacy mode on."""

    key = "privacy_mode"


class Unreachable(BackendError):
    """The service works, but the vehicle did not answer."""

    key = "unreachable"
    nothing_done = False


class ServiceError(BackendError):
    """The service has answered with an error of which nobody knows what it means."""

    nothing_done = False


class Unavailable(BackendError):
    """The service does not work at the moment: outage, time-out, no connection."""

    key = "unavailable"
    nothing_done = False


class TokenRejected(Unavailable):
    """A fresh token was refused, too. Once that may be the service's fault; if it goes on, the log-in is not valid."""

    key = "not_let_in"
    nothing_done = True


class NoConnection(Unavailable):
    """Nobody could be reached. That may as well be the owner's own network."""

    key = "no_connection"
    nothing_done = True


class NoBroker(NoConnection):
    """There is no MQTT broker, or it does not answer."""

    key = "no_broker"


class ServiceOutage(Unavailable):
    """The log-in works and the service can be reached, but several parts of it fail at once: not the owner's fault."""

    key = "service_outage"


class AccessBlocked(Unavailable):
    """The service refuses this network, for example outside its region."""

    key = "access_blocked"
    nothing_done = True


class ProtocolError(BackendError):
    """The answer cannot be understood."""

    key = "protocol_error"
    nothing_done = False


class Declined(ProtocolError):
    """The service has turned the request down as it was put."""

    key = "declined"
    nothing_done = True


class InvalidAddress(ProtocolError):
    """What was given as the address of the service is none, or would carry secrets in the clear over the internet."""

    key = "invalid_address"
    nothing_done = True


class UnsafeRedirect(ProtocolError):
    """The service led to another host; nothing was sent there."""

    key = "unsafe_redirect"
    nothing_done = True
