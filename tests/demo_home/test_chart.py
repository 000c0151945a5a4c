"""The picture of prices and charging times."""

from datetime import date, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from script.demo_home.demo_energy.chart import Span, draw
from script.demo_home.demo_energy.prices import QUARTER, Price, day_ahead

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 4, 22, tzinfo=AMSTERDAM)
SVG = "{http://www.w3.org/2000/svg}"
GREEN, GREY = "#2e9e5b", "#9fb3c8"


def rectangles(svg: str, colour: str) -> list[dict[str, float]]:
    found = (each.attrib for each in ElementTree.fromstring(svg).iter(f"{SVG}rect") if each.get("fill") == colour)
    return [{name: float(each[name]) for name in ("x", "y", "width", "height")} for each in found]


def words(svg: str) -> list[str | None]:
    return [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def quarters(*prices: float) -> list[Price]:
    return [Price(START + n * QUARTER, START + (n + 1) * QUARTER, price) for n, price in enumerate(prices)]


def test_each_price_has_a_bar_on_its_side_of_zero() -> None:
    high, low, negative = rectangles(draw(quarters(0.2, 0.1, -0.1), {}, START), GREY)

    assert high["x"] < low["x"] < negative["x"]
    assert high["height"] == pytest.approx(2 * low["height"], abs=0.1)
    assert high["y"] + high["height"] == pytest.approx(negative["y"], abs=0.1)
    assert negative["height"] == pytest.approx(low["height"], abs=0.1)


def test_the_times_of_a_vehicle_have_a_lane_and_colour_the_prices() -> None:
    blocks = [Span(START + QUARTER, START + 2.6 * QUARTER)]

    svg = draw(quarters(*[0.1] * 10), {"My <LEAF>": blocks}, START)

    second, third, lane = rectangles(svg, GREEN)
    assert len(rectangles(svg, GREY)) == 8
    assert lane["x"] == second["x"]
    assert lane["width"] == pytest.approx(1.6 * (third["x"] - second["x"]), abs=0.2)
    assert lane["y"] > second["y"] + second["height"]
    assert "My <LEAF>" in words(svg)


def test_what_is_long_past_is_left_out_and_what_lasts_beyond_the_prices_ends_with_them() -> None:
    prices = day_ahead(date(2026, 4, 22), AMSTERDAM)
    now = START + timedelta(hours=20)
    past, far = Span(START, START + QUARTER), Span(now, now + timedelta(days=1))

    svg = draw(prices, {"Ariya": [past, far]}, now)

    *_, lane = rectangles(svg, GREEN)
    assert len(rectangles(svg, GREY)) == (24 - 18) * 4 - (24 - 20) * 4
    assert lane["x"] + lane["width"] == pytest.approx(1000)
    assert [word for word in words(svg) if word and word.isdigit()] == ["18", "21"]
