"""What a VIN gives away. The VINs are made up."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import Market, VinProblem, market_hint, plant_country, vin_problem

PERMITTED = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
american = st.builds(str.__add__, st.sampled_from("1345"), st.text(PERMITTED, min_size=16, max_size=16))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1N4AZ1CP1JC999999", None),
        (" 1n4az1cp1jc999999\n", None),
        ("JN1AZ0CP0BT999999", None),
        ("SJNFAAZE0U0012345", None),
        ("SJNFAAZE0U001234", VinProblem.LENGTH),
        ("SJNFAAZE0U00123456", VinProblem.LENGTH),
        ("", VinProblem.LENGTH),
        ("SJNFAAZE0U00I2345", VinProblem.CHARACTERS),
        ("SJNFAAZE0UO012345", VinProblem.CHARACTERS),
        ("SJNFAAZEQU0012345", VinProblem.CHARACTERS),
        ("SJNFAAZE0U001234Ü", VinProblem.CHARACTERS),
        ("1N4AZ1CP2JC999999", VinProblem.CHECK_DIGIT),
    ],
)
def test_what_is_wrong_with_a_vin(text: str, problem: VinProblem | None) -> None:
    assert vin_problem(text) is problem


@given(st.text() | st.text(PERMITTED + "IOQÜ- ", min_size=17, max_size=17))
def test_any_text_can_be_asked_about(text: str) -> None:
    problem = vin_problem(text)
    signs = text.strip()
    if len(signs) == 17 and set(signs) <= set(PERMITTED):
        assert problem in (None, VinProblem.CHECK_DIGIT)
    if problem is None:
        assert len([sign for sign in text if sign.isalnum()]) == 17
    else:
        assert problem is VinProblem.CHECK_DIGIT or market_hint(text) in (None, Market.JAPAN)
    country = plant_country(text)
    assert country is None or (len(country) == 2 and country.isupper())


@given(american)
def test_exactly_one_check_digit_fits(vin: str) -> None:
    fitting = [digit for digit in "0123456789X" if vin_problem(vin[:8] + digit + vin[9:]) is None]
    assert len(fitting) == 1


@given(american, st.data())
def test_the_check_digit_notices_two_neighbours_that_changed_places(vin: str, data: st.DataObject) -> None:
    """Where the weights of both differ by one, every swap of two different digits shows."""
    right = next(vin[:8] + digit + vin[9:] for digit in "0123456789X" if vin_problem(vin[:8] + digit + vin[9:]) is None)
    place = data.draw(st.integers(10, 15))
    left, other = right[place], right[place + 1]
    if left.isdigit() and other.isdigit() and left != other:
        swapped = right[:place] + other + left + right[place + 2 :]
        assert vin_problem(swapped) is VinProblem.CHECK_DIGIT


@pytest.mark.parametrize(
    ("vin", "market"),
    [
        ("SJNFAAZE0U0012345", Market.EUROPE),
        ("vskfaaze0u0012345", Market.EUROPE),
        ("1N4AZ1CP1JC999999", Market.NORTH_AMERICA),
        ("1N4AZ1CP2JC999999", Market.NORTH_AMERICA),
        ("JN1AZ0CP0BT999999", None),
        ("ZE1-123456", Market.JAPAN),
        ("E13-063484", Market.JAPAN),
        ("SJN", None),
        ("my-ovms-module", None),
    ],
)
def test_a_vin_may_tell_a_market(vin: str, market: Market | None) -> None:
    assert market_hint(vin) is market


@pytest.mark.parametrize(("vin", "country"), [("sjnfaaze0u0012345", "GB"), ("KNMAAAAAAAA000001", "KR"), ("SJ", None)])
def test_a_vin_may_tell_the_plant(vin: str, country: str | None) -> None:
    assert plant_country(vin) == country
