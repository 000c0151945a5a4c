"""The address of the project, and every place that names it.

It is kept in ``pyproject.toml``. Until the project has a home, that is a placeholder: the manifest and the blueprints
need some URL, while the README links to files of the repository instead.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import tomllib
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9_.-]+")
"""The owner and the name of a repository, as GitHub spells them."""

_BLUEPRINTS = "blueprints/automation/nissanconnect"
_IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
_LINK = re.compile(rf"\]\((?:{re.escape(_IMPORT)}[^)]*%2F|{_BLUEPRINTS}/)(\w+\.yaml)\)")


@dataclass(frozen=True, slots=True)
class Home:
    """Where the project lives: ``OWNER/REPO``, and whether it really does."""

    repository: str
    settled: bool

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"https://github.com/{self.repository}"

    def blueprint(self, file: str) -> str:
        """Return the address of a blueprint's file."""
        return f"{self.url}/blob/main/{_BLUEPRINTS}/{file}"

    def blueprint_link(self, file: str) -> str:
        """Return what the README links to: the import of a blueprint, or its file while there is nothing to import."""
        return _IMPORT + quote(self.blueprint(file), safe="") if self.settled else f"{_BLUEPRINTS}/{file}"


def read_home(root: Path = ROOT) -> Home:
    """Read the address of the project."""
    table = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["home"]
    return Home(table["repository"], table["settled"])


def differing(home: Home, root: Path = ROOT) -> dict[Path, str]:
    """Return the files that name another address, with the text that they should have."""
    should = {path: write(path.read_text()) for path, write in _writers(home, root).items()}
    return {path: text for path, text in should.items() if text != path.read_text()}


def _writers(home: Home, root: Path) -> dict[Path, Callable[[str], str]]:
    """Return each file that names the address, with what writes that into the file's text."""
    return {
        root / "pyproject.toml": lambda text: _project(home, text),
        root / "custom_components/nissanconnect/manifest.json": lambda text: _manifest(home, text),
        root / "README.md": lambda text: _LINK.sub(lambda found: f"]({home.blueprint_link(found[1])})", text),
        **{path: _blueprint_writer(home, path.name) for path in sorted((root / _BLUEPRINTS).glob("*.yaml"))},
    }


def _project(home: Home, text: str) -> str:
    table = f'[tool.home]\nrepository = "{home.repository}"\nsettled = {str(home.settled).lower()}\n'
    return re.sub(r"^\[tool\.home\]\nrepository = .*\nsettled = .*\n", table, text, flags=re.MULTILINE)


def _manifest(home: Home, text: str) -> str:
    owner = home.repository.partition("/")[0]
    for key, value in (
        ("codeowners", f'["@{owner}"]'),
        ("documentation", f'"{home.url}"'),
        ("issue_tracker", f'"{home.url}/issues"'),
    ):
        text = re.sub(rf'(?<="{key}": ).*(?=,$)', value, text, flags=re.MULTILINE)
    return text


def _blueprint_writer(home: Home, file: str) -> Callable[[str], str]:
    return lambda text: re.sub(r"(?<=^  source_url: ).*$", home.blueprint(file), text, flags=re.MULTILINE)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the address that is given, or look whether all places agree; return the exit status."""
    parser = ArgumentParser(prog="script/home", description="Write the address of the project everywhere.")
    parser.add_argument("repository", nargs="?", metavar="OWNER/REPO", help="without it all places are only checked")
    repository: str | None = parser.parse_args(arguments).repository
    if repository is not None and not REPOSITORY.fullmatch(repository):
        parser.error(f"{repository} is not OWNER/REPO")
    home = read_home(root) if repository is None else Home(repository, settled=True)
    found = differing(home, root)
    for path, text in found.items():
        print("differs:" if repository is None else "written:", path.relative_to(root))
        if repository is not None:
            path.write_text(text)
    if not found:
        print("All places name", home.url, "" if home.settled else "(a placeholder)")
    return int(repository is None and bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
