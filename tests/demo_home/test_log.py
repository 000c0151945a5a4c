"""The log is searched for the right things."""

import json
from pathlib import Path

import pytest

from script.demo_home import log

TIME = "2026-11-21 07:43:52.303+00:00"


@pytest.mark.parametrize(
    "line",
    [
        f"{TIME} ERROR (MainThread) [homeassistant.setup] Setup failed for 'x'",
        f"{TIME} CRITICAL (MainThread) [root] No",
        "Traceback (most recent call last):",
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
    ],
)
def test_errors_are_found(line: str) -> None:
    assert log.trouble_in(f"{TIME} WARNING (MainThread) [x] before\n{line}\nafter") == [log.without_time(line)]


@pytest.mark.parametrize(
    "line",
    [
        f"{TIME} WARNING (MainThread) [homeassistant.bootstrap] Skipping pip installation",
        f"{TIME} DEBUG (MainThread) [x] The option 'ERROR' is not set",
        f"{TIME} ERROR (MainThread) [homeassistant.components.api] Error during service call to lock.lock: No",
        f"{TIME} DEBUG (MainThread) [x] Full exception\nTraceback (most recent call last):\n  File",
    ],
)
def test_other_lines_are_no_errors(line: str) -> None:
    assert log.trouble_in(line) == []


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("WARNING (MainThread) [custom_components.nissanconnect.sources] Careful", True),
        ("ERROR (SyncWorker_1) [custom_components.nissanconnect] No", True),
        ("DEBUG (MainThread) [custom_components.nissanconnect.coordinator] Finished", False),
        ("WARNING (MainThread) [homeassistant.loader] We found a custom integration nissanconnect", False),
    ],
)
def test_our_warnings_are_told_from_those_of_others(line: str, ours: bool) -> None:
    assert log.is_our_warning(line) is ours


def test_secrets_are_found_in_any_case_and_named_by_kind() -> None:
    secrets = {"VIN": ["SJNFAKE0000000001"], "e-mail": ["someone@example.com"], "token": ["abcdef123456"]}

    found = log.given_away(f"{TIME} DEBUG [x] read sjnfake0000000001\nas ABCDEF123456", secrets)

    assert found == ["VIN", "token"]


def test_a_position_is_found_by_its_first_digits_and_not_in_the_time_of_a_line() -> None:
    position = {"position": [log.coordinate(52.3034217), log.coordinate(-4.859)]}

    assert log.given_away(f"{TIME} DEBUG (MainThread) [x] read", position) == []
    assert log.given_away(f"{TIME} DEBUG (MainThread) [x] at 52.30342", position) == ["position"]
    assert log.given_away(f"{TIME} DEBUG (MainThread) [x] at -4.8590, ", position) == ["position"]


def test_what_the_entries_of_the_integration_store_is_secret(tmp_path: Path) -> None:
    entries = [
        {
            "domain": "ours",
            "data": {
                "source": "north_america",
                "unit": "kilometres",
                "username": "someone@example.com",
                "auth": {"a": ["T" * 30]},
            },
        },
        {"domain": "other", "data": {"api_key": "k" * 30}},
    ]
    (tmp_path / "core.config_entries").write_text(json.dumps({"data": {"entries": entries}}))

    assert log.stored_secrets(tmp_path, "ours") == {"someone@example.com", "T" * 30}
