"""Lets tests and tools import the integration from the checkout; not part of what is installed."""
