"""A plain client for the simulator: it knows the protocol from the reference, and nothing of the product's own."""

import base64
from dataclasses import dataclass, field
import hashlib
from html.parser import HTMLParser
from typing import Any, override
from urllib.parse import parse_qs, urljoin, urlsplit

from aiohttp import ClientResponse, ClientSession

from tests.simulator import EMAIL, PASSWORD

CLIENT_ID = "ZM3WK7ax1OtQKYQ8Qqzcv5VgiA8a"
REDIRECT_URI = "com://wso2.service.nci"
SCOPE = "openid name profile email offline_access"
STATE = "s" * 43
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
JSON = "application/json"
JSON_API = "application/vnd.api+json"

LEAF, ARIYA, QASHQAI, MICRA = (
    "SJNFAKE0000000001",
    "JN1FAKE0000000002",
    "SJNFAKE0000000003",
    "VF1FAKE0000000004",
)


@dataclass
class Form:
    """A form of a page: where it goes, and its inputs."""

    action: str
    inputs: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.found.append(Form(values.get("action") or ""))
        elif tag == "input" and (name := values.get("name")):
            self.found[-1].inputs[name] = values.get("value") or ""


def login_form(page: str) -> Form | None:
    """Return the form with both a session and a password."""
    return next((f for f in Forms(page).found if {"sessionDataKey", "password"} <= f.inputs.keys()), None)


def query(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass
class Client:
    """Speaks to one simulator; ``bearer`` is the access token after :meth:`log_in`."""

    session: ClientSession
    url: str
    bearer: str = ""
    user: str = ""

    async def authorize(self, **changes: str | None) -> ClientResponse:
        """Begin a log-in, with parameters changed or (``None``) left out."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPE,
            "state": STATE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "locale": "en_GB",
            "brand": "Nissan",
            "client": "mynissanapp",
        }
        parameters |= changes
        sent = {name: value for name, value in parameters.items() if value is not None}
        return await self.session.get(f"{self.url}/auth/oauth2/authorize", params=sent, allow_redirects=False)

    async def follow(self, response: ClientResponse) -> tuple[str, ClientResponse]:
        """Follow redirects on the simulator's own address; return the last address, which may be another's."""
        address = str(response.url)
        while response.status in {302, 307}:
            address = urljoin(address, response.headers["Location"])
            if not address.startswith(f"{self.url}/"):
                break
            response = await self.session.get(address, allow_redirects=False)
        return address, response

    async def page(self) -> tuple[str, Form]:
        """Begin a log-in; return the form's page and the form."""
        address, response = await self.follow(await self.authorize())
        form = login_form(await response.text())
        assert form is not None
        return address, form

    async def submit(
        self, password: str = PASSWORD, email: str = EMAIL, *, origin: str = "", referer: str = "", **changes: str
    ) -> tuple[str, ClientResponse]:
        """Fill the form in and follow where that leads; ``origin`` and ``referer`` replace the right ones."""
        address, form = await self.page()
        region = form.inputs["regionCode"]
        fields = form.inputs | {
            "userName": email,
            "username": f"{region}/{email}" if region else email,
            "password": password,
        }
        headers = {"Origin": origin or self.url, "Referer": referer or address}
        target = urljoin(address, form.action)
        response = await self.session.post(target, data=fields | changes, headers=headers, allow_redirects=False)
        return await self.follow(response)

    async def token(self, code: str, **changes: str) -> ClientResponse:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "code": code,
            "code_verifier": VERIFIER,
            "scope": SCOPE,
        }
        return await self.session.post(f"{self.url}/auth/oauth2/token", data=form | changes)

    async def exchange(self, authorization: str, **changes: str) -> ClientResponse:
        """Exchange a OneID id token for Kamereon's."""
        headers = {"Authorization": authorization, "Content-Type": JSON_API, "Accept": JSON}
        url = f"{self.url}/bff-web/v1/oauth2/access_token?platform=Android"
        return await self.session.post(url, headers=headers | changes)

    async def refresh(self, token: str, scope: str = "openid profile vehicles") -> ClientResponse:
        """Exchange a refresh token."""
        headers = {"Authorization": token, "Content-Type": JSON_API, "Accept": JSON}
        url = f"{self.url}/bff-web/v1/oauth2/refresh-token?platform=Android"
        return await self.session.post(url, headers=headers, json={"scope": scope})

    async def log_in(self, password: str = PASSWORD, email: str = EMAIL) -> dict[str, Any]:
        """Do all of it; return Kamereon's tokens."""
        callback, _ = await self.submit(password, email)
        one_id = await (await self.token(query(callback)["code"])).json()
        tokens: dict[str, Any] = await (await self.exchange(one_id["id_token"])).json()
        self.bearer = tokens["access_token"]
        self.user = (await (await self.get("user-adapter/v1/users/current")).json())["userId"]
        return tokens

    async def get(self, path: str, accept: str = "*/*") -> ClientResponse:
        """Read something."""
        headers = {"Authorization": f"Bearer {self.bearer}", "Accept": accept}
        return await self.session.get(f"{self.url}/{path}", headers=headers)

    async def attributes(self, path: str) -> dict[str, Any]:
        """Read something that must be there, and return what it says."""
        response = await self.get(path)
        assert response.status == 200, await response.text()
        said: dict[str, Any] = (await response.json())["data"]["attributes"]
        return said

    async def error(self, path: str, accept: str = "*/*") -> tuple[int, str]:
        """Read something that must fail; return the status and the code."""
        return await failure(await self.get(path, accept))

    async def post(self, path: str, body: object, content_type: str = JSON_API) -> ClientResponse:
        """Post something."""
        headers = {"Authorization": f"Bearer {self.bearer}", "Content-Type": content_type}
        return await self.session.post(f"{self.url}/{path}", headers=headers, json=body)

    async def act(self, vin: str, name: str, type_name: str, /, **attributes: object) -> ClientResponse:
        """Ask something of a vehicle."""
        data = {"type": type_name, "attributes": attributes} if attributes else {"type": type_name}
        return await self.post(f"car-adapter/v1/cars/{vin}/actions/{name}", {"data": data})


async def failure(response: ClientResponse) -> tuple[int, str]:
    """Return the status and the code of an error envelope, whose ``errors`` is a list or an object."""
    errors = (await response.json())["errors"]
    return response.status, (errors if isinstance(errors, dict) else errors[0])["code"]
