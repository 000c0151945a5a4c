"""No JSON makes the parsers raise anything but ProtocolError, and no secret gets past them."""

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.opencarwings import OpenCarwingsBackend
from custom_components.nissanconnect.backends.opencarwings.commands import LIMITS, SentCommand, SmsBudget, progress
from custom_components.nissanconnect.backends.opencarwings.mapping import (
    CarAlert,
    CarRecord,
    LastCommand,
    next_start,
    notification,
    parse_alerts,
    parse_car,
    parse_timers,
)
from custom_components.nissanconnect.vehicle import AlertType, Capability, Phase, ProtocolError, Push, RateLimited
from tests.simulator.opencarwings import LEAF_24, LEAF_40, SECRETS, OpenCarwings

from ..doubles import a_context
from ..possible import assert_possible
from ..strategies import JSON, SCALARS
from ..wire import Wire

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


def _objects() -> list[dict[str, Json]]:
    server = OpenCarwings(lambda: NOW, september=True)
    server.account.pin = "2468"
    cars = [server.add(LEAF_24), server.add(LEAF_40, "ficosa2016", capacity=40)]
    return [car.detail() for car in cars] + [car.entry() for car in cars]


VALID = _objects()


@st.composite
def car_objects(draw: st.DrawFn) -> dict[str, Json]:
    """A car object of which some values, at any depth that matters, are something else."""
    car: dict[str, Json] = json.loads(json.dumps(draw(st.sampled_from(VALID))))
    for _ in range(draw(st.integers(0, 6))):
        inner = draw(st.sampled_from([car, *(each for each in car.values() if isinstance(each, dict) and each)]))
        name = draw(st.sampled_from(sorted(inner)))
        inner[name] = draw(SCALARS | JSON | st.floats(-200, 300) | st.integers(-3, 5000))
    return car


FRAMES: st.SearchStrategy[Any] = (
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["car", "ev_info", "location", "send_to_car"]) | JSON,
            "data": JSON | car_objects(),
        }
    )
    | st.fixed_dictionaries(
        {
            "type": st.just("alert"),
            "data": st.fixed_dictionaries(
                {"id": st.integers(1, 3) | SCALARS, "type": st.integers(1, 99) | SCALARS, "timestamp": SCALARS},
                optional={
                    "car": JSON | car_objects(),
                    "command_id": SCALARS,
                    "type_display": JSON,
                },
            ),
        }
    )
    | JSON
)


@given(st.lists(FRAMES | st.text(max_size=20), max_size=8))
def test_any_frame_is_survived_and_pushes_nothing_impossible(frames: list[Json]) -> None:
    context = a_context(lambda: NOW, session=Wire())
    backend = OpenCarwingsBackend(context, {"url": "http://localhost", "api_key": "k"})
    pushes: list[Push] = []
    for frame in frames:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        backend._listener.handle_frame(text, pushes.append)
    for push in pushes:
        assert_possible(push, NOW)
    json.dumps(backend.memory())


@given(JSON | car_objects())
def test_any_car_object_is_parsed_or_refused(payload: Json) -> None:
    try:
        car = parse_car(payload, NOW)
    except ProtocolError:
        assert not (isinstance(payload, dict) and payload.get("vin") in (LEAF_24, LEAF_40))
        return
    assert car.info.key == car.vin.strip().upper()
    assert_possible(car.state, NOW)
    for group in car.state.groups().values():
        assert group.backend == "opencarwings"
        assert group.received_at == NOW
        assert group.reported_at is None or group.reported_at <= NOW + timedelta(minutes=5)
    capabilities = car.info.capabilities
    assert Capability.LOCK in capabilities or Capability.LOCK_PIN not in capabilities
    assert Capability.CLIMATE_TEMPERATURE not in capabilities
    json.dumps(asdict(car.state), default=str)


@pytest.mark.parametrize(("shown", "real", "level"), [(0, 0, None), (0, 40, 40), (50, 40, 50), (0.0, 0.04, 0)])
def test_a_level_of_zero_means_none_and_next_to_nothing_is_zero(shown: float, real: float, level: int | None) -> None:
    ev_info = VALID[0]["ev_info"]
    assert isinstance(ev_info, dict)
    battery = parse_car(VALID[0] | {"ev_info": {**ev_info, "soc_display": shown, "soc": real}}, NOW).state.battery
    assert battery is not None
    assert battery.level == level


NAMED = frozenset({"vin", "nickname", "tcu_type", "ecu_label", "code_label"})
"""What an owner or the vehicle has named; every other text is dropped."""


def _marked(value: Json, named: bool = False) -> Json:
    """Put a mark into every text that is no time, no number and not shown to the owner."""
    match value:
        case dict():
            return {name: _marked(inner, name in NAMED) for name, inner in value.items()}
        case list():
            return [_marked(inner) for inner in value]
        case str() if not named and not value.replace(".", "").isdecimal() and "T" not in value[:11]:
            return f"s3cret {value}"
    return value


SECRET_NAMES = ("sms_config", "tcu_user", "tcu_pass", "hmac_key", "iccid", "tcu_serial", "tcu_model", "new_secret")


