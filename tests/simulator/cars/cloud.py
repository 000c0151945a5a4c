"""The maker's cloud as one vehicle sees it: a copy of the vehicle's last reports, and what happened to it.

A request to the cloud never reaches the vehicle; only an action does (kamereon-eu §16.1).
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
    """What is known of a vehicle; each group in ``reported`` is as old as its ``reported_at``."""

    reported: dict[Group, Reported] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def state(self) -> VehicleState:
        """All that the vehicle reported, as one state."""
        return state_of(self.reported)

    def announce(self, event: Event, at: datetime, identifier: str) -> None:
        """Send the owner a message."""
        message = ANNOUNCEMENTS[event]
        self.messages.append(
            Message(
                id=identifier,
                kind=event,
                alert=message.alert,
                category=message.category,
                title=message.title,
                text=message.text,
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
