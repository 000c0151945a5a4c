"""Every text that a person can meet exists, in every language, with the right placeholders."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.nissanconnect.binary_sensor import BINARY_SENSORS, GEOFENCE
from custom_components.nissanconnect.book_sensor import BOOK_SENSORS
from custom_components.nissanconnect.button import BUTTONS, CHARGE_BUTTONS
from custom_components.nissanconnect.calendar import CALENDARS, CHARGE_CALENDARS
from custom_components.nissanconnect.charging.plans import SwitchedBy
from custom_components.nissanconnect.charging.price_choice import CONSTANT, TWO_TARIFF
from custom_components.nissanconnect.charging.prices import PriceFault
from custom_components.nissanconnect.climate import CLIMATES
from custom_components.nissanconnect.condition import CONDITIONS
from custom_components.nissanconnect.config_flow import _MENU, NissanConfigFlow
from custom_components.nissanconnect.device_tracker import TRACKERS
from custom_components.nissanconnect.engine.charge_plan import PlanReason
from custom_components.nissanconnect.engine.reach import ReachReason
from custom_components.nissanconnect.estimate_sensor import ESTIMATES
from custom_components.nissanconnect.event import EVENTS
from custom_components.nissanconnect.flows import vehicle_selector
from custom_components.nissanconnect.flows.advisor import AdviceReason, App, Model, Territory
from custom_components.nissanconnect.flows.charge_forms import (
    MARKET,
    names,
    options_form,
    price_form,
    prices_form,
    switch_form,
    switched_by_form,
    wishes_form,
)
from custom_components.nissanconnect.issues import ISSUES
from custom_components.nissanconnect.lock import LOCKS
from custom_components.nissanconnect.number import CHARGE_NUMBERS, NUMBERS
from custom_components.nissanconnect.queries import PREFLIGHT, QUERIES, VehicleQuery
from custom_components.nissanconnect.repairs import FLOWS
from custom_components.nissanconnect.sensor import CHARGE_SENSORS, GEOFENCE_DISTANCE, INTEGRATION_SENSORS, SENSORS
from custom_components.nissanconnect.services import _NOT_SUPPORTED, ACTIONS, VehicleAction
from custom_components.nissanconnect.sources import SOURCES, Source
from custom_components.nissanconnect.switch import CHARGE_SWITCHES, SWITCHES
from custom_components.nissanconnect.time import CHARGE_TIMES, TIMES
from custom_components.nissanconnect.trigger import TRIGGERS
from custom_components.nissanconnect.update import UPDATES
from custom_components.nissanconnect.vehicle import AlertType, BackendError, Reason, errors

ROOT = Path(__file__).parents[1] / "custom_components" / "nissanconnect"
SHELL = sorted(path for part in ("", "book/", "charging/", "flows/") for path in ROOT.glob(f"{part}*.py"))
LANGUAGES = sorted((ROOT / "translations").glob("*.json"))
DESCRIPTIONS: dict[str, tuple[EntityDescription, ...]] = {
    "binary_sensor": (*BINARY_SENSORS, GEOFENCE),
    "button": (*BUTTONS, *CHARGE_BUTTONS),
    "calendar": (*CALENDARS, *CHARGE_CALENDARS),
    "climate": CLIMATES,
    "device_tracker": TRACKERS,
    "event": EVENTS,
    "lock": LOCKS,
    "number": (*NUMBERS, *CHARGE_NUMBERS),
    "sensor": (*SENSORS, *INTEGRATION_SENSORS, *ESTIMATES, *BOOK_SENSORS, *CHARGE_SENSORS, GEOFENCE_DISTANCE),
    "switch": (*SWITCHES, *CHARGE_SWITCHES),
    "time": (*TIMES, *CHARGE_TIMES),
    "update": UPDATES,
}
EVERY_ACTION: dict[str, VehicleAction | VehicleQuery] = {**ACTIONS, **QUERIES}
ERROR_KEYS = {kind.key for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BackendError)}


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


ENGLISH = load(ROOT / "translations" / "en.json")
ICONS = load(ROOT / "icons.json")


def texts(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a translation with its path."""
    for key, value in tree.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from texts(value, f"{path}{key}.")


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_no_text_holds_what_hassfest_forbids(path: Path) -> None:
    """Addresses come as placeholders, and a placeholder in single quotes is none."""
    for _, text in texts(load(path)):
        assert not re.search(r"https?://|www\.", text), text
        assert not re.search(r"<[a-zA-Z/]", text), text
        assert not re.search(r"'\{\w+\}'", text), text
        assert text == text.strip(), text
        assert "[%key:" not in text, text


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda path: path.stem)
def test_languages_say_the_same(language: Path) -> None:
    english, other = dict(texts(ENGLISH)), dict(texts(load(language)))
    assert other.keys() == english.keys()
    for path, text in other.items():
        assert placeholders(text) == placeholders(english[path]), path
        assert text == text.strip(), path
        assert "[%key" not in text, path
        assert not re.search(r"<\w+", text), path
        assert not re.search(r"'{\w+}'", text), path