@given(
    st.sampled_from(VALID),
    st.dictionaries(
        st.sampled_from(SECRET_NAMES) | st.text(min_size=1, max_size=12).map(lambda name: f"x_{name}"),
        st.recursive(
            st.text(max_size=6).map(lambda text: f"s3cret{text}"),
            lambda inner: (
                st.lists(inner, min_size=1, max_size=3)
                | st.dictionaries(st.text(max_size=6), inner, min_size=1, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=6,
    ),
)
def test_no_secret_gets_past_the_parser(valid: dict[str, Json], more: dict[str, Json]) -> None:
    marked = _marked({**valid, **more})
    assert isinstance(marked, dict)
    car = parse_car(marked, NOW)
    text = f"{_all_of(car)}"
    assert "s3cret" not in text
    assert not any(secret in text for secret in SECRETS)
    assert car.state.battery is not None


def _all_of(car: CarRecord) -> str:
    values = {each.name: getattr(car, each.name) for each in fields(CarRecord)}
    state = {group: asdict(value) for group, value in car.state.groups().items()}
    return json.dumps(
        [values, state, asdict(car.info)],
        default=lambda each: asdict(each) if hasattr(each, "__dataclass_fields__") else str(each),
    )


ALERTS = st.lists(
    JSON
    | st.fixed_dictionaries(
        {"id": st.integers() | SCALARS, "type": st.integers(0, 100) | SCALARS, "timestamp": st.just(NOW.isoformat())},
        optional={"command_id": st.integers() | SCALARS, "type_display": SCALARS, "additional_data": SCALARS},
    ),
    max_size=6,
)


@given(JSON | ALERTS)
def test_any_list_of_alerts_is_parsed(payload: Json) -> None:
    alerts = parse_alerts(payload, NOW)
    assert list(alerts) == sorted(alerts, key=lambda each: (each.at, each.id), reverse=True)
    for alert in alerts:
        found = notification(alert)
        assert found is None or found.id == str(alert.id)
        assert found is None or found.title


@pytest.mark.parametrize(
    ("kind", "display", "title", "alert"),
    [
        (3, "Lataus on unohtunut", "Lataus on unohtunut", AlertType.CLOUD_MESSAGE),
        (3, None, "Charge cable reminder", AlertType.CLOUD_MESSAGE),
        (7, "  ", "Climate auto off", AlertType.CLIMATE_STOPPED),
        (98, 5.5, "Timed out", AlertType.CLOUD_MESSAGE),
        (500, None, "Alert 500", AlertType.CLOUD_MESSAGE),
    ],
)
def test_an_alert_without_a_name_gets_a_title(kind: int, display: Json, title: str, alert: AlertType) -> None:
    (read,) = parse_alerts([{"id": 1, "type": kind, "timestamp": NOW.isoformat(), "type_display": display}], NOW)
    found = notification(read)
    assert found is not None
    assert (found.title, found.alert) == (title, alert)


@given(
    JSON
    | st.lists(
        st.fixed_dictionaries(
            {"id": st.integers(), "date": st.dates().map(str), "time": st.times().map(str)},
            optional={"timer_type": st.just(0), "command_type": st.just(3), "enabled": st.booleans()},
        )
    )
)
def test_any_list_of_timers_is_parsed(payload: Json) -> None:
    at = next_start(parse_timers(payload), NOW)
    assert at is None or at > NOW


SENT_COMMANDS = st.builds(
    SentCommand, st.sampled_from([1, 2, 3, 4, 7, 8, 9, 10, 12]), st.integers(0, 3), st.none() | st.just(NOW)
)
LAST = st.none() | st.builds(
    LastCommand, st.integers(0, 3), st.integers(0, 15), st.integers(-1, 5), st.none() | st.just(NOW)
)
CAR_ALERTS = st.lists(
    st.builds(
        CarAlert,
        st.integers(1, 50),
        st.sampled_from([1, 2, 3, 4, 5, 12, 13, 14, 94, 95, 96, 97, 98, 99]),
        st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(minutes=1)]),
        st.none() | st.integers(0, 3),
    ),
    max_size=6,
)


@given(SENT_COMMANDS, LAST, CAR_ALERTS)
def test_progress_does_not_depend_on_the_order_of_alerts(
    sent: SentCommand, last: LastCommand | None, alerts: list[CarAlert]
) -> None:
    assert progress(sent, last, alerts) == progress(sent, last, alerts[::-1])
    assert SentCommand.parse(str(sent)) == sent


@given(SENT_COMMANDS, LAST, CAR_ALERTS)
def test_a_matching_failure_alert_is_never_a_success(
    sent: SentCommand, last: LastCommand | None, alerts: list[CarAlert]
) -> None:
    found = progress(sent, last, alerts)
    types = {alert.type for alert in alerts if sent.matches(alert)}
    if types & {98, 99}:
        assert found is not None
        assert found.phase in {Phase.REJECTED, Phase.TIMED_OUT}
    foreign = [alert for alert in alerts if not sent.matches(alert)]
    assert progress(sent, last, foreign) == progress(sent, last, [])


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,3}/[0-9]{1,5}/.{0,30}", fullmatch=True))
def test_any_ticket_id_is_parsed(text: str) -> None:
    found = SentCommand.parse(text)
    assert found is None or SentCommand.parse(str(found)) == found


@given(st.lists(st.integers(0, 7200), max_size=120))
def test_no_window_holds_more_commands_than_its_limit(pauses: list[int]) -> None:
    budget, now, sent = SmsBudget(None), NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        wait = _spend(budget, now)
        if wait is not None:
            assert 0 < wait <= timedelta(days=1).total_seconds()
            assert _spend(SmsBudget(budget.to_json()), now + timedelta(seconds=wait)) is None  # then there is room
            continue
        sent.append(now)
        for window, most in LIMITS.items():
            assert sum(now - at < window for at in sent) <= most


def _spend(budget: SmsBudget, now: datetime) -> float | None:
    """Return how long to wait, ``None`` if there was room."""
    try:
        budget.spend("V", now)
    except RateLimited as error:
        return error.retry_after or 0.0
    return None
