"""Tests of the backends."""


def nobody() -> None:
    """Who is told of wakes by the tests that are about something else."""
