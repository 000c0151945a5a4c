"""Commands to one module: each published once, after the response to the one before, and followed to its end (§5.5).

The shell of a module can do anything to module and vehicle (ovms §1.9), so the lines in this file are the only ones
that are ever sent. No text that anybody has entered becomes part of one. The PIN is no exception: the LEAF's module
accepts any (§1.7).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...vehicle import (
    BackendError,
    Command,
    Departure,
    Lock,
    NotSupported,
    Phase,
    Progress,
    Reason,
    Refresh,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Ticket,
    Unlock,
)
from ..base import Context, MessageBus, MqttMessage
from .metrics import CHARGE_LIMIT, LOCKED, MetricStore, Value, decode
from .module import Topics

RESPONSE_LIMIT = timedelta(seconds=15)
"""A module responds within seconds; a command is 24 frames of 100 ms (§1.7)."""

_CHECK_INTERVAL = 0.5
"""Seconds between two checks whether the response to the command before has come."""

_FOLLOWED_FOR = timedelta(minutes=5)
"""Longer than any command is polled."""

_RAISES_EVENT = {LOCKED, "v.e.awake"}
_BY_EVENT = timedelta(seconds=30)
"""A metric whose change raises an event is sent at once (§1.4)."""
_BY_INTERVAL = timedelta(seconds=75)
"""Any other waits for the module's interval, which on older firmware is a minute."""

REQUEST_ALL_METRICS = "server v3 update all"
"""Has the module send all metrics that it has; wakes no vehicle (§1.5)."""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A line for the module's shell, the response that means success, and the metric that then shows the effect.

    The response says only that the module has passed the command on to the vehicle (§0).
    """

    line: str
    response: str
    metric: str
    value: Value
    wakes: bool = True

    @property
    def effect_limit(self) -> timedelta:
        """How long after the response the metric may take to get the ``value``."""
        return _BY_EVENT if self.metric in _RAISES_EVENT else _BY_INTERVAL


_SHELL_COMMANDS: dict[Command, ShellCommand] = {
    StartClimate(): ShellCommand("climatecontrol on", "Climate Control on", "v.e.hvac", value=True),
    StopClimate(): ShellCommand("climatecontrol off", "Climate Control off", "v.e.hvac", value=False),
    StartCharging(): ShellCommand("charge start", "Charge has been started", "v.c.charging", value=True),
    StopCharging(): ShellCommand("charge stop", "Charge has been stopped", "v.c.charging", value=False),
    Lock(): ShellCommand("lock 0", "Vehicle locked", LOCKED, value=True),
    Unlock(): ShellCommand("unlock 0", "Vehicle unlocked", LOCKED, value=False),
    Refresh(): ShellCommand("wakeup", "Vehicle has been woken", "v.e.awake", value=True),
}


def shell_command_for(command: Command) -> ShellCommand:
    """Return the shell command for a command; raises :class:`NotSupported` for what a LEAF's module cannot do."""
    if isinstance(command, SetChargeLimit):
        return _charge_limit(command.limit)
    if isinstance(command, Lock | Unlock | Refresh):
        command = type(command)()  # without PIN and group: the module takes none
    if (found := _SHELL_COMMANDS.get(command)) is None:
        raise NotSupported(f"ovms: {command.kind()} is not offered in this form")
    return found


def _charge_limit(limit: float) -> ShellCommand:
    """Return the shell command for a charge limit in whole percent.

    A limit below 100 has a second meaning: the module then also starts a charge by itself when the level has fallen
    (§1.8). A limit of 100 only means that the vehicle need not stop before, which the module calls no limit.
    """
    if limit not in range(1, 101):
        raise NotSupported("ovms: a charge limit is a whole number from 1 to 100")
    percent = int(limit) % 100
    return ShellCommand(
        f"config set xnl suffsoc {percent}", "Parameter has been set.", CHARGE_LIMIT, float(percent), wakes=False
    )


_LONGEST_RESPONSE = 1000
"""Bytes; the responses to our commands have less than a hundred."""


@dataclass(frozen=True, slots=True)
class CommandResponse:
    """Whether the module has accepted a command; ``None`` if its text, which is all there is (§1.7), is unknown.

    ``code`` is a refusal in the firmware's own words, as far as they are known to be its own.
    """

    at: datetime
    accepted: bool | None
    code: str | None = None


_FULL_REFUSALS = (
    "Error: Charge start functionality not available",
    "Error: Charge stop functionality not available",
    "Error: Climate Control failed",
    "Error: Climate Control functionality not available",
    "Error: Could not start charge",
    "Error: Could not stop charge",
    "Error: No vehicle module selected",
    "Error: Vehicle lock functionality not available",
    "Error: Vehicle unlock functionality not available",
    "Error: vehicle could not be locked",
    "Error: vehicle could not be unlocked",
    "Error: vehicle could not be woken",
)
_REFUSALS = {refusal.casefold(): refusal for refusal in _FULL_REFUSALS}
_REFUSAL_PREFIXES = {
    "error": "Error",
    "usage": "Usage",
    "subcommand required": "Usage",
    "unrecognised": "Unrecognised",
    "unimplemented": "Unimplemented",
    "unsupported": "Unsupported",
}
"""How any other refusal begins; the rest of it is not shown, because nobody knows what it holds."""


