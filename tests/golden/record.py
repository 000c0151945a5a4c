"""Writes the golden files anew, by the code as it is: ``python -m tests.golden.record [house …]``.

They are written once and then stand for what owners have: whoever writes them again says that it no longer matters
whether an older installation goes on working. To add a house, give its name, and the others stay as they are.
"""

from pathlib import Path
import sys

import pytest

if __name__ == "__main__":
    file = Path(__file__).with_name("recording.py")
    wanted = sys.argv[1:]
    parts = [f"{file}::{part}" for part in ("test_life", "test_look", "test_ends")]
    tests = [f"{part}[{name}]" for part in parts for name in wanted] or parts
    sys.exit(pytest.main(["-n0", "-q", "-x", "--tb=short", "--show-capture=no", "-o", "timeout=60", *tests]))
