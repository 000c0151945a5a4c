"""What was learnt about vehicles: which version of an endpoint answers, and what is not worth asking for a day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging

from ...vehicle import alias
from ..base import Json
from .values import Attributes

_LOGGER = logging.getLogger(__name__)

_A_DAY = timedelta(hours=24)
"""How long a refusal counts; contracts and gateways change (kamereon-eu §15.3)."""


@dataclass(slots=True)
class _Known:
    """What is known of one vehicle. ``refused`` holds until when an endpoint's version is not asked again."""

    services: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    refused: dict[str, datetime] = field(default_factory=dict)
    strikes: dict[str, int] = field(default_factory=dict)


class Memory:
    """Everything learnt about the vehicles of one account. A version is named ``endpoint version``."""

    def __init__(self, saved: Json, now: datetime) -> None:
        """Begin with what :meth:`to_json` wrote; what is damaged or over is forgotten."""
        self._vehicles = {key: _recall(Attributes.of(known), now) for key, known in _items(saved)}

    def to_json(self) -> dict[str, Json]:
        """Return what should survive a restart."""
        return {
            key: {
                "services": known.services,
                "versions": dict(known.versions),
                "refused": {version: until.isoformat() for version, until in known.refused.items()},
            }
            for key, known in self._vehicles.items()
        }

    def answering(self, key: str, endpoint: str) -> str | None:
        """The version of ``endpoint`` that answered for this vehicle, ``None`` if that was not found out yet."""
        return self._of(key).versions.get(endpoint)

    def is_refused(self, key: str, version: str, now: datetime) -> bool:
        """Whether asking for ``version`` is pointless at the moment."""
        until = self._of(key).refused.get(version)
        return until is not None and now < until

    def answered(self, key: str, endpoint: str, version: str) -> None:
        """Note that ``version`` is the one to ask first."""
        known = self._of(key)
        known.versions[endpoint] = version
        known.strikes.pop(version, None)
        known.refused.pop(version, None)

    def refuse(self, key: str, version: str, now: datetime, *, strikes: int = 1) -> bool:
        """Note a refusal; from the ``strikes``-th in a row on, ``version`` is left alone for a day."""
        known = self._of(key)
        known.strikes[version] = known.strikes.get(version, 0) + 1
        if known.strikes[version] < strikes:
            return False
        del known.strikes[version]
        known.refused[version] = now + _A_DAY
        _LOGGER.debug("%s is not offered for %s", version, alias(key))
        return True

    def forget_refusals(self, key: str) -> None:
        """Make everything worth asking again."""
        self._of(key).refused.clear()
        self._of(key).strikes.clear()

    def keep(self, services: dict[str, str]) -> None:
        """Note the vehicles of the account with their services: others are forgotten, changed ones asked anew."""
        for key in self._vehicles.keys() - services.keys():
            del self._vehicles[key]
        for key, now_active in services.items():
            known = self._of(key)
            if known.services != now_active:
                known.services = now_active
                self.forget_refusals(key)

    def _of(self, key: str) -> _Known:
        return self._vehicles.setdefault(key, _Known())


def _items(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def _recall(saved: Attributes, now: datetime) -> _Known:
    refused = Attributes.of(saved.get("refused"))
    until = {name: time for name in refused.values if (time := refused.time(name)) is not None}
    return _Known(
        services=saved.text("services"),
        versions={name: version for name, version in _items(saved.get("versions")) if isinstance(version, str)},
        refused={name: time for name, time in until.items() if now < time <= now + _A_DAY},
    )
