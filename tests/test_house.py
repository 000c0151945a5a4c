"""The rules of the house: no file grows too long, one name means one thing, and no import goes in a circle."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from script.house_rules import (
    MOST_LINES,
    MOST_METHODS,
    WALKS,
    circles,
    classes,
    files,
    imports,
    lines,
    main,
    names_twice,
    report,
    room,
    rooms,
    too_long,
    too_many_methods,
    walks,
)

