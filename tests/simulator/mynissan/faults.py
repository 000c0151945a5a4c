"""What can go wrong besides HTTP: answers that are there in part, or numbers of another kind (mynissan-na §5)."""

from collections.abc import Callable

from custom_components.nissanconnect.backends.base import Json

from ..faults import Fault


def _of_vehicle(change: Callable[[dict[str, Json]], None], errors: list[Json] | None = None) -> Fault:
    def rewrite(body: Json) -> Json:
        match body:
            case {"data": {"vehicle": dict() as vehicle}}:
                change(vehicle)
        return {**body, "errors": errors} if isinstance(body, dict) and errors else body

    return Fault(rewrite=rewrite)


def partial(*fields: str, message: str = "Internal error") -> Fault:
    """Answer null for some fields of the vehicle, and an error for each."""
    errors: list[Json] = [{"message": message, "path": ["vehicle", field]} for field in fields]
    return _of_vehicle(lambda vehicle: vehicle.update(dict.fromkeys(fields)), errors)


def without(*fields: str) -> Fault:
    """Answer null for some fields of the vehicle, and say nothing of it."""
    return _of_vehicle(lambda vehicle: vehicle.update(dict.fromkeys(fields)))


def replaced(**fields: Json) -> Fault:
    """Answer something else for some fields of the vehicle."""
    return _of_vehicle(lambda vehicle: vehicle.update(fields))


def no_data(message: str = "Internal error") -> Fault:
    """Answer with errors only."""
    return Fault(rewrite=lambda body: {"errors": [{"message": message}], "data": {"vehicle": None}})


def fractions() -> Fault:
    """Write every whole number with a fraction of a tenth."""

    def changed(value: Json) -> Json:
        match value:
            case bool():
                return value
            case int():
                return value + 0.1
            case dict():
                return {name: changed(inner) for name, inner in value.items()}
            case list():
                return [changed(inner) for inner in value]
            case _:
                return value

    return Fault(rewrite=changed)
