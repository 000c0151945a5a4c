"""What counts as the own network: only there plain http tells nobody a secret."""

import pytest

from custom_components.nissanconnect.backends.address import is_local


@pytest.mark.parametrize(
    "host",
    ["192.168.1.2", "10.0.0.1", "100.64.0.7", "fe80::1%eth0", "::1", "fd00::2", "localhost", "car", "car.lan",
     "carwings.tail1234.ts.net", "box2.fritz.box", "raspberrypi.local."],
)  # fmt: skip
def test_it_is_near(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "134744072", "0x08080808", "0X8080808", "01002004010", "8.8.2056", "0x8.0x8.0x8.0x8", "134744072.",
     "\uff11\uff13\uff14\uff17\uff14\uff14\uff10\uff17\uff12",
     "::ffff:8.8.8.8", "example.org", "local.example.org", "ts.net.example.org", "0.0.0.0"],
)  # fmt: skip
def test_it_is_not(host: str) -> None:
    assert not is_local(host)
