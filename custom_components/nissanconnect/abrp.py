"""Sends samples of a vehicle to A Better Routeplanner, whose owner has entered a token for it (charging §7).

Only what the vehicle has reported anyway is sent; nothing is read for it and nobody is woken.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
import logging
import os
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_API_KEY, CONF_TOKEN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
from yarl import URL

from .const import CONF_VEHICLE, DOMAIN, SUBENTRY_ABRP
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.abrp import LastTelemetry, TelemetrySample, due_at, known_until, sample_of
from .issues import ABRP_REFUSED, async_set_issue
from .settings import EntryValues, Read
from .vehicle import (
    NEVER,
    AuthenticationFailed,
    BackendError,
    Declined,
    ProtocolError,
    RateLimited,
    ServiceError,
    Unavailable,
    UnsafeRedirect,
    VehicleInfo,
    alias,
)

if TYPE_CHECKING:
    from .backends.http import Response

_LOGGER = logging.getLogger(__name__)

CONF_REFUSED: Final = "refused"
"""Whether the service has refused what the owner entered."""
CONF_SEND_POSITION: Final = "send_position"

ADDRESS_VARIABLE = "NISSANCONNECT_ABRP_URL"
"""Where a stand-in for the service listens; it is for tests."""

_ADDRESS = "https://api.iternio.com/1/"
_NAME = "ABRP"
_TIMEOUT = 15.0
"""Seconds."""

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""After failures the pause doubles; what the service itself demands may be longer, up to a day."""

_MOST_DOUBLINGS = 10

