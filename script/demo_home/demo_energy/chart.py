"""A chart of prices and of the times in which vehicles charge, as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

from .prices import Price

_WIDTH, _LEFT, _BARS, _LANE = 1000, 70, 240, 26
"""Pixels: of the whole, of the margin for words, of the height of the bars, of the height of a vehicle's lane."""
_BAR, _CHEAP, _NOW, _TEXT = "#9fb3c8", "#2e9e5b", "#e5533d", "#888888"
_PAST = timedelta(hours=2)
_HOURS = 3
"""How many hours apart they are written below."""


class Span(NamedTuple):
    """Some time in which a vehicle charges."""

    start: datetime
    end: datetime


class _Scale(NamedTuple):
    start: datetime
    end: datetime
    lowest: float
    highest: float

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return _LEFT + (_WIDTH - _LEFT) * min(max(share, 0), 1)

    def y(self, price: float) -> float:
        return _BARS * (self.highest - price) / (self.highest - self.lowest)


def draw(prices: Sequence[Price], vehicles: Mapping[str, Sequence[Span]], now: datetime) -> str:
    """Draw the prices from a little before ``now`` on, and a lane below them for each vehicle."""
    shown = [price for price in prices if price.end > now - _PAST]
    values = [price.price for price in shown]
    scale = _Scale(shown[0].start, shown[-1].end, min(0.0, *values), max(0.0, *values))
    height = _BARS + 24 + _LANE * len(vehicles)
    parts = [*_bars(shown, vehicles, scale), *_words(shown, scale), *_lanes(vehicles, scale)]
    parts.append(_line((scale.x(now), 0), (scale.x(now), height), _NOW, 2))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 6}" '
        f'font-family="Roboto, sans-serif" font-size="14" fill="{_TEXT}">{"".join(parts)}</svg>'
    )


def _bars(shown: Sequence[Price], vehicles: Mapping[str, Sequence[Span]], scale: _Scale) -> Iterator[str]:
    """Yield a bar for each price, in green where a vehicle charges for most of its time."""
    spans = [span for each in vehicles.values() for span in each]
    for price in shown:
        middle = price.start + (price.end - price.start) / 2
        colour = _CHEAP if any(span.start <= middle < span.end for span in spans) else _BAR
        x, (top, bottom) = scale.x(price.start), sorted((scale.y(0), scale.y(price.price)))
        width = scale.x(price.end) - x - 0.8
        yield f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" fill="{colour}"/>'


def _words(shown: Sequence[Price], scale: _Scale) -> Iterator[str]:
    """Yield the highest price, zero and the lowest price at the left, and hours and days below the bars."""
    for price in sorted({scale.lowest, 0.0, scale.highest}):
        y = scale.y(price)
        yield _line((_LEFT, y), (_WIDTH, y), _TEXT, 0.5)
        yield _word(_LEFT - 6, min(max(y + 5, 12), _BARS), f"{price * 100:.0f} ct", "end")
    for at in (price.start for price in shown if price.start.minute == 0 and price.start.hour % _HOURS == 0):
        yield _word(scale.x(at), _BARS + 17, f"{at:%a}" if at.hour == 0 else f"{at:%H}")


def _lanes(vehicles: Mapping[str, Sequence[Span]], scale: _Scale) -> Iterator[str]:
    for number, (name, spans) in enumerate(vehicles.items()):
        y = _BARS + 26 + number * _LANE
        yield _word(_LEFT - 6, y + 15, name, "end")
        for span in spans:
            x, end = scale.x(span.start), scale.x(span.end)
            if x < end:
                yield f'<rect x="{x:.1f}" y="{y}" width="{end - x:.1f}" height="{_LANE - 8}" rx="3" fill="{_CHEAP}"/>'


def _word(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, width: float) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'
