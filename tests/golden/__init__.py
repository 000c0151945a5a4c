"""Entries, registries and stores as the integration has written them, and what must become of them."""
