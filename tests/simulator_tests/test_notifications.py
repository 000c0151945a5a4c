"""Messages to the owner (kamereon-eu §14)."""

from typing import Any

import pytest

from tests.simulator import Simulator

from .client import JSON, LEAF, Client


def path(client: Client, query: str = "realm=P_NCB&langCode=EN", user: str | None = None) -> str:
    return f"notifications/v2/notifications/users/{user or client.user}/vehicles/{LEAF}?{query}"


async def listed(client: Client, query: str = "") -> list[dict[str, Any]]:
    said = await client.attributes(path(client, f"realm=P_NCB&langCode=EN&{query}"))
    messages: list[dict[str, Any]] = said["messages"]
    return messages


async def test_messages_newest_first(client: Client) -> None:
    messages = await listed(client)
    times = [message["timestamp"] for message in messages]

    assert len(messages) > 4
    assert times == sorted(times, reverse=True)
    assert messages[0]["notificationKey"] == messages[0]["ruleKey"] == "battery.ended.charge"
    assert messages[0]["categoryKey"] == "chargeev"
    assert messages[0]["status"] == "UNREAD"
    assert await listed(client, "order=ASC") == messages[::-1]


async def test_pages_are_counted_from_one_and_include_both_ends(client: Client) -> None:
    messages = await listed(client)

    assert await listed(client, "from=1&to=2") == messages[:2]
    assert await listed(client, "from=3&to=3") == messages[2:3]
    assert await listed(client, "from=100&to=120") == []


async def test_filters(client: Client, service: Simulator) -> None:
    service.vehicle("Leaf").set_privacy(on=True)
    messages = await listed(client)

    assert [m["notificationKey"] for m in await listed(client, "categoryKey=privacymode")] == ["privacy.mode.on"]
    assert await listed(client, "status=READ") == []
    start = messages[2]["timestamp"]
    assert await listed(client, f"start={start}") == messages[:3]
    assert await listed(client, f"end={start}") == messages[2:]


async def test_one_message_and_its_marks(client: Client) -> None:
    first, second, *_ = await listed(client)
    detail = path(client).replace("?", f"/notifications/{second['notificationId']}?")
    assert await client.attributes(detail) == second

    for status, content_type in (("READ", JSON), ("UNREAD", "application/vnd.api+json")):
        marks = [{"notificationId": second["notificationId"], "status": status}]
        response = await client.post(path(client), marks, content_type)
        assert response.status == 200
        assert [message["status"] for message in (await listed(client))[:2]] == ["UNREAD", status]
    assert first["notificationId"] != second["notificationId"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([{"notificationId": "x"}], 400),
        ([{"notificationId": "x", "status": "SEEN"}], 400),
        ([{"notificationId": "x", "status": "READ", "more": 1}], 400),
        ([{"notificationId": "x", "status": "READ"}], 404),
    ],
)
async def test_marks_that_are_refused(client: Client, body: object, status: int) -> None:
    assert (await client.post(path(client), body, JSON)).status == status


@pytest.mark.parametrize(
    "query", ["langCode=EN", "realm=other", "realm=P_NCB&from=0", "realm=P_NCB&to=x", "realm=P_NCB&start=now"]
)
async def test_parameters_that_are_refused(client: Client, query: str) -> None:
    assert await client.error(path(client, query)) == (400, "400")


async def test_a_naive_time_is_refused(client: Client) -> None:
    assert await client.error(path(client, "realm=a-ncb&end=2026-11-20T00:00:00")) == (400, "400")


async def test_marks_want_a_realm(client: Client) -> None:
    assert (await client.post(path(client, ""), [], JSON)).status == 400


async def test_strangers_and_unknown_messages(client: Client) -> None:
    assert await client.error(path(client, user="123456")) == (403, "403")
    assert await client.error(path(client).replace("?", "/notifications/none?")) == (404, "404")


async def test_rules(client: Client) -> None:
    address = f"notifications/v1/rules/settings/users/{client.user}/vehicles/{LEAF}?langCode=EN"
    settings = (await (await client.get(address)).json())["settings"]

    assert "battery.ended.charge" in {rule["ruleKey"] for rule in settings}
    assert {rule["status"] for rule in settings} == {"ACTIVATED"}
