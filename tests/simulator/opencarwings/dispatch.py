"""How a command gets to a car and back (opencarwings §4.1): one that is pending is overwritten by the next."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from custom_components.nissanconnect.vehicle import (
    Command,
    FlashLights,
    Group,
    Lock,
    Refresh,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopClimate,
    Unlock,
)

from ..cars.execute import execute
from .car import Car

FETCHED_AFTER = timedelta(seconds=20)
ANSWERED_AFTER = timedelta(seconds=5)
NO_LOGON, NO_ANSWER = timedelta(minutes=5), timedelta(minutes=8)

_COMMANDS: dict[int, Command] = {
    1: Refresh(),
    2: StartCharging(),
    3: StartClimate(),
    4: StopClimate(),
    7: Unlock(),
    8: Lock(),
    9: SoundHorn(),
    10: FlashLights(),
}
_ALERTS = {2: (2, 96), 3: (4, 97), 4: (5, 97), 7: (12, 95), 8: (13, 95), 9: (14, 94), 10: (14, 94), 12: (15, 94)}
"""What is told when it was done, and when the car could not."""

_NAMES = {
    1: "Charging stopped",
    3: "Charge cable reminder",
    7: "A/C auto-off",
    8: "Quick charging stopped",
    20: "Burglar alarm",
    21: "Tow alert",
    98: "Timeout",
    99: "Error",
}
"""What the server calls them; it has a name for each."""

type Tell = Callable[[Car, str, dict[str, Any]], None]


class Dispatch:
    """The commands of all cars. ``tell`` sends a frame to the owner's sockets."""

    def __init__(self, rng: Random, tell: Tell) -> None:
        self._rng = rng
        self._tell = tell
        self._alert_id = 0
        self._told: dict[str, dict[str, Any]] = {}
        self.sms = 0

    def request(self, car: Car, code: int, now: datetime) -> None:
        """Put a command in the place of the last one and wake the car for it."""
        self.sms += 1
        car.command_id = self._rng.randint(200, 255) if car.is_ficosa else self._rng.randint(10_000, 99_999)
        car.command_type, car.command_result, car.command_requested = code, -1, True
        car.command_request_time = now
        car.logon_at = now + FETCHED_AFTER
        car.answer_at = None
        self.frames(car, "car", "location")

    def advance(self, car: Car, now: datetime) -> None:
        """Let everything happen that is due."""
        for due, happen in iter(lambda: next(self._due(car, now), None), None):
            self.move(car, due)
            happen(car, due)
        self.move(car, now)

    def _due(self, car: Car, now: datetime) -> Iterator[tuple[datetime, Callable[[Car, datetime], None]]]:
        coming: list[tuple[datetime, Callable[[Car, datetime], None]]] = []
        requested_at = car.command_request_time
        if requested_at is not None and car.command_requested:
            coming.append((requested_at + NO_LOGON, self._time_out))
            if car.logon_at is not None:
                coming.append((car.logon_at, self._log_on))
        elif requested_at is not None and car.command_result == 3:
            coming.append((requested_at + NO_ANSWER, self._time_out))
            if car.answer_at is not None:
                coming.append((car.answer_at, self._answer))
        for timer in car.timers:
            if timer["enabled"] and timer["timer_type"] == 0:
                at = datetime.fromisoformat(f"{timer['date']}T{timer['time']}+00:00").replace(second=0)
                looked_at = at - timedelta(minutes=1)  # the server looks once a minute for the timers of the next
                if car.saved_at.get(timer["id"], looked_at) <= looked_at:
                    coming.append((at, partial(self._ring, timer)))
        yield from sorted((each for each in coming if each[0] <= now), key=lambda each: each[0])

    def _ring(self, timer: dict[str, Any], car: Car, at: datetime) -> None:
        timer["enabled"] = False
        self.request(car, timer["command_type"], at)

    def move(self, car: Car, now: datetime) -> None:
        """Let the vehicle live; what it says by itself, and what has happened to it, is told."""
        messages = len(car.vehicle.cloud.messages)
        car.vehicle.advance(now)
        if car.connected and car.entry() != self._told.get(car.vin):
            self.upload(car, car.vehicle.now)
        for message in car.vehicle.cloud.messages[messages:]:
            self.alert(car, {"battery.ended.charge": 1, "hvac.autostop": 7}.get(message.kind, 19), now)

    def _log_on(self, car: Car, now: datetime) -> None:
        car.logon_at = None
        unit = car.vehicle.telematics
        if not unit.reachable:
            return
        if not unit.is_awake(now):
            unit.twelve_volt.pay_wake()
            unit.wakes += 1
        unit.stay_awake(now)
        car.connected, car.last_connection = True, now
        if car.mismatched:
            self._end(car, 1, 99, now)
            return
        car.command_requested, car.command_result = False, 3
        car.answer_at = None if car.mute else now + ANSWERED_AFTER
        self.frames(car, "car", "location")

    def _answer(self, car: Car, now: datetime) -> None:
        """The car says how it went. New values come before the new result, and a failure is a success (§4.1)."""
        car.answer_at, car.last_connection = None, now
        command = _COMMANDS.get(car.command_type)
        failed = command is not None and execute(car.vehicle, command) is not None
        car.vehicle.report(Group)
        self.upload(car, now)
        done, could_not = _ALERTS.get(car.command_type, (None, 98))
        self._end(car, 0, could_not if failed else done, now)

    def _time_out(self, car: Car, now: datetime) -> None:
        self._end(car, 2, 98, now)

    def _end(self, car: Car, result: int, alert: int | None, now: datetime) -> None:
        car.command_requested = False
        if alert is not None:
            self.alert(car, alert, now)
        car.command_result = result
        self.frames(car, "car")

    def upload(self, car: Car, now: datetime) -> None:
        """New values arrive."""
        car.last_connection = now
        self.frames(car, "location", "ev_info")

    def alert(self, car: Car, kind: int, now: datetime, command_id: int | None = None) -> dict[str, Any]:
        """Tell the owner; what happens by itself carries the last command's id along."""
        self._alert_id += 1
        alert = {
            "id": self._alert_id,
            "type": kind,
            "type_display": _NAMES.get(kind, "Something translated"),
            "timestamp": now.isoformat().replace("+00:00", "Z"),
            "command_id": car.command_id if command_id is None else command_id,
            "additional_data": "s3cret-free-text",
        }
        car.alerts.insert(0, alert)
        self._tell(car, "alert", {**alert, "car": car.detail()})
        return alert

    def frames(self, car: Car, *kinds: str) -> None:
        """Tell that something of a car is new; every frame brings all of it."""
        for kind in kinds:
            self._tell(car, kind, car.detail())
        self._told[car.vin] = car.entry()
