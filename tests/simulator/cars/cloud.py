"""The maker's cloud as one vehicle sees it: a copy of what the vehicle last said, and what happened to it.

Asking the cloud never reaches the vehicle; only an action does (kamereon-eu §16.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from custom_components.nissanconnect.vehicle import Group, Notification, Reported, VehicleState

from .event import ANNOUNCEMENTS, Event
from .trips import Trip


def state_of(groups: Mapping[Group, Reported]) -> VehicleState:
    """Put groups together."""
    named: dict[str, Any] = {group.value: value for group, value in groups.items()}
    return VehicleState(**named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Notification):
    """A notification with what only the maker's own app shows."""

    category: str
    read: bool = False


@dataclass(slots=True)
class Cloud:
    """What is known of a vehicle; each group that it ``said`` is as old as its ``reported_at``."""

    said: dict[Group, Reported] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def state(self) -> VehicleState:
        """All that the vehicle said, as one."""
        return state_of(self.said)

    def announce(self, event: Event, at: datetime, identifier: str) -> None:
        """Write to the owner."""
        words = ANNOUNCEMENTS[event]
        self.messages.append(
            Message(
                id=identifier,
                kind=event,
                alert=words.alert,
                category=words.category,
                title=words.title,
                text=words.text,
                sent_at=at,
            )
        )

    def mark(self, identifier: str, *, read: bool) -> bool:
        """Mark a message; return whether there is one of that name."""
        for index, message in enumerate(self.messages):
            if message.id == identifier:
                self.messages[index] = replace(message, read=read)
                return True
        return False
