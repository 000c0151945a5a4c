"""The simulated service on a port of this machine."""

from collections.abc import Callable, Mapping
from typing import Any, override
from urllib.parse import quote_plus

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

from . import actions, bff, japan, notifications, oneid, reads, remote_lock
from .errors import ApiError
from .faults import Fault, Injection, rewritten
from .http import WORLD, Endpoint, Handler
from .loopback import Loopback
from .world import World

type Control = Callable[[Mapping[str, Any]], Mapping[str, Json] | None]
"""Is called with the JSON that came along, and may return one as the answer."""

ENDPOINTS = (
    *oneid.ENDPOINTS,
    *bff.ENDPOINTS,
    *remote_lock.ENDPOINTS,  # before the actions in general
    *actions.ENDPOINTS,
    *notifications.ENDPOINTS,
    *reads.ENDPOINTS,
    *japan.ENDPOINTS,
)


class Simulator(World, Loopback):
    """NissanConnect Europe on loopback: the wire protocol of ``kamereon-eu`` in front of simulated cars."""

    _faults: tuple[Injection, ...] = ()

    @override
    async def start(self, port: int = 0, controls: Mapping[str, Control] | None = None) -> str:
        """Listen on 127.0.0.1, on any free port unless told which; return the base URL.

        ``controls`` are called by a POST to ``/simulator/<name>``, for whoever cannot call them directly.
        """
        app = web.Application(middlewares=[self._watch])
        app[WORLD] = self
        app[oneid.ONE_ID] = oneid.OneId()
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, endpoint.path, self._served(endpoint))
        for name, control in (controls or {}).items():
            app.router.add_post(f"/simulator/{name}", _controlled(control))
        await self.listen(app, port)
        self.elsewhere = self.elsewhere or f"http://localhost:{self.port}"  # this server, by a name that is not its own
        return self.url

    def fail(self, name: str, fault: Fault, times: int | None = None, vin: str | None = None) -> None:
        """Let an endpoint fail from now on; of several faults that apply the newest wins.

        Args:
            name: The endpoint's name (``battery-status``, ``battery-status/v1``, ``actions/hvac-start``) or ``*``.
            fault: What happens.
            times: After how many requests it is over by itself.
            vin: Only requests whose path names this vehicle.
        """
        self._faults = (Injection(name, fault, times, vin), *self._faults)

    def heal(self, name: str | None = None) -> None:
        """Take back the faults of an endpoint, or all."""
        self._faults = tuple(each for each in self._faults if name is not None and each.name != name)

    def _served(self, endpoint: Endpoint) -> Handler:
        """Wrap an endpoint: count it, let it fail as told, put its errors into their envelope."""

        async def handle(request: web.Request) -> web.StreamResponse:
            names = endpoint.names(dict(request.match_info))
            self.requests.update(names)
            vin = request.match_info.get("vin")
            fault = next((each.fault for each in self._faults if each.hits(names, vin)), Fault())
            if fault.respond is not None and (answer := await fault.respond(request)) is not None:
                return answer
            try:
                response = await endpoint.handler(request)
            except ApiError as error:
                response = error.response()
            return rewritten(fault, response)

        return handle

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count connections, look for passwords, and refuse what does not exist as the data hosts do."""
        if self._runner is not None and self._runner.server is not None:
            self.most_connections = max(self.most_connections, len(self._runner.server.connections))
        sent = await request.text() + request.path_qs
        if any(quote_plus(each.password) in sent or each.password in sent for each in self.accounts.values()):
            self.password_posts[request.host] += 1
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            self.requests["unknown"] += 1
            return ApiError(error.status).response()


def _controlled(control: Control) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response(control(await request.json() if request.body_exists else {}) or {})

    return handle
