"""No request of ours follows a redirect: whoever answers would choose what is called in the owner's network."""

import ast
from collections.abc import Iterator
from pathlib import Path

import custom_components.nissanconnect

CODE = Path(custom_components.nissanconnect.__file__).parent
SENDING = {"delete", "get", "head", "options", "patch", "post", "put", "request", "ws_connect"}


def requests() -> Iterator[tuple[str, ast.AST, ast.Call]]:
    """Every call that sends something through an aiohttp session, and the function that it is in."""
    for path in sorted(CODE.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in SENDING:
                    receiver = ast.unparse(call.func.value).casefold()
                    if receiver.endswith("session") or "session(" in receiver:
                        yield f"{path.name}:{call.lineno}", function, call


def test_every_request_says_that_it_follows_none() -> None:
    found = list(requests())
    assert len(found) >= 2, "otherwise this looks in the wrong place"
    for where, function, call in found:
        text = ast.unparse(function)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "ws_connect":
            continue  # see below
        assert "allow_redirects=False" in text or "'allow_redirects': False" in text, where


def test_sockets_go_through_a_session_that_follows_none() -> None:
    sockets = [path for path in CODE.rglob("*.py") if "ws_connect" in path.read_text()]
    assert sockets
    assert all("without_redirects(" in path.read_text() for path in sockets)
