"""How the service says no: the envelopes of kamereon-eu §3.3 and the catalogue of §15.1."""

from http import HTTPStatus

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json


class ApiError(Exception):
    """An answer of the data hosts that is not what was asked for; the middleware turns it into its envelope."""

    def __init__(
        self,
        status: int,
        code: str | None = None,
        title: str | None = None,
        detail: str | None = None,
        pointer: str | None = None,
    ) -> None:
        """Say no with an HTTP status and, unless told otherwise, the same number as code."""
        super().__init__(detail or title or code)
        self.status = status
        self.error: dict[str, Json] = {"status": HTTPStatus(status).phrase, "code": code or str(status)}
        if title:
            self.error["title"] = title
        if detail:
            self.error["detail"] = detail
        if pointer:
            self.error["source"] = {"pointer": pointer}

    def response(self) -> web.Response:
        """Return the envelope. For 401 ``errors`` is an object, seen in the wild (kamereon-eu §3.3)."""
        errors: Json = self.error if self.status == HTTPStatus.UNAUTHORIZED else [self.error]
        return web.json_response({"errors": errors}, status=self.status)


def unauthorized() -> ApiError:
    """No valid token."""
    return ApiError(401, "401000", "Unauthorized", "Invalid or missing token")


def no_right() -> ApiError:
    """The vehicle or its contract lacks it."""
    return ApiError(403, "403", "security.access", "Access is denied for this resource")


def privacy_mode() -> ApiError:
    """The driver does not want to be found."""
    return ApiError(403, "403009", "Forbidden action", "Privacy mode currently ON")


def wrong_generation(generation: str) -> ApiError:
    """``canGen`` is not what this vehicle has."""
    return ApiError(403, "403011", "Forbidden action", f"Operation not supported for this can ({generation})")


def not_found() -> ApiError:
    """No such vehicle, path or version."""
    return ApiError(404)


def not_for_this_gateway() -> ApiError:
    """This version or feature is not for this kind of vehicle."""
    return ApiError(501, "501", "Not supported Feature", "This feature is not technically supported by this gateway")


def unreadable() -> ApiError:
    """The body is not what the service expects."""
    return ApiError(400, "400", "Bad Request", "Http message is not readable")


def bad_parameter(name: str) -> ApiError:
    """A query parameter is missing or malformed."""
    return ApiError(400, "400", "Bad Request", f"Invalid or missing parameter {name}")