def test_every_entity_has_a_name_and_nothing_else_does() -> None:
    named = {platform: set(entities) for platform, entities in ENGLISH["entity"].items()}
    assert named == {platform: {d.key for d in descriptions} for platform, descriptions in DESCRIPTIONS.items()}


def test_every_option_of_a_sensor_has_a_name() -> None:
    for description in (*SENSORS, *INTEGRATION_SENSORS, *CHARGE_SENSORS):
        states = set(ENGLISH["entity"]["sensor"][description.key].get("state", {}))
        assert states == {str(option) for option in description.options or ()}, description.key


def test_every_reason_and_every_problem_of_a_charge_plan_has_its_words() -> None:
    told = ENGLISH["entity"]["sensor"]["plan_status"]["state_attributes"]
    assert told["reason"]["state"].keys() == set(PlanReason)
    of_switches = set(re.findall(r'"(switch_\w+)"', (ROOT / "charging/outlet.py").read_text()))
    assert told["failure"]["state"].keys() == of_switches | set(PriceFault)


def test_every_reason_why_a_place_is_within_reach_has_its_words() -> None:
    assert ENGLISH["selector"]["reach_reason"]["options"].keys() == {
        f"{reason}{way}" for reason in ReachReason for way in ("", "_back")
    }


def test_icons_are_for_what_exists() -> None:
    for platform, icons in ICONS["entity"].items():
        descriptions = {d.key: d for d in DESCRIPTIONS[platform]}
        for key, icon in icons.items():
            for name in (icon["default"], *icon.get("state", {}).values()):
                assert re.fullmatch(r"mdi:[a-z0-9-]+", name)
            assert icon["default"] not in icon.get("state", {}).values(), key
            if options := getattr(descriptions[key], "options", None):
                assert set(icon.get("state", {})) <= {str(option) for option in options}
    assert ICONS["services"].keys() == EVERY_ACTION.keys()


def test_every_entity_has_an_icon_of_its_own_or_of_its_device_class() -> None:
    for platform, descriptions in DESCRIPTIONS.items():
        for description in descriptions:
            known = description.key in ICONS["entity"].get(platform, {})
            assert known or description.device_class or platform == "lock", description.key


def test_every_error_has_its_words_in_forms_and_in_actions() -> None:
    assert set(ENGLISH["config"]["error"]) == ERROR_KEYS | {
        "authentication_failed_other",
        "choose_one",
        "e_nv200_years",
        "interrupted",
        "invalid_leafspy_password",
        "invalid_pin",
        "leaf_years",
        "log_empty",
        "log_not_found",
        "log_without_rows",
        "no_battery_sensors",
        "no_recorder",
        "recorder_busy",
        "too_many_wrong_codes",
        "vin_characters",
        "vin_length",
        "year_to_come",
    }
    assert ENGLISH["exceptions"].keys() >= ERROR_KEYS | set(Reason)


def test_every_exception_that_the_code_names_exists_and_no_other() -> None:
    named = {*ERROR_KEYS, *Reason, *_NOT_SUPPORTED.values(), *_literal_keys()}
    assert ENGLISH["exceptions"].keys() == named


