"""What Home Assistant, hassfest and HACS ask of the package as such."""

import ast
from collections.abc import Iterator
from importlib import import_module
import json
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from awesomeversion import AwesomeVersion
import homeassistant
from homeassistant.const import Platform
from homeassistant.helpers.entity import Entity, _entity_class_requires_readd
import pytest

from custom_components.nissanconnect.const import DOMAIN, MINIMUM, PLATFORMS

REPOSITORY = Path(__file__).parents[1]
ROOT = REPOSITORY / "custom_components" / DOMAIN
GENERATED = Path(homeassistant.__file__).parent / "generated"
MANIFEST: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text())
SHELL = sorted([*ROOT.glob("*.py"), *ROOT.glob("charging/*.py"), *ROOT.glob("flows/*.py")])
PURE = [path for room in ("vehicle", "engine") for path in sorted((ROOT / room).glob("*.py"))]


def slugs(file: str) -> set[str]:
    """All slugs of one of Home Assistant's generated lists; those of groups are dotted."""

    def walk(nodes: list[dict[str, Any]], prefix: str = "") -> Iterator[str]:
        for node in nodes:
            yield prefix + node["slug"]
            for children in node.values():
                if isinstance(children, list):
                    yield from walk(children, f"{prefix}{node['slug']}.")

    return set(walk(json.loads((GENERATED / file).read_text())))


def test_manifest_is_complete_and_in_order() -> None:
    required = {"domain", "name", "version", "documentation", "issue_tracker", "codeowners", "iot_class"}
    assert required <= MANIFEST.keys()
    assert list(MANIFEST)[:2] == ["domain", "name"]
    assert list(MANIFEST)[2:] == sorted(list(MANIFEST)[2:])


def test_manifest_says_what_is_true() -> None:
    assert MANIFEST["domain"] == ROOT.name == DOMAIN
    assert AwesomeVersion(MANIFEST["version"]).valid
    assert MANIFEST["config_flow"] is (ROOT / "config_flow.py").exists()
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert all(MANIFEST[key].startswith("https://") for key in ("documentation", "issue_tracker"))
    assert set(MANIFEST["categories"]) <= slugs("integration_categories.json")
    assert set(MANIFEST["connectivity"]) <= slugs("integration_connectivity.json")


def test_versions_agree() -> None:
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    project = (REPOSITORY / "pyproject.toml").read_text()
    assert f'\nversion = "{MANIFEST["version"]}"\n' in project
    assert f'"homeassistant=={hacs["homeassistant"]}"' in project
    assert hacs["name"] == MANIFEST["name"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_says_how_many_updates_may_run_at_once(platform: str) -> None:
    assert re.search(r"^PARALLEL_UPDATES = \d", (ROOT / f"{platform}.py").read_text(), re.MULTILINE)


@pytest.mark.parametrize("module", [*PLATFORMS, "sensor_entity"])
def test_no_entity_is_removed_and_added_again_when_its_id_changes(module: str) -> None:
    found = vars(import_module(f"custom_components.{DOMAIN}.{module}")).values()
    entities = [each for each in found if isinstance(each, type) and issubclass(each, Entity)]
    assert [each.__name__ for each in entities if _entity_class_requires_readd(each)] == []


@pytest.mark.parametrize("path", SHELL, ids=lambda path: str(path.relative_to(ROOT)))
def test_shell_keeps_to_the_rules_of_the_house(path: Path) -> None:
    source = path.read_text()
    assert "_attr_icon" not in source, "icons live in icons.json"
    assert f"hass.data[{DOMAIN.upper()}" not in source, "runtime data lives on the entry"
    assert "time.sleep" not in source
    assert "import requests" not in source


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_pure_rooms_have_no_clock_and_no_chance(path: Path) -> None:
    names = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic", "asyncio.sleep"}
    assert not names & clocks
    assert not any(name.startswith(("random.", "os.", "socket.")) for name in names)


def test_only_the_integration_is_shipped() -> None:
    packages = [path.name for path in (REPOSITORY / "custom_components").iterdir() if (path / "manifest.json").exists()]
    assert packages == [DOMAIN]


def test_brand_images_are_square_pngs() -> None:
    for name, size in (("icon", 256), ("icon@2x", 512)):
        header = (ROOT / "brand" / f"{name}.png").read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = int.from_bytes(header[16:20]), int.from_bytes(header[20:24])
        assert (width, height) == (size, size)


_ALWAYS_THERE = {"homeassistant", "repairs", "system_health"}


def test_the_manifest_names_every_component_that_is_imported() -> None:
    imported = {
        (node.module or "").split(".")[2]
        for path in SHELL
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("homeassistant.components.")
    }
    assert imported - set(Platform) - _ALWAYS_THERE == set(MANIFEST["after_dependencies"])


def test_nobody_pays_for_the_backends_of_others() -> None:
    """What is imported with the integration and its platforms brings no backend, and no library of one."""
    modules = [".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in SHELL]
    imports = f"import importlib, sys; [importlib.import_module(name) for name in {modules}]; print(*sys.modules)"
    command = [sys.executable, "-c", imports]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    backends = f"custom_components.{DOMAIN}.backends"
    assert {name for name in loaded if name.startswith(backends)} == {backends, f"{backends}.base"}
    libraries = {requirement.partition("==")[0] for requirement in MANIFEST["requirements"]}
    assert not libraries & set(loaded)


def test_an_older_home_assistant_is_told_so() -> None:
    """And not that some name cannot be imported, or some line cannot be read by its Python."""
    older = "import homeassistant.const as const; const.MINOR_VERSION, const.__version__ = 10, '2026.10.4'"
    code = f"{older}; import custom_components.nissanconnect"
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.stderr.endswith("ImportError: NissanConnect needs Home Assistant 2026.11 or newer; this is 2026.10.4\n")
    for file in ("__init__.py", "const.py"):
        ast.parse((ROOT / file).read_text(), feature_version=(3, 13))


def test_the_least_home_assistant_is_the_same_everywhere() -> None:
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    assert AwesomeVersion(hacs["homeassistant"]) == ".".join(map(str, (*MINIMUM, 0)))