_WITHOUT_NEWS = (Cause.LISTED, Cause.READ_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbrpSettings:
    """What a subentry holds: the owner's API key, and the token of one of the vehicles, which is named by its alias.

    ``refused``: the service has refused them, so they are not sent again until the owner changes them.
    """

    subentry_id: str
    vehicle: str
    api_key: str = field(repr=False)
    token: str = field(repr=False)
    send_position: bool = False
    refused: bool = False


def read_abrp(subentry: ConfigSubentry) -> Read[AbrpSettings | None]:
    """Read what a subentry holds; ``None`` if that is not enough to send anything."""
    values = EntryValues(subentry.data)
    vehicle, api_key, token = (values.text(name) for name in (CONF_VEHICLE, CONF_API_KEY, CONF_TOKEN))
    send_position, refused = values.flag(CONF_SEND_POSITION), values.flag(CONF_REFUSED)
    if not vehicle or not api_key or not token:
        return Read(None, values.odd)
    settings = AbrpSettings(
        subentry_id=subentry.subentry_id,
        vehicle=vehicle,
        api_key=api_key,
        token=token,
        send_position=send_position,
        refused=refused,
    )
    return Read(settings, values.odd)


def abrp_of(entry: ConfigEntry, vehicle: VehicleInfo) -> AbrpSettings | None:
    """Return what the owner has entered for a vehicle."""
    found = (read_abrp(subentry).value for subentry in entry.get_subentries_of_type(SUBENTRY_ABRP))
    return next((each for each in found if each is not None and each.vehicle == alias(vehicle.key)), None)


async def async_check(hass: HomeAssistant, api_key: str, token: str) -> None:
    """Ask the service a question that changes nothing, to find out whether it accepts key and token.

    If it refuses them it answers with an HTTP error. Whether it has a plan for the vehicle does not matter.

    Raises:
        AuthenticationFailed: It refuses one of them.
        BackendError: It cannot be asked.
    """
    await _async_post(hass, "tlm/get_next_charge", api_key, {"token": token}, must_be_ok=False)


async def async_send(hass: HomeAssistant, settings: AbrpSettings, telemetry: Mapping[str, float | bool]) -> None:
    """Send a sample.

    Raises:
        AuthenticationFailed: The service refuses key or token.
        BackendError: It has not taken the sample.
    """
    fields = {"token": settings.token, "tlm": json_dumps(telemetry)}
    await _async_post(hass, "tlm/send", settings.api_key, fields)


async def _async_post(
    hass: HomeAssistant, method: str, api_key: str, fields: Mapping[str, str], *, must_be_ok: bool = True
) -> None:
    """Call a method of the service. Key and token are not in the address, which others log."""
    from .backends.http import HttpClient  # noqa: PLC0415 - only who has a token needs it
    from .backends.reader import header_value  # noqa: PLC0415

    if header_value(api_key) is None or not fields["token"]:
        raise AuthenticationFailed("key and token cannot be sent")
    client = HttpClient(async_get_clientsession(hass), now=dt_util.utcnow, timeout=_TIMEOUT)
    response = await client.request(
        "POST",
        URL(os.environ.get(ADDRESS_VARIABLE) or _ADDRESS).join(URL(method)),
        _NAME,
        headers={"Authorization": f"APIKEY {api_key}"},
        data=fields,
    )
    if (error := _error_of(response, must_be_ok=must_be_ok)) is not None:
        raise error


def _error_of(response: Response, *, must_be_ok: bool) -> BackendError | None:
    """Return what a response says is wrong. It has a ``status`` of its own, which is ``ok`` or ``error``."""
    message, retry_after = f"{_NAME} answered {response.status}", response.retry_after
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return AuthenticationFailed(message)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(message, retry_after=retry_after)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            return Unavailable(message, retry_after=retry_after)
        case status if status // 100 == 3:
            return UnsafeRedirect(message)
        case status if status // 100 == 4:
            return Declined(message, retry_after=retry_after)
    body = response.body if isinstance(response.body, dict) else {}
    if not response.is_success or not isinstance(body.get("status"), str):
        return ProtocolError(f"the response of {_NAME} cannot be understood")
    return ServiceError(f"{_NAME} reports an error") if must_be_ok and body["status"] != "ok" else None


class AbrpSender:
    """Sends samples of one vehicle when they are due.

    ``settings`` is what the owner has entered, ``None`` if nothing. ``sent_at`` is when a sample was last taken, and
    ``error`` the key of the error since.
    """

    def __init__(self, coordinator: VehicleCoordinator, settings: AbrpSettings | None) -> None:
        """What is known of the vehicle now is from before a restart, and is not sent."""
        self.settings: AbrpSettings | None = None
        self.sent_at: datetime | None = None
        self.error: str | None = None
        self._coordinator = coordinator
        self._last = LastTelemetry(until=known_until(coordinator.data))
        self._sample: TelemetrySample | None = None
        """The newest, whether or not it is due."""
        self._failures = 0
        self._retry_at = NEVER
        self._task: asyncio.Task[BackendError | None] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.async_apply(settings)

    @callback
    def async_apply(self, settings: AbrpSettings | None) -> None:
        """Go by what the owner has entered now; the next report of the vehicle is the first that is sent."""
        if settings != self.settings:
            self.async_stop()
            self.settings, self.error = settings, AuthenticationFailed.key if settings and settings.refused else None
            self._last, self._sample = LastTelemetry(until=self._last.until), None
            self._failures, self._retry_at = 0, NEVER
        vehicle, refused = self._coordinator, settings is not None and settings.refused
        async_set_issue(vehicle.hass, vehicle.config_entry, ABRP_REFUSED, present=refused, vehicle=vehicle.info)

    @callback
    def async_stop(self) -> None:
        """Send nothing more, not even what is on its way."""
        self._async_forget_timer()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """Take a sample of what was reported, and send it when it is due."""
        settings = self.settings
        if settings is None or settings.refused or update.cause in _WITHOUT_NEWS:
            return
        vehicle = self._coordinator
        self._sample = sample_of(
            update.state,
            vehicle.info,
            vehicle.activity,
            dt_util.utcnow(),
            pushed=update.cause is Cause.PUSHED,
            with_position=settings.send_position,
        )
        self._async_schedule()

    @callback
    def _async_schedule(self) -> None:
        """Send the sample now if it is due; otherwise look again when it is, or when what is on its way has arrived."""
        self._async_forget_timer()
        settings, sample, now = self.settings, self._sample, dt_util.utcnow()
        if settings is None or sample is None or self._task is not None:
            return
        if (due := due_at(sample, self._last, now)) is None:
            return
        hass, entry = self._coordinator.hass, self._coordinator.config_entry
        if (due := max(due, self._retry_at)) > now:
            self._cancel_timer = async_track_point_in_utc_time(hass, self._async_is_due, due)
            return
        self._task = entry.async_create_background_task(
            hass, self._async_send(settings, sample), f"{DOMAIN} sample of {self._coordinator.name}"
        )
        self._task.add_done_callback(partial(self._async_done, settings, sample))

    @callback
    def _async_is_due(self, now: datetime) -> None:
        self._cancel_timer = None
        self._async_schedule()

    @callback
    def _async_forget_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    async def _async_send(self, settings: AbrpSettings, sample: TelemetrySample) -> BackendError | None:
        try:
            await async_send(self._coordinator.hass, settings, sample.telemetry)
        except BackendError as err:
            return err
        return None

    @callback
    def _async_done(
        self, settings: AbrpSettings, sample: TelemetrySample, task: asyncio.Task[BackendError | None]
    ) -> None:
        """Note the outcome, and go on with what has been reported since; a task that was stopped has none."""
        if task is not self._task or task.cancelled():
            return
        self._task = None
        if (error := task.result()) is not None:
            self._async_failed(settings, error)
        else:
            self._async_sent(sample)
        self._async_schedule()

    @callback
    def _async_sent(self, sample: TelemetrySample) -> None:
        if self._failures:
            _LOGGER.info("%s: samples reach %s again", self._coordinator.name, _NAME)
        now = dt_util.utcnow()
        self._last = LastTelemetry(until=sample.at, sent_at=now, sample=sample)
        self._failures, self.sent_at, self.error = 0, now, None

    @callback
    def _async_failed(self, settings: AbrpSettings, error: BackendError) -> None:
        """Try again after a pause; after a refusal only when the owner has entered something else."""
        if not self._failures:
            _LOGGER.info("%s: no sample can be sent: %s", self._coordinator.name, error)
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures, _MOST_DOUBLINGS), _LONGEST_PAUSE)
        self._failures += 1
        self.error = error.key
        if isinstance(error, AuthenticationFailed):
            self._async_refuse(settings)
        self._retry_at = dt_util.utcnow() + max(pause, timedelta(seconds=error.retry_after or 0))

    @callback
    def _async_refuse(self, settings: AbrpSettings) -> None:
        """Send nothing more, and keep in the subentry that what it holds was refused."""
        self.async_apply(replace(settings, refused=True))
        entry = self._coordinator.config_entry
        if (subentry := entry.subentries.get(settings.subentry_id)) is not None:
            data = {**subentry.data, CONF_REFUSED: True}
            self._coordinator.hass.config_entries.async_update_subentry(entry, subentry, data=data)