def _literal_keys() -> Iterator[str]:
    """The translation keys that are written into ``raise SomeError(translation_key="…")``."""
    for path in SHELL:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                for keyword in node.keywords:
                    if keyword.arg == "translation_key" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def test_no_exception_of_home_assistant_is_raised_without_translation() -> None:
    for path in SHELL:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = getattr(node.exc.func, "id", "")
                arguments = {keyword.arg for keyword in node.exc.keywords}
                if (name.endswith("Error") and name != "ImportError") or name.startswith("ConfigEntry"):
                    assert {"translation_domain", "translation_key"} <= arguments, f"{path.name}:{node.lineno}"


def test_every_issue_says_what_to_do_and_how_its_check_ends() -> None:
    told = ENGLISH["issues"]
    assert told.keys() == ISSUES.keys()
    for key, kind in ISSUES.items():
        assert told[key]["title"]
        assert told[key].keys() == {"title", "fix_flow" if kind.checkable else "description"}
        if kind.checkable and key not in FLOWS:  # these have flows of their own
            flow = told[key]["fix_flow"]
            assert flow["step"].keys() == {"confirm"}
            assert flow["error"].keys() == {"still_there", "not_checked"}
            assert flow["abort"].keys() == {"another_problem"}


def test_every_source_is_in_the_menu() -> None:
    assert set(_MENU) == {*Source, "unsure"}, "_MENU in config_flow.py"
    for name in _MENU:
        assert hasattr(NissanConfigFlow, f"async_step_{name}"), f"config_flow.py has no step {name}"
    assert set(ENGLISH["config"]["step"]["user"]["menu_options"]) == {*Source, "unsure"}


def test_every_form_has_its_words() -> None:
    steps = ENGLISH["config"]["step"]
    for source, row in SOURCES.items():
        if not row.fields:
            continue  # it has dialogs of its own
        again = "reauth_confirm" if source is Source.EUROPE else "reauth_other"
        for step, fields in ((source, {str(marker) for marker in row.fields}), (again, row.secrets)):
            without = fields - steps.get(step, {}).get("data", {}).keys()
            assert not without, f"config.step.{step}.data lacks words for a field of {source}"


def test_every_verdict_on_a_vehicle_and_every_question_before_it_has_its_words() -> None:
    steps = {name for name in ENGLISH["config"]["step"] if name.startswith("unsure_")}
    assert steps == {f"unsure_{verdict}" for verdict in AdviceReason}
    for name, kind in (("region", Territory), ("model", Model), ("app", App)):
        assert ENGLISH["selector"][name]["options"].keys() == set(kind)


def test_every_field_of_a_form_is_explained() -> None:
    flows = [ENGLISH["config"], ENGLISH["options"], *ENGLISH["config_subentries"].values()]
    flows += [issue["fix_flow"] for issue in ENGLISH["issues"].values() if "fix_flow" in issue]
    for flow in flows:
        for name, step in flow["step"].items():
            for part in (step, *step.get("sections", {}).values()):
                assert part.get("data", {}).keys() == part.get("data_description", {}).keys(), name


def test_every_field_of_a_charge_plan_has_its_words() -> None:
    some = [SelectOptionDict(value="x", label="x")]
    forms = {
        "wishes": wishes_form(vehicle_selector({}), some),
        "switched_by": switched_by_form([*SwitchedBy]),
        "switch_options": options_form([]),
        "prices": prices_form(some),
        **{f"price_{kind}": price_form(kind, "EUR") for kind in (MARKET, CONSTANT, TWO_TARIFF)},
        **{f"switch_{way}": switch_form(way, power=1, phases=3, can_refresh=True, own=[]) for way in SwitchedBy},
    }
    steps = ENGLISH["config_subentries"]["charge_plan"]["step"]
    assert steps.keys() - forms.keys() == {"cannot_stop", "preview"}, "these are menus"
    for name, form in forms.items():
        parts = (steps[name], *steps[name].get("sections", {}).values())
        assert {field for part in parts for field in part["data"]} == names(form), name
    assert ENGLISH["selector"]["switched_by"]["options"].keys() == set(SwitchedBy)


def test_every_action_is_described() -> None:
    described = load_yaml_dict(str(ROOT / "services.yaml"))
    assert described.keys() == EVERY_ACTION.keys() == ENGLISH["services"].keys()
    for name, action in EVERY_ACTION.items():
        fields = {str(marker) for marker in action.fields}
        assert set((described[name] or {}).get("fields", {})) == fields
        assert set(ENGLISH["services"][name].get("fields", {})) == fields


