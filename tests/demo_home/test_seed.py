"""The configuration directory that Home Assistant finds."""

import json
from pathlib import Path

from homeassistant.util.yaml import load_yaml_dict
import pytest

from script.demo_home.console import DemoError
from script.demo_home.seed import forget_vehicles, locked, seed


def test_home_assistant_finds_the_integration_and_where_to_listen(tmp_path: Path) -> None:
    seed(tmp_path, 8124)

    assert (tmp_path / "custom_components" / "nissanconnect" / "manifest.json").exists()
    http = json.loads((tmp_path / ".storage" / "http").read_text())["data"]
    assert (http["stable"]["server_host"], http["stable"]["server_port"]) == (["127.0.0.1"], 8124)
    assert http["pending"] is None
    configuration = load_yaml_dict(tmp_path / "configuration.yaml")
    assert configuration["homeassistant"]["internal_url"] == "http://127.0.0.1:8124"
    assert "http" not in configuration


def test_a_second_start_may_choose_another_port_and_keeps_what_home_assistant_has_written(tmp_path: Path) -> None:
    seed(tmp_path, 8124)
    onboarding = tmp_path / ".storage" / "onboarding"
    onboarding.write_text("written by Home Assistant")

    seed(tmp_path, 8125)

    assert onboarding.read_text() == "written by Home Assistant"
    assert '"server_port": 8125' in (tmp_path / ".storage" / "http").read_text()


def test_two_demos_do_not_share_a_directory(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DemoError, match="Another demo"), locked(tmp_path, empty=True):
        pass

    with locked(tmp_path):
        pass


def test_starting_anew_empties_the_directory_and_leaves_alone_what_is_only_linked(tmp_path: Path) -> None:
    checkout, directory = tmp_path / "checkout", tmp_path / "demo"
    checkout.mkdir()
    (checkout / "precious").write_text("")
    (directory / ".storage").mkdir(parents=True)
    (directory / ".storage" / "auth").write_text("")
    (directory / "link").symlink_to(checkout)

    with locked(directory, empty=True):
        assert list(directory.iterdir()) == []

    assert (checkout / "precious").exists()


def test_automations_scripts_and_scenes_can_be_written_and_our_blueprints_are_offered(tmp_path: Path) -> None:
    seed(tmp_path, 8124)

    configuration = load_yaml_dict(tmp_path / "configuration.yaml")
    assert [configuration[each] for each in ("automation", "scene", "script")] == [[], [], {}]
    offered = tmp_path / "blueprints" / "automation" / "nissanconnect"
    assert (offered / "charging_finished.yaml").exists()


def test_what_was_written_in_the_editors_stays(tmp_path: Path) -> None:
    seed(tmp_path, 8124)
    (tmp_path / "automations.yaml").write_text("- alias: Mine\n")

    seed(tmp_path, 8124)

    assert load_yaml_dict(tmp_path / "configuration.yaml")["automation"] == [{"alias": "Mine"}]


def test_a_start_forgets_the_vehicles_of_the_last_one_and_nothing_else(tmp_path: Path) -> None:
    seed(tmp_path, 8124)
    storage, broker = tmp_path / ".storage", tmp_path / "mosquitto"
    broker.mkdir()
    for path in (storage / "nissanconnect.abc", storage / "core.config_entries", broker / "mosquitto.db"):
        path.write_text("{}")

    forget_vehicles(tmp_path)

    assert {path.name for path in storage.iterdir()} == {"core.config_entries", "core.network", "http", "onboarding"}
    assert list(broker.iterdir()) == []