def classify(payload: bytes, expected: str, at: datetime) -> CommandResponse:
    """Return what a response means if ``expected`` is the text of success; line ends do not matter."""
    text = " ".join((decode(payload, _LONGEST_RESPONSE) or "").split())
    if text == expected:
        return CommandResponse(at, accepted=True)
    lower = text.casefold()
    by_prefix = (code for prefix, code in _REFUSAL_PREFIXES.items() if lower.startswith(prefix))
    if (code := _REFUSALS.get(lower) or next(by_prefix, None)) is not None:
        return CommandResponse(at, accepted=False, code=code)
    return CommandResponse(at, accepted=None, code="unexpected reply")


@dataclass(slots=True)
class PublishedCommand:
    """A command on its way. ``result`` is its last progress, once that is known.

    ``had_effect_before``: the metric had the value already when the command was sent, and has not had another since.
    Until ``contested_until`` an earlier command may still change it.
    """

    id: str
    command: ShellCommand
    sent_at: datetime
    had_effect_before: bool = False
    contested_until: datetime | None = None
    response: CommandResponse | None = None
    result: Progress | None = None

    @property
    def effect_until(self) -> datetime:
        """Until when the vehicle may begin to carry it out."""
        responded_at = self.response.at if self.response else self.sent_at + RESPONSE_LIMIT
        return responded_at + self.command.effect_limit

    def awaits_response(self, now: datetime) -> bool:
        """Whether a response may still come."""
        return self.response is None and now - self.sent_at < RESPONSE_LIMIT


class CommandClient:
    """Sends commands and follows them; the metrics in ``store`` show their effects."""

    def __init__(
        self, context: Context, bus: MessageBus, topics: Topics, store: MetricStore, new_id: Callable[[], str]
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._store = store
        self._now = context.now
        self._sleep = context.sleep
        self._new_id = new_id
        self._sending = asyncio.Lock()
        self._sent: dict[str, PublishedCommand] = {}
        """The commands that may still be polled, by their ids."""
        self.requests = 0
        """How many commands have been published."""

    async def send(self, command: ShellCommand, departure: Departure) -> Ticket:
        """Publish a command when the one before has its response.

        At quality of service 0: a module that is offline must not find the command when it comes back (§1.2). While
        the topic ``active`` says that a client is listening, the module sends every few seconds what has changed.
        """
        async with self._sending:
            while any(each.awaits_response(self._now()) for each in self._sent.values()):
                await self._sleep(_CHECK_INTERVAL)
            self._drop_ended()
            await self._bus.publish(self._topics.active, "1")
            async with departure(wakes=command.wakes):
                sent = PublishedCommand(
                    self._new_id(),
                    command,
                    self._now(),
                    had_effect_before=self._has_effect(command),
                    contested_until=self._contested_until(command),
                )
                self._sent[sent.id] = sent  # first: the response may come before publishing returns
                try:
                    await self._publish(sent.id, command.line)
                except BackendError:
                    del self._sent[sent.id]
                    raise
        return Ticket(sent.id, sent.sent_at)

    async def request_all_metrics(self) -> None:
        """Have the module send all metrics; there is no need to follow this."""
        await self._publish(self._new_id(), REQUEST_ALL_METRICS)

    def handle(self, message: MqttMessage) -> None:
        """Take the first response to each command; a retained one is somebody's mistake."""
        sent = self._sent.get(self._topics.responded_command(message.topic) or "")
        if sent is not None and sent.response is None and not message.retain:
            sent.response = classify(message.payload, sent.command.response, self._now())

    async def progress(self, command_id: str) -> Progress:
        """Return the progress of a command. After a restart that is unknown: its response went to another client."""
        sent = self._sent.get(command_id)
        if sent is None:
            return Progress(Phase.TIMED_OUT)
        if sent.result is None and (progress := self._evaluate(sent)).phase is not Phase.PENDING:
            sent.result = progress
            if all(each.result is not None for each in self._sent.values()):
                with suppress(BackendError):  # otherwise the module notices after two minutes (§1.5)
                    await self._bus.publish(self._topics.active, "0")
        return sent.result or Progress(Phase.PENDING)

    def _evaluate(self, sent: PublishedCommand) -> Progress:
        if (response := sent.response) is None:
            return Progress(Phase.PENDING if sent.awaits_response(self._now()) else Phase.TIMED_OUT)
        if response.accepted is False:  # before the firmware sends the vehicle anything (§1.7)
            return Progress(Phase.REJECTED, response.code, nothing_done=True)
        has_effect = self._has_effect(sent.command)
        sent.had_effect_before = sent.had_effect_before and has_effect
        contested = sent.contested_until is not None and self._now() < sent.contested_until
        if has_effect and not (sent.had_effect_before and (response.accepted is None or contested)):
            return Progress(Phase.DONE)
        if self._now() < sent.effect_until:
            return Progress(Phase.PENDING)
        return Progress(Phase.TIMED_OUT, response.code, Reason.NOT_SEEN)

    def _has_effect(self, command: ShellCommand) -> bool:
        """Whether the metric has the value that the command is to bring about."""
        return self._store.value(command.metric) == command.value

    def _contested_until(self, command: ShellCommand) -> datetime | None:
        """Return until when earlier commands that have not ended may give the metric another value."""
        active = [each for each in self._sent.values() if each.result is None and each.command.metric == command.metric]
        return max((each.effect_until for each in active if each.command.value != command.value), default=None)

    def _drop_ended(self) -> None:
        """Drop the commands that nobody polls any more, because they have ended or were given up."""
        since = self._now() - _FOLLOWED_FOR
        self._sent = {each.id: each for each in self._sent.values() if each.result is None and each.sent_at >= since}

    async def _publish(self, command_id: str, line: str) -> None:
        self.requests += 1
        await self._bus.publish(self._topics.command(command_id), line)