def test_every_command_that_can_be_checked_has_a_name() -> None:
    options = load_yaml_dict(str(ROOT / "services.yaml"))["preflight"]["fields"]["command"]["selector"]["select"]
    assert options["options"] == sorted(PREFLIGHT)
    assert ENGLISH["selector"]["command"]["options"].keys() == PREFLIGHT.keys()


def test_every_event_has_a_name() -> None:
    for event in EVENTS:
        told = ENGLISH["entity"]["event"][event.key]["state_attributes"]["event_type"]["state"]
        assert set(told) == set(event.event_types or ())
    assert ENGLISH["selector"]["alert"]["options"].keys() == set(AlertType)


@pytest.mark.parametrize(("kind", "known"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)])
def test_every_trigger_and_condition_is_described(kind: str, known: dict[str, Any]) -> None:
    written = load_yaml_dict(str(ROOT / f"{kind}.yaml"))
    described = {key: what for key, what in written.items() if not key.startswith(".")}
    assert described.keys() == known.keys() == ENGLISH[kind].keys() == ICONS[kind].keys()
    for key, what in described.items():
        assert what.get("fields", {}).keys() == ENGLISH[kind][key].get("fields", {}).keys(), key


def test_the_alerts_to_choose_from_are_those_that_there_are() -> None:
    options = load_yaml_dict(str(ROOT / "triggers.yaml"))["alert_received"]["fields"]["alert"]["selector"]["select"]
    assert options["options"] == [*AlertType]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_no_two_entities_of_a_vehicle_have_the_same_name(path: Path) -> None:
    """An assistant that is told to turn "LEAF charging" on could not tell them apart."""
    entities = load(path)["entity"]
    assert entities["binary_sensor"].pop("locked") == entities["lock"]["lock"], "a vehicle has one of the two"
    names = [entity["name"] for platform in entities.values() for entity in platform.values()]
    assert len(names) == len(set(names)) > 50


STUMBLES = {
    "en": r"logbook|tells?|told|spoken|speaks?|hears?|heard|anew|at once|in hand|there twice|newest word|least battery",
    "de": r"logbuch|sicherung(en)?|auffrischen|weckung(en)?|alarm(e|en)?|gesprochen|das wort|gesundheit|privatmodus"
    r"|automatisierung(en)?",
}
"""Words that were translated word for word from another language, or that Home Assistant has other words for."""


@pytest.mark.parametrize("language", STUMBLES)
def test_texts_are_in_the_words_of_the_language(language: str) -> None:
    stumble = re.compile(rf"\b({STUMBLES[language]})\b", re.IGNORECASE)
    found = {
        path: text for path, text in texts(load(ROOT / "translations" / f"{language}.json")) if stumble.search(text)
    }
    assert found == {}


ROOM = re.compile(r"\b(areas?|bereich(e|en|es|s)?)\b", re.IGNORECASE)
"""An area of Home Assistant is a room or a floor; its German word is *Bereich*. A geofence is a *Geofence* in both."""


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_no_text_calls_a_geofence_an_area(path: Path) -> None:
    seen = {where: re.sub(r"{\w+}", "", text) for where, text in texts(load(path))}
    found = {where for where, text in seen.items() if ROOM.search(text)}
    named_by_it = {"entity.binary_sensor.area.name"} if path.stem == "de" else set()
    assert found == named_by_it, "German entity ids come from this name, so it stays as it is"


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_triggers_and_conditions_are_found_by_the_make_and_read_in_one_line(kind: str, path: Path) -> None:
    """The editor searches names first, and shows the description in one line."""
    for key, described in load(path)[kind].items():
        assert "Nissan" in described["name"], key
        assert len(described["description"]) <= 75, key
        assert described["description"].count(".") == 1, key


def test_each_source_names_what_was_entered_not_a_password_it_may_not_have() -> None:
    """The errors of a form are the same for accounts, tokens and modules, but for those about one log-in."""
    for key, text in ENGLISH["config"]["error"].items():
        assert "your password" not in text.lower(), key
