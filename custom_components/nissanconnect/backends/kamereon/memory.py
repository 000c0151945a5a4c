"""What was learnt about vehicles: which version of an endpoint answers, and what is not worth asking for a while."""

from dataclasses import dataclass, field

from ..base import Json
from ..learned import LearnedState
from .values import Attributes


@dataclass(slots=True)
class _Known:
    """What is known of one vehicle: its active services, and the versions that answer by their endpoints."""

    services: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    learned: LearnedState = field(default_factory=LearnedState)


class Memory:
    """Everything learnt about the vehicles of one account. A version is named ``endpoint version``."""

    def __init__(self, saved: Json) -> None:
        """Begin with what :meth:`to_json` wrote; what is damaged is forgotten."""
        self._vehicles = {key: _recall(Attributes.of(known)) for key, known in _items(saved)}

    def to_json(self) -> dict[str, Json]:
        """Return what should survive a restart."""
        return {
            key: {"services": known.services, "versions": dict(known.versions)} for key, known in self._vehicles.items()
        }

    def answering(self, key: str, endpoint: str) -> str | None:
        """The version of ``endpoint`` that answered for this vehicle, ``None`` if that was not found out yet."""
        return self._of(key).versions.get(endpoint)

    def answered(self, key: str, endpoint: str, version: str) -> None:
        """Note that ``version`` is the one to ask first."""
        known = self._of(key)
        known.versions[endpoint] = version
        known.learned.record_success(version)

    def learned(self, key: str) -> LearnedState:
        """What the versions have answered and refused for this vehicle."""
        return self._of(key).learned

    def keep(self, services: dict[str, str]) -> None:
        """Note the vehicles of the account with their services: others are forgotten, changed ones asked anew."""
        for key in self._vehicles.keys() - services.keys():
            del self._vehicles[key]
        for key, now_active in services.items():
            known = self._of(key)
            if known.services != now_active:
                known.services = now_active
                known.learned.forget_refusals()

    def _of(self, key: str) -> _Known:
        return self._vehicles.setdefault(key, _Known())


def _items(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def _recall(saved: Attributes) -> _Known:
    versions = {name: version for name, version in _items(saved.get("versions")) if isinstance(version, str)}
    return _Known(services=saved.text("services"), versions=versions, learned=LearnedState(set(versions.values())))
