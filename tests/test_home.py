"""The address of the project is the same everywhere, and written by one script."""

import json
from pathlib import Path
import shutil

import pytest

from script.home_address import ROOT, Home, differing, main, read_home

PLACES = ("README.md", "blueprints", "custom_components/nissanconnect/manifest.json", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the files that name the address, and no others."""
    for place in PLACES:
        target = tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / place).is_dir():
            shutil.copytree(ROOT / place, target)
        else:
            shutil.copy(ROOT / place, target)
    return tmp_path


def test_all_places_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert read_home().url in capsys.readouterr().out


def test_one_script_writes_all_places(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_home(checkout)
    assert main(["somebody/some-where"], checkout) == 0
    assert read_home(checkout) == Home("somebody/some-where", settled=True)
    assert differing(read_home(checkout), checkout) == {}
    for path in (each for each in checkout.rglob("*") if each.is_file()):
        assert before.repository not in path.read_text(), path
        assert before.repository.replace("/", "%2F") not in path.read_text(), path
    manifest = json.loads((checkout / PLACES[2]).read_text())
    assert manifest["documentation"] == "https://github.com/somebody/some-where"
    assert manifest["issue_tracker"] == "https://github.com/somebody/some-where/issues"
    assert manifest["codeowners"] == ["@somebody"]
    blueprints = sorted((checkout / "blueprints").rglob("*.yaml"))
    readme = (checkout / "README.md").read_text()
    for path in blueprints:
        assert "source_url: https://github.com/somebody/some-where/blob/main/blueprints/" in path.read_text()
        assert readme.count(f"nissanconnect%2F{path.name})") == 1
    written = capsys.readouterr().out.splitlines()
    assert len(written) == 3 + len(blueprints)
    assert main(["somebody/some-where"], checkout) == 0
    assert capsys.readouterr().out.startswith("All places name https://github.com/somebody/some-where")


def test_a_place_that_differs_is_found(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = checkout / PLACES[2]
    manifest.write_text(manifest.read_text().replace("github.com", "example.com"))
    assert main([], checkout) == 1
    assert capsys.readouterr().out == f"differs: {PLACES[2]}\n"


@pytest.mark.parametrize("address", ["somebody", "https://github.com/a/b", "a/b/c", "-a/b", "a/b c"])
def test_what_is_no_repository_is_refused(checkout: Path, address: str) -> None:
    with pytest.raises(SystemExit):
        main([address] if not address.startswith("-") else ["--", address], checkout)
    assert differing(read_home(ROOT), checkout) == {}


def test_no_other_place_names_it() -> None:
    """Nor does any page or text that a person reads, as long as there is nothing at that address."""
    home = read_home()
    folders = (ROOT / name for name in (".github", "blueprints", "custom_components", "docs", "script", "tests"))
    files = [*ROOT.glob("*.*"), *(path for folder in folders for path in folder.rglob("*"))]
    kinds = {".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml", ""}
    texts = (path for path in files if path.is_file() and path.suffix in kinds)
    naming = {path.relative_to(ROOT) for path in texts if home.repository in path.read_text()}
    blueprints = {path.relative_to(ROOT) for path in (ROOT / "blueprints").rglob("*.yaml")}
    assert naming == {Path(PLACES[2]), Path("pyproject.toml"), *blueprints}
