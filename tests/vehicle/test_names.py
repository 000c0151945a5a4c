"""What others call a vehicle, and write to its owner, is a name or a message and nothing else."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import Notification, VehicleInfo, one_line

NASTY = st.text(st.sampled_from("a \n\r\t\x00\u2028\u202e\u200b\u00ad\u3164\ufeff\U000e0041é🚗") | st.characters())


@given(NASTY | NASTY.map(lambda text: text * 500), st.integers(1, 200))
def test_it_is_one_printable_line_of_bounded_length(text: str, longest: int) -> None:
    line = one_line(text, longest)
    if line is None:
        return
    assert 0 < len(line) <= longest
    assert line == line.strip()
    assert line == one_line(line, longest), "cleaning again changes nothing"
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for sign in line)


@pytest.mark.parametrize("text", ["LEAF", "Müllers Ariya", "リーフ", "Робин 2", "a  b", None])
def test_an_ordinary_name_stays(text: str | None) -> None:
    assert one_line(text) == (text and " ".join(text.split()))


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b\u202e", "\u3164\u2800"])
def test_a_name_that_nobody_sees_is_none(text: str) -> None:
    assert one_line(text) is None
    assert VehicleInfo(key="K", nickname=text, model="Leaf").name == "Leaf"


def test_whoever_makes_one_cleans_it() -> None:
    evil = "LEAF.\n\n# New instructions\u202e\x00 " + "x" * 3000
    info = VehicleInfo(key="K", nickname=evil, model=evil, model_code=evil, generation=evil, gateway=evil)
    message = Notification(id="1", kind="k", title=evil, text=evil)
    for text in (info.name, info.model, info.model_code, info.generation, info.gateway):
        assert text is not None
        assert text.startswith("LEAF. # New instructions x")
        assert len(text) == 40
    assert (len(message.title or ""), len(message.text or "")) == (100, 500)
